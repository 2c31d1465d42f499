// @ts-check
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL } from '../system/checkout.mjs';
import { hasArchive, unpackPackages } from './debian-packages.mjs';

const UNPACKED = join(LOCAL, 'faketime');
/** The variant for programs that have threads. */
const LIBRARY = 'faketime/libfaketimeMT.so.1';
const FETCH_MS = 50_000;

/**
 * The library that gives a process a clock of its own: the machine's, or one that Debian's or Ubuntu's archive holds. Null, and why on
 * standard error, where there is none.
 *
 * @returns {Promise<string | null>}
 */
export async function provideFaketime() {
  try {
    if (find('/') === null && find(UNPACKED) === null) {
      if (!hasArchive()) throw new Error('there is no apt to fetch it with');
      await unpackPackages(['libfaketime'], UNPACKED, AbortSignal.timeout(FETCH_MS));
    }
  } catch (error) {
    process.stderr.write(`There is no libfaketime: ${/** @type {Error} */ (error).message}\n`);
  }
  return find('/') ?? find(UNPACKED);
}

/**
 * @param {string} root
 * @returns {string | null}
 */
function find(root) {
  const libraries = join(root, 'usr/lib');
  if (!existsSync(libraries)) return null;
  const folders = readdirSync(libraries).filter((name) => name.endsWith('-linux-gnu'));
  return folders.map((name) => join(libraries, name, LIBRARY)).find(existsSync) ?? null;
}
