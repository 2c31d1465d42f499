import { GetAccountCommand, SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { afterEach, expect, it, vi } from 'vitest';
import { useAwsEndpoint } from '../test/support/aws-environment.js';
import { Simulator, type SimulatorOptions } from './simulator.js';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

async function setup(options: SimulatorOptions = {}) {
  const simulator = new Simulator(options);
  const { httpPort } = await simulator.listen();
  const url = `http://127.0.0.1:${httpPort}`;
  useAwsEndpoint(url);
  const client = new SESv2Client({ maxAttempts: 1 });
  closers.push(
    () => simulator.close(),
    () => client.destroy(),
  );
  /** The name of SES's answer, or `accepted`. */
  const send = async (id = 'id') => {
    const command = new SendEmailCommand({
      FromEmailAddress: 'a@example.com',
      Destination: { ToAddresses: ['b@example.net'] },
      Content: { Simple: { Subject: { Data: 'S' }, Body: { Text: { Data: 'T' } } } },
      EmailTags: [{ Name: 'request_id', Value: id }],
    });
    return client.send(command).then(
      () => 'accepted',
      (error: Error) => error.name,
    );
  };
  const put = (path: string, body: object) => fetch(url + path, { method: 'PUT', body: JSON.stringify(body) });
  const get = async (path: string) => (await (await fetch(url + path)).json()) as unknown;
  return { simulator, client, send, put, get };
}

it('enforces the rate with a burst of one second', async () => {
  const { send } = await setup({ limits: { maxSendRate: 5 } });
  const answers: string[] = [];
  for (let count = 0; count < 6; count++) answers.push(await send());
  expect(answers.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'accepted'));
  expect(answers[5]).toBe('TooManyRequestsException');
});

it('stops at the quota, and goes on when it is raised', async () => {
  const { send, put, client } = await setup({ limits: { max24HourSend: 2 } });
  expect([await send(), await send(), await send()]).toEqual(['accepted', 'accepted', 'LimitExceededException']);
  expect((await client.send(new GetAccountCommand({}))).SendQuota).toMatchObject({
    Max24HourSend: 2,
    SentLast24Hours: 2,
  });
  await put('/limits', { max_24_hour_send: 3 });
  expect([await send(), await send()]).toEqual(['accepted', 'LimitExceededException']);
});

it('refuses all mail of a paused or suspended account', async () => {
  const { send, put, client } = await setup();
  await put('/limits', { sending_enabled: false });
  expect(await send()).toBe('SendingPausedException');
  await put('/limits', { sending_enabled: true, enforcement_status: 'SHUTDOWN' });
  expect(await send()).toBe('AccountSuspendedException');
  expect(await client.send(new GetAccountCommand({}))).toMatchObject({ EnforcementStatus: 'SHUTDOWN' });
});

it('refuses a setting that it does not know', async () => {
  const { put, get } = await setup();
  expect((await put('/limits', { max_send_rate: 'fast' })).status).toBe(500);
  expect((await put('/faults', { other: 1 })).status).toBe(500);
  expect(await get('/faults')).toEqual({ throttle_percent: 0, reset_percent: 0, reject_percent: 0 });
});

it('draws the faults of a seed, and logs what it took in spite of a lost answer', async () => {
  const faults = { seed: 7, throttlePercent: 20, resetPercent: 20, rejectPercent: 20 };
  const { send, get, simulator } = await setup({ faults });
  const answers: string[] = [];
  for (let index = 0; index < 60; index++) answers.push(await send(`id-${index}`));
  const { answers: counted } = simulator.stats() as { answers: Record<string, number> };
  const times = (answer: string) => answers.filter((one) => one === answer).length;
  expect(counted).toEqual({
    accepted: times('accepted'),
    TooManyRequestsException: times('TooManyRequestsException'),
    MessageRejected: times('MessageRejected'),
    'reset before': expect.any(Number) as number,
    'reset after': expect.any(Number) as number,
  });
  const { data, accepted } = (await get('/accepted')) as { data: { request_id: string }[]; accepted: number };
  expect(accepted).toBe(counted.accepted + counted['reset after']);
  expect(new Set(data.map(({ request_id }) => request_id)).size).toBe(accepted);
  expect(await get('/accepted?after=2')).toMatchObject({ data: data.slice(2) });

  const again = await setup({ faults });
  const repeated: string[] = [];
  for (let index = 0; index < 60; index++) repeated.push(await again.send());
  expect(repeated).toEqual(answers);
});
