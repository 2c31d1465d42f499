import { createHash, randomUUID, type KeyObject } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../src/runtime/atomic-file.js';
import { createSigningCertificate } from './certificate.js';
import { signSns } from './sns-signer.js';

export interface SnsTopicOptions {
  topicArn: string;
  /** Where the certificate is put, under the name that SigningCertURL ends in. */
  certDir: string;
  /** 1 is what SNS signs with unless a topic asks for 2. */
  signatureVersion?: '1' | '2';
}

export type SnsNotification = Record<string, string>;

/** Makes what the subscribers of one topic get. */
export class SnsTopic {
  private key?: KeyObject;
  private certUrl = '';

  constructor(private readonly options: SnsTopicOptions) {}

  /** Makes the certificate, so that a message can be verified from the first one on. */
  async open(): Promise<void> {
    const { certificatePem, privateKey } = createSigningCertificate();
    const digest = createHash('sha256').update(certificatePem).digest('hex');
    const name = `SimpleNotificationService-${digest.slice(0, 32)}.pem`;
    await mkdir(this.options.certDir, { recursive: true });
    await writeAtomically(join(this.options.certDir, name), Buffer.from(certificatePem));
    this.certUrl = `https://${this.host()}/${name}`;
    this.key = privateKey;
  }

  notification(message: string): SnsNotification {
    if (!this.key) throw new Error('the topic has not been opened');
    const { topicArn, signatureVersion = '1' } = this.options;
    const notification = {
      Type: 'Notification',
      MessageId: randomUUID(),
      TopicArn: topicArn,
      Subject: 'Amazon SES Email Event Notification',
      Message: message,
      Timestamp: new Date().toISOString(),
    };
    return {
      ...signSns(notification, this.key, signatureVersion),
      SigningCertURL: this.certUrl,
      UnsubscribeURL: `https://${this.host()}/?Action=Unsubscribe&SubscriptionArn=${this.subscriptionArn()}`,
    };
  }

  headers({ Type, MessageId, TopicArn }: SnsNotification): Record<string, string> {
    return {
      'content-type': 'text/plain; charset=UTF-8',
      'user-agent': 'Amazon Simple Notification Service Agent',
      'x-amz-sns-message-type': Type,
      'x-amz-sns-message-id': MessageId,
      'x-amz-sns-topic-arn': TopicArn,
      'x-amz-sns-subscription-arn': this.subscriptionArn(),
    };
  }

  private host(): string {
    return `sns.${this.options.topicArn.split(':')[3]}.amazonaws.com`;
  }

  private subscriptionArn(): string {
    return `${this.options.topicArn}:00000000-0000-4000-8000-000000000000`;
  }
}
