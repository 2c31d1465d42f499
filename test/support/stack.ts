import { randomBytes } from 'node:crypto';
import { connect, type NatsConnection } from 'nats';
import pg from 'pg';
import type { State } from '../../src/contracts/states.js';
import { SmtpSink, type SmtpSinkOptions } from '../../simulator/smtp-sink.js';
import { Child, freePort } from './child.js';
import { secretsIn } from './log-secrets.js';
import { withClient } from './with-client.js';

export const API_KEY = 'test-key-0123456789abcdef';

export interface Gateway extends Child {
  url: string;
}

export interface StackOptions {
  sink?: SmtpSinkOptions;
  env?: Record<string, string>;
  /** Servers of its own, instead of those that all share. */
  natsUrl?: string;
  adminUrl?: string;
  /** What runs gateways and senders, instead of node itself. */
  command?: readonly string[];
  /** Whose processes to start; `dist` unless said. */
  build?: string;
}

export interface TopicPage {
  request: Record<'total' | 'created' | 'processing' | 'sent' | 'failed' | 'stopped', number>;
  states: Record<string, number>;
}

export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with npm test`);
  return value;
}

/**
 * The real system for one test file: a database and a stream of its own, an SMTP sink, and gateways and senders as
 * processes. `stop` ends what was started and drops the database.
 */
export class Stack {
  readonly sink: SmtpSink;
  readonly children: Child[] = [];
  private readonly environments = new Map<Child, Record<string, string>>();

  private constructor(
    readonly name: string,
    readonly databaseUrl: string,
    private readonly adminUrl: string,
    readonly pool: pg.Pool,
    readonly nats: NatsConnection,
    readonly env: Record<string, string>,
    sink: SmtpSink,
    private readonly processes: { build: string; command?: readonly string[] },
  ) {
    this.sink = sink;
  }

  static async start(options: StackOptions = {}): Promise<Stack> {
    const name = `test_${randomBytes(6).toString('hex')}`;
    const admin = options.adminUrl ?? required('TEST_DATABASE_URL');
    await withClient(admin, (client) => client.query(`CREATE DATABASE ${name}`));
    const databaseUrl = new URL(admin);
    databaseUrl.pathname = `/${name}`;
    const natsUrl = options.natsUrl ?? required('TEST_NATS_URL');
    const sink = new SmtpSink(options.sink);
    const smtpPort = await sink.listen();
    const env = {
      DATABASE_URL: databaseUrl.href,
      NATS_URL: natsUrl,
      NATS_STREAM: name,
      NATS_SUBJECT: `${name}.email`,
      API_KEY,
      SENDER_TRANSPORT: 'smtp',
      SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
      LOG_LEVEL: 'info',
      SHUTDOWN_DELAY: '0',
      ...options.env,
    };
    const pool = new pg.Pool({ connectionString: databaseUrl.href, max: 4 });
    pool.on('error', () => undefined);
    const nats = await connect({ servers: natsUrl.split(','), maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    return new Stack(name, databaseUrl.href, admin, pool, nats, env, sink, {
      build: options.build ?? 'dist',
      command: options.command,
    });
  }

  /** Starts a gateway and waits until it is ready. */
  async gateway(env: Record<string, string> = {}): Promise<Gateway> {
    const gateway = await this.spawnGateway(env);
    await gateway.answers(`${gateway.url}/health/ready`);
    return gateway;
  }

  async spawnGateway(env: Record<string, string> = {}): Promise<Gateway> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const settings = { ...this.env, SERVER_PORT: String(port), SERVER_HOST: url, METRICS_PORT: '0', ...env };
    return Object.assign(this.spawn(`${this.processes.build}/src/main.js`, settings), { url });
  }

  /** Starts a sender and waits until it is ready. */
  async sender(env: Record<string, string> = {}): Promise<Child> {
    const port = await freePort();
    const sender = this.spawnSender({ METRICS_PORT: String(port), ...env });
    await sender.answers(`http://127.0.0.1:${port}/health/ready`);
    return sender;
  }

  /** Without a port it answers no probe. */
  spawnSender(env: Record<string, string>): Child {
    return this.spawn(`${this.processes.build}/src/sender/main.js`, { ...this.env, METRICS_PORT: '0', ...env });
  }

  spawn(script: string, env: Record<string, string>): Child {
    const child = new Child(script, env, { command: this.processes.command });
    this.children.push(child);
    this.environments.set(child, env);
    return child;
  }

  /** The exit code of a command such as `dist/src/cli/recount.js`, with its output. */
  async run(
    script: string,
    env: Record<string, string> = {},
    args: readonly string[] = [],
  ): Promise<{ code: number | null; output: string }> {
    const child = new Child(script, { ...this.env, ...env }, { args });
    return { code: await child.closed, output: child.output };
  }

  /** Every counter recomputed from the facts; empty when nothing differs. */
  async recount(): Promise<string> {
    const { code, output } = await this.run('dist/src/cli/recount.js');
    return code === 0 ? '' : `recount ended with ${code}\n${output}`;
  }

  async post(gateway: Gateway, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': API_KEY, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  async get<Body>(gateway: Gateway, path: string): Promise<Body> {
    const response = await fetch(`${gateway.url}${path}`, { headers: { 'x-api-key': API_KEY } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  }

  topic(gateway: Gateway, topicId: string): Promise<TopicPage> {
    return this.get<TopicPage>(gateway, `/v1/topics/${topicId}`);
  }

  /** How many emails are in a state, of all topics. */
  async countOf(state: State): Promise<number> {
    const [{ count }] = await this.query<{ count: number }>(
      `SELECT coalesce(sum(${state}), 0)::int AS count FROM topic_counters`,
    );
    return count;
  }

  /** As if the time had come for all that a topic has scheduled. */
  async makeDue(topicId: string): Promise<void> {
    await this.query('UPDATE batches SET claim_at = now() WHERE topic_id = $1 AND state = 0', [topicId]);
    await this.query('NOTIFY messages_due');
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  async stop(): Promise<void> {
    await Promise.all(this.children.map((child) => child.stop()));
    await this.sink.close();
    const manager = await this.nats.jetstreamManager();
    for (const stream of [this.name, `${this.name}-ledger`]) await manager.streams.delete(stream).catch(() => false);
    await this.nats.close();
    await this.pool.end();
    await withClient(this.adminUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`));
    this.refuseSecretsInLogs();
  }

  /** Whatever a test was about. */
  private refuseSecretsInLogs(): void {
    for (const [child, env] of this.environments) {
      const [secret] = secretsIn(child.output, env);
      const line = secret && child.output.split('\n').find((text) => text.includes(secret));
      if (line) throw new Error(`a log shows ${secret}: ${line}`);
    }
  }
}

/** Recipients `<prefix>0@example.com` … */
export function recipients(count: number, prefix = 'user'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}@example.com`);
}
