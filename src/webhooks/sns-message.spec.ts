import { describe, expect, it } from 'vitest';
import { AppError } from '../runtime/errors.js';
import { readSnsMessage, stringToSign } from './sns-message.js';

const ENVELOPE = {
  MessageId: 'da41e39f-ea4d-435a-b922-c6aae3915ebe',
  TopicArn: 'arn:aws:sns:us-west-2:123456789012:MyTopic',
  Message: 'test message',
  Timestamp: '2012-04-25T21:49:25.719Z',
  SignatureVersion: '1',
  Signature: 'EXAMPLE',
  SigningCertURL: 'https://sns.us-west-2.amazonaws.com/SimpleNotificationService-0a.pem',
};
const NOTIFICATION = { ...ENVELOPE, Type: 'Notification' };
const CONFIRMATION = { ...ENVELOPE, Type: 'SubscriptionConfirmation', Token: 'token', SubscribeURL: 'https://x/' };

function read(value: unknown) {
  return readSnsMessage(Buffer.from(JSON.stringify(value)));
}

function fault(read: () => unknown): AppError {
  try {
    read();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('nothing was refused');
}

describe('an SNS message', () => {
  it('is a notification, a confirmation or the end of a subscription', () => {
    expect(read({ ...NOTIFICATION, Subject: 's', UnsubscribeURL: 'https://x/' })).toEqual({
      ...NOTIFICATION,
      Subject: 's',
    });
    expect(read(CONFIRMATION)).toEqual(CONFIRMATION);
    expect(read({ ...CONFIRMATION, Type: 'UnsubscribeConfirmation' }).Type).toBe('UnsubscribeConfirmation');
  });

  it('is read without what proves it, to be refused for that', () => {
    const { Signature, SignatureVersion, SigningCertURL, ...unproven } = NOTIFICATION;
    expect([Signature, SignatureVersion, SigningCertURL]).not.toContain(undefined);
    expect(read(unproven)).toEqual(unproven);
  });

  it('may begin with a BOM', () => {
    expect(readSnsMessage(Buffer.from(`\ufeff${JSON.stringify(NOTIFICATION)}`))).toEqual(NOTIFICATION);
  });

  it.each<[string, unknown]>([
    ['an array', [NOTIFICATION]],
    ['null', null],
    ['text', 'Notification'],
    ['an empty object', {}],
    ['without a Type', ENVELOPE],
    ['of an unknown Type', { ...NOTIFICATION, Type: 'notification' }],
    ['a confirmation without a Token', { ...CONFIRMATION, Token: undefined }],
    ['a confirmation without a SubscribeURL', { ...CONFIRMATION, SubscribeURL: undefined }],
    ['with a Token of 10 KB', { ...CONFIRMATION, Token: 'x'.repeat(10_240) }],
    ['with an endless ARN', { ...NOTIFICATION, TopicArn: 'x'.repeat(401) }],
    ['with an endless Subject', { ...NOTIFICATION, Subject: 'x'.repeat(1_025) }],
    ['with a NUL in its MessageId', { ...NOTIFICATION, MessageId: 'a\u0000' }],
    ['with an empty MessageId', { ...NOTIFICATION, MessageId: '' }],
    ...['MessageId', 'TopicArn', 'Message', 'Timestamp'].flatMap((name): [string, unknown][] => [
      [`without a ${name}`, { ...NOTIFICATION, [name]: undefined }],
      [`with a ${name} that is a list`, { ...NOTIFICATION, [name]: ['x'] }],
    ]),
    ...['Signature', 'SignatureVersion', 'SigningCertURL', 'Subject'].map((name): [string, unknown] => [
      `with a ${name} that is a number`,
      { ...NOTIFICATION, [name]: 1 },
    ]),
  ])('is not %s', (_name, value) => {
    expect(fault(() => read(value))).toMatchObject({ code: 'not_sns', status: 400 });
  });

  it.each([
    ['empty', ''],
    ['no JSON', 'Type=Notification'],
    ['cut off', '{"Type":'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
  ])('is not %s', (_name, body) => {
    expect(fault(() => readSnsMessage(Buffer.from(body)))).toMatchObject({ code: 'not_sns' });
  });

  it('is not deep', () => {
    expect(fault(() => readSnsMessage(Buffer.from('['.repeat(100_000))))).toMatchObject({ status: 400 });
  });
});

describe('the string to sign', () => {
  it('holds the fields that AWS documents, in their order', () => {
    const { MessageId, Timestamp, TopicArn } = ENVELOPE;
    const end = `Timestamp\n${Timestamp}\nTopicArn\n${TopicArn}\nType\nNotification\n`;
    expect(stringToSign(read(NOTIFICATION))).toBe(`Message\ntest message\nMessageId\n${MessageId}\n${end}`);
    expect(stringToSign(read({ ...NOTIFICATION, Subject: 's' }))).toBe(
      `Message\ntest message\nMessageId\n${MessageId}\nSubject\ns\n${end}`,
    );
  });

  it.each(['SubscriptionConfirmation', 'UnsubscribeConfirmation'])(
    'of a %s holds token and URL, no subject',
    (Type) => {
      const { MessageId, Timestamp, TopicArn } = ENVELOPE;
      expect(stringToSign(read({ ...CONFIRMATION, Type, Subject: 's' }))).toBe(
        `Message\ntest message\nMessageId\n${MessageId}\nSubscribeURL\nhttps://x/\n` +
          `Timestamp\n${Timestamp}\nToken\ntoken\nTopicArn\n${TopicArn}\nType\n${Type}\n`,
      );
    },
  );
});
