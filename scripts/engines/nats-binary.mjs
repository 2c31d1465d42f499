// @ts-check
import { accessSync, chmodSync, constants, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LOCAL } from '../system/checkout.mjs';
import { hasArchive, unpackPackages } from './debian-packages.mjs';

const NAME = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';
const DOWNLOADS = join(LOCAL, 'bin');

const FIX = `No nats-server was found. ${
  process.platform === 'darwin'
    ? 'Install it: brew install nats-server'
    : process.platform === 'win32'
      ? 'Install it: scoop install nats-server'
      : 'Install it: apt install nats-server'
}; or run it in Docker (docker run -p 4222:4222 nats:2 -js) and set NATS_URL=nats://127.0.0.1:4222.`;

/**
 * A NATS server's program: the one given, one on the machine, or one that Debian's or Ubuntu's archive holds.
 *
 * @param {AbortSignal} [signal]
 */
export async function provideNatsBinary(signal) {
  return findNatsBinary() ?? (await download(signal));
}

/** @returns {string | undefined} */
export function findNatsBinary() {
  const given = process.env.NATS_SERVER_BIN;
  if (given !== undefined && given !== '') {
    if (!isProgram(given)) throw new Error(`NATS_SERVER_BIN=${given} is not a program that can be run.`);
    return given;
  }
  // The sbin folders hold Debian's package and are often missing from an ordinary user's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];
  return [...folders, DOWNLOADS].map((folder) => join(folder, NAME)).find(isProgram);
}

/**
 * The server alone out of its package.
 *
 * @param {AbortSignal} [signal]
 */
async function download(signal) {
  if (!hasArchive()) throw new Error(FIX);
  const unpacked = join(DOWNLOADS, `${NAME}-${process.pid}`);
  try {
    await unpackPackages(['nats-server'], unpacked, signal);
    const binary = join(DOWNLOADS, NAME);
    renameSync(join(unpacked, 'usr/sbin/nats-server'), binary);
    chmodSync(binary, 0o755);
    return binary;
  } catch (error) {
    signal?.throwIfAborted();
    throw new Error(`${FIX}\nFetching it from the archive failed: ${/** @type {Error} */ (error).message}`);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
