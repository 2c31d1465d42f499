import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Simulator } from '../../simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

const TOPIC_ARN = 'arn:aws:sns:us-east-1:000000000000:simulator';

interface Page {
  states: Record<string, number>;
  paused: string | null;
  pause_reason: string | null;
}

/** Of which every eighth bounces, 12.5 %, or none. */
function list(name: string, count: number, bounces: boolean): string[] {
  return Array.from(
    { length: count },
    (_, n) => `${bounces && n % 8 === 0 ? 'bounce' : 'reader'}+${name}${n}@example.com`,
  );
}

describe('the breaker', () => {
  let stack: Stack;
  let gateway: Gateway;
  let simulator: Simulator;
  let certDir: string;

  beforeAll(async () => {
    certDir = mkdtempSync(join(tmpdir(), 'sns-'));
    // Few mails at a time: their events come while the rest of the list waits.
    stack = await Stack.start({ env: { SENDER_CONCURRENCY: '2' } });
    gateway = await stack.gateway({ SNS_TOPIC_ARNS: TOPIC_ARN, SNS_CERT_DIR: certDir });
    simulator = new Simulator({
      sns: { webhookUrl: `${gateway.url}/v1/events/results`, topicArn: TOPIC_ARN, certDir },
    });
    const { httpPort } = await simulator.listen();
    await stack.sender(simulatedSes(httpPort));
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await simulator.close();
    await stack.stop();
    rmSync(certDir, { recursive: true });
  });

  const page = (topicId: string) => stack.get<Page>(gateway, `/v1/topics/${topicId}`);

  async function submit(topicId: string, emails: string[]): Promise<void> {
    const message = { topic_id: topicId, emails, subject: 'News', content: '<p>News</p>' };
    expect((await stack.post(gateway, { messages: [message] })).status).toBe(200);
  }

  it('pauses a list that bounces, says why, and lets the others go on', async () => {
    await submit('bought', list('bought', 600, true));
    await submit('good', list('good', 20, false));
    const paused = await eventually(
      async () => {
        const found = await page('bought');
        return found.paused !== null && found;
      },
      40_000,
      'the pause',
    );
    expect(paused.pause_reason).toMatch(/^bounces 1\d\.\d % of \d+ sent, above 5 %$/);
    await eventually(async () => (await page('good')).states.delivered === 20, 40_000, 'the other list');
    const { states } = await page('bought');
    expect(states.pending).toBeGreaterThan(0);
    expect(gateway.output).toContain('topic \\"bought\\" is paused: bounces');
  });

  it('judges a topic that was resumed by what comes after', async () => {
    const { pending: before } = (await page('bought')).states;
    const resumed = await fetch(`${gateway.url}/v1/topics/bought/resume`, {
      method: 'POST',
      headers: { 'x-api-key': API_KEY },
    });
    expect(await resumed.json()).toMatchObject({ paused: null, pause_reason: null });
    await eventually(async () => (await page('bought')).paused !== null, 40_000, 'the second pause');
    // A hundred more had to be sent before it could be judged.
    expect(before - (await page('bought')).states.pending).toBeGreaterThanOrEqual(100);
  });

  it('only alarms on mail without a topic', async () => {
    await submit('', list('none', 130, true));
    await eventually(async () => (await page('~')).states.bounced === 17, 40_000, 'all bounces');
    await eventually(() => gateway.output.includes('which is never paused: bounces'), 5_000, 'the alarm');
    expect((await page('~')).paused).toBeNull();
  });
});
