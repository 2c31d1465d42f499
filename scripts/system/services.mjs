// @ts-check
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL, ROOT } from './checkout.mjs';
import { freePort, freePortFrom } from './ports.mjs';
import { Process } from './process.mjs';
import { answersOk, greeting, untilReady } from './readiness.mjs';

/** @typedef {import('./state.mjs').State} State */

export const MAILBOX = join(LOCAL, 'mailbox');
export const LOGS = join(LOCAL, 'logs');

/** Where the simulator puts the certificate that signs its SNS messages, and the gateway looks for it. */
const CERTIFICATES = join(LOCAL, 'certificates');
const TOPIC_ARN = 'arn:aws:sns:us-east-1:000000000000:simulator';

/**
 * The processes of the app in the order in which they stop: first what takes work in, last what it is handed to.
 */
export const SERVICES = ['gateway', 'sender', 'simulator'];

/** How long a process may take to finish what it has begun. */
const STOP_GRACE_MS = 15_000;

/** @param {string} name */
export function logOf(name) {
  return join(LOGS, `${name}.log`);
}

/**
 * Starts simulator, gateway and sender, and returns once all are ready.
 *
 * @param {object} options
 * @param {State} options.state
 * @param {{ databaseUrl: string, ownDatabase: boolean, natsUrl: string, apiKey: string }} options.settings
 * @param {(process: Process) => void} options.onStart each process, as soon as it runs
 * @param {(name: string) => void} options.onReady
 * @param {import('./interruption.mjs').Interruption} options.interruption
 * @returns {Promise<{ serverUrl: string, mailboxUrl: string }>}
 */
export async function startServices({ state, settings, onStart, onReady, interruption }) {
  mkdirSync(MAILBOX, { recursive: true });
  rmSync(CERTIFICATES, { recursive: true, force: true });
  mkdirSync(CERTIFICATES);

  /**
   * @param {string} name
   * @param {string} entry
   * @param {Record<string, string>} variables
   * @param {() => Promise<boolean>} probe
   */
  const start = async (name, entry, variables, probe) => {
    const env = { ...process.env, ...variables };
    // A secret's file must not contradict the value that we give.
    for (const variable of Object.keys(variables)) delete env[`${variable}_FILE`];
    const service = Process.spawn(name, process.execPath, [entry], { cwd: ROOT, env, log: logOf(name) });
    state.remember(name, service.reference);
    onStart(service);
    await untilReady(service, probe, interruption.stop);
    onReady(name);
  };

  const [smtpPort, httpPort] = [await freePort(), await freePort()];
  const [gatewayMetrics, senderMetrics] = [await freePort(), await freePort()];
  const serverPort = await freePortFrom(3000);
  const serverUrl = `http://localhost:${serverPort}`;
  const mailboxUrl = `http://127.0.0.1:${httpPort}`;
  const shared = {
    SERVER_HOST: serverUrl,
    DATABASE_URL: settings.databaseUrl,
    NATS_URL: settings.natsUrl,
    API_KEY: settings.apiKey,
    // A .env made for another database must not lead the migrations there.
    ...(settings.ownDatabase && { MIGRATE_ON_BOOT: 'true', MIGRATE_DATABASE_URL: settings.databaseUrl }),
  };

  // Whoever names a transport means it, with all that belongs to it.
  const usesSimulator = !process.env.SENDER_TRANSPORT;

  interruption.stop.throwIfAborted();
  const simulator = start(
    'simulator',
    'dist/simulator/main.js',
    {
      SIMULATOR_SMTP_PORT: String(smtpPort),
      SIMULATOR_HTTP_PORT: String(httpPort),
      SIMULATOR_WEBHOOK_URL: `http://127.0.0.1:${serverPort}/v1/events/results`,
      SIMULATOR_TOPIC_ARN: TOPIC_ARN,
      SNS_CERT_DIR: CERTIFICATES,
      MAILBOX_DIR: MAILBOX,
    },
    async () => (await answersOk(`${mailboxUrl}/stats`)) && (await greeting(smtpPort)) !== '',
  );
  const gateway = start(
    'gateway',
    'dist/src/main.js',
    {
      ...shared,
      ...(usesSimulator && { SNS_TOPIC_ARNS: TOPIC_ARN, SNS_CERT_DIR: CERTIFICATES }),
      SERVER_PORT: String(serverPort),
      METRICS_PORT: String(gatewayMetrics),
      // Nobody stands before it.
      SHUTDOWN_DELAY: '0',
    },
    () => answersOk(`http://127.0.0.1:${serverPort}/health/ready`),
  );
  // Beside the gateway: whichever comes first migrates, the other waits for it.
  const sender = start(
    'sender',
    'dist/src/sender/main.js',
    { ...shared, ...(usesSimulator && sesAt(mailboxUrl)), METRICS_PORT: String(senderMetrics) },
    () => answersOk(`http://127.0.0.1:${senderMetrics}/health/ready`),
  );
  await interruption.together([simulator, gateway, sender]);
  return { serverUrl, mailboxUrl };
}

/**
 * The simulator in the place of SES. It replaces whatever the shell has set for AWS: no mail and no credentials of
 * somebody's account belong in here.
 *
 * @param {string} url
 */
function sesAt(url) {
  return {
    SENDER_TRANSPORT: 'ses',
    SES_CONFIGURATION_SET: 'simulator',
    AWS_ENDPOINT_URL_SESV2: url,
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'simulator',
    AWS_SECRET_ACCESS_KEY: 'simulator',
    // Empty, these count as absent; a profile would go before the keys.
    AWS_SESSION_TOKEN: '',
    AWS_PROFILE: '',
  };
}

/**
 * @param {Process} service
 * @param {AbortSignal} [hurry]
 */
export function stopService(service, hurry) {
  return service.stop('SIGTERM', STOP_GRACE_MS, hurry);
}

/**
 * What a killed launcher left serves an older build and an older port: it is replaced, not adopted.
 *
 * @param {string} name
 * @param {State} state
 */
export async function stopOrphan(name, state) {
  const orphan = state.values.processes[name];
  if (orphan === undefined) return;
  await stopService(Process.adopt(name, orphan));
  state.forget(name);
}
