import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './child.js';
import { eventually } from './eventually.js';
import { required } from './stack.js';

/** A nats-server of a test's own, which it may kill: port and store stay the same from start to start. */
export class NatsServer {
  private process: ChildProcess | null = null;

  private constructor(
    private readonly folder: string,
    private readonly store: string,
    private readonly port: number,
  ) {}

  /** `place`: the folder of its store. */
  static async create(place?: string): Promise<NatsServer> {
    const folder = await mkdtemp(join(tmpdir(), 'messages-nats-'));
    const port = await freePort();
    const store = join(place ?? folder, 'store');
    const jetstream = `jetstream { store_dir: ${JSON.stringify(store)} }`;
    const lines = [`listen: "127.0.0.1:${port}"`, 'max_payload: 8MB', jetstream, ''];
    await writeFile(join(folder, 'nats.conf'), lines.join('\n'));
    return new NatsServer(folder, store, port);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const binary = required('TEST_NATS_SERVER_BIN');
    this.process = spawn(binary, ['-c', join(this.folder, 'nats.conf')], { stdio: 'ignore' });
    await eventually(() => this.greets(), 10_000, 'the greeting of nats-server');
  }

  /** `kill -9`. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** An orderly stop; the store outlives both. */
  stop(): Promise<void> {
    return this.end('SIGINT');
  }

  /** While it is down. */
  async deleteStore(): Promise<void> {
    await rm(this.store, { recursive: true, force: true });
  }

  /** While it is down; `restoreStore` brings it back. */
  async copyStore(): Promise<void> {
    await cp(this.store, join(this.folder, 'copy'), { recursive: true });
  }

  async restoreStore(): Promise<void> {
    await this.deleteStore();
    await cp(join(this.folder, 'copy'), this.store, { recursive: true });
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { process } = this;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    process.kill(signal);
    await once(process, 'exit');
  }

  /** It says so in its first line once JetStream has recovered its store. */
  private greets(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      const answer = (value: boolean) => {
        socket.destroy();
        resolve(value);
      };
      socket.once('data', (line) => answer(line.toString().includes('"jetstream":true')));
      socket.once('error', () => answer(false));
      socket.once('close', () => resolve(false));
    });
  }
}
