import { clientPublish } from '../baselines/client-publish.js';
import { OldDispatch } from '../baselines/old-dispatch.js';
import { rawPublish } from '../baselines/raw-publish.js';
import { cpuPerItem } from '../cpu.js';
import { Backlog, contentOf } from '../load/backlog.js';
import { ENDLESS_QUEUE } from '../load/endless-queue.js';
import { type Sample, Stream } from '../load/stream.js';
import type { Figures, Scenario } from '../scenario.js';
import type { Workbench } from '../workbench.js';

/** The raw publish counts as one only if it is so much faster than the client's own. */
const RAW_TO_CLIENT = 4;

/** A gateway on a stack of its own, with content of so many bytes. */
async function bench(workbench: Workbench, bytes: number, env: Record<string, string>) {
  const stack = await workbench.stack({ env: { ...ENDLESS_QUEUE, ...env } });
  const gateway = await stack.gateway();
  const stream = await Stream.of(stack);
  const content = contentOf(bytes);
  const backlog = new Backlog(stack, gateway, content);
  await backlog.fill(1);
  await backlog.release();
  await backlog.drained();
  const sample = await stream.first();

  const dispatch = async (count: number): Promise<Figures> => {
    await stream.renew();
    await backlog.fill(count);
    const before = workbench.cpu([gateway.pid]);
    await backlog.release();
    const { emails, seconds } = await backlog.drained();
    return { rate: emails / seconds, ...cpuPerItem(before, workbench.cpu([gateway.pid]), emails) };
  };
  const close = () => workbench.close(stack);
  return { stack, stream, sample, content, dispatch, close };
}

async function published(
  workbench: Workbench,
  stream: Stream,
  count: number,
  publish: (stream: Stream, sample: Sample, count: number) => Promise<number>,
  sample: Sample,
): Promise<Figures> {
  await stream.renew();
  const before = workbench.cpu([process.pid]);
  const seconds = await publish(stream, sample, count);
  return { rate: count / seconds, ...cpuPerItem(before, workbench.cpu([process.pid]), count) };
}

export const dispatch: Scenario = {
  name: 'dispatch',
  about:
    'Emails in messages of 1,000, all due at once, from then to the last settle, dispatched by one gateway that has been running. ' +
    "Against it publishers on one connection and without a ledger, with the same bytes and `Nats-Msg-Id`: hand-encoded with an inbox of their own, the client's own publish, and the old service's dispatcher.",
  async prepare(workbench) {
    const small = await bench(workbench, 200, { EXTERNAL_SENDER: 'true' });
    const large = await bench(workbench, 20_000, { EXTERNAL_SENDER: 'true' });
    const reference = await bench(workbench, 20_000, { NATS_PAYLOAD: 'reference' });
    const target = await small.stream.sibling(`${small.stack.name}_base`);
    const old = await OldDispatch.on(small.stack.databaseUrl, target);
    const many = workbench.count(200_000, 1_000);
    const few = workbench.count(30_000, 1_000);
    const raw = (count: number, { sample }: { sample: Sample }) =>
      published(workbench, target, count, rawPublish, sample);
    const oldRate = async (count: number, content: string): Promise<Figures> => {
      await target.renew();
      await old.fill(count, content);
      return { rate: await old.dispatch() };
    };
    return {
      variants: {
        dispatch_small: () => small.dispatch(many),
        raw_small: () => raw(many, small),
        client_small: () => published(workbench, target, workbench.count(40_000, 1_000), clientPublish, small.sample),
        old_small: () => oldRate(workbench.count(4_000, 100), small.content),
        dispatch_large: () => large.dispatch(few),
        raw_large: () => raw(few, large),
        old_large: () => oldRate(workbench.count(3_000, 100), large.content),
        dispatch_reference: () => reference.dispatch(many),
      },
      rows: [
        {
          id: 'D1',
          of: ({ dispatch_small, raw_small, client_small }) => {
            const factor = raw_small.rate / client_small.rate;
            if (workbench.options.scale === 1 && factor < RAW_TO_CLIENT) {
              throw new Error(`the raw publish is ${factor.toFixed(1)} times the client's: too slow to compare with`);
            }
            return dispatch_small.rate / raw_small.rate;
          },
        },
        { id: 'D2', of: ({ dispatch_large, raw_large }) => dispatch_large.rate / raw_large.rate },
        { id: 'D3', of: ({ dispatch_reference, dispatch_large }) => dispatch_reference.rate / dispatch_large.rate },
        { id: 'D4-small', of: ({ dispatch_small, old_small }) => dispatch_small.rate / old_small.rate },
        { id: 'D4-large', of: ({ dispatch_large, old_large }) => dispatch_large.rate / old_large.rate },
        { id: 'D4-client', of: ({ dispatch_small, client_small }) => dispatch_small.rate / client_small.rate },
      ],
      close: async () => {
        await old.close();
        await target.remove();
        for (const { close } of [small, large, reference]) await close();
      },
    };
  },
};
