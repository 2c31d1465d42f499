// @ts-check
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildIfStale } from './build.mjs';
import { Nats } from './engines/nats.mjs';
import { DATABASE, Postgres } from './engines/postgres.mjs';
import { LOCAL, ROOT } from './system/checkout.mjs';
import { removeEnvFile, writeEnvFile } from './system/env-file.mjs';
import { Interruption } from './system/interruption.mjs';
import { acquireLock, releaseLock } from './system/lock.mjs';
import { tailOfLog } from './system/log.mjs';
import { ProcessError } from './system/process.mjs';
import { LOGS, logOf, MAILBOX, SERVICES, startServices, stopOrphan, stopService } from './system/services.mjs';
import { State } from './system/state.mjs';

/** @typedef {import('./system/process.mjs').Process} Process */
/** @typedef {{ process: Process, stop: () => Promise<void> }} Part */

const LOCK = join(LOCAL, 'lock');
const STOP_ORDER = [...SERVICES, 'NATS', 'PostgreSQL'];

mkdirSync(LOGS, { recursive: true });
const holder = acquireLock(LOCK);
if (holder === null) {
  process.exitCode = await runSystem();
  releaseLock(LOCK);
} else {
  console.error(`npm run local is running already in this folder (process ${holder.pid}).`);
  process.exitCode = 1;
}

/** Runs until something ends it, and returns the exit code. */
async function runSystem() {
  const interruption = new Interruption();
  interruption.listen();
  const state = new State(LOCAL);
  /** @type {Map<string, Part>} */
  const parts = new Map();
  try {
    removeEnvFile();
    await start(state, parts, interruption);
    await interruption.stopped;
  } catch (error) {
    interruption.fail(error);
  }
  removeEnvFile();
  report(interruption);
  process.stdout.write('Stopping: ');
  for (const name of STOP_ORDER) {
    if (!parts.has(name)) continue;
    await parts.get(name)?.stop();
    state.forget(name);
    announce(name);
  }
  process.stdout.write('\n');
  return interruption.byUser ? 0 : 1;
}

/**
 * @param {State} state
 * @param {Map<string, Part>} parts takes each part as soon as it runs
 * @param {Interruption} interruption
 */
async function start(state, parts, interruption) {
  const startedAt = performance.now();
  const apiKey = state.values.apiKey ?? randomBytes(32).toString('base64url');
  state.update({ apiKey });
  /** @param {Part} part */
  const supervise = (part) => {
    const { name, exited } = part.process;
    parts.set(name, part);
    void exited.then((how) => interruption.fail(new ProcessError(name, `exited unexpectedly with ${how}`)));
  };

  process.stdout.write('Starting: ');
  for (const name of SERVICES) await stopOrphan(name, state);
  const [databaseUrl, natsUrl] = await interruption.together([
    process.env.DATABASE_URL || startPostgres(state, supervise, interruption.stop),
    process.env.NATS_URL || startNats(state, supervise, interruption.stop),
    buildIfStale(interruption.stop),
  ]);
  const { serverUrl, mailboxUrl } = await startServices({
    state,
    settings: { databaseUrl, ownDatabase: !process.env.DATABASE_URL, natsUrl, apiKey },
    onStart: (service) => supervise({ process: service, stop: () => stopService(service, interruption.hurry) }),
    onReady: announce,
    interruption,
  });
  writeEnvFile({
    SERVER_URL: serverUrl,
    API_KEY: apiKey,
    DATABASE_URL: databaseUrl,
    NATS_URL: natsUrl,
    MAILBOX_DIR: MAILBOX,
    MAILBOX_URL: mailboxUrl,
  });
  console.log(`\n\n${screen(serverUrl, mailboxUrl, apiKey, performance.now() - startedAt)}`);
}

/**
 * @param {State} state
 * @param {(part: Part) => void} supervise
 * @param {AbortSignal} signal
 */
async function startPostgres(state, supervise, signal) {
  const postgres = await Postgres.start(join(LOCAL, 'postgres'), state, logOf('PostgreSQL'), signal);
  supervise(postgres);
  announce('PostgreSQL');
  return postgres.url(DATABASE);
}

/**
 * @param {State} state
 * @param {(part: Part) => void} supervise
 * @param {AbortSignal} signal
 */
async function startNats(state, supervise, signal) {
  const nats = await Nats.start(join(LOCAL, 'nats'), state, logOf('NATS'), signal);
  supervise(nats);
  announce('NATS');
  return nats.url;
}

/** @param {string} name */
function announce(name) {
  process.stdout.write(`${name} `);
}

/** @param {Interruption} interruption */
function report({ byUser, stop: { reason } }) {
  process.stdout.write('\n');
  if (byUser) return;
  console.error(reason instanceof Error ? reason.message : reason);
  if (reason instanceof ProcessError) {
    const log = logOf(reason.processName);
    console.error(`${tailOfLog(log)}\nMore in ${relative(ROOT, log)}`);
  }
}

/**
 * @param {string} url
 * @param {string} mailboxUrl
 * @param {string} apiKey
 * @param {number} elapsedMs
 */
function screen(url, mailboxUrl, apiKey, elapsedMs) {
  const body = '{"messages":[{"emails":["you@example.com"],"subject":"Hello","content":"<h1>Hello</h1>"}]}';
  return `Ready in ${(elapsedMs / 1000).toFixed(1)} s. Ctrl-C stops everything, the data stays in .local/
  API      ${url}/v1/messages
  Docs     ${url}/docs
  Health   ${url}/health
  Key      ${apiKey}
  Mailbox  ${mailboxUrl}, as files in ${MAILBOX}
  Logs     ${LOGS}
Try it, then look into the mailbox:
curl -sS ${url}/v1/messages -H 'content-type: application/json' -H 'x-api-key: ${apiKey}' -d '${body}'`;
}
