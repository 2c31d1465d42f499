import { expect, it, onTestFinished } from 'vitest';
import { submit } from '../support/campaign.js';
import { Stack } from '../support/stack.js';

it('tries a mail that was refused for now again at its time, not at the next sweep', async () => {
  const refused = new Set<string>();
  const stack = await Stack.start({
    env: { SCHEDULER_INTERVAL: '3600' },
    sink: {
      respond: ({ to: [recipient] }) => {
        if (refused.has(recipient)) return undefined;
        refused.add(recipient);
        return { status: 451, text: '4.3.0 Try again' };
      },
    },
  });
  onTestFinished(() => stack.stop());
  const gateway = await stack.gateway();
  await stack.sender();
  const startedMs = Date.now();
  await submit(stack, { topicId: 'refused', messages: 1, recipientsPerMessage: 1, gateway: () => gateway });
  const { receivedAt } = await stack.sink.waitFor(() => true, 20_000);
  console.info(`refused once, sent ${receivedAt.getTime() - startedMs} ms after its submission`);
  // The back-off of a first attempt ends within a second.
  expect(receivedAt.getTime() - startedMs).toBeLessThan(5_000);
  expect(await stack.recount()).toBe('');
});
