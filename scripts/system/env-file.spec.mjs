// @ts-check
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellAssignments } from './env-file.mjs';

it('is read by sh as it was written, whatever the values hold', () => {
  const variables = { PLAIN: 'a', QUOTES: `it's "quoted"`, EXPANSIONS: '$HOME `id` \\ #', SPACES: ' a b ' };
  const print = Object.keys(variables).map((name) => `printf '%s\\n' "$${name}"`);
  const output = execFileSync('sh', ['-c', [shellAssignments(variables), ...print].join('\n')], { encoding: 'utf8' });
  expect(output.split('\n').slice(0, -1)).toEqual(Object.values(variables));
});
