import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../simulator/seeded-random.js';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { eventually } from '../support/eventually.js';
import { chaosSeed } from '../support/chaos-seed.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

const MESSAGES = 10;
const SIZE = 200;
const TOTAL = MESSAGES * SIZE;
const TURNS = 40;

it('pausing and resuming at random moments holds nothing for ever and repeats nobody', async () => {
  const seed = chaosSeed();
  const random = seededRandom(seed);
  const stack = await Stack.start({ env: { SCHEDULER_INTERVAL: '3600', BATCH_SIZE: '50', SENDER_CONCURRENCY: '16' } });
  onTestFinished(() => stack.stop());
  const gateways = [await stack.gateway(), await stack.gateway()];
  await Promise.all([stack.sender(), stack.sender()]);
  const any = (): Gateway => gateways[Math.floor(random() * gateways.length)];
  const turn = async (what: 'pause' | 'resume') => {
    const url = `${any().url}/v1/topics/restless/${what}`;
    const { status } = await fetch(url, { method: 'POST', headers: { 'x-api-key': API_KEY } });
    expect(status).toBe(200);
  };

  const accepting = submit(stack, {
    topicId: 'restless',
    messages: MESSAGES,
    recipientsPerMessage: SIZE,
    gateway: any,
  });
  for (let count = 0; count < TURNS; count++) {
    await sleep(random() * 200);
    // Sometimes both at the same time.
    await Promise.all(random() < 0.2 ? [turn('pause'), turn('resume')] : [turn(random() < 0.5 ? 'pause' : 'resume')]);
  }
  await turn('resume');
  const accepted = await accepting;
  let last: Record<string, number> = {};
  const isDone = async () => {
    last = (await stack.topic(gateways[0], 'restless')).states;
    return last.sent === TOTAL;
  };
  await eventually(isDone, 60_000, 'the end').catch(() => expect(last, `seed ${seed}`).toMatchObject({ sent: TOTAL }));
  const [{ generation }] = await stack.query('SELECT max(generation) AS generation FROM batches');
  console.info(`${TOTAL} mails, ${TURNS} turns (seed ${seed}), up to ${generation + 1} generations`);
  expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(TOTAL));
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P18',
    under: `pause and resume, ${TURNS} times`,
    promised: '0 held for ever, 0 twice',
    stream: null,
    provider: inWords(compare(stack.sink.mails, accepted)),
    recipients: TOTAL,
    kills: 0,
    seed,
  });
});
