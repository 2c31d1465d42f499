import { chown, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../scripts/system/command.mjs';
import { eventually } from './eventually.js';
import type { PostgresServer } from './postgres-server.js';
import { withClient } from './with-client.js';

/**
 * The data of a server that is down become a copy of those of a primary, which runs on, and once started it follows that
 * one through a port. A base backup as the manual has it ("Making a Base Backup Using the Low Level API"): npm's package
 * has no pg_basebackup.
 */
export async function makeStandby(server: PostgresServer, primary: PostgresServer, port: number): Promise<void> {
  const { home, data } = server;
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true });
  const { uid, gid } = await stat(primary.data);
  await chown(home, uid, gid);
  const write = async (name: string, text: string) => {
    await writeFile(join(data, name), text, { mode: 0o600 });
    await chown(join(data, name), uid, gid);
  };
  await withClient(primary.url, async (client) => {
    await client.query(`SELECT pg_backup_start('standby', fast => true)`);
    // The log comes through the port. tar takes files that change meanwhile, as PostgreSQL wants it.
    const copy = `tar -C "$1" --exclude='./pg_wal/*' --exclude=./postmaster.pid -cf - . | tar -C "$2" -xpf -`;
    await run('sh', ['-c', copy, 'sh', primary.data, data]);
    const { rows } = await client.query<{ label: string }>(
      'SELECT labelfile AS label FROM pg_backup_stop(wait_for_archive => false)',
    );
    await write('backup_label', rows[0].label);
  });
  const { username, password } = new URL(primary.url);
  await write('standby.signal', '');
  await write(
    'postgresql.auto.conf',
    `primary_conninfo = 'host=127.0.0.1 port=${port} user=${username} password=${password}'\n`,
  );
  server.usePassword(password);
}

/** From now on a COMMIT is answered when the one that follows has it too. */
export async function waitForStandby(primary: PostgresServer): Promise<void> {
  await withClient(primary.url, async (client) => {
    await client.query(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await client.query('SELECT pg_reload_conf()');
    const isSynchronous = async () =>
      (await client.query(`SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`)).rows.length > 0;
    await eventually(isSynchronous, 30_000, 'a synchronous standby');
  });
}

/** It takes writes from now on. */
export async function promote(standby: PostgresServer): Promise<void> {
  await withClient(standby.url, (client) => client.query('SELECT pg_promote()'));
}
