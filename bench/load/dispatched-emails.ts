import { setTimeout as sleep } from 'node:timers/promises';
import { type Gateway, recipients, type Stack } from '../../test/support/stack.js';

/** So many fit into one request, and into one range of ids. */
const PER_MESSAGE = 1_000;
const LOOK_MS = 20;

export const TOPIC = 'bench';

/** Submits emails of 200 bytes and waits until all of them are in the stream and the ledger says so. */
export async function dispatchEmails(stack: Stack, gateway: Gateway, count: number): Promise<void> {
  const before = await emailsIn(stack, 'dispatched');
  for (let left = count; left > 0; left -= PER_MESSAGE) {
    const emails = recipients(Math.min(left, PER_MESSAGE));
    const message = { topic_id: TOPIC, emails, subject: 'Hello', content: 'x'.repeat(200) };
    const response = await stack.post(gateway, { messages: [message] });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  }
  while ((await emailsIn(stack, 'dispatched')) < before + count) await sleep(LOOK_MS);
}

/** How many emails are in a state. */
export async function emailsIn(stack: Stack, state: 'dispatched' | 'sent' | 'delivered'): Promise<number> {
  const [row] = await stack.query<{ count: number }>(
    `SELECT ${state}::int AS count FROM topic_counters WHERE topic_id = $1`,
    [TOPIC],
  );
  return row?.count ?? 0;
}
