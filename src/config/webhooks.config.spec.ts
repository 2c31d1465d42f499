import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { validateFor } from './environment.js';
import { webhooksConfig } from './webhooks.config.js';

const folder = mkdtempSync(join(tmpdir(), 'webhooks-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function webhooks(environment: Record<string, string>) {
  const needed = { DATABASE_URL: 'postgresql://localhost/messages', API_KEY: '0123456789abcdef' };
  validateFor('gateway')({ ...needed, ...environment });
  return webhooksConfig();
}

describe('SNS_TOPIC_ARNS', () => {
  it.each([
    ['arn:aws:sns:eu-west-1:123456789012:ses', ['arn:aws:sns:eu-west-1:123456789012:ses']],
    ['arn:aws-cn:sns:cn-north-1:123456789012:a_b-C', ['arn:aws-cn:sns:cn-north-1:123456789012:a_b-C']],
    [
      'arn:aws-us-gov:sns:us-gov-west-1:123456789012:a, arn:aws:sns:us-east-1:123456789012:b.fifo,',
      ['arn:aws-us-gov:sns:us-gov-west-1:123456789012:a', 'arn:aws:sns:us-east-1:123456789012:b.fifo'],
    ],
    ['*', '*'],
    ['', []],
  ])('%s', (SNS_TOPIC_ARNS, topicArns) => {
    expect(webhooks({ SNS_TOPIC_ARNS }).topicArns).toEqual(topicArns);
  });

  it.each([
    'ses-events',
    'arn:aws:sns:eu-west-1:123456789012:*',
    'arn:aws:sns:*:123456789012:a',
    'arn:aws:sqs:eu-west-1:123456789012:a',
    'arn:aws:sns:eu-west-1:1234:a',
    'arn:aws:sns:evil.example:123456789012:a',
    'arn:aws:sns:eu-west-1:123456789012:a:subscription',
    '*,arn:aws:sns:eu-west-1:123456789012:a',
  ])('is not %s', (SNS_TOPIC_ARNS) => {
    expect(() => webhooks({ SNS_TOPIC_ARNS })).toThrow(/SNS_TOPIC_ARNS must be ARNs/);
  });
});

describe('SNS_CERT_DIR', () => {
  it('is a folder that exists', () => {
    expect(webhooks({ SNS_CERT_DIR: folder }).certDir).toBe(folder);
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const SNS_CERT_DIR of [join(folder, 'missing'), file]) {
      expect(() => webhooks({ SNS_CERT_DIR })).toThrow(/SNS_CERT_DIR must name a folder that can be read/);
    }
  });
});

describe('AWS_ENDPOINT_URL_SNS', () => {
  it('is a base URL', () => {
    expect(webhooks({ AWS_ENDPOINT_URL_SNS: 'http://127.0.0.1:4566/' }).snsEndpoint).toBe('http://127.0.0.1:4566');
    expect(() => webhooks({ AWS_ENDPOINT_URL_SNS: 'localhost' })).toThrow(/AWS_ENDPOINT_URL_SNS must be an absolute/);
  });
});
