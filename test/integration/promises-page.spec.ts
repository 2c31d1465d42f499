import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const page = readFileSync('docs/promises.md', 'utf8');

it('the page of promises names tests that exist', () => {
  const named = [...page.matchAll(/`((?:src|test|scripts)\/[\w/.-]+)`/g)].map(([, path]) => path);
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});

it('the page of promises has each that a chaos test reports', () => {
  const reported = readdirSync('test/chaos').flatMap((name) =>
    [...readFileSync(`test/chaos/${name}`, 'utf8').matchAll(/promise: '(P\d+)'/g)].map(([, promise]) => promise),
  );
  expect(reported.filter((promise) => !page.includes(`| ${promise} |`))).toEqual([]);
});
