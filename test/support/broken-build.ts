import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** In a file of `dist/`, code that holds a promise, and other code that breaks it. */
export interface Fault {
  file: string;
  sound: string;
  broken: string;
}

/** A copy of the build with faults in it; inside the checkout, where it finds the packages. */
export class BrokenBuild {
  readonly folder = join('.local', `broken-${randomBytes(6).toString('hex')}`);

  constructor(...faults: Fault[]) {
    for (const part of ['src', 'migrations']) {
      cpSync(join('dist', part), join(this.folder, part), { recursive: true });
    }
    for (const fault of faults) this.apply(fault);
  }

  private apply({ file, sound, broken }: Fault): void {
    const path = join(this.folder, file);
    const pieces = readFileSync(path, 'utf8').split(sound);
    if (pieces.length !== 2) {
      this.remove();
      throw new Error(`${file} has ${pieces.length - 1} times, and not once: ${sound}`);
    }
    writeFileSync(path, pieces.join(broken));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
