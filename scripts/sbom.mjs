// @ts-check
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './system/checkout.mjs';

/**
 * `npm run sbom`: what is in the image, as CycloneDX. With `--omit=dev` npm would leave out what the image has and the tests
 * use as well, such as ajv. So it is shown a project that has nothing but the packages of the image.
 */
const manifest = read('package.json');
const lock = read('package-lock.json');
for (const [path, { dev, optional, devOptional }] of Object.entries(lock.packages)) {
  if (dev || optional || devOptional) delete lock.packages[path];
}
for (const root of [manifest, lock.packages['']]) delete root.devDependencies;

const folder = mkdtempSync(join(tmpdir(), 'sbom-'));
try {
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
} finally {
  rmSync(folder, { recursive: true });
}

/** @param {string} name */
function read(name) {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
}
