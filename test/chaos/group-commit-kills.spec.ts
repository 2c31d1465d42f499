import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofFullRun } from '../support/chaos-scale.js';
import { reportPromise } from '../support/promise-report.js';
import { type Gateway, Stack } from '../support/stack.js';

const CLIENTS = 32;
const KILLS = ofFullRun(25);
const ANSWERS_BEFORE_A_KILL = 200;

describe('kill -9 of a gateway while submissions share commits', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({ env: { SCHEDULER_ENABLED: 'false' } });
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  it('loses nothing that was acknowledged, and stores nothing by halves', async () => {
    const acknowledged: string[] = [];
    let asked = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const gateway = await stack.gateway();
      const enough = acknowledged.length + ANSWERS_BEFORE_A_KILL;
      const clients = Array.from({ length: CLIENTS }, async () => {
        for (;;) {
          const id = await submit(gateway, asked++);
          if (id === null) return;
          acknowledged.push(id);
          if (acknowledged.length === enough) await gateway.kill();
        }
      });
      await Promise.all(clients);
    }
    const rows = await stack.query<{ id: string }>('SELECT id FROM emails');
    const stored = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    // Of what was in flight some was stored without an answer, each once.
    expect(stored.size).toBeLessThanOrEqual(asked);
    const [counts] = await stack.query(
      `SELECT (SELECT count(*)::int FROM messages) AS messages, (SELECT count(*)::int FROM batches) AS batches,
              (SELECT sum(total)::int FROM topic_counters) AS total`,
    );
    expect(counts).toEqual({ messages: stored.size, batches: stored.size, total: stored.size });
    reportPromise({
      promise: 'P1',
      under: 'kill -9 of a gateway inside POST, submissions sharing commits',
      promised: '0 acknowledged lost, 0 stored by half',
      stream: null,
      provider: null,
      ledger: `${acknowledged.length} acknowledged, ${stored.size} stored whole`,
      recipients: stored.size,
      kills: KILLS,
      seed: null,
    });
  });

  /** The id of the email; null where the gateway gave no answer. */
  async function submit(gateway: Gateway, index: number): Promise<string | null> {
    const message = {
      topic_id: `topic-${index % 7}`,
      subject: 'Hello',
      content: '<p>Hello</p>',
      emails: [`user${index}@example.com`],
    };
    try {
      const response = await stack.post(gateway, { messages: [message] });
      const body = (await response.json()) as { messages: [{ email_ids: [string] }] };
      return body.messages[0].email_ids[0];
    } catch {
      return null;
    }
  }
});
