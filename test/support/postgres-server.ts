import { readdirSync, readFileSync } from 'node:fs';
import { appendFile, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Postgres } from '../../scripts/engines/postgres.mjs';
import { run } from '../../scripts/system/command.mjs';
import { State } from '../../scripts/system/state.mjs';
import { freePort } from './child.js';
import { eventually } from './eventually.js';

/** Where everybody may enter: root's server runs as nobody. */
const PLACE = '/var/tmp';

/** A PostgreSQL server of a test's own, which it may kill: port and data stay the same from start to start. */
export class PostgresServer {
  private server: Postgres | null = null;
  private isFrozen = false;
  private readonly state: State;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly settings: readonly string[],
  ) {
    this.state = new State(folder);
  }

  /** `settings` are such as `archive_mode=on`. */
  static async create(settings: readonly string[] = []): Promise<PostgresServer> {
    const folder = await mkdtemp(join(PLACE, 'messages-postgres-'));
    // Closed to the server's user, its data would go elsewhere, and nobody would remove it.
    await chmod(folder, 0o711);
    return new PostgresServer(folder, await freePort(), settings);
  }

  get url(): string {
    if (this.server === null) throw new Error('the server has never run');
    return this.server.url('postgres');
  }

  /** A folder of the server's user, with `data` in it. */
  get home(): string {
    const { postgres } = this.state.values;
    if (!postgres) throw new Error('the server has never run');
    return postgres.home;
  }

  /** The processes of a server that was killed hold its memory until they have noticed. */
  async start(): Promise<void> {
    const start = async () => {
      const log = join(this.folder, 'PostgreSQL.log');
      const settings = [`port=${this.port}`, ...this.settings];
      this.server = await Postgres.start(join(this.folder, 'postgres'), this.state, log, undefined, settings);
      return true;
    };
    await eventually(() => start().catch(() => false), 30_000, 'the start of PostgreSQL');
  }

  /** `kill -9` of the postmaster. */
  async kill(): Promise<void> {
    const { process: postmaster } = this.server!;
    process.kill(postmaster.reference.pid, 'SIGKILL');
    await postmaster.exited;
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

  async remove(): Promise<void> {
    if (this.isFrozen) this.thaw();
    await this.server?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private get data(): string {
    return join(this.home, 'data');
  }

  /** The postmaster first: it starts no more processes then. */
  private signal(signal: NodeJS.Signals): void {
    const { pid } = this.server!.process.reference;
    process.kill(pid, signal);
    for (const child of childrenOf(pid)) process.kill(child, signal);
  }
}

/** Each has its own session, so that no group reaches them. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent);
}

function parentOf(pid: number): number | null {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    // It has ended meanwhile.
    return null;
  }
}
