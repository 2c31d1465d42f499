import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Simulator } from '../../simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { simulatedSes } from '../support/simulated-ses.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';

const TOPIC_ARN = 'arn:aws:sns:us-east-1:000000000000:simulator';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const PROXY = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)';

const TOTAL = 1_000;
const BOUNCED = Array.from({ length: 50 }, (_, n) => `bounce+${n}@example.com`);
const COMPLAINED = Array.from({ length: 10 }, (_, n) => `complaint+${n}@example.com`);
const READERS = Array.from({ length: TOTAL - 60 }, (_, n) => `reader+${n}@example.com`);
const PEOPLE = READERS.slice(0, 70);
const MACHINES = READERS.slice(70, 100);
const CLICKERS = READERS.slice(0, 20);

interface Page {
  states: Record<string, number>;
  result: { statuses: Record<string, number> };
  rates: Record<string, number>;
  opens: { human: number; machine: number };
}

describe('an afternoon', () => {
  let stack: Stack;
  let gateway: Gateway;
  let simulator: Simulator;
  let certDir: string;

  const submission = {
    messages: [
      {
        topic_id: 'afternoon',
        emails: [...BOUNCED, ...COMPLAINED, ...READERS],
        subject: 'News',
        content: '<body><p>News</p><a href="https://example.com/offer?a=1&amp;b=2">offer</a></body>',
        track_clicks: true,
      },
    ],
  };

  beforeAll(async () => {
    certDir = mkdtempSync(join(tmpdir(), 'sns-'));
    stack = await Stack.start({ env: { TRACKING_SECRET: 'a secret of at least 16 bytes' } });
    gateway = await stack.gateway({
      SNS_TOPIC_ARNS: TOPIC_ARN,
      SNS_CERT_DIR: certDir,
      // The afternoon begins with all its bounces and has ten times the complaints that a topic may have.
      BREAKER_BOUNCE_PERCENT: '0',
      BREAKER_COMPLAINT_PERCENT: '0',
    });
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

  const page = () => stack.get<Page>(gateway, '/v1/topics/afternoon');

  /** The HTML of the mail to an address. */
  function mailTo(address: string): string {
    const { mails } = simulator.store.page({ limit: 1, to: address });
    const { content } = mails[0];
    return (Buffer.isBuffer(content) ? null : content.html) ?? '';
  }

  async function fetchAll(addresses: readonly string[], pattern: RegExp, userAgent: string): Promise<number[]> {
    return Promise.all(
      addresses.map(async (address) => {
        const url = pattern.exec(mailTo(address))![1].replaceAll('&amp;', '&');
        const response = await fetch(url, { headers: { 'user-agent': userAgent }, redirect: 'manual' });
        await response.arrayBuffer();
        return response.status;
      }),
    );
  }

  async function addressesIn(state: string): Promise<string[]> {
    const addresses: string[] = [];
    for (let cursor = ''; ;) {
      const path = `/v1/emails?topic_id=afternoon&state=${state}&limit=100${cursor && `&cursor=${cursor}`}`;
      const log = await stack.get<{ data: { email: string }[]; next_cursor: string | null }>(gateway, path);
      addresses.push(...log.data.map(({ email }) => email));
      if (log.next_cursor === null) return addresses.sort();
      cursor = encodeURIComponent(log.next_cursor);
    }
  }

  it('ends on the topic page to the last unit', async () => {
    expect((await stack.post(gateway, submission)).status).toBe(200);
    await eventually(
      async () => {
        const { states } = await page();
        return states.delivered === READERS.length && states.bounced === 50 && states.complained === 10;
      },
      40_000,
      'the end of all mails',
    );
    // A person opens no mail within the first seconds after it was sent: sooner counts as a machine's.
    await stack.query(`UPDATE emails SET sent_at = sent_at - interval '1 minute'`);
    const pixel = /<img src="([^"]+\/v1\/events\/open\?[^"]+)"/;
    const link = /<a href="([^"]+\/v1\/events\/click\?[^"]+)"/;
    expect(new Set(await fetchAll(PEOPLE, pixel, BROWSER))).toEqual(new Set([200]));
    expect(new Set(await fetchAll(MACHINES, pixel, PROXY))).toEqual(new Set([200]));
    expect(new Set(await fetchAll(CLICKERS, link, BROWSER))).toEqual(new Set([302]));
    // They are answered after 50 ms, committed or not, and come in any order.
    const statuses = { Send: 1000, Delivery: 950, Bounce: 50, Complaint: 10, Open: 100, Click: 20 };
    await expect.poll(async () => (await page()).result.statuses, { timeout: 5_000 }).toEqual(statuses);

    const { states, opens, rates } = await page();
    expect(opens).toEqual({ human: 70, machine: 30 });
    expect(states).toMatchObject({ delivered: 940, bounced: 50, complained: 10 });
    expect(rates).toEqual({ delivery: 0.95, bounce: 0.05, complaint: 0.01, open: 0.1053 });
  });

  it('is listed in the log address by address', async () => {
    expect(await addressesIn('bounced')).toEqual([...BOUNCED].sort());
    expect(await addressesIn('complained')).toEqual([...COMPLAINED].sort());
    expect(await addressesIn('delivered')).toEqual([...READERS].sort());
  });

  it('leaves sixty suppressed when the list is submitted again', async () => {
    const response = await stack.post(gateway, submission, { 'x-api-key': API_KEY });
    const { messages } = (await response.json()) as { messages: { count: number; suppressed: number }[] };
    expect(messages).toMatchObject([{ count: 1000, suppressed: 60 }]);
  });
});
