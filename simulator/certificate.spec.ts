import { generateKeyPairSync, verify, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSigningCertificate } from './certificate.js';
import { signSns } from './sns-signer.js';

describe('a signing certificate', () => {
  it('is read by Node, holds the key and signs itself', () => {
    const { certificatePem, privateKey } = createSigningCertificate();
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.subject).toBe('CN=sns.amazonaws.com');
    expect(certificate.checkPrivateKey(privateKey)).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
  });

  it.each(['2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z'])('is valid until %s', (end) => {
    const { certificatePem } = createSigningCertificate({
      notBefore: new Date('2020-01-02T03:04:05Z'),
      notAfter: new Date(end),
    });
    const certificate = new X509Certificate(certificatePem);
    expect(new Date(certificate.validFrom)).toEqual(new Date('2020-01-02T03:04:05Z'));
    expect(new Date(certificate.validTo)).toEqual(new Date(end));
  });

  it('can hold a key of another kind', () => {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const certificate = new X509Certificate(createSigningCertificate({ keys }).certificatePem);
    expect(certificate.publicKey.asymmetricKeyType).toBe('ec');
    expect(certificate.verify(keys.publicKey)).toBe(true);
  });
});

describe('signSns', () => {
  const { certificatePem, privateKey } = createSigningCertificate();
  const { publicKey } = new X509Certificate(certificatePem);

  it.each([
    ['1', 'sha1'],
    ['2', 'sha256'],
  ] as const)('signs with version %s by %s, a subject only where there is one', (version, algorithm) => {
    const message = { Type: 'Notification', MessageId: 'm', TopicArn: 'a', Message: 'hello', Timestamp: 't' };
    const text = 'Message\nhello\nMessageId\nm\nTimestamp\nt\nTopicArn\na\nType\nNotification\n';
    const signed = signSns(message, privateKey, version);
    expect(signed).toMatchObject({ ...message, SignatureVersion: version });
    const signature = Buffer.from(signed['Signature'], 'base64');
    expect(verify(algorithm, Buffer.from(text), publicKey, signature)).toBe(true);
  });

  it.each(['SubscriptionConfirmation', 'UnsubscribeConfirmation'])('signs the token and URL of a %s', (Type) => {
    const message = {
      Type,
      MessageId: 'm',
      Token: 'k',
      TopicArn: 'a',
      Message: 'x',
      SubscribeURL: 'u',
      Timestamp: 't',
    };
    const text = `Message\nx\nMessageId\nm\nSubscribeURL\nu\nTimestamp\nt\nToken\nk\nTopicArn\na\nType\n${Type}\n`;
    const signature = Buffer.from(signSns(message, privateKey, '2')['Signature'], 'base64');
    expect(verify('sha256', Buffer.from(text), publicKey, signature)).toBe(true);
  });
});
