import { registerAs, type ConfigType } from '@nestjs/config';
import { IsIn, Matches, Min } from 'class-validator';
import type { Contradiction, ProcessName } from './contradiction.js';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { natsUrl, type NatsUrl } from './nats-url.js';
import { lowerCase, readableFile } from './readers.js';
import { Variable } from './variable.js';

// The server makes folders and subjects of these names.
const jetStreamName = /^[^\s.*>/\\\p{Cc}]{1,255}$/u;
const jetStreamNameMessage = { message: '$property must be a name without spaces, dots, wildcards and slashes' };
const literalSubject = /^(?!\$)[^\s.*>\p{Cc}]+(\.[^\s.*>\p{Cc}]+)*$/u;

export class NatsVariables {
  @Variable({
    text: 'NATS servers with JetStream; may hold user:password@ or token@, and tls:// as the scheme.',
    unit: 'comma-separated URLs',
    default: 'nats://127.0.0.1:4222',
    secret: true,
    read: natsUrl,
  })
  readonly NATS_URL: NatsUrl;

  @Variable({ text: 'Credentials file of a NATS account (.creds).', unit: 'path', read: readableFile })
  readonly NATS_CREDS: string | null;

  @Variable({
    text: 'Certificate authority of the NATS servers, PEM; naming it demands TLS.',
    unit: 'path',
    read: readableFile,
  })
  readonly NATS_CA: string | null;

  @Variable({ text: 'JetStream stream of mail that is ready to send.', default: 'messages' })
  @Matches(jetStreamName, jetStreamNameMessage)
  readonly NATS_STREAM: string;

  @Variable({ text: 'Subject under which mail is published.', default: 'messages.email' })
  @Matches(literalSubject, { message: '$property must be a subject without wildcards and spaces, not below $' })
  readonly NATS_SUBJECT: string;

  @Variable({ text: 'Size at which the stream refuses more mail.', unit: 'bytes', default: '1073741824' })
  @Min(1024)
  readonly NATS_MAX_BYTES: number;

  @Variable({ text: 'Copies of the stream in a JetStream cluster.', default: '1' })
  @IsIn([1, 3, 5])
  readonly NATS_REPLICAS: number;

  @Variable({
    text: 'Durable consumer of the sender; of the external one, with EXTERNAL_SENDER.',
    default: 'messages-sender',
  })
  @Matches(jetStreamName, jetStreamNameMessage)
  readonly NATS_CONSUMER: string;

  @Variable({
    text: 'Whole mails in the stream, for any sender, or references that only our sender can resolve.',
    default: 'inline',
    read: lowerCase,
  })
  @IsIn(['inline', 'reference'])
  readonly NATS_PAYLOAD: 'inline' | 'reference';

  @Variable({ text: 'Encoding of inline mails.', default: 'msgpack', read: lowerCase })
  @IsIn(['msgpack', 'json'])
  readonly NATS_PAYLOAD_FORMAT: 'msgpack' | 'json';

  @Variable({
    text: "Whether another program's sender empties the stream; our own then refuses to start.",
    unit: 'true, false',
    default: 'false',
  })
  readonly EXTERNAL_SENDER: boolean;

  @Variable({
    text: 'Publishing pauses while this much, or nine tenths of `NATS_MAX_BYTES`, waits in the stream; with our sender, at two seconds of its rate.',
    unit: 'emails',
    default: '100000',
  })
  @Min(1)
  readonly QUEUE_HIGH_WATER: number;

  contradictions(process: ProcessName): Contradiction[] {
    const found: Contradiction[] = [];
    if (process === 'sender' && this.EXTERNAL_SENDER) {
      const text = "must be false for this sender to start: the stream is another sender's";
      found.push({ of: ['EXTERNAL_SENDER'], text });
    }
    if (this.EXTERNAL_SENDER && this.NATS_PAYLOAD === 'reference') {
      const text = 'an external sender cannot resolve references';
      found.push({ of: ['EXTERNAL_SENDER', 'NATS_PAYLOAD'], text });
    }
    if (this.NATS_CREDS && (this.NATS_URL?.user ?? this.NATS_URL?.token)) {
      found.push({ of: ['NATS_CREDS', 'NATS_URL'], text: 'must not both hold credentials' });
    }
    return found;
  }
}

export const natsConfig = registerAs('nats', () => {
  const env = loadedVariables(NatsVariables);
  return deepFreeze({
    ...env.NATS_URL,
    servers: [...env.NATS_URL.servers],
    tls: env.NATS_URL.tls || env.NATS_CA !== null,
    credsFile: env.NATS_CREDS,
    caFile: env.NATS_CA,
    stream: env.NATS_STREAM,
    subject: env.NATS_SUBJECT,
    maxBytes: env.NATS_MAX_BYTES,
    replicas: env.NATS_REPLICAS,
    consumer: env.NATS_CONSUMER,
    payload: env.NATS_PAYLOAD,
    payloadFormat: env.NATS_PAYLOAD_FORMAT,
    externalSender: env.EXTERNAL_SENDER,
    highWater: env.QUEUE_HIGH_WATER,
  });
});

export type NatsConfig = ConfigType<typeof natsConfig>;
