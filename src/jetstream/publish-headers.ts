import { MsgHdrsImpl } from 'nats';

const OPENING = 'NATS/1.0\r\n';
const END = '\r\n\r\n';

/**
 * The header block of a publish, encoded by hand: what all messages share is written once and copied, where the client
 * joins and encodes a map of lists for each. It encodes within the call that publishes, so one object does for all messages.
 */
export class PublishHeaders extends MsgHdrsImpl {
  private readonly opening: string;
  /** The block of the value before. */
  private bytes: Buffer = Buffer.alloc(0);

  /** `last` is the name of the header whose value differs from message to message. */
  constructor(shared: Readonly<Record<string, string>>, last: string) {
    super();
    const lines = Object.entries(shared).map(([name, value]) => `${name}: ${value}\r\n`);
    this.opening = `${OPENING}${lines.join('')}${last}: `;
  }

  get bytesWritten(): number {
    return this.bytes.length;
  }

  /** Neither the shared values nor this one may hold a line break; all are ASCII. */
  write(value: string): void {
    const isAsLong = this.bytes.length === this.opening.length + value.length + END.length;
    this.bytes = isAsLong ? Buffer.from(this.bytes) : Buffer.from(this.opening + value + END, 'latin1');
    if (isAsLong) this.bytes.write(value, this.opening.length, 'latin1');
  }

  override encode(): Uint8Array {
    return this.bytes;
  }
}
