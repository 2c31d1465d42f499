import type { MsgHdrs, NatsConnection, StreamConfig } from 'nats';
import type { Stack } from '../../test/support/stack.js';

/** A message as the gateway published it. */
export interface Sample {
  headers: MsgHdrs;
  payload: Uint8Array;
}

/** A stream of the gateway's policy, made anew before each round: as large, and with as many ids to recognise. */
export class Stream {
  private constructor(
    readonly connection: NatsConnection,
    readonly config: StreamConfig,
  ) {}

  /** The one into which a stack's gateways publish. */
  static async of({ nats, name }: Stack): Promise<Stream> {
    const manager = await nats.jetstreamManager();
    return new Stream(nats, (await manager.streams.info(name)).config);
  }

  /** Another one like it, which goes with its stack's connection. */
  async sibling(name: string): Promise<Stream> {
    const config = { ...this.config, name, subjects: [`${name}.email`] };
    await (await this.connection.jetstreamManager()).streams.add(config);
    return new Stream(this.connection, config);
  }

  get subject(): string {
    return this.config.subjects[0];
  }

  async renew(): Promise<void> {
    const { streams } = await this.connection.jetstreamManager();
    await streams.delete(this.config.name);
    await streams.add(this.config);
  }

  /** The first message that is stored. */
  async first(): Promise<Sample> {
    const { streams } = await this.connection.jetstreamManager();
    const { first_seq: seq } = (await streams.info(this.config.name)).state;
    const { header, data } = await streams.getMessage(this.config.name, { seq });
    return { headers: header, payload: data };
  }

  async remove(): Promise<void> {
    const { streams } = await this.connection.jetstreamManager();
    await streams.delete(this.config.name);
  }
}
