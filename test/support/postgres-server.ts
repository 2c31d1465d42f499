import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Postgres } from '../../scripts/engines/postgres.mjs';
import { State } from '../../scripts/system/state.mjs';
import { freePort } from './child.js';
import { eventually } from './eventually.js';

/** Where everybody may enter: root's server runs as nobody. */
const PLACE = '/var/tmp';

/** A PostgreSQL server of a test's own, which it may kill: port and data stay the same from start to start. */
export class PostgresServer {
  private server: Postgres | null = null;
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
    const { process } = this.server!;
    globalThis.process.kill(process.reference.pid, 'SIGKILL');
    await process.exited;
  }

  async remove(): Promise<void> {
    await this.server?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
