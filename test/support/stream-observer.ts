import { type NatsConnection, type Subscription } from 'nats';

/**
 * Watches a stream from outside. A core subscription sees every publish, also those that JetStream recognises as
 * repeated; the stream's last sequence counts what it stored, also what was acknowledged and removed since.
 */
export class StreamObserver {
  /** Publishes seen of each `Nats-Msg-Id`. */
  readonly publishes = new Map<string, number>();
  private readonly subscription: Subscription;

  constructor(
    private readonly connection: NatsConnection,
    private readonly stream: string,
  ) {
    this.subscription = connection.subscribe(`${stream}.email`, {
      callback: (_error, message) => {
        const id = message.headers?.get('Nats-Msg-Id') ?? '';
        this.publishes.set(id, (this.publishes.get(id) ?? 0) + 1);
      },
    });
  }

  /** Resolves when the server knows of the subscription, and all that it took so far has been seen. */
  async ready(): Promise<this> {
    await this.connection.flush();
    return this;
  }

  get published(): number {
    return [...this.publishes.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Messages that the stream took since it was made; a repeated one that it recognised gets no sequence. */
  async stored(): Promise<number> {
    const manager = await this.connection.jetstreamManager();
    return (await manager.streams.info(this.stream)).state.last_seq;
  }

  /** Deliveries to senders, first and repeated ones. */
  async deliveries(consumer = 'messages-sender'): Promise<number> {
    const manager = await this.connection.jetstreamManager();
    return (await manager.consumers.info(this.stream, consumer)).delivered.consumer_seq;
  }

  stop(): void {
    this.subscription.unsubscribe();
  }
}
