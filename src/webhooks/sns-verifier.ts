import { type KeyObject, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError } from '../runtime/errors.js';
import { CertificateError, type CertificateStore } from './certificate-store.js';
import type { RefusalLog } from './refusal-log.js';
import { stringToSign, type SnsMessage } from './sns-message.js';

/**
 * In the thread pool: 5 µs of the event loop's time, where the signature itself takes 24, while there is a core for it. Typed for what it is called with.
 */
const verifyAside = promisify<string, Buffer, KeyObject, Buffer, boolean>(verify);

const ALGORITHMS: Readonly<Record<string, string>> = { '1': 'sha1', '2': 'sha256' };

/**
 * SNS retries for at most an hour and keeps the Timestamp, and it may have waited for its turn before. Age is not what
 * stops a replay, the unique MessageId is; age bounds for how long a leaked message is worth anything at all.
 */
const MAX_AGE_MS = 2 * 3_600_000;
const MAX_AHEAD_MS = 15 * 60_000;

/** Decides whether a message is SNS's, of a topic that we believe, and recent; in this order. */
export class SnsVerifier {
  constructor(
    private readonly certificates: CertificateStore,
    private readonly topicArns: readonly string[] | '*',
    private readonly refusals: RefusalLog,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Throws the same error whatever is wrong, so that nobody learns how far they came; only a certificate that could not
   * be reached is another one, because SNS repeats after 503 and gives up after 403.
   */
  async verify(message: SnsMessage): Promise<void> {
    // No signature would help, and nobody is to make us fetch certificates for nothing.
    if (this.topicArns.length === 0) throw this.refuse('no topics', 'SNS_TOPIC_ARNS is empty');
    await this.verifySignature(message);
    if (this.topicArns !== '*' && !this.topicArns.includes(message.TopicArn)) {
      throw this.refuse('topic', `${message.TopicArn} is not in SNS_TOPIC_ARNS`);
    }
    const age = this.now() - readTimestamp(message.Timestamp);
    if (!(age <= MAX_AGE_MS)) throw this.refuse('age', `the message is of ${message.Timestamp}`);
    if (age < -MAX_AHEAD_MS) throw this.refuse('age', `the message is from the future, of ${message.Timestamp}`);
  }

  private async verifySignature(message: SnsMessage): Promise<void> {
    const { SignatureVersion = '', Signature = '', SigningCertURL = '' } = message;
    const algorithm = Object.hasOwn(ALGORITHMS, SignatureVersion) ? ALGORITHMS[SignatureVersion] : undefined;
    if (algorithm === undefined) throw this.refuse('version', 'SignatureVersion is neither 1 nor 2');
    const signature = Buffer.from(Signature, 'base64');
    // The same bytes have one spelling.
    if (Signature === '' || signature.toString('base64') !== Signature) {
      throw this.refuse('encoding', 'Signature is not base64');
    }
    const found = await this.certificates.find(SigningCertURL).catch((error: unknown) => {
      if (!(error instanceof CertificateError)) throw error;
      if (!error.isTemporary) throw this.refuse('certificate', error.message);
      throw new AppError('sns_unavailable', undefined, { cause: error.message, retryAfterSeconds: 5 });
    });
    const signed = Buffer.from(stringToSign(message));
    if (!(await verifyAside(algorithm, signed, found.key, signature))) {
      throw this.refuse('signature', 'the signature does not match');
    }
    this.certificates.keep(SigningCertURL, found);
  }

  private refuse(kind: string, reason: string): AppError {
    this.refusals.add(kind, reason);
    return new AppError('sns_signature_invalid');
  }
}

/** SNS writes one form: 2012-05-02T00:54:06.655Z. Anything else is NaN, and older than everything. */
function readTimestamp(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : NaN;
}
