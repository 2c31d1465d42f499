import { expect, it } from 'vitest';
import { containedNode, runContained, whyNotContained } from '../support/container.js';
import { eventually } from '../support/eventually.js';
import { recipients, Stack } from '../support/stack.js';

const EMAILS = 20;
const SOON_MS = 20_000;

/** What the process that runs it may do: the tests' own, if the container were none. */
const PROBE = `
  const { readFileSync, writeFileSync } = require('node:fs');
  const status = readFileSync('/proc/self/status', 'utf8');
  const write = (path) => { try { writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
  console.log(JSON.stringify({
    uid: process.getuid(),
    capabilities: [...status.matchAll(/^Cap\\w+:\\s+0*([0-9a-f]+)$/gm)].map(([, mask]) => mask),
    noNewPrivileges: /^NoNewPrivs:\\s+1$/m.test(status),
    files: ['/tmp/unwritten', '/var/tmp/unwritten', 'unwritten', 'dist/unwritten', process.execPath].map(write),
  }));
`;

it('gateway and sender start, send and stop in a container that may write nothing, without any rights', async (context) => {
  const reason = whyNotContained();
  context.skip(reason !== null, reason ?? '');
  expect(JSON.parse(runContained(PROBE))).toEqual({
    uid: 1000,
    capabilities: ['0', '0', '0', '0', '0'],
    noNewPrivileges: true,
    files: Array.from({ length: 5 }, () => 'EROFS'),
  });

  const stack = await Stack.start({ command: containedNode(), env: { NODE_ENV: 'production' } });
  context.onTestFinished(() => stack.stop());
  const [gateway, sender] = await Promise.all([stack.gateway(), stack.sender()]);
  const message = { topic_id: 'contained', emails: recipients(EMAILS), subject: 'Hello', content: '<p>Hello</p>' };
  expect((await stack.post(gateway, { messages: [message] })).status).toBe(200);
  await eventually(async () => (await stack.countOf('sent')) === EMAILS, SOON_MS, 'the state sent of all mails');
  expect(stack.sink.mails).toHaveLength(EMAILS);
  expect((await fetch(`${gateway.url}/docs`)).status).toBe(200);
  expect(await Promise.all([sender.stop(), gateway.stop()])).toEqual([0, 0]);
  expect(`${gateway.output}${sender.output}`).not.toMatch(/EROFS|EACCES|EPERM/);
  expect(await stack.recount()).toBe('');
});
