// @ts-check
import { accessSync, chmodSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LOCAL } from '../system/checkout.mjs';
import { run } from '../system/command.mjs';

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
 * Takes the package from the archive without installing it: apt works in a folder of ours, as any user, and the
 * package's own start of a daemon on port 4222 never happens.
 *
 * @param {AbortSignal} [signal]
 */
async function download(signal) {
  if (!existsSync('/usr/bin/apt-get')) throw new Error(FIX);
  mkdirSync(DOWNLOADS, { recursive: true });
  const work = mkdtempSync(join(DOWNLOADS, 'apt-'));
  try {
    for (const folder of ['state/lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(work, folder), { recursive: true });
    }
    const config = join(work, 'apt.conf');
    writeFileSync(config, aptConfig(work));
    const options = { cwd: work, signal };
    // One broken source among several makes it fail and is no reason to give up.
    await run('apt-get', ['-c', config, '-q', 'update'], options).catch(() => signal?.throwIfAborted());
    await run('apt-get', ['-c', config, '-q', 'download', 'nats-server'], options);
    const [archive] = readdirSync(work).filter((name) => name.endsWith('.deb'));
    await run('dpkg', ['-x', archive ?? '', 'package'], options);
    const binary = join(DOWNLOADS, NAME);
    renameSync(join(work, 'package/usr/sbin/nats-server'), binary);
    chmodSync(binary, 0o755);
    return binary;
  } catch (error) {
    signal?.throwIfAborted();
    throw new Error(`${FIX}\nFetching it from the archive failed: ${/** @type {Error} */ (error).message}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Given by `-c`, so that it is read after the system's own files and can clear their hooks, which work on the system's
 * own cache. Root's apt would otherwise download as a user who cannot write to our folder.
 *
 * @param {string} work
 */
function aptConfig(work) {
  return `
    Dir::State "${work}/state";
    Dir::State::status "/var/lib/dpkg/status";
    Dir::Cache "${work}/cache";
    ${process.getuid?.() === 0 ? 'APT::Sandbox::User "root";' : ''}
    Acquire::Languages "none";
    #clear APT::Update::Pre-Invoke;
    #clear APT::Update::Post-Invoke;
    #clear APT::Update::Post-Invoke-Success;
  `;
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
