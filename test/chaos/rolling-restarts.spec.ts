import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { compare, eachOnce } from '../support/campaign.js';
import { inWords, reportPromise } from '../support/promise-report.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

const REPLICAS = 3;
const RESTARTS = ofFullRun(15);
const REQUESTS_PER_SECOND = 200;
/** How long a load balancer goes on sending after the signal. */
const STILL_SENT_MS = 500;
const ENDED_WITHIN_MS = 25_000;

/** A load balancer: keep-alive connections to each replica, in turn. */
class Balancer {
  private readonly agent = new Agent({ keepAlive: true });
  private turn = 0;
  readonly failures: string[] = [];
  readonly accepted: string[] = [];
  private readonly open = new Set<Promise<void>>();
  private sent = 0;

  constructor(readonly targets: Gateway[]) {}

  /** Until `isOver`, whatever becomes of each. */
  async send(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const sending = this.one().finally(() => this.open.delete(sending));
      this.open.add(sending);
      await sleep(1_000 / REQUESTS_PER_SECOND);
    }
    await Promise.all(this.open);
    this.agent.destroy();
  }

  private async one(): Promise<void> {
    const target = this.targets[this.turn++ % this.targets.length];
    const number = this.sent++;
    const message = { topic_id: 'rolling', emails: [`user${number}@example.com`], subject: 'x', content: '<p>x</p>' };
    try {
      const { status, text } = await this.post(target, JSON.stringify({ messages: [message] }));
      if (status !== 200) throw new Error(`${status} ${text}`);
      const { messages } = JSON.parse(text) as { messages: { email_ids: string[] }[] };
      this.accepted.push(messages[0].email_ids[0]);
    } catch (error) {
      this.failures.push((error as Error).message);
    }
  }

  private post({ url }: Gateway, body: string): Promise<{ status: number; text: string }> {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-api-key': API_KEY,
      prefer: 'return=representation',
    };
    return new Promise((resolve, reject) => {
      const call = request(`${url}/v1/messages`, { method: 'POST', agent: this.agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      });
      call.on('error', reject);
      call.end(body);
    });
  }
}

it(`restarting one of ${REPLICAS} gateways after the other fails no request and repeats no mail`, async () => {
  const stack = await Stack.start({ env: { SHUTDOWN_DELAY: '3' } });
  onTestFinished(() => stack.stop());
  await stack.sender();
  const balancer = new Balancer(await Promise.all(Array.from({ length: REPLICAS }, () => stack.gateway())));
  let isOver = false;
  const sending = balancer.send(() => isOver);
  let longestMs = 0;
  for (let restart = 0; restart < RESTARTS; restart++) {
    const fresh = await stack.gateway();
    const [old] = balancer.targets;
    balancer.targets.push(fresh);
    const startedMs = Date.now();
    old.signal('SIGTERM');
    await sleep(STILL_SENT_MS);
    balancer.targets.shift();
    expect((await old.exited).code).toBe(0);
    longestMs = Math.max(longestMs, Date.now() - startedMs);
    const leased = await stack.query(
      `SELECT id FROM batches WHERE lease_owner IS NOT NULL AND split_part(lease_owner, ':', 2) = $1`,
      [String(old.pid)],
    );
    expect(leased).toEqual([]);
  }
  isOver = true;
  await sending;
  const { failures, accepted } = balancer;
  expect(failures).toEqual([]);
  expect(longestMs).toBeLessThanOrEqual(ENDED_WITHIN_MS);
  await eventually(() => stack.sink.mails.length >= accepted.length, 60_000, 'all mails');
  const delivered = compare(stack.sink.mails, accepted);
  expect(delivered).toEqual(eachOnce(accepted.length));
  expect(await stack.recount()).toBe('');
  reportPromise({
    promise: 'P21',
    under: `${RESTARTS} SIGTERMs of ${REPLICAS} gateways in turn, ${REQUESTS_PER_SECOND} requests per second`,
    promised: '0 requests fail, exit 0 within 25 s, nothing left leased, 0 lost, 0 twice',
    stream: null,
    provider: `${inWords(delivered)}; ended within ${longestMs} ms`,
    recipients: accepted.length,
    kills: 0,
    seed: null,
  });
}, 900_000);
