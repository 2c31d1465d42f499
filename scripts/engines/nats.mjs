// @ts-check
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../system/ports.mjs';
import { isAlive, Process } from '../system/process.mjs';
import { greeting, untilReady } from '../system/readiness.mjs';
import { provideNatsBinary } from './nats-binary.mjs';

/** @typedef {import('../system/state.mjs').State} State */

const NAME = 'NATS';
const STOP_GRACE_MS = 10_000;

/** Our own NATS server with JetStream, on the loopback alone. */
export class Nats {
  /**
   * @param {Process} process
   * @param {number} port
   */
  constructor(process, port) {
    this.process = process;
    this.url = `nats://127.0.0.1:${port}`;
  }

  /**
   * Starts the server on the store in `folder`, or adopts the one that a killed launcher left.
   *
   * @param {string} folder
   * @param {State} state
   * @param {string} log
   * @param {AbortSignal} [signal]
   */
  static async start(folder, state, log, signal) {
    const orphan = state.values.processes[NAME];
    const adopted = orphan?.port !== undefined && isAlive(orphan);
    const port = adopted ? /** @type {number} */ (orphan.port) : await freePort();
    const process = adopted ? Process.adopt(NAME, orphan) : await launch(folder, port, log, signal);
    const server = new Nats(process, port);
    state.remember(NAME, { ...process.reference, port });
    try {
      await untilReady(process, async () => (await greeting(port)).includes('"jetstream":true'), signal);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  async stop() {
    // The server writes what it still holds in memory on SIGINT, and ends with 0.
    await this.process.stop('SIGINT', STOP_GRACE_MS);
  }
}

/**
 * @param {string} folder
 * @param {number} port
 * @param {string} log
 * @param {AbortSignal} [signal]
 */
async function launch(folder, port, log, signal) {
  const binary = await provideNatsBinary(signal);
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'nats.conf');
  writeFileSync(
    config,
    [
      `listen: "127.0.0.1:${port}"`,
      // A message with its whole HTML may pass the default of 1 MB.
      'max_payload: 8MB',
      `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }`,
      '',
    ].join('\n'),
  );
  signal?.throwIfAborted();
  return Process.spawn(NAME, binary, ['-c', config], { log });
}
