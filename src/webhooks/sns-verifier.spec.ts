import { describe, expect, it } from 'vitest';
import { createSigningCertificate } from '../../simulator/certificate.js';
import { signSns } from '../../simulator/sns-signer.js';
import { problemOf } from '../http/problem.js';
import { AppError } from '../runtime/errors.js';
import type { GetAnswer } from './bounded-get.js';
import { CertificateStore } from './certificate-store.js';
import { RefusalLog } from './refusal-log.js';
import { readSnsMessage, type SnsMessage } from './sns-message.js';
import { SnsVerifier } from './sns-verifier.js';

const NOW = Date.now();
const MINUTE_MS = 60_000;
const ARN = 'arn:aws:sns:eu-west-1:123456789012:ses-events';
const CERTIFICATE_HOST = 'https://sns.eu-west-1.amazonaws.com';
const CERTIFICATE_PATH = '/SimpleNotificationService-0123456789abcdef.pem';
const signer = createSigningCertificate();
const stranger = createSigningCertificate();

type Fields = Record<string, string>;

/** The certificate is at its one URL; others of SNS's answer 404, and no other URL is ever asked for. */
function setup({
  topicArns = [ARN] as readonly string[] | '*',
  answer = undefined as GetAnswer | Error | undefined,
} = {}) {
  const asked = new Set<string>();
  const warnings: string[] = [];
  const get = async (url: string): Promise<GetAnswer> => {
    asked.add(url);
    if (answer instanceof Error) throw answer;
    if (url !== CERTIFICATE_HOST + CERTIFICATE_PATH) return { status: 404, body: Buffer.alloc(0) };
    return answer ?? { status: 200, body: Buffer.from(signer.certificatePem) };
  };
  const refusals = new RefusalLog({ warn: (line: string) => warnings.push(line) }, () => NOW);
  const verifier = new SnsVerifier(new CertificateStore(null, get, () => NOW), topicArns, refusals, () => NOW);
  return { verifier, asked, warnings };
}

function fields(changes: Fields = {}): Fields {
  const isNotification = (changes['Type'] ?? 'Notification') === 'Notification';
  return {
    Type: 'Notification',
    MessageId: 'da41e39f-ea4d-435a-b922-c6aae3915ebe',
    TopicArn: ARN,
    Message: '{"eventType":"Delivery"}',
    Timestamp: at(0),
    SigningCertURL: CERTIFICATE_HOST + CERTIFICATE_PATH,
    ...(isNotification ? { Subject: 'Amazon SES' } : { Token: '2336412f37', SubscribeURL: 'https://sns.example/' }),
    ...changes,
  };
}

function at(offsetMs: number): string {
  return new Date(NOW + offsetMs).toISOString();
}

function sign(message: Fields, version: '1' | '2' = '2', { privateKey } = signer): Fields {
  return signSns(message, privateKey, version);
}

function read(message: Fields): SnsMessage {
  return readSnsMessage(Buffer.from(JSON.stringify(message)));
}

async function verdict(verifier: SnsVerifier, message: Fields): Promise<unknown> {
  try {
    await verifier.verify(read(message));
    return 'accepted';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { ...problemOf(error, 'id'), timestamp: undefined };
  }
}

const REFUSED = { ...problemOf(new AppError('sns_signature_invalid'), 'id'), timestamp: undefined };
const UNAVAILABLE = expect.objectContaining({ status: 503, code: 'sns_unavailable' });

describe('a message', () => {
  const types = ['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation'];
  it.each(types.flatMap((Type) => (['1', '2'] as const).map((version) => ({ Type, version }))))(
    'is accepted: $Type, version $version',
    async ({ Type, version }) => {
      expect(await verdict(setup().verifier, sign(fields({ Type }), version))).toBe('accepted');
    },
  );

  it('without a subject, and in other scripts, is accepted', async () => {
    const { Subject, ...message } = fields({ Message: 'Grüße, 안녕 \u{1f600}\n"\\' });
    expect(Subject).toBeDefined();
    expect(await verdict(setup().verifier, sign(message))).toBe('accepted');
  });

  it.each([
    [-119 * MINUTE_MS, 'accepted'],
    [-121 * MINUTE_MS, REFUSED],
    [14 * MINUTE_MS, 'accepted'],
    [16 * MINUTE_MS, REFUSED],
  ])('of %i ms from now', async (offsetMs, expected) => {
    expect(await verdict(setup().verifier, sign(fields({ Timestamp: at(offsetMs) })))).toEqual(expected);
  });

  it.each(['', 'now', '2026-01-02', `${NOW}`, new Date(NOW).toUTCString()])(
    'is refused with a signed time of %j',
    async (Timestamp) => {
      expect(await verdict(setup().verifier, sign(fields({ Timestamp })))).toEqual(REFUSED);
    },
  );

  it.each<[string, readonly string[] | '*', unknown]>([
    ['one of ours', [ARN, 'arn:aws:sns:eu-west-1:123456789012:b'], 'accepted'],
    ['any', '*', 'accepted'],
    ["another's", ['arn:aws:sns:eu-west-1:123456789012:b'], REFUSED],
    ['a longer name', [ARN.slice(0, -1)], REFUSED],
    ['in another case', [ARN.toUpperCase()], REFUSED],
    ['where none is allowed', [], REFUSED],
  ])('of a topic is weighed: %s', async (_name, topicArns, expected) => {
    expect(await verdict(setup({ topicArns }).verifier, sign(fields()))).toEqual(expected);
  });

  it('makes us fetch nothing where no topic is allowed', async () => {
    const { verifier, asked } = setup({ topicArns: [] });
    await verdict(verifier, sign(fields()));
    expect(asked.size).toBe(0);
  });

  it.each<[string, (message: Fields) => Fields]>([
    ['none', ({ Signature, ...rest }) => (Signature ? rest : {})],
    ['an empty one', (message) => ({ ...message, Signature: '' })],
    ['one with spaces', (message) => ({ ...message, Signature: ` ${message['Signature']}` })],
    ['one with line breaks', (message) => ({ ...message, Signature: message['Signature'].replace(/.{76}/g, '$&\n') })],
    ['one in the alphabet of URLs', (message) => ({ ...message, Signature: `-_${message['Signature'].slice(2)}` })],
    ['one without padding', (message) => ({ ...message, Signature: message['Signature'].replace(/=+$/, '') })],
    ['one with a loose last character', (message) => ({ ...message, Signature: loosen(message['Signature']) })],
    ['one of another length', (message) => ({ ...message, Signature: message['Signature'].slice(4) })],
  ])('with a signature is refused: %s', async (_name, change) => {
    expect(await verdict(setup().verifier, change(sign(fields())))).toEqual(REFUSED);
  });

  it('is to be sent again where the certificate cannot be reached', async () => {
    for (const answer of [new Error('connect ETIMEDOUT'), { status: 503, body: null }]) {
      expect(await verdict(setup({ answer }).verifier, sign(fields()))).toEqual(UNAVAILABLE);
    }
    for (const answer of [
      { status: 302, body: Buffer.alloc(0) },
      { status: 200, body: null },
    ]) {
      expect(await verdict(setup({ answer }).verifier, sign(fields()))).toEqual(REFUSED);
    }
  });

  it('is refused with a reason in the log, once a minute of each kind', async () => {
    const { verifier, warnings } = setup();
    for (let i = 0; i < 3; i++) await verdict(verifier, { ...sign(fields()), Message: 'another' });
    await verdict(verifier, sign(fields({ TopicArn: `${ARN}2` })));
    expect(warnings).toEqual([
      'SNS message refused: the signature does not match',
      `SNS message refused: ${ARN}2 is not in SNS_TOPIC_ARNS`,
    ]);
  });
});

/** Same bytes to a lenient decoder: the last character carries bits that mean nothing. */
function loosen(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const index = signature.indexOf('=') - 1;
  return signature.slice(0, index) + alphabet[alphabet.indexOf(signature[index]) ^ 1] + signature.slice(index + 1);
}

describe('500 mutations of each class among 1,000 valid messages', () => {
  const PER_CLASS = 500;
  const seed = Date.now() % 2 ** 32;
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)];
  const types = ['Notification', 'Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation'];

  const valid = Array.from({ length: 1_000 }, (_, i) => {
    const Type = types[i % types.length];
    const message = fields({
      Type,
      MessageId: crypto.randomUUID(),
      Message: JSON.stringify({ eventType: 'Delivery', n: random(), text: 'x'.repeat(below(900)) }),
      Timestamp: at(-below(119 * MINUTE_MS)),
    });
    if (Type === 'Notification' && i % 3 === 0) delete message['Subject'];
    return sign(message, pick(['1', '2']));
  });

  function mutateText(text: string): string {
    const index = below(text.length);
    const code = text.charCodeAt(index);
    return pick([
      () => text.slice(0, index) + String.fromCharCode(code ^ (1 << below(5))) + text.slice(index + 1),
      () => text.slice(0, index) + text.slice(index + 1),
      () => `${text.slice(0, index)}${pick([' ', '\n', '\u00a0', 'a', '0'])}${text.slice(index)}`,
      () => `${text}\nTimestamp`,
    ])();
  }

  function changed(name: string): () => Fields {
    const having = valid.filter((message) => message[name] !== undefined);
    return () => {
      const message = pick(having);
      const value = mutateText(message[name]);
      // A MessageId with a space is not read at all: 400.
      return { ...message, [name]: name === 'MessageId' ? value.replace(/[^!-~]/g, 'z') : value };
    };
  }

  const TYPES = ['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation'];
  const classes: Readonly<Record<string, () => Fields>> = {
    Message: changed('Message'),
    MessageId: changed('MessageId'),
    Subject: changed('Subject'),
    'Subject taken away or given': () => {
      const message = { ...pick(valid.filter(({ Type }) => Type === 'Notification')) };
      if (message['Subject'] === undefined) return { ...message, Subject: pick(['', 'x', message['Message']]) };
      delete message['Subject'];
      return message;
    },
    Timestamp: changed('Timestamp'),
    TopicArn: changed('TopicArn'),
    Token: changed('Token'),
    SubscribeURL: changed('SubscribeURL'),
    Type: () => {
      const message = pick(valid);
      const other = pick(TYPES.filter((type) => type !== message['Type']));
      return { Token: 't', SubscribeURL: 'https://sns.example/', ...message, Type: other };
    },
    Signature: () => {
      const message = pick(valid);
      const bytes = Buffer.from(message['Signature'], 'base64');
      bytes[below(bytes.length)] ^= 1 << below(8);
      return { ...message, Signature: bytes.toString('base64') };
    },
    "another message's signature": () => {
      const [one, other] = [pick(valid), pick(valid)];
      if (one['Signature'] === other['Signature']) return { ...one, Signature: '' };
      return { ...one, Signature: other['Signature'], SignatureVersion: other['SignatureVersion'] };
    },
    SignatureVersion: () => {
      const message = pick(valid);
      const versions = [message['SignatureVersion'] === '1' ? '2' : '1', '', '0', '3', '01', '1 ', '2.0', 'toString'];
      return { ...message, SignatureVersion: pick(versions) };
    },
    'host of the certificate': () => {
      const hosts = [
        'https://evil.example',
        'https://sns.eu-west-1.amazonaws.com.evil.example',
        'https://sns.eu-west-1.s3.amazonaws.com',
        'https://user@sns.eu-west-1.amazonaws.com',
        `https://sns.eu-west-1.amazonaws.com:${1024 + below(60_000)}`,
        'http://sns.eu-west-1.amazonaws.com',
        `https://sns.zz-${below(50)}.amazonaws.com`,
        `https://${below(256)}.${below(256)}.${below(256)}.${below(256)}`,
        mutateText(CERTIFICATE_HOST),
      ];
      return { ...pick(valid), SigningCertURL: pick(hosts) + CERTIFICATE_PATH };
    },
    'path of the certificate': () => {
      const hex = below(2 ** 32).toString(16);
      const paths = [
        `/SimpleNotificationService-${hex}.pem`,
        `${CERTIFICATE_PATH}?x=${hex}.pem`,
        `${CERTIFICATE_PATH}#${hex}.pem`,
        `/${hex}/..${CERTIFICATE_PATH}`,
        `/${hex}${CERTIFICATE_PATH}`,
        mutateText(CERTIFICATE_PATH),
      ];
      return { ...pick(valid), SigningCertURL: CERTIFICATE_HOST + pick(paths) };
    },
    'ARN, signed': () => {
      const arns = [
        `${ARN}${below(1_000)}`,
        ARN.replace('123456789012', String(100_000_000_000 + below(10 ** 9))),
        ARN.replace('eu-west-1', `eu-west-${2 + below(8)}`),
        mutateText(ARN),
      ];
      return sign(fields({ TopicArn: pick(arns), Type: pick(types) }), pick(['1', '2']));
    },
    'age, signed': () => {
      const old = -(121 + below(10 ** 6)) * MINUTE_MS;
      const early = (16 + below(10 ** 6)) * MINUTE_MS;
      return sign(fields({ Timestamp: at(pick([old, early])), Type: pick(types) }), pick(['1', '2']));
    },
    "signed with a stranger's key": () => sign(fields({ MessageId: crypto.randomUUID() }), pick(['1', '2']), stranger),
  };

  it('are all refused in the same words, and the valid ones all accepted', async () => {
    const { verifier, asked } = setup();
    const cases = Object.entries(classes).flatMap(([name, mutate]) =>
      Array.from({ length: PER_CLASS }, () => ({ name, message: mutate(), expected: REFUSED as unknown })),
    );
    cases.push(...valid.map((message) => ({ name: 'valid', message, expected: 'accepted' as unknown })));
    for (let i = cases.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [cases[i], cases[j]] = [cases[j], cases[i]];
    }
    for (const { name, message, expected } of cases) {
      expect(await verdict(verifier, message), `seed ${seed}, ${name}: ${JSON.stringify(message)}`).toEqual(expected);
    }
    for (const url of asked) {
      expect(url).toMatch(/^https:\/\/sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?(:443)?\/SimpleNotificationService-/);
    }
  }, 60_000);

  it('are verified with a key that is parsed once', async () => {
    const { verifier, asked } = setup();
    const messages = valid.map(read);
    await verifier.verify(messages[0]);
    const start = performance.now();
    for (const message of messages) await verifier.verify(message);
    const rate = Math.round((messages.length / (performance.now() - start)) * 1_000);
    process.stdout.write(`verified ${rate} messages/s on one core\n`);
    expect(asked.size).toBe(1);
  });
});

/** mulberry32: small, seeded, good enough to choose with. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
