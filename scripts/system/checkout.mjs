// @ts-check
import { resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** Everything that a run leaves behind lives here: data, logs, downloads, pointers. */
export const LOCAL = resolve(ROOT, '.local');
