import { sign, type KeyObject } from 'node:crypto';

const NOTIFICATION = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
const CONFIRMATION = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];

/**
 * Signs a message as SNS does: version 1 with SHA-1, version 2 with SHA-256. It shares nothing with the gateway's
 * verifier, so that a mistake in one of them shows as a disagreement. `SigningCertURL` is not signed and up to the caller.
 */
export function signSns(
  message: Record<string, string>,
  privateKey: KeyObject,
  version: '1' | '2',
): Record<string, string> {
  const names = message['Type'] === 'Notification' ? NOTIFICATION : CONFIRMATION;
  const text = names
    .filter((name) => message[name] !== undefined)
    .map((name) => `${name}\n${message[name]}\n`)
    .join('');
  const algorithm = version === '1' ? 'sha1' : 'sha256';
  const signature = sign(algorithm, Buffer.from(text), privateKey).toString('base64');
  return { ...message, SignatureVersion: version, Signature: signature };
}
