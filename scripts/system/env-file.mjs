// @ts-check
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL } from './checkout.mjs';

/** There while the system is ready, for `. .local/env`. */
const FILE = join(LOCAL, 'env');

/** @param {Record<string, string>} variables */
export function writeEnvFile(variables) {
  const draft = `${FILE}.${process.pid}`;
  writeFileSync(draft, shellAssignments(variables), { mode: 0o600 });
  renameSync(draft, FILE);
}

export function removeEnvFile() {
  rmSync(FILE, { force: true });
}

/** @param {Record<string, string>} variables */
export function shellAssignments(variables) {
  return Object.entries(variables)
    .map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');
}
