import { Injectable } from '@nestjs/common';
import { DiscardPolicy, type JetStreamManager, NatsError, RetentionPolicy, StorageType } from 'nats';
import { JetStreamService } from './jetstream.service.js';

const STREAM_NOT_FOUND = 10059;
const MESSAGE_NOT_FOUND = 10037;

/**
 * The latest mark of the ledger, in a stream of one message beside that of the mail. It outlives a database that is
 * restored, as the mail's stream does.
 */
@Injectable()
export class LedgerMarks {
  constructor(private readonly jetstream: JetStreamService) {}

  get isReady(): boolean {
    return this.jetstream.state.ready;
  }

  /** 0: none is known. */
  async read(): Promise<number> {
    const manager = await this.jetstream.client.jetstreamManager({ checkAPI: false });
    try {
      const { data } = await manager.streams.getMessage(this.name, { last_by_subj: this.name });
      const mark = Number(new TextDecoder().decode(data));
      return Number.isSafeInteger(mark) ? mark : 0;
    } catch (error) {
      const code = error instanceof NatsError ? error.api_error?.err_code : undefined;
      if (code === STREAM_NOT_FOUND) await this.create(manager);
      else if (code !== MESSAGE_NOT_FOUND) throw error;
      return 0;
    }
  }

  async write(mark: number): Promise<void> {
    await this.jetstream.client
      .jetstream()
      .publish(this.name, String(mark), { expect: { streamName: this.name }, timeout: 2_000 });
  }

  private get name(): string {
    return `${this.jetstream.config.stream}-ledger`;
  }

  private async create(manager: JetStreamManager): Promise<void> {
    await manager.streams.add({
      name: this.name,
      subjects: [this.name],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_msgs: 1,
      num_replicas: this.jetstream.config.replicas,
    });
  }
}
