// @ts-check
import { join } from 'node:path';
import { buildIfStale } from '../build.mjs';
import { State } from '../system/state.mjs';
import { findNatsBinary, provideNatsBinary } from './nats-binary.mjs';
import { Nats } from './nats.mjs';
import { Postgres } from './postgres.mjs';

/** @typedef {import('../system/interruption.mjs').Interruption} Interruption */
/** @typedef {{ stop: () => Promise<void> }} Engine */

/**
 * Brings up both engines, unless DATABASE_URL and NATS_URL name others, while dist/ is being built.
 *
 * @param {string} folder
 * @param {Engine[]} engines takes each engine as soon as it runs
 * @param {Interruption} interruption
 * @param {string[]} [postgresSettings] such as `shared_buffers=2GB`
 * @returns {Promise<Record<string, string>>} where tests and benchmarks find them
 */
export async function startEngines(folder, engines, interruption, postgresSettings) {
  const { stop } = interruption;
  const state = new State(folder);
  const postgres = async () => {
    const log = join(folder, 'PostgreSQL.log');
    const server = await Postgres.start(join(folder, 'postgres'), state, log, stop, postgresSettings);
    engines.push(server);
    return { TEST_DATABASE_URL: server.url('postgres'), TEST_POSTGRES_PID: String(server.process.reference.pid) };
  };
  const nats = async () => {
    const server = await Nats.start(join(folder, 'nats'), state, join(folder, 'NATS.log'), stop);
    engines.push(server);
    return { TEST_NATS_URL: server.url, TEST_NATS_PID: String(server.process.reference.pid) };
  };
  const { DATABASE_URL, NATS_URL } = process.env;
  const [database, queue] = await interruption.together([
    DATABASE_URL ? { TEST_DATABASE_URL: DATABASE_URL } : postgres(),
    NATS_URL ? { TEST_NATS_URL: NATS_URL } : nats(),
    buildIfStale(stop),
  ]);
  const natsBinary = NATS_URL ? findNatsBinary() : await provideNatsBinary(stop);
  return { ...database, ...queue, ...(natsBinary !== undefined && { TEST_NATS_SERVER_BIN: natsBinary }) };
}
