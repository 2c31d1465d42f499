// @ts-check
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { ROOT } from '../../scripts/system/checkout.mjs';
import { identify } from '../../scripts/system/process.mjs';
import { State } from '../../scripts/system/state.mjs';
import { Session } from './session.mjs';

/** @typedef {{ uid: number, gid: number }} User */

const NOT_IN_A_CLONE = new Set(['node_modules', 'dist', '.local', '.git', '.env']);

/** A copy of this checkout as `git clone` and `npm ci` leave it. */
export class Checkout {
  /**
   * @param {string} parent
   * @param {User} [user]
   */
  constructor(parent, user) {
    this.parent = parent;
    this.folder = join(parent, 'checkout');
    this.user = user;
  }

  /**
   * @param {{ parentMode: number, user?: User }} options
   */
  static make({ parentMode, user }) {
    const checkout = new Checkout(mkdtempSync('/var/tmp/way-'), user);
    const { parent, folder } = checkout;
    mkdirSync(folder, { mode: 0o755 });
    cpSync(ROOT, folder, {
      recursive: true,
      filter: (source) => !NOT_IN_A_CLONE.has(relative(ROOT, source).split(sep)[0] ?? ''),
    });
    // Links would share the owner with ours; root's own copy may share it.
    const copy = user ? '-a' : '-al';
    try {
      execFileSync('cp', [copy, join(ROOT, 'node_modules'), folder], { stdio: 'ignore' });
    } catch {
      execFileSync('cp', ['-a', join(ROOT, 'node_modules'), folder]);
    }
    if (user) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, parent]);
    chmodSync(parent, parentMode);
    return checkout;
  }

  /** @param {{ prefix?: string[] }} [options] */
  start(options) {
    return Session.start(this, options);
  }

  get state() {
    return new State(join(this.folder, '.local')).values;
  }

  /** @returns {number | undefined} */
  get launcher() {
    return JSON.parse(readFileSync(join(this.folder, '.local/lock'), 'utf8')).pid;
  }

  /** Every process that works in the copy or was started from it. */
  processes() {
    const folders = [this.folder, this.state.postgres?.home ?? this.folder];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && identify(Number(name)) !== null)
      .map((pid) => ({ pid: Number(pid), traces: traces(pid) }))
      .filter(({ traces }) => folders.some((folder) => traces.includes(folder)))
      .map(({ pid, traces }) => `${pid} ${traces}`);
  }

  remove() {
    const home = this.state.postgres?.home;
    if (home !== undefined) rmSync(dirname(home), { recursive: true, force: true });
    rmSync(this.parent, { recursive: true, force: true });
  }
}

/** @param {string} pid */
function traces(pid) {
  try {
    return `${readlinkSync(`/proc/${pid}/cwd`)} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`;
  } catch {
    return '';
  }
}
