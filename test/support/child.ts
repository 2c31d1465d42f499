import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Below those that the system gives to connections: one of these would be taken between the look and the use. */
const PORTS = { from: 20_000, count: 12_000 };

/** A port that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

interface ChildOptions {
  cwd?: string;
  command?: readonly string[];
  args?: readonly string[];
}

/** A process under test: `node dist/…` with an environment of its own. */
export class Child {
  output = '';
  private readonly process: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** The exit code, once the last of the output has come, which may be after the exit. */
  readonly closed: Promise<number | null>;

  /** `command` runs node, or ends by becoming it, with the script and its arguments behind its own. */
  constructor(
    script: string,
    env: Record<string, string>,
    { cwd, command = [process.execPath], args = [] }: ChildOptions = {},
  ) {
    const { PATH = '', HOME = '' } = process.env;
    const [program, ...first] = command;
    this.process = spawn(program, [...first, script, ...args], { cwd, env: { PATH, HOME, ...env } });
    this.process.stdout!.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.process.stderr!.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = new Promise((resolve) => this.process.once('exit', (code, signal) => resolve({ code, signal })));
    this.closed = new Promise((resolve) => this.process.once('close', resolve));
  }

  get pid(): number {
    return this.process.pid!;
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  /** SIGTERM, and the exit code that follows. Wakes a process that SIGSTOP holds: it would not hear it. */
  async stop(): Promise<number | null> {
    if (this.isRunning) this.process.kill('SIGCONT');
    if (this.isRunning) this.process.kill('SIGTERM');
    return (await this.exited).code;
  }

  /** Resolves once `url` answers with the status. */
  async answers(url: string, status = 200, timeoutMs = 30_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      if (!this.isRunning) throw new Error(`the process ended:\n${this.output}`);
      const answered = await fetch(url).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status === status;
        },
        () => false,
      );
      if (answered) return;
      await sleep(25);
    }
    throw new Error(`${url} did not answer ${status} within ${timeoutMs} ms:\n${this.output}`);
  }
}
