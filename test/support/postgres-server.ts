import { readFileSync } from 'node:fs';
import { appendFile, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Postgres } from '../../scripts/engines/postgres.mjs';
import { run } from '../../scripts/system/command.mjs';
import { isAlive } from '../../scripts/system/process.mjs';
import { State } from '../../scripts/system/state.mjs';
import { freePort } from './child.js';
import { eventually } from './eventually.js';

/** Where everybody may enter: root's server runs as nobody. */
const PLACE = '/var/tmp';

interface PostgresOptions {
  /** The folder of its data, where everybody may enter. */
  home?: string;
  /** Such as `archive_mode=on`. */
  settings?: readonly string[];
}

/** A PostgreSQL server of a test's own, which it may kill: port and data stay the same from start to start. */
export class PostgresServer {
  private server: Postgres | null = null;
  private isFrozen = false;
  private readonly state: State;

  private constructor(
    private readonly folder: string,
    /** A folder of the server's user, with `data` in it. */
    readonly home: string,
    private readonly port: number,
    private readonly settings: readonly string[],
  ) {
    this.state = new State(folder);
  }

  static async create({ home, settings = [] }: PostgresOptions = {}): Promise<PostgresServer> {
    const folder = await mkdtemp(join(PLACE, 'messages-postgres-'));
    // Closed to the server's user, its data would go elsewhere, and nobody would remove it.
    await chmod(folder, 0o711);
    return new PostgresServer(folder, home ?? join(folder, 'postgres'), await freePort(), settings);
  }

  get url(): string {
    return this.running.url('postgres');
  }

  get data(): string {
    return join(this.home, 'data');
  }

  get isRunning(): boolean {
    return this.server !== null && isAlive(this.server.process.reference);
  }

  /** The processes of a server that was killed hold its memory until they have noticed. */
  async start(): Promise<void> {
    const start = async () => {
      const log = join(this.folder, 'PostgreSQL.log');
      const settings = [`port=${this.port}`, ...this.settings];
      this.server = await Postgres.start(this.home, this.state, log, undefined, settings);
      return true;
    };
    await eventually(() => start().catch(() => false), 30_000, 'the start of PostgreSQL');
  }

  /** `kill -9` of the postmaster. */
  async kill(): Promise<void> {
    const { process: postmaster } = this.running;
    process.kill(postmaster.reference.pid, 'SIGKILL');
    await postmaster.exited;
  }

  /** `kill -9` of all its processes: those that outlive the postmaster would still answer. */
  async killAll(): Promise<void> {
    this.signal('SIGSTOP');
    for (const child of this.children()) sendIfAlive(child, 'SIGKILL');
    await this.kill();
  }

  /** Nothing of it answers, and its connections stay. `thaw` ends that. */
  freeze(): void {
    this.signal('SIGSTOP');
    this.isFrozen = true;
  }

  thaw(): void {
    this.signal('SIGCONT');
    this.isFrozen = false;
  }

  /** What it had committed, while it is down; `restoreData` brings it back. */
  async copyData(): Promise<void> {
    await run('cp', ['-a', this.data, `${this.data}-copy`]);
  }

  /** `asStandby`: as one that was promoted, whose log goes on under a new timeline. */
  async restoreData({ asStandby }: { asStandby: boolean }): Promise<void> {
    await rm(this.data, { recursive: true });
    await run('cp', ['-a', `${this.data}-copy`, this.data]);
    if (!asStandby) return;
    await appendFile(join(this.data, 'postgresql.auto.conf'), `restore_command = 'false'\n`);
    await writeFile(join(this.data, 'recovery.signal'), '');
  }

  /** Once its data are those of another server. */
  usePassword(password: string): void {
    this.state.update({ postgres: { home: this.home, password } });
  }

  async remove(): Promise<void> {
    if (this.isFrozen) this.thaw();
    await this.server?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private get running(): Postgres {
    if (this.server === null) throw new Error('the server has never run');
    return this.server;
  }

  /** The postmaster first: it starts no more processes then. */
  private signal(signal: NodeJS.Signals): void {
    process.kill(this.running.process.reference.pid, signal);
    for (const child of this.children()) sendIfAlive(child, signal);
  }

  /** Each has its own session, so that no group reaches them. */
  private children(): number[] {
    const { pid } = this.running.process.reference;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  }
}

function sendIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
