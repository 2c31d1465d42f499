// @ts-check
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../system/command.mjs';

/** @typedef {{ uid?: number, gid?: number }} User */

const NOBODY = 65534;

/**
 * The folder that holds the server's data, and the user that the server runs as.
 *
 * PostgreSQL refuses to run as root. Root's server runs as nobody, in a folder that nobody can enter: `folder` itself,
 * or, when the checkout lies below a closed folder, one outside whose name the state keeps.
 *
 * @param {string} folder
 * @param {string | undefined} remembered the home of an earlier run
 * @returns {Promise<{ home: string, user: User }>}
 */
export async function providePostgresHome(folder, remembered) {
  mkdirSync(folder, { recursive: true });
  if (process.getuid?.() !== 0) return { home: folder, user: {} };

  const user = ownerOfData(folder) ?? { uid: NOBODY, gid: NOBODY };
  if (await canEnter(user, folder)) {
    chownSync(folder, user.uid, user.gid);
    return { home: folder, user };
  }
  if (remembered !== undefined && remembered !== folder && isOurs(dirname(remembered)))
    return { home: remembered, user };

  // Not the temporary folder of the environment: that may be closed as well, and is emptied at boot.
  const outside = mkdtempSync('/var/tmp/messages-');
  chmodSync(outside, 0o711);
  const home = join(outside, 'postgres');
  mkdirSync(home);
  chownSync(home, user.uid, user.gid);
  // The checkout was open when the data was made.
  if (existsSync(join(folder, 'data'))) await run('mv', [join(folder, 'data'), home]);
  return { home, user };
}

/**
 * Whoever ran it first keeps it: root takes over the data of an ordinary user's runs without making it unusable for them.
 *
 * @param {string} folder
 */
function ownerOfData(folder) {
  const data = statSync(join(folder, 'data'), { throwIfNoEntry: false });
  return data && data.uid !== 0 ? { uid: data.uid, gid: data.gid } : undefined;
}

/**
 * @param {User} user
 * @param {string} folder
 */
async function canEnter(user, folder) {
  try {
    await run('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...user, cwd: '/' });
    return true;
  } catch {
    return false;
  }
}

/**
 * A folder in a place where everybody may write is ours only if root made it.
 *
 * @param {string} outside
 */
function isOurs(outside) {
  const stat = lstatSync(outside, { throwIfNoEntry: false });
  return stat !== undefined && stat.isDirectory() && stat.uid === 0;
}
