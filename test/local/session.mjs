// @ts-check
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../scripts/system/process.mjs';

/** @typedef {import('./checkout.mjs').Checkout} Checkout */

const POLL_MS = 5;
const START_TIMEOUT_MS = 60_000;
const MAIL_LIMIT_MS = 1_000;

/** One `npm run local` in a copy of the checkout, as a terminal would run it: in a process group of its own. */
export class Session {
  /**
   * @param {Checkout} checkout
   * @param {import('node:child_process').ChildProcess} child
   * @param {string[]} prefix
   */
  constructor(checkout, child, prefix) {
    this.checkout = checkout;
    this.child = child;
    this.prefix = prefix;
    this.output = '';
    this.readyMs = 0;
    child.stdout?.on('data', (chunk) => (this.output += chunk));
    child.stderr?.on('data', (chunk) => (this.output += chunk));
    this.closed = new Promise((resolve) => child.once('close', resolve));
  }

  /**
   * @param {Checkout} checkout
   * @param {{ prefix?: string[] }} [options] prefix: a command that runs another
   */
  static async start(checkout, { prefix = [] } = {}) {
    const [command = '', ...args] = [...prefix, 'npm', 'run', 'local'];
    const startedAt = performance.now();
    const child = spawn(command, args, { ...options(checkout), detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const session = new Session(checkout, child, prefix);
    const envFile = join(checkout.folder, '.local/env');
    // A killed launcher leaves its file behind; the next one removes it first thing.
    while (!(existsSync(envFile) && session.output.includes('curl '))) {
      assert.equal(child.exitCode, null, `npm run local ended:\n${session.output}`);
      assert.ok(performance.now() - startedAt < START_TIMEOUT_MS, `not ready:\n${session.output}`);
      await sleep(POLL_MS);
    }
    session.readyMs = performance.now() - startedAt;
    return session;
  }

  /** @param {string} name */
  variable(name) {
    return this.run('sh', ['-c', `. .local/env && printf %s "$${name}"`]);
  }

  /** Posts a message and waits for the mail. Returns the milliseconds in between. */
  mail() {
    const enter = this.prefix.length > 0 ? ['nsenter', '-t', String(this.checkout.launcher), '-n'] : [];
    const script = join(this.checkout.folder, 'test/local/mail.mjs');
    const [command = '', ...args] = [...enter, 'sh', '-c', `set -a && . .local/env && node '${script}'`];
    const elapsedMs = Number(this.run(command, args));
    assert.ok(elapsedMs <= MAIL_LIMIT_MS, `the mail took ${elapsedMs} ms`);
    return elapsedMs;
  }

  /**
   * @param {string} command
   * @param {string[]} args
   */
  run(command, args) {
    return execFileSync(command, args, {
      ...options(this.checkout),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Presses Ctrl-C. Returns the names of the processes in the order in which they ended. */
  async interrupt() {
    const left = new Map(Object.entries(this.checkout.state.processes));
    /** @type {string[]} */
    const ended = [];
    process.kill(-(this.child.pid ?? 0), 'SIGINT');
    while (left.size > 0) {
      for (const [name, reference] of left) {
        if (isAlive(reference)) continue;
        ended.push(name);
        left.delete(name);
      }
      await sleep(POLL_MS);
    }
    await this.closed;
    // npm, pressed as well, ends itself by the same signal once its child has ended well.
    assert.ok(this.child.exitCode === 0 || this.child.signalCode === 'SIGINT', this.output);
    assert.ok(!existsSync(join(this.checkout.folder, '.local/env')), '.local/env is still there');
    assert.deepEqual(this.checkout.processes(), [], 'processes are left');
    return ended;
  }

  async killLauncher() {
    process.kill(this.checkout.launcher ?? 0, 'SIGKILL');
    await this.closed;
  }
}

/** @param {Checkout} checkout */
function options({ folder, user }) {
  const env = { ...process.env };
  // Given engines would be used instead of those that we want to see coming up.
  for (const name of ['DATABASE_URL', 'NATS_URL']) delete env[name];
  return { cwd: folder, env: user ? { ...env, HOME: folder } : env, ...user };
}
