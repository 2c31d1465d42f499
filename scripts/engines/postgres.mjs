// @ts-check
import { randomBytes } from 'node:crypto';
import { chownSync, closeSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../system/command.mjs';
import { openLog } from '../system/log.mjs';
import { freePort } from '../system/ports.mjs';
import { commandLine, identify, Process, ProcessError } from '../system/process.mjs';
import { untilReady } from '../system/readiness.mjs';
import { findPostgresBinaries } from './postgres-binaries.mjs';
import { providePostgresHome } from './postgres-home.mjs';

/** @typedef {import('../system/state.mjs').State} State */
/** @typedef {import('./postgres-home.mjs').User} User */

const NAME = 'PostgreSQL';
const SUPERUSER = 'messages';
export const DATABASE = 'messages';
/** For the checkpoint; a server killed after that repeats it from its log at the next start. */
const STOP_GRACE_MS = 20_000;
/** Several gateways and senders with full pools, as the tests run them, pass the default of 100. */
const MAX_CONNECTIONS = 300;

/** Our own PostgreSQL server, durable as in production, on the loopback alone. */
export class Postgres {
  /**
   * @param {Process} process
   * @param {number} port
   * @param {string} password
   */
  constructor(process, port, password) {
    this.process = process;
    this.port = port;
    this.password = password;
  }

  /**
   * Starts the server on the data that `folder` holds or leads to, or adopts the one that a killed launcher left.
   *
   * @param {string} folder
   * @param {State} state
   * @param {string} log
   * @param {AbortSignal} [signal]
   * @param {string[]} [settings]
   */
  static async start(folder, state, log, signal, settings = []) {
    const { home, user } = await providePostgresHome(folder, state.values.postgres?.home);
    const password = state.values.postgres?.password ?? randomBytes(24).toString('base64url');
    state.update({ postgres: { home, password } });

    const data = join(home, 'data');
    const binaries = await findPostgresBinaries(home, user);
    const options = { ...user, cwd: home, env: environment() };
    if (!existsSync(data)) await initialize(data, password, binaries, options, signal);

    if (readPostmaster(data) === null) {
      rmSync(join(data, 'postmaster.pid'), { force: true });
      signal?.throwIfAborted();
      await startServer(data, await freePort(), binaries, options, log, settings);
    }
    const postmaster = readPostmaster(data);
    if (postmaster === null) throw new ProcessError(NAME, 'ended as soon as it was ready');
    const { pid, port } = postmaster;
    const server = new Postgres(Process.adopt(NAME, { pid, identity: identify(pid) ?? '' }), port, password);
    state.remember(NAME, { ...server.process.reference, port });
    try {
      await untilReady(server.process, async () => readPostmaster(data)?.ready ?? false, signal);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** @param {string} database */
  url(database) {
    return `postgres://${SUPERUSER}:${this.password}@127.0.0.1:${this.port}/${database}`;
  }

  async stop() {
    // Fast shutdown: ends open sessions and writes a checkpoint.
    await this.process.stop('SIGINT', STOP_GRACE_MS);
  }
}

/**
 * A new cluster appears under its name only when it is whole and holds our database.
 *
 * @param {string} data
 * @param {string} password
 * @param {string} binaries
 * @param {User & { cwd: string }} options
 * @param {AbortSignal} [signal]
 */
async function initialize(data, password, binaries, options, signal) {
  const home = options.cwd;
  for (const name of readdirSync(home)) {
    if (name.startsWith('draft-')) rmSync(join(home, name), { recursive: true, force: true });
  }
  const draft = join(home, `draft-${process.pid}`);
  const passwordFile = join(home, `draft-password-${process.pid}`);
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (options.uid !== undefined && options.gid !== undefined) chownSync(passwordFile, options.uid, options.gid);
  await run(
    join(binaries, 'initdb'),
    ['-D', draft, '-U', SUPERUSER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C'],
    { ...options, signal },
  );
  rmSync(passwordFile);
  // The embedded package has no client programs; a server in single-user mode needs none.
  const input = `CREATE DATABASE ${DATABASE};\n`;
  await run(join(binaries, 'postgres'), ['--single', '-D', draft, 'postgres'], { ...options, input, signal });
  renameSync(draft, data);
}

/**
 * @param {string} data
 * @param {number} port
 * @param {string} binaries
 * @param {User & { cwd: string }} options
 * @param {string} log
 * @param {string[]} settings
 */
async function startServer(data, port, binaries, options, log, settings) {
  const allSettings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    `max_connections=${MAX_CONNECTIONS}`,
    ...settings,
  ];
  const serverOptions = allSettings.map((setting) => `-c ${setting}`).join(' ');
  // The server inherits the open file: it may write to a log in a folder that its user cannot enter.
  const output = openLog(log);
  try {
    await run(join(binaries, 'pg_ctl'), ['-D', data, '-w', '-o', serverOptions, 'start'], { ...options, log: output });
  } catch {
    await run(join(binaries, 'pg_ctl'), ['-D', data, 'stop', '-m', 'immediate'], options).catch(() => {});
    throw new ProcessError(NAME, 'did not start');
  } finally {
    closeSync(output);
  }
}

/**
 * The server that runs on this data; null if there is none. A stale file may name a process id that now belongs to
 * another program, which does not carry the folder in its command line.
 *
 * @param {string} data
 * @returns {{ pid: number, port: number, ready: boolean } | null}
 */
function readPostmaster(data) {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const [pid, , , port, , , , status] = readFileSync(file, 'utf8').split('\n');
  if (!commandLine(Number(pid)).includes(data)) return null;
  return { pid: Number(pid), port: Number(port), ready: status?.trim() === 'ready' };
}

/** Variables such as PGDATA or PGPORT of whoever calls us are meant for another server. */
function environment() {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return { ...Object.fromEntries(own), LC_ALL: 'C' };
}
