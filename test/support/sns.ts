import { randomUUID, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSigningCertificate } from '../../simulator/certificate.js';
import { signSns } from '../../simulator/sns-signer.js';

const CERTIFICATE_FILE = 'SimpleNotificationService-a1.pem';
const TOPIC_ARN = 'arn:aws:sns:eu-west-1:123456789012:ses-events';

/** An SNS topic with a certificate of its own, which the gateway believes by `env`. */
export class SnsTopic {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });
  private readonly folder = mkdtempSync(join(tmpdir(), 'sns-'));
  private readonly privateKey: KeyObject;
  readonly env = { SNS_TOPIC_ARNS: TOPIC_ARN, SNS_CERT_DIR: this.folder };

  constructor() {
    const { certificatePem, privateKey } = createSigningCertificate();
    this.privateKey = privateKey;
    writeFileSync(join(this.folder, CERTIFICATE_FILE), certificatePem);
  }

  /** A signed notification; posted again it is what SNS calls a redelivery. */
  notification(message: unknown): string {
    const fields = {
      Type: 'Notification',
      MessageId: randomUUID(),
      TopicArn: TOPIC_ARN,
      Message: JSON.stringify(message),
      Timestamp: new Date().toISOString(),
      SigningCertURL: `https://sns.eu-west-1.amazonaws.com/${CERTIFICATE_FILE}`,
    };
    return JSON.stringify(signSns(fields, this.privateKey, '2'));
  }

  /** Resolves with the status. */
  post(base: string, body: string): Promise<number> {
    const headers = { 'content-type': 'text/plain; charset=UTF-8', 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const call = request(`${base}/v1/events/results`, { method: 'POST', agent: this.agent, headers }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      });
      call.on('error', reject);
      call.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
    rmSync(this.folder, { recursive: true });
  }
}
