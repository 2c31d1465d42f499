import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { type ConnectionOptions, connect, credsAuthenticator, Events, type NatsConnection } from 'nats';
import { natsConfig, type NatsConfig } from '../config/nats.config.js';
import { ensureStream, StreamPolicyError } from './topology.js';
import { messageOf } from '../runtime/message-of.js';

/** A half-open connection is noticed after two missed pings; the client's own default is minutes. */
const PING_INTERVAL_MS = 10_000;
const MAX_MISSED_PINGS = 2;
const RECONNECT_WAIT_MS = 250;
const RECONNECT_JITTER_MS = 250;
/** How often a stream that could not be used is looked at again. */
const ENSURE_RETRY_MS = 2_000;

export type JetStreamState = { ready: true } | { ready: false; reason: string };

/**
 * One connection per process, made in the background and kept for ever: NATS being away delays mail and loses none.
 * The stream is ensured on every (re)connect, since a server may come back without it; a stream whose policy is not
 * ours is reported and not used.
 */
@Injectable()
export class JetStreamService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('JetStream');
  private readonly listeners = new Set<() => void>();
  private connection: NatsConnection | null = null;
  private retry: NodeJS.Timeout | null = null;
  private isStopping = false;
  state: JetStreamState = { ready: false, reason: 'connecting' };

  constructor(@Inject(natsConfig.KEY) readonly config: NatsConfig) {}

  onApplicationBootstrap(): void {
    void this.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    if (this.retry) clearTimeout(this.retry);
    await this.connection?.drain().catch(() => undefined);
  }

  /** The connection; only to be used while `state.ready`. */
  get client(): NatsConnection {
    if (!this.connection) throw new Error('NATS is not connected');
    return this.connection;
  }

  /** Called each time the stream becomes usable. */
  onReady(listener: () => void): void {
    this.listeners.add(listener);
    if (this.state.ready) listener();
  }

  /** The stream turned out to be missing or foreign: look at it again before it is used. */
  async recheck(): Promise<void> {
    await this.ensure();
  }

  private async connect(): Promise<void> {
    try {
      this.connection = await connect(this.options());
    } catch (error) {
      this.fail(`cannot connect: ${messageOf(error)}`);
      this.logger.fatal(`the NATS client gave up: ${messageOf(error)}`);
      process.exit(1);
    }
    void this.watch(this.connection);
    await this.ensure();
  }

  private options(): ConnectionOptions {
    const { servers, user, pass, token, tls, caFile, credsFile } = this.config;
    return {
      servers,
      user,
      pass,
      token,
      tls: tls || caFile ? { caFile: caFile ?? undefined } : undefined,
      authenticator: credsFile ? credsAuthenticator(readFileSync(credsFile)) : undefined,
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      reconnectJitter: RECONNECT_JITTER_MS,
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: MAX_MISSED_PINGS,
      name: 'messages-api-gateway',
    };
  }

  private async watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === Events.Disconnect) this.fail('disconnected');
      if (type === Events.Reconnect) await this.ensure();
    }
    // The client never closes by itself with endless reconnects: if it did, only a new process helps.
    const error = await connection.closed();
    if (this.isStopping) return;
    this.logger.fatal(`the NATS connection closed for good: ${messageOf(error)}`);
    process.exit(1);
  }

  private async ensure(): Promise<void> {
    if (this.isStopping) return;
    try {
      await ensureStream(this.client, this.config);
      if (!this.state.ready) this.logger.log(`stream ${this.config.stream} is ready`);
      this.state = { ready: true };
      for (const listener of this.listeners) listener();
    } catch (error) {
      this.fail(error instanceof StreamPolicyError ? error.message : `stream: ${messageOf(error)}`);
      if (this.retry) clearTimeout(this.retry);
      this.retry = setTimeout(() => void this.ensure(), ENSURE_RETRY_MS);
    }
  }

  private fail(reason: string): void {
    if (this.state.ready || this.state.reason !== reason) this.logger.warn(`not ready: ${reason}`);
    this.state = { ready: false, reason };
  }
}
