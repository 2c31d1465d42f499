// @ts-check
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessError } from './process.mjs';

const PROBE_INTERVAL_MS = 50;
const PROBE_TIMEOUT_MS = 2_000;
/** A migration on a large database of an earlier run is the slowest thing that a start waits for. */
const READY_TIMEOUT_MS = 60_000;

/**
 * Waits until the probe says yes. Ends early when the process exits.
 *
 * @param {import('./process.mjs').Process} process
 * @param {() => Promise<boolean>} probe
 * @param {AbortSignal} [signal]
 */
export async function untilReady(process, probe, signal) {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  /** @type {string | undefined} */
  let end;
  void process.exited.then((how) => (end = how));
  while (!(await probe())) {
    signal?.throwIfAborted();
    if (end !== undefined) throw new ProcessError(process.name, `exited with ${end} before it was ready`);
    if (Date.now() > deadline)
      throw new ProcessError(process.name, `was not ready within ${READY_TIMEOUT_MS / 1000} s`);
    await sleep(PROBE_INTERVAL_MS);
  }
}

/** @param {string} url */
export async function answersOk(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

/**
 * The first bytes that a server on the loopback sends to whoever connects; empty when it does not answer.
 *
 * @param {number} port
 * @returns {Promise<string>}
 */
export function greeting(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (text = '') => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, finish);
    socket.once('data', (data) => finish(data.toString()));
    socket.once('error', () => finish());
    socket.once('close', () => finish());
  });
}
