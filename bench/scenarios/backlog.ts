import { Backlog, contentOf } from '../load/backlog.js';
import { ENDLESS_QUEUE } from '../load/endless-queue.js';
import { Stream } from '../load/stream.js';
import type { Figures, Scenario } from '../scenario.js';

const BACKLOG_EMAILS = 600_000;
const END_EMAILS = 100_000;

export const backlog: Scenario = {
  name: 'backlog',
  about:
    'A backlog of 600,000 emails in messages of 1,000, dispatched by one gateway: the time of the first and of the last 100,000, alone and beside a snapshot that was opened before.',
  async prepare(workbench) {
    const stack = await workbench.stack({ env: { ...ENDLESS_QUEUE, EXTERNAL_SENDER: 'true' } });
    const gateway = await stack.gateway();
    const stream = await Stream.of(stack);
    const mail = new Backlog(stack, gateway, contentOf(200));
    const ends = workbench.count(END_EMAILS, 1_000);

    const drain = async (): Promise<Figures> => {
      await stream.renew();
      await mail.fill(workbench.count(BACKLOG_EMAILS, 4_000));
      await mail.release();
      const { emails, seconds } = await mail.drained();
      const { first, last } = await mail.rates(ends);
      return { rate: emails / seconds, first_rate: first, last_rate: last };
    };
    return {
      variants: {
        alone: drain,
        beside_snapshot: async () => {
          const elsewhere = await stack.pool.connect();
          try {
            await elsewhere.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
            await elsewhere.query('SELECT count(*) FROM batches');
            return await drain();
          } finally {
            await elsewhere.query('ROLLBACK');
            elsewhere.release();
          }
        },
      },
      rows: [
        { id: 'D5', of: ({ alone }) => alone.last_rate / alone.first_rate },
        { id: 'D5-snapshot', of: ({ beside_snapshot }) => beside_snapshot.last_rate / beside_snapshot.first_rate },
      ],
      close: () => workbench.close(stack),
    };
  },
};
