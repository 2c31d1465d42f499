import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { configurationPage, envExample } from './variable-docs.js';

interface DerivedFile {
  path: string;
  derive: (current: string) => string;
}

/** Files that follow from the code, relative to the working directory: the root of the repository. */
const derivedFiles: readonly DerivedFile[] = [
  { path: '.env.example', derive: envExample },
  { path: 'docs/configuration.md', derive: configurationPage },
];

const isCheck = process.argv.includes('--check');
const stale: string[] = [];

for (const { path, derive } of derivedFiles) {
  const current = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const derived = derive(current);
  if (derived === current) continue;
  stale.push(path);
  if (!isCheck) writeFileSync(path, derived);
}

for (const path of stale) process.stdout.write(isCheck ? `${path} is stale: npm run derived\n` : `${path} written\n`);
if (isCheck && stale.length > 0) process.exitCode = 1;
