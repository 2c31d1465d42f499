import { mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../scripts/system/command.mjs';
import { messageOf } from '../../src/runtime/message-of.js';

/** Where everybody may enter: root's PostgreSQL runs as nobody. */
const PLACE = '/var/tmp';
const CHUNK = Buffer.alloc(1024 * 1024);

/** A disk of a test's own, in memory, and so small that it can be filled. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** Null, and why on the console, where none can be mounted: that takes root. */
  static async mount(megabytes: number): Promise<SmallDisk | null> {
    const folder = await mkdtemp(join(PLACE, 'messages-disk-'));
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder]);
      return new SmallDisk(folder);
    } catch (error) {
      await rmdir(folder);
      console.info(`no disk can be mounted here: ${messageOf(error)}`);
      return null;
    }
  }

  /** Takes all that is left of it; called again, also what became free since. */
  async fill(): Promise<void> {
    const ballast = await open(this.ballast, 'a');
    try {
      for (;;) await ballast.write(CHUNK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await ballast.close();
    }
  }

  async clear(): Promise<void> {
    await rm(this.ballast, { force: true });
  }

  /** What a process still has open there goes with the process. */
  async unmount(): Promise<void> {
    await run('umount', ['--lazy', this.folder]);
    await rmdir(this.folder);
  }

  private get ballast(): string {
    return join(this.folder, 'ballast');
  }
}
