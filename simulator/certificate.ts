import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** Node reads certificates and issues none; these are the few parts of DER (X.690) that RFC 5280 asks of one. */
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const NULL = 0x05;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;

/** Encoded already: dots and base-128 would be more code than the three constants. */
const SHA256_WITH_RSA = Buffer.from('2a864886f70d01010b', 'hex');
const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('550403', 'hex');

const DAY_MS = 86_400_000;

export interface SigningCertificate {
  certificatePem: string;
  privateKey: KeyObject;
}

export interface CertificateOptions {
  notBefore?: Date;
  notAfter?: Date;
  /** RSA with 2,048 bits, as SNS has it, where absent. */
  keys?: { publicKey: KeyObject; privateKey: KeyObject };
}

/** A self-signed certificate, good for SNS signatures: from yesterday to a year from now. */
export function createSigningCertificate(options: CertificateOptions = {}): SigningCertificate {
  const { publicKey, privateKey } = options.keys ?? generateKeyPairSync('rsa', { modulusLength: 2048 });
  const notBefore = options.notBefore ?? new Date(Date.now() - DAY_MS);
  const notAfter = options.notAfter ?? new Date(Date.now() + 365 * DAY_MS);
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, der(OBJECT_IDENTIFIER, COMMON_NAME), utf8('sns.amazonaws.com'))));
  const algorithm =
    privateKey.asymmetricKeyType === 'ec'
      ? der(SEQUENCE, der(OBJECT_IDENTIFIER, ECDSA_WITH_SHA256))
      : der(SEQUENCE, der(OBJECT_IDENTIFIER, SHA256_WITH_RSA), der(NULL));
  // Without a version it is a version 1 certificate, which has no extensions.
  const toBeSigned = der(
    SEQUENCE,
    der(INTEGER, serialNumber()),
    algorithm,
    name,
    der(SEQUENCE, time(notBefore), time(notAfter)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = der(SEQUENCE, toBeSigned, algorithm, der(BIT_STRING, Buffer.of(0), signature));
  return { certificatePem: pem(certificate), privateKey };
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), derLength(content.length), content]);
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  if (length < 0x100) return Buffer.of(0x81, length);
  return Buffer.of(0x82, length >> 8, length & 0xff);
}

/** Positive, and without a leading zero byte that DER would not allow. */
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = (serial[0] & 0x3f) | 0x40;
  return serial;
}

function utf8(text: string): Buffer {
  return der(UTF8_STRING, Buffer.from(text));
}

/** RFC 5280 asks for two digits of the year until 2049 and four from 2050. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d{3}|[-:T]/g, '');
  return date.getUTCFullYear() < 2050
    ? der(UTC_TIME, Buffer.from(digits.slice(2)))
    : der(GENERALIZED_TIME, Buffer.from(digits));
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
