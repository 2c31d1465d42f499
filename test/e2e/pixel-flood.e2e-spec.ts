import { afterAll, beforeAll, expect, it } from 'vitest';
import { percentile } from '../../bench/statistics.js';
import { type Gateway, Stack } from '../support/stack.js';

const SECRET = 'a secret for the tests';
const SUBMISSIONS = 50;
const CLIENTS = 16;
const MOST_MS = 250;

let stack: Stack;
let gateway: Gateway;

beforeAll(async () => {
  const env = { TRACKING_SECRET: SECRET, PUBLIC_RATE_PER_SECOND: '5', TRUSTED_PROXIES: '1' };
  stack = await Stack.start({ env });
  gateway = await stack.gateway();
});

afterAll(async () => {
  expect(await stack.recount()).toBe('');
  await stack.stop();
});

async function submit(): Promise<string> {
  const message = { emails: ['user@example.com'], subject: 'Hello', content: '<p>x</p>' };
  const response = await stack.post(gateway, { messages: [message] });
  expect(response.status).toBe(200);
  const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
  return messages[0].email_ids[0];
}

/** The 90th percentile of submissions one after the other, in ms. */
async function submissionsP90(): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < SUBMISSIONS; i++) {
    const startMs = performance.now();
    await submit();
    times.push(performance.now() - startMs);
  }
  return Math.round(percentile(times, 90));
}

it('leaves submissions alone, whoever floods with pixels', async () => {
  const id = await submit();
  const quiet = await submissionsP90();
  let isOver = false;
  const pixels = Array.from({ length: CLIENTS }, async (_, client) => {
    const headers = { 'x-forwarded-for': `198.51.100.${client}` };
    while (!isOver) {
      const response = await fetch(`${gateway.url}/v1/events/open?requestId=${id}`, { headers });
      await response.arrayBuffer();
    }
  });
  const beside = await submissionsP90();
  isOver = true;
  await Promise.all(pixels);
  console.log(`a submission: ${quiet} ms alone, ${beside} ms beside a flood of pixels (90th percentiles)`);
  expect(beside).toBeLessThan(MOST_MS);
});
