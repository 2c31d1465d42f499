// @ts-check
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../system/command.mjs';

const APT = '/usr/bin/apt-get';

/** Whether there is an archive to take packages from. */
export function hasArchive() {
  return existsSync(APT);
}

/**
 * Unpacks packages of Debian's or Ubuntu's archive into a folder without installing them: apt works in a folder of ours,
 * as any user, and no daemon that a package brings is ever started. The folder appears only when it is whole.
 *
 * @param {string[]} names
 * @param {string} folder
 * @param {AbortSignal} [signal]
 */
export async function unpackPackages(names, folder, signal) {
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(join(dirname(folder), 'apt-'));
  try {
    for (const part of ['state/lists/partial', 'cache/archives/partial'])
      mkdirSync(join(work, part), { recursive: true });
    const config = join(work, 'apt.conf');
    writeFileSync(config, aptConfig(work));
    const options = { cwd: work, signal };
    // One broken source among several makes it fail and is no reason to give up.
    await run('apt-get', ['-c', config, '-q', 'update'], options).catch(() => signal?.throwIfAborted());
    await run('apt-get', ['-c', config, '-q', 'download', ...names], options);
    for (const archive of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg', ['-x', archive, 'package'], options);
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(work, 'package'), folder);
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
