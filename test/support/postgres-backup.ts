import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../scripts/system/command.mjs';
import { eventually } from './eventually.js';
import type { PostgresServer } from './postgres-server.js';
import { withClient } from './with-client.js';

const ARCHIVED_MS = 30_000;

/**
 * What docs/backup.md has done with pg_basebackup and an archive of the WAL, in SQL and copies of files: the PostgreSQL of
 * the tests comes without programs for clients.
 */
export class PostgresBackup {
  private constructor(private readonly server: PostgresServer) {}

  /** From now on each segment of the WAL is copied; the server must run with `archive_mode=on`. */
  static async begin(server: PostgresServer): Promise<PostgresBackup> {
    const backup = new PostgresBackup(server);
    await backup.inHome('mkdir wal');
    const wal = join(server.home, 'wal');
    await withClient(server.url, async (client) => {
      await client.query(`ALTER SYSTEM SET archive_command = 'test ! -f "${wal}/%f" && cp "%p" "${wal}/%f"'`);
      // Read by a server that recovers, and by no other.
      await client.query(`ALTER SYSTEM SET restore_command = 'cp "${wal}/%f" "%p"'`);
      await client.query('SELECT pg_reload_conf()');
    });
    return backup;
  }

  /** Copies the data while they change: the WAL makes one moment of them. */
  async take(): Promise<void> {
    await withClient(this.server.url, async (client) => {
      await client.query(`SELECT pg_backup_start('drill', true)`);
      // What vanishes meanwhile is no fault: the WAL knows that it did.
      await this.inHome('cp -a data base || true; rm -rf base/pg_wal/* base/postmaster.*');
      const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop()');
      await this.inHome('cat > base/backup_label', rows[0].labelfile);
    });
  }

  /** Resolves once what was committed before is in the archive; `archive_timeout` sees to it elsewhere. */
  async flush(): Promise<void> {
    await withClient(this.server.url, async (client) => {
      const { rows } = await client.query<{ segment: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS segment');
      const isArchived = async () => {
        const { rowCount } = await client.query('SELECT FROM pg_stat_archiver WHERE last_archived_wal >= $1', [
          rows[0].segment,
        ]);
        return rowCount === 1;
      };
      await eventually(isArchived, ARCHIVED_MS, 'the archiving of the WAL');
    });
  }

  /** Instead of the data of a server that is down. */
  async restore(): Promise<void> {
    await this.inHome('mv data lost && mv base data && touch data/recovery.signal');
  }

  /** As the server's user, who must own all of it. */
  private async inHome(script: string, input?: string): Promise<void> {
    const { home } = this.server;
    const { uid, gid } = await stat(join(home, 'data'));
    await run('/bin/sh', ['-c', `set -e; ${script}`], { uid, gid, cwd: home, input });
  }
}
