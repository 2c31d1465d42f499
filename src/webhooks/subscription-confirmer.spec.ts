import { describe, expect, it } from 'vitest';
import type { GetAnswer, GetLimits } from './bounded-get.js';
import type { SnsSubscriptionConfirmation } from './sns-message.js';
import { SubscriptionConfirmer } from './subscription-confirmer.js';

const TOKEN = '2336412f37fb687f5d51e6e2';
const CONFIRMED: GetAnswer = { status: 200, body: Buffer.from('<ConfirmSubscriptionResponse/>') };

function confirmation(TopicArn = 'arn:aws:sns:eu-west-1:123456789012:ses'): SnsSubscriptionConfirmation {
  return {
    Type: 'SubscriptionConfirmation',
    MessageId: 'm',
    TopicArn,
    Message: 'You have chosen to subscribe',
    Timestamp: '2026-01-02T03:04:05.678Z',
    Token: TOKEN,
    SubscribeURL: 'http://169.254.169.254/latest/meta-data/',
  };
}

function setup(answer: GetAnswer | Error = CONFIRMED, endpoint: string | null = null) {
  const calls: { url: URL; limits: GetLimits }[] = [];
  const lines: string[] = [];
  const get = async (url: string, limits: GetLimits) => {
    calls.push({ url: new URL(url), limits });
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const log = (line: string) => lines.push(line);
  return { calls, lines, confirmer: new SubscriptionConfirmer(endpoint, get, { log, error: log }) };
}

function refusal(status: number, code: string): GetAnswer {
  return { status, body: Buffer.from(`<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code></Error>`) };
}

describe('a subscription', () => {
  it.each([
    ['arn:aws:sns:eu-west-1:123456789012:ses', 'https://sns.eu-west-1.amazonaws.com'],
    ['arn:aws-cn:sns:cn-north-1:123456789012:ses', 'https://sns.cn-north-1.amazonaws.com.cn'],
    ['arn:aws-us-gov:sns:us-gov-west-1:123456789012:ses', 'https://sns.us-gov-west-1.amazonaws.com'],
  ])('to %s is confirmed at %s, whatever its SubscribeURL', async (arn, origin) => {
    const { confirmer, calls } = setup();
    expect(await confirmer.confirm(confirmation(arn))).toBe(true);
    const [{ url, limits }] = calls;
    expect(url.origin + url.pathname).toBe(`${origin}/`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      Action: 'ConfirmSubscription',
      Version: '2010-03-31',
      TopicArn: arn,
      Token: TOKEN,
    });
    expect(limits).toEqual({ timeoutMs: 5_000, maxBytes: 65_536 });
    expect(calls).toHaveLength(1);
  });

  it('is confirmed at the endpoint that is configured', async () => {
    const { confirmer, calls } = setup(CONFIRMED, 'http://127.0.0.1:4566');
    expect(await confirmer.confirm(confirmation())).toBe(true);
    expect(calls[0].url.origin).toBe('http://127.0.0.1:4566');
  });

  it('sends a token as one parameter, whatever stands in it', async () => {
    const { confirmer, calls } = setup();
    await confirmer.confirm({ ...confirmation(), Token: 'a&Action=DeleteTopic#/?' });
    expect(calls[0].url.searchParams.getAll('Action')).toEqual(['ConfirmSubscription']);
    expect(calls[0].url.searchParams.get('Token')).toBe('a&Action=DeleteTopic#/?');
  });

  it('is confirmed again as often as it is asked', async () => {
    const { confirmer, calls } = setup();
    for (let i = 0; i < 3; i++) expect(await confirmer.confirm(confirmation())).toBe(true);
    expect(calls).toHaveLength(3);
  });

  it.each<[string, GetAnswer | Error]>([
    ['no answer', new Error('connect ETIMEDOUT')],
    ['500', refusal(500, 'InternalError')],
    ['503 without a body', { status: 503, body: null }],
    ['429', { status: 429, body: Buffer.alloc(0) }],
    ['throttling', refusal(400, 'ThrottlingException')],
  ])('is to be sent again after %s', async (_name, answer) => {
    await expect(setup(answer).confirmer.confirm(confirmation())).rejects.toMatchObject({
      status: 503,
      code: 'sns_unavailable',
    });
  });

  it.each([refusal(400, 'InvalidParameter'), refusal(404, 'NotFound'), { status: 302, body: Buffer.alloc(0) }])(
    'that SNS refuses is left to a person',
    async (answer) => {
      const { confirmer, lines } = setup(answer);
      expect(await confirmer.confirm(confirmation())).toBe(false);
      expect(lines.join()).toContain('is not confirmed');
      expect(lines.join()).not.toContain(TOKEN);
    },
  );

  it('to an ARN that leads nowhere calls nobody', async () => {
    const { confirmer, calls } = setup();
    expect(await confirmer.confirm(confirmation('arn:aws:sns:evil.example/:123456789012:ses'))).toBe(false);
    expect(calls).toEqual([]);
  });

  it('that was ended raises an alarm and calls nobody', () => {
    const { confirmer, calls, lines } = setup();
    confirmer.alarm({ ...confirmation(), Type: 'UnsubscribeConfirmation' });
    expect(lines).toEqual([expect.stringContaining('arn:aws:sns:eu-west-1:123456789012:ses was ended')]);
    expect(calls).toEqual([]);
  });
});
