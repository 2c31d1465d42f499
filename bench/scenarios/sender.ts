import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, freePort } from '../../test/support/child.js';
import type { Gateway, Stack } from '../../test/support/stack.js';
import { type CpuReading, cpuPerItem } from '../cpu.js';
import { dispatchEmails, emailsIn } from '../load/dispatched-emails.js';
import { emptyLedger } from '../load/ledger.js';
import type { Figures, Scenario } from '../scenario.js';
import type { Workbench } from '../workbench.js';

const EMAILS = 30_000;
/** The first part is not measured: processes are fresh in each round, and both kinds run for hours in earnest. */
const WARM = 0.3;
const LOOK_MS = 5;
/** NATS_CONSUMER's default. */
const CONSUMER = 'messages-sender';
const HIGH_WATER = { QUEUE_HIGH_WATER: '1000000' };

/** Where a variant stood when it was looked at. */
interface Mark {
  atMs: number;
  done: number;
  cpu: CpuReading;
}

export const sender: Scenario = {
  name: 'sender',
  about:
    'Senders whose transport takes every mail at once, else as they are (claim, outcome, confirmed acknowledgement), empty a ' +
    'stream of 30,000 dispatched emails of 200 bytes; beside it a process that takes the same from the stream and ' +
    'acknowledges without waiting. The rate after the first 30 %. SENDER_CONCURRENCY is 64 (the default) and 1,000.',
  async prepare(workbench) {
    const emails = workbench.count(EMAILS, 3_000);
    const stack = await workbench.stack({ env: HIGH_WATER });
    const gateway = await stack.gateway();
    const senders = (count: number, concurrency: number) => async () =>
      drain(workbench, stack, gateway, emails, count, { SENDER_CONCURRENCY: String(concurrency) });
    return {
      variants: {
        bare: () => consume(workbench, stack, gateway, emails),
        default: senders(1, 64),
        one: senders(1, 1_000),
        two: senders(2, 1_000),
      },
      rows: [
        { id: 'W1', of: ({ one, bare }) => one.per_second / bare.per_second },
        { id: 'P1-sender', of: ({ two, one }) => two.per_second / one.per_second },
      ],
      close: () => workbench.close(stack),
    };
  },
};

async function drain(
  workbench: Workbench,
  stack: Stack,
  gateway: Gateway,
  emails: number,
  count: number,
  env: Record<string, string>,
): Promise<Figures> {
  const sentBefore = await emailsIn(stack, 'sent');
  await dispatchEmails(stack, gateway, emails);
  const children = await Promise.all(Array.from({ length: count }, () => start(stack, env)));
  const pids = children.map(({ pid }) => pid);
  const look = async (): Promise<Mark> => ({
    done: (await emailsIn(stack, 'sent')) - sentBefore,
    atMs: performance.now(),
    cpu: workbench.cpu(pids),
  });
  let mark = await look();
  const reach = async (share: number) => {
    for (; mark.done < share * emails; mark = await look()) {
      if (!children.every(({ isRunning }) => isRunning)) throw new Error(children.map((child) => child.output).join());
      await sleep(LOOK_MS);
    }
    return mark;
  };
  const begin = await reach(WARM);
  const end = await reach(1);
  await Promise.all(children.map((child) => child.stop()));
  return figuresOf(begin, end);
}

/** Ready is its database and its stream; it then takes what is there. */
async function start(stack: Stack, env: Record<string, string>): Promise<Child> {
  const port = await freePort();
  return stack.spawn('dist/bench/processes/idle-transport-sender.js', {
    ...stack.env,
    METRICS_PORT: String(port),
    ...env,
  });
}

async function consume(workbench: Workbench, stack: Stack, gateway: Gateway, emails: number): Promise<Figures> {
  const manager = await stack.nats.jetstreamManager();
  // A work queue takes one consumer.
  await manager.consumers.delete(stack.name, CONSUMER).catch(() => false);
  await dispatchEmails(stack, gateway, emails);
  const counts = [Math.ceil(WARM * emails), emails];
  const child = stack.spawn('dist/bench/baselines/bare-consumer.js', { ...stack.env, COUNTS: counts.join(' ') });
  const marks: Mark[] = [];
  for (const done of counts) {
    while (!child.output.split('\n').includes(String(done))) {
      if (!child.isRunning) throw new Error(child.output);
      await sleep(LOOK_MS);
    }
    marks.push({ done, atMs: performance.now(), cpu: workbench.cpu([child.pid]) });
  }
  await child.exited;
  // To the gateway, beside our sender, what nobody claimed would be lost mail, which it publishes again.
  await emptyLedger(stack.pool);
  return figuresOf(marks[0], marks[1]);
}

function figuresOf(begin: Mark, end: Mark): Figures {
  return {
    per_second: ((end.done - begin.done) / (end.atMs - begin.atMs)) * 1000,
    ...cpuPerItem(begin.cpu, end.cpu, end.done - begin.done),
  };
}
