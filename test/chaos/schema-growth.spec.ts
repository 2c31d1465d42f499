import { expect, it, onTestFinished } from 'vitest';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { Stack } from '../support/stack.js';

const MESSAGES = ofFullRun(100);
const SIZE = 100;
const TOTAL = MESSAGES * SIZE;
/** What a later version's migration may do under this one: nothing but add. */
const LATER = [
  ...['messages', 'batches', 'emails', 'events', 'topics', 'topic_counters', 'sender_claims', 'send_limits'].map(
    (table) => `ALTER TABLE ${table} ADD COLUMN later text NOT NULL DEFAULT ''`,
  ),
  'CREATE TABLE later (id uuid PRIMARY KEY)',
  `INSERT INTO migrations (name, timestamp) VALUES ('Later9999999999999', 9999999999999)`,
];
const ERROR = /"level":"(error|fatal)"/;

it('processes of the version before go on while a later one migrates the schema under them', async () => {
  const stack = await Stack.start();
  onTestFinished(() => stack.stop());
  const gateways = [await stack.gateway(), await stack.gateway()];
  const processes = [...gateways, await stack.sender(), await stack.sender()];

  let turn = 0;
  const accepting = submit(stack, {
    topicId: 'rollout',
    messages: MESSAGES,
    recipientsPerMessage: SIZE,
    gateway: () => gateways[turn++ % gateways.length],
  });
  await eventually(() => stack.sink.mails.length > TOTAL / 20, 30_000, 'the first mails');
  for (const statement of LATER) await stack.query(statement);
  const sentBefore = stack.sink.mails.length;
  const accepted = await accepting;
  await eventually(async () => (await stack.countOf('sent')) === TOTAL, 60_000, 'the state sent of all mails');

  const delivered = compare(stack.sink.mails, accepted);
  console.info(`${sentBefore} of ${TOTAL} mails were sent before the schema had grown`);
  expect(sentBefore).toBeLessThan(TOTAL);
  expect(delivered).toEqual(eachOnce(TOTAL));
  expect(processes.flatMap(({ output }) => output.split('\n').filter((line) => ERROR.test(line)))).toEqual([]);
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P20',
    under: 'the schema migrated by a later version while all is under way',
    promised: '0 lost, 0 twice',
    stream: null,
    provider: inWords(delivered),
    recipients: TOTAL,
    kills: 0,
    seed: null,
  });
});
