import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { eventually } from '../test/support/eventually.js';
import { Webhook } from '../test/support/webhook.js';
import { type Notification, SnsNotifier } from './sns-notifier.js';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setup(status?: (index: number) => number, delayMs?: number) {
  const certDir = await mkdtemp(join(tmpdir(), 'certificates-'));
  const webhook = new Webhook(status, delayMs);
  const notifier = new SnsNotifier({
    webhookUrl: await webhook.listen(),
    topicArn: 'arn:aws:sns:eu-west-1:000000000000:simulator',
    certDir,
    retryWaitsMs: [10, 20, 30],
  });
  await notifier.open();
  closers.push(
    () => rm(certDir, { recursive: true }),
    () => webhook.close(),
    () => notifier.close(),
  );
  const messages = () => webhook.deliveries.map(({ body }) => JSON.parse(body) as Record<string, string>);
  const idle = () => eventually(() => notifier.stats().waiting === 0, 5_000, 'silence');
  return { notifier, webhook, certDir, messages, idle };
}

const chain = (...messages: string[]): Notification[] =>
  messages.map((message) => ({ afterMs: 1, deliveries: 1, message: () => message }));

it('posts as SNS does, and its certificate lies where SigningCertURL says', async () => {
  const { notifier, webhook, certDir, messages, idle } = await setup();
  notifier.publish(chain('{"a":1}'));
  await idle();
  const [message] = messages();
  const [fileName] = await readdir(certDir);
  expect(fileName).toMatch(/^SimpleNotificationService-[0-9a-f]{32}\.pem$/);
  expect(message).toMatchObject({
    Type: 'Notification',
    TopicArn: 'arn:aws:sns:eu-west-1:000000000000:simulator',
    Message: '{"a":1}',
    SignatureVersion: '1',
    SigningCertURL: `https://sns.eu-west-1.amazonaws.com/${fileName}`,
  });
  expect(webhook.deliveries[0].headers).toMatchObject({
    'content-type': 'text/plain; charset=UTF-8',
    'x-amz-sns-message-type': 'Notification',
    'x-amz-sns-message-id': message.MessageId,
  });
});

it.each([500, 503, 429, 0])('repeats the same message after %i, before the next one', async (status) => {
  const { notifier, messages, idle } = await setup((index) => (index < 2 ? status : 200));
  notifier.publish(chain('first', 'second'));
  await idle();
  const sent = messages();
  expect(sent.map(({ Message }) => Message)).toEqual(['first', 'first', 'first', 'second']);
  expect(new Set(sent.slice(0, 3).map((message) => JSON.stringify(message))).size).toBe(1);
  expect(notifier.stats()).toMatchObject({ delivered: 2, retried: 2 });
});

it.each([400, 403, 301])('takes %i for final and goes on', async (status) => {
  const { notifier, messages, idle } = await setup((index) => (index === 0 ? status : 200));
  notifier.publish(chain('first', 'second'));
  await idle();
  expect(messages()).toHaveLength(2);
  expect(notifier.stats()).toMatchObject({ delivered: 1, refused: 1, retried: 0 });
});

it('gives up after the last retry and goes on', async () => {
  const { notifier, messages, idle } = await setup((index) => (index < 4 ? 503 : 200));
  notifier.publish(chain('first', 'second'));
  await idle();
  expect(messages().map(({ Message }) => Message)).toEqual(['first', 'first', 'first', 'first', 'second']);
  expect(notifier.stats()).toMatchObject({ delivered: 1, given_up: 1, retried: 3 });
});

it('lets others go on while one waits for its retry', async () => {
  const { notifier, webhook, idle } = await setup((index) => (index < 200 ? 503 : 200), 1);
  for (let index = 0; index < 200; index++) notifier.publish(chain(`mail ${index}`));
  await idle();
  expect(new Set(webhook.deliveries.slice(0, 200).map(({ body }) => body)).size).toBe(200);
  expect(webhook.busiest).toBeLessThanOrEqual(16);
  expect(notifier.stats()).toMatchObject({ delivered: 200, retried: 200 });
});

it('posts nothing once it is closed', async () => {
  const { notifier, webhook } = await setup();
  notifier.publish([{ afterMs: 50, deliveries: 1, message: () => 'late' }]);
  notifier.close();
  expect(notifier.stats().waiting).toBe(0);
  notifier.publish(chain('later'));
  expect(webhook.deliveries).toEqual([]);
  expect(notifier.stats().waiting).toBe(0);
});
