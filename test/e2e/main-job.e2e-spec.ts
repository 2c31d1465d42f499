import { simpleParser } from 'mailparser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { type Gateway, Stack } from '../support/stack.js';

/** A local time without an offset, as the old service's README writes it. */
function localTime(aheadMs: number): string {
  return new Date(Date.now() + aheadMs).toISOString().slice(0, 19);
}

describe('the main job', () => {
  let stack: Stack;
  let gateway: Gateway;

  beforeAll(async () => {
    stack = await Stack.start({ env: { SCHEDULER_INTERVAL: '60' } });
    [gateway] = await Promise.all([stack.gateway(), stack.sender()]);
  });

  afterAll(async () => {
    expect(await stack.recount()).toBe('');
    await stack.stop();
  });

  it('delivers a mail within a second, its HTML intact and the pixel before the last body end', async () => {
    const html = `<html><body><h1>Grüße 🎉</h1>\n<p>.${'long line '.repeat(200)}</p></body></html>`;
    const postedAt = Date.now();
    const response = await stack.post(gateway, {
      messages: [{ topic_id: 'now', emails: ['you@example.com'], subject: 'Grüße 🎉', content: html }],
    });
    expect(response.status).toBe(200);
    const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
    const [emailId] = messages[0].email_ids;
    const mail = await stack.sink.waitFor(({ to }) => to[0] === 'you@example.com', 5_000);
    expect(mail.receivedAt.getTime() - postedAt).toBeLessThan(1_000);
    const parsed = await simpleParser(mail.raw);
    expect(parsed.subject).toBe('Grüße 🎉');
    const pixel = `<img src="${gateway.url}/v1/events/open?requestId=${emailId}" width="1" height="1" alt="" style="display:none">`;
    expect((parsed.html as string).trimEnd()).toBe(html.replace('</body>', `${pixel}</body>`));
  });

  it('delivers a mail scheduled five seconds ahead within a second of its time', async () => {
    const scheduledAt = localTime(5_000);
    const response = await stack.post(gateway, {
      messages: [
        {
          topic_id: 'later',
          emails: ['later@example.com'],
          subject: 'Later',
          content: '<p>x</p>',
          scheduled_at: scheduledAt,
        },
      ],
    });
    expect(response.status).toBe(200);
    const mail = await stack.sink.waitFor(({ to }) => to[0] === 'later@example.com', 10_000);
    const lateMs = mail.receivedAt.getTime() - Date.parse(`${scheduledAt}Z`);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(1_000);
  });

  it('reports the email as sent, with its attempts and times', async () => {
    const response = await stack.post(gateway, {
      messages: [{ topic_id: 'read', emails: ['read@example.com'], subject: 'Read', content: '<p>x</p>' }],
    });
    const { messages } = (await response.json()) as { messages: { id: string; email_ids: string[] }[] };
    const email = await eventually(
      async () => {
        const found = await stack.get<Record<string, unknown>>(gateway, `/v1/emails/${messages[0].email_ids[0]}`);
        return found.state === 'sent' && found;
      },
      5_000,
      'the state sent',
    );
    expect(email).toMatchObject({ topic_id: 'read', email: 'read@example.com', attempts: 1, reason: null, events: [] });
    const message = await stack.get<{ states: Record<string, number>; count: number }>(
      gateway,
      `/v1/messages/${messages[0].id}`,
    );
    expect(message.count).toBe(1);
    expect(message.states.sent).toBe(1);
    expect((await stack.topic(gateway, 'read')).request).toMatchObject({ total: 1, created: 0, sent: 1 });
  });
});
