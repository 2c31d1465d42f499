import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './child.js';
import { eventually } from './eventually.js';

/** A NATS server of one test's own, to be stopped and started at will; the store outlives a stop. */
export class NatsServer {
  private readonly store = mkdtempSync(join(tmpdir(), 'nats-'));
  private process: ChildProcess | null = null;

  private constructor(private readonly port: number) {}

  /** Takes a port, and starts nothing yet. */
  static async reserve(): Promise<NatsServer> {
    return new NatsServer(await freePort());
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const binary = process.env.TEST_NATS_SERVER_BIN;
    if (!binary) throw new Error('TEST_NATS_SERVER_BIN is not set: run the tests with npm test');
    const settings = ['--addr', '127.0.0.1', '--port', String(this.port), '--jetstream', '--store_dir', this.store];
    this.process = spawn(binary, settings, { stdio: 'ignore' });
    await eventually(() => this.isListening(), 10_000, 'the start of a NATS server');
  }

  stop(): Promise<void> {
    return this.end('SIGINT');
  }

  /** `kill -9`. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** Stops it for good. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.store, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.process?.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill(signal);
    await once(this.process, 'exit');
  }

  /** JetStream is up when the greeting says so. */
  private isListening(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      const finish = (isUp: boolean) => {
        socket.destroy();
        resolve(isUp);
      };
      socket.once('data', (greeting) => finish(greeting.includes('"jetstream":true')));
      socket.once('error', () => finish(false));
    });
  }
}
