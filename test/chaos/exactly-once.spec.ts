import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { slowDown } from '../support/slow-statements.js';
import { type Gateway, Stack } from '../support/stack.js';
import { StreamObserver } from '../support/stream-observer.js';

const MESSAGES = ofFullRun(20);
const RECIPIENTS_PER_MESSAGE = 1_000;
const TOTAL = MESSAGES * RECIPIENTS_PER_MESSAGE;
const RUN_MS = 120_000;
const SLOW_SETTLE_SECONDS = 2;

describe('two gateways and two senders on one database and one NATS', () => {
  let stack: Stack;
  let gateways: Gateway[];
  let observer: StreamObserver;

  beforeEach(async () => {
    stack = await Stack.start();
    gateways = [await stack.gateway(), await stack.gateway()];
    await Promise.all([stack.sender(), stack.sender()]);
    observer = await new StreamObserver(stack.nats, stack.name).ready();
  });

  afterEach(async () => {
    observer.stop();
    await stack.stop();
  });

  it(`send each of ${TOTAL} mails exactly once`, async () => {
    const { seconds, deliveriesPerMail } = await run('exactly-once');
    console.info(`${TOTAL} mails in ${seconds} s, ${deliveriesPerMail} stream deliveries per mail`);
  });

  it(`send each of ${TOTAL} mails exactly once when every settle takes two seconds`, async () => {
    await slowDown(stack, 'settle', SLOW_SETTLE_SECONDS);
    const { seconds, deliveriesPerMail } = await run('slow-settle');
    console.info(
      `${TOTAL} mails in ${seconds} s with settles of ${SLOW_SETTLE_SECONDS} s, ${deliveriesPerMail} stream deliveries per mail`,
    );
    // Mail that is published and not settled yet is asked for again, ever later: senders must not spin on it.
    expect(deliveriesPerMail).toBeLessThan(10);
  });

  async function run(topicId: string) {
    let turn = 0;
    const startedMs = Date.now();
    const accepted = await submit(stack, {
      topicId,
      messages: MESSAGES,
      recipientsPerMessage: RECIPIENTS_PER_MESSAGE,
      gateway: () => gateways[turn++ % gateways.length],
    });
    expect(new Set(accepted).size).toBe(TOTAL);
    await eventually(() => stack.sink.mails.length >= TOTAL, RUN_MS, `the arrival of ${TOTAL} mails`);
    const seconds = (Date.now() - startedMs) / 1_000;
    const { states, request } = await eventually(
      async () => {
        const page = await stack.topic(gateways[0], topicId);
        return page.states.sent === TOTAL && page;
      },
      10_000,
      `the state sent of ${TOTAL} mails`,
    );
    expect({ total: request.total, sent: states.sent }).toEqual({ total: TOTAL, sent: TOTAL });

    expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(TOTAL));
    expect(new Set(observer.publishes.keys())).toEqual(new Set(accepted.map((id) => `${id}:0`)));
    expect(await observer.stored()).toBe(TOTAL);
    // Nobody died and no lease ended, so not even a repeated publish is due.
    expect(observer.published).toBe(TOTAL);
    const deliveriesPerMail = Number(((await observer.deliveries()) / TOTAL).toFixed(2));
    expect(await stack.recount()).toBe('');
    reportPromise({
      promise: 'P18',
      under: `two gateways and two senders, ${topicId}`,
      promised: '0 lost, 0 twice',
      stream: `${observer.published} publishes, ${TOTAL} stored, ${deliveriesPerMail} deliveries per mail`,
      provider: inWords(compare(stack.sink.mails, accepted)),
      recipients: TOTAL,
      kills: 0,
      seed: null,
    });
    return { seconds, deliveriesPerMail };
  }
});
