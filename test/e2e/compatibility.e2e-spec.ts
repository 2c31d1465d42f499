import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Child } from '../support/child.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

interface Exchange {
  title: string;
  request: string;
  answer: string;
}

const page = readFileSync('docs/compatibility.md', 'utf8');

const HTTP_BLOCKS = /```http\n([A-Z]+ [\s\S]*?)```\s*```http\n(\d{3}[\s\S]*?)```/g;

const exchanges = [...page.matchAll(HTTP_BLOCKS)].map(([, request, answer]): Exchange => ({
  title: `${request.split('\n')[0]} → ${answer.slice(0, 3)}`,
  request: request.trimEnd(),
  answer: answer.trimEnd(),
}));

const environments = [...page.matchAll(/```env\n([\s\S]*?)```/g)].map(([, text]) => text.trim());

function partsOf(block: string): { head: string[]; body: string } {
  const [head, body = ''] = block.split('\n\n');
  return { head: head.split('\n'), body };
}

let stack: Stack;
let gateway: Gateway;

beforeAll(async () => {
  stack = await Stack.start();
  gateway = await stack.gateway();
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await stack.stop();
});

it('the page has examples', () => {
  expect([exchanges.length, environments.length]).toEqual([9, 2]);
  expect(page.match(/```http\n/g)).toHaveLength(2 * exchanges.length);
});

it.each(exchanges)('$title', async ({ request, answer }) => {
  const { head, body } = partsOf(request.replace('{API_KEY}', API_KEY));
  const [method, path] = head[0].split(' ');
  const headers = head.slice(1).map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]);
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: [...headers, ...(body === '' ? [] : [['content-type', 'application/json'] as [string, string]])],
    ...(body !== '' && { body }),
  });
  const expected = partsOf(answer);
  const text = await response.text();
  expect(`${response.status}`, text).toBe(expected.head[0]);
  if (expected.body !== '') expect(JSON.parse(text)).toMatchObject(JSON.parse(expected.body) as object);
  expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
});

it.each(environments)('refuses to start with %s', async (line) => {
  const [name, value] = line.split('=');
  const child = new Child('dist/src/main.js', { ...stack.env, [name]: value });
  const { code } = await child.exited;
  expect(code).not.toBe(0);
  expect(child.output).toContain(name);
});
