// @ts-check
import { spawn } from 'node:child_process';

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number} [uid]
 * @property {number} [gid]
 * @property {string} [input] written to standard input
 * @property {number} [log] file descriptor that takes the output instead of the returned string
 * @property {AbortSignal} [signal] ends the command and all that it started
 */

/**
 * Runs a command to its end and returns what it printed. It has a process group of its own, so that a Ctrl-C in the
 * terminal reaches the launcher alone, which then decides what may be cut short.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<string>}
 */
export async function run(command, args, { input, log, signal, ...options } = {}) {
  signal?.throwIfAborted();
  const output = log ?? 'pipe';
  const child = spawn(command, args, { ...options, detached: true, stdio: ['pipe', output, output] });
  const interrupt = () => child.pid && process.kill(-child.pid, 'SIGKILL');
  signal?.addEventListener('abort', interrupt);
  let printed = '';
  child.stdout?.on('data', (chunk) => (printed += chunk));
  child.stderr?.on('data', (chunk) => (printed += chunk));
  // A command that ends without reading its input breaks the pipe; its exit code tells more.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  try {
    await new Promise((resolve, reject) => {
      child.once('error', reject);
      // Not `close`: a server that the command leaves behind keeps the output open.
      child.once(log === undefined ? 'close' : 'exit', (code, killedBy) => {
        if (code === 0) resolve(undefined);
        else reject(new Error(`${command} ended with ${killedBy ?? code}\n${printed}`.trim()));
      });
    });
  } finally {
    signal?.removeEventListener('abort', interrupt);
  }
  signal?.throwIfAborted();
  return printed;
}
