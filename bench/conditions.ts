import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import pg from 'pg';
import { connect } from 'nats';
import { required } from '../test/support/stack.js';

/** Under what was measured. */
export interface Conditions {
  /** YYYY-MM-DD, UTC. */
  date: string;
  settings: Record<string, string>;
}

const POSTGRES_SETTINGS = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'shared_buffers',
  'max_wal_size',
  'wal_compression',
];
const PACKAGES = ['@nestjs/core', 'fastify', 'typeorm', 'pg', 'nats', 'pg-copy-streams'];

export async function conditions(): Promise<Conditions> {
  return {
    date: new Date().toISOString().slice(0, 10),
    settings: {
      commit:
        git('rev-parse', '--short', 'HEAD') +
        (git('status', '--porcelain', 'src', 'migrations') === '' ? '' : ' with changes'),
      machine: `${cpus().length} × ${cpus()[0].model.trim()}, ${(totalmem() / 1024 ** 3).toFixed(0)} GiB, ${process.platform} ${process.arch}`,
      'Node.js': process.version,
      packages: PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', '),
      ...(await postgres()),
      NATS: await nats(),
    },
  };
}

async function postgres(): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: required('TEST_DATABASE_URL') });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; value: string }>(
      'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
      [['server_version', ...POSTGRES_SETTINGS]],
    );
    const [version, ...settings] = rows;
    return { PostgreSQL: `${version.value}; ${settings.map(({ name, value }) => `${name} ${value}`).join(', ')}` };
  } finally {
    await client.end();
  }
}

async function nats(): Promise<string> {
  const connection = await connect({ servers: required('TEST_NATS_URL') });
  const version = connection.info?.version ?? 'unknown';
  await connection.close();
  return `nats-server ${version}, file storage, one replica`;
}

function versionOf(name: string): string {
  return (JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }).version;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}
