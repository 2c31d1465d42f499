import { Backlog, contentOf } from '../load/backlog.js';
import { ENDLESS_QUEUE } from '../load/endless-queue.js';
import { Stream } from '../load/stream.js';
import type { Figures, Scenario } from '../scenario.js';

export const twoGatewaysDispatch: Scenario = {
  name: 'two-gateways-dispatch',
  about:
    'Emails of 200 bytes in messages of 1,000, all due at once, dispatched by two gateways on the same two cores as one.',
  async prepare(workbench) {
    const run = async (gateways: number) => {
      const stack = await workbench.stack({ env: { ...ENDLESS_QUEUE, EXTERNAL_SENDER: 'true' } });
      const [gateway] = await Promise.all(Array.from({ length: gateways }, () => stack.gateway()));
      const stream = await Stream.of(stack);
      const mail = new Backlog(stack, gateway, contentOf(200));
      return {
        stack,
        dispatch: async (): Promise<Figures> => {
          await stream.renew();
          await mail.fill(workbench.count(200_000, 2_000));
          await mail.release();
          const { emails, seconds } = await mail.drained();
          return { rate: emails / seconds };
        },
      };
    };
    const one = await run(1);
    const two = await run(2);
    return {
      variants: { one: one.dispatch, two: two.dispatch },
      rows: [{ id: 'P1-dispatch', of: ({ one, two }) => two.rate / one.rate }],
      close: async () => {
        await workbench.close(one.stack);
        await workbench.close(two.stack);
      },
    };
  },
};
