// @ts-check
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./process.mjs').Reference} Reference */

/**
 * @typedef {object} Values
 * @property {string} [apiKey] made once, kept
 * @property {{ home: string, password: string }} [postgres] where its data is, which may be outside the checkout
 * @property {Record<string, Reference & { port?: number }>} processes what runs, for a launcher that finds orphans
 */

/** What one run must tell the next. Written at once and whole, since the launcher may be killed at any line. */
export class State {
  #file;

  /** @param {string} folder */
  constructor(folder) {
    this.#file = join(folder, 'state.json');
    this.values = read(this.#file);
  }

  /** @param {Partial<Values>} change */
  update(change) {
    Object.assign(this.values, change);
    const draft = `${this.#file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(this.values, null, 2), { mode: 0o600 });
    renameSync(draft, this.#file);
  }

  /**
   * @param {string} name
   * @param {Reference & { port?: number }} reference
   */
  remember(name, reference) {
    this.update({ processes: { ...this.values.processes, [name]: reference } });
  }

  /** @param {string} name */
  forget(name) {
    const processes = { ...this.values.processes };
    delete processes[name];
    this.update({ processes });
  }
}

/**
 * @param {string} file
 * @returns {Values}
 */
function read(file) {
  try {
    return { processes: {}, ...JSON.parse(readFileSync(file, 'utf8')) };
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return { processes: {} };
    throw error;
  }
}
