import { GetAccountCommand, SendEmailCommand, type SendEmailCommandInput, SESv2Client } from '@aws-sdk/client-sesv2';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useAwsEndpoint } from '../test/support/aws-environment.js';
import { Simulator } from './simulator.js';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

async function setup() {
  const simulator = new Simulator();
  const { httpPort } = await simulator.listen();
  useAwsEndpoint(`http://127.0.0.1:${httpPort}`);
  const client = new SESv2Client({ maxAttempts: 1 });
  closers.push(
    () => simulator.close(),
    () => client.destroy(),
  );
  const send = (input: SendEmailCommandInput) => client.send(new SendEmailCommand(input));
  const get = async (path: string) => (await (await fetch(`http://127.0.0.1:${httpPort}${path}`)).json()) as unknown;
  return { simulator, client, send, get };
}

const simple: SendEmailCommandInput = {
  FromEmailAddress: 'a@example.com',
  Destination: { ToAddresses: ['b@example.net'] },
  Content: { Simple: { Subject: { Data: 'S' }, Body: { Text: { Data: 'T' } } } },
};

const RAW = [
  'From: Ada <a@example.com>',
  'To: Bea <b@example.net>, c@example.net',
  'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=',
  'X-SES-CONFIGURATION-SET: events',
  'X-SES-MESSAGE-TAGS: request_id=42, kind=test',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<p>Hi</p>',
].join('\r\n');

describe('SendEmail', () => {
  it('takes a Simple message', async () => {
    const { send, get } = await setup();
    const { MessageId } = await send(simple);
    expect(MessageId).toMatch(/^0100[0-9a-f]{12}-[0-9a-f-]{36}-000000$/);
    expect(await get('/mails/1')).toMatchObject({
      provider_message_id: MessageId,
      subject: 'S',
      text: 'T',
      html: null,
    });
  });

  it('takes a Raw message, recipients, tags and configuration set from its headers', async () => {
    const { send, get } = await setup();
    await send({ Content: { Raw: { Data: Buffer.from(RAW) } } });
    expect(await get('/mails/1')).toMatchObject({
      from: 'Ada <a@example.com>',
      to: ['b@example.net', 'c@example.net'],
      subject: 'Grüße',
      html: '<p>Hi</p>',
      tags: { request_id: ['42'], kind: ['test'], 'ses:configuration-set': ['events'] },
    });
  });

  it('sends a Raw message to those whom the request names', async () => {
    const { send, get } = await setup();
    await send({ Content: { Raw: { Data: Buffer.from(RAW) } }, Destination: { BccAddresses: ['d@example.net'] } });
    expect(await get('/mails/1')).toMatchObject({ to: ['d@example.net'] });
  });

  it.each<[string, Partial<SendEmailCommandInput>]>([
    ['no recipient', { Destination: { ToAddresses: [] } }],
    ['two recipients in one', { Destination: { ToAddresses: ['b@example.net, c@example.net'] } }],
    [
      '51 recipients',
      { Destination: { ToAddresses: Array.from({ length: 51 }, (_, index) => `b${index}@example.net`) } },
    ],
    ['no sender', { FromEmailAddress: undefined }],
    ['a tag with a space', { EmailTags: [{ Name: 'a', Value: 'b c' }] }],
    ['an empty tag', { EmailTags: [{ Name: 'a', Value: '' }] }],
    ['no content', { Content: {} }],
    ['no body', { Content: { Simple: { Subject: { Data: 'S' }, Body: {} } } }],
  ])('refuses %s', async (_what, change) => {
    const { send, simulator } = await setup();
    await expect(send({ ...simple, ...change })).rejects.toMatchObject({
      name: 'BadRequestException',
      $metadata: { httpStatusCode: 400 },
    });
    expect(simulator.store.received).toBe(0);
  });

  it.each(['x\r\nBcc: c@example.net', 'é', 'x'.repeat(871)])('refuses the header value %j', async (Value) => {
    const { send } = await setup();
    const Content = { Simple: { ...simple.Content!.Simple!, Headers: [{ Name: 'X-A', Value }] } };
    await expect(send({ ...simple, Content })).rejects.toMatchObject({ name: 'BadRequestException' });
  });
});

it('GetAccount tells quota and rate', async () => {
  const { client, send } = await setup();
  await send(simple);
  expect(await client.send(new GetAccountCommand({}))).toMatchObject({
    ProductionAccessEnabled: true,
    SendingEnabled: true,
    SendQuota: { SentLast24Hours: 1, MaxSendRate: expect.any(Number) as number },
  });
});
