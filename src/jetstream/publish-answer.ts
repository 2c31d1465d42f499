import type { Msg } from 'nats';

/** Nobody listens on the subject: the stream is gone. Core NATS says so with this code and without a body. */
const NO_RESPONDERS = 503;

/** What the server says of a stream with `discard: new` at its `max_bytes`. */
const FULL = 'maximum bytes exceeded';

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const CLOSING_BRACE = 0x7d;

/** Why a publish is not known to be stored. */
export interface PublishFault {
  reason: string;
  kind: 'stream_gone' | 'stream_full' | 'other';
}

/** Our stream has stored the message under this number, now or before. */
export interface Acknowledgement {
  sequence: number;
  isDuplicate: boolean;
}

export function isFault(answer: Acknowledgement | PublishFault): answer is PublishFault {
  return 'reason' in answer;
}

/** Reads what is answered to a publish. An acknowledgement of a stream that merely listens to our subject is none. */
export class PublishAnswers {
  private readonly opening: Buffer;
  private readonly number = Buffer.from('"seq":');

  constructor(private readonly stream: string) {
    this.opening = Buffer.from(`{"stream":${JSON.stringify(stream)},`);
  }

  /** The number of a message that is new to the stream, told as the server usually does. Null: to be read closely. */
  usual(data: Uint8Array): number | null {
    if (!isAt(data, this.opening, 0)) return null;
    let at = this.opening.length;
    if (data[at] === SPACE) at++;
    if (!isAt(data, this.number, at)) return null;
    at += this.number.length;
    let sequence = 0;
    for (; data[at] >= ZERO && data[at] <= NINE; at++) sequence = 10 * sequence + (data[at] - ZERO);
    return data[at] === CLOSING_BRACE && sequence > 0 ? sequence : null;
  }

  read({ data, headers }: Msg): Acknowledgement | PublishFault {
    if (data.length === 0 && headers?.code === NO_RESPONDERS) {
      return { reason: 'no stream listens to the subject', kind: 'stream_gone' };
    }
    const text = Buffer.from(data).toString();
    const { stream, seq, duplicate, error } = objectIn(text);
    if (error !== undefined && error !== null) {
      const reason = String((error as { description?: unknown }).description);
      return { reason, kind: reason === FULL ? 'stream_full' : 'other' };
    }
    if (stream === this.stream && typeof seq === 'number') return { sequence: seq, isDuplicate: duplicate === true };
    return { reason: `an answer that is no acknowledgement of our stream: ${text.slice(0, 200)}`, kind: 'other' };
  }
}

function isAt(data: Uint8Array, expected: Uint8Array, at: number): boolean {
  if (data.length < at + expected.length) return false;
  for (let index = 0; index < expected.length; index++) {
    if (data[at + index] !== expected[index]) return false;
  }
  return true;
}

function objectIn(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
