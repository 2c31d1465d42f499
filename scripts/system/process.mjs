// @ts-check
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLog } from './log.mjs';

/**
 * A process as another run may find it again. Process ids are reused, so the id alone never proves that it is ours.
 *
 * @typedef {{ pid: number, identity: string }} Reference
 */

const ADOPTED_POLL_MS = 100;

/**
 * What tells a process from every later one with the same id; null when none runs (a zombie does not run).
 *
 * @param {number} pid
 * @returns {string | null}
 */
export function identify(pid) {
  try {
    if (process.platform === 'linux') {
      // The command name, in parentheses, may itself hold spaces and parentheses: count the fields from behind it.
      const [state, ...rest] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      // Field 22, in ticks since the boot that the boot id names.
      const started = rest[18];
      return state === 'Z' || state === 'X' ? null : `${bootId()}/${started}`;
    }
    const line = execFileSync('ps', ['-o', 'stat=,lstart=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const [state = '', ...rest] = line.split(/\s+/);
    return state === '' || state.startsWith('Z') ? null : rest.join(' ');
  } catch {
    return null;
  }
}

/** @param {Reference | undefined} reference */
export function isAlive(reference) {
  return reference !== undefined && identify(reference.pid) === reference.identity;
}

/**
 * @param {number} pid
 * @returns {string} empty when there is no such process
 */
export function commandLine(pid) {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Something that a process did which ends the run; its log tells why. */
export class ProcessError extends Error {
  /**
   * @param {string} processName
   * @param {string} what
   */
  constructor(processName, what) {
    super(`${processName} ${what}`);
    this.processName = processName;
  }
}

/** A long-running process in a process group of its own: Ctrl-C in the terminal does not reach it. */
export class Process {
  /**
   * @param {string} name
   * @param {Reference} reference
   * @param {Promise<string>} exited resolves with how it ended
   */
  constructor(name, reference, exited) {
    this.name = name;
    this.reference = reference;
    this.exited = exited;
  }

  /**
   * @param {string} name
   * @param {string} command
   * @param {string[]} args
   * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, log?: string }} options without a log it writes to our own output
   */
  static spawn(name, command, args, { cwd, env, log }) {
    const output = log === undefined ? 'inherit' : openLog(log);
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', output, output] });
    if (typeof output === 'number') closeSync(output);
    const exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal === null ? `code ${code}` : `signal ${signal}`));
    });
    if (child.pid === undefined) throw new Error(`${name} did not start: ${command} cannot be run`);
    return new Process(name, { pid: child.pid, identity: identify(child.pid) ?? '' }, exited);
  }

  /**
   * Takes over a process that is not our child.
   *
   * @param {string} name
   * @param {Reference} reference
   */
  static adopt(name, reference) {
    const exited = async () => {
      while (isAlive(reference)) await sleep(ADOPTED_POLL_MS, undefined, { ref: false });
      return 'an unknown code';
    };
    return new Process(name, reference, exited());
  }

  /**
   * @param {NodeJS.Signals} signal
   * @param {number} graceMs how long it may take before it is killed
   * @param {AbortSignal} [hurry] kills it at once
   */
  async stop(signal, graceMs, hurry) {
    if (!isAlive(this.reference)) return;
    this.#send(hurry?.aborted ? 'SIGKILL' : signal);
    const kill = () => this.#send('SIGKILL');
    hurry?.addEventListener('abort', kill);
    const timer = setTimeout(kill, graceMs);
    await this.exited;
    clearTimeout(timer);
    hurry?.removeEventListener('abort', kill);
  }

  /** @param {NodeJS.Signals} signal */
  #send(signal) {
    try {
      process.kill(-this.reference.pid, signal);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
    }
  }
}
