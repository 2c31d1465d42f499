import { TOKEN_CHARACTERS, unsubscribeToken } from '../contracts/tokens.js';
import { UUID_CHARACTERS } from './placeholders.js';

/** The length of every reference: an id, a dot, a token. */
export const REFERENCE_CHARACTERS = UUID_CHARACTERS + 1 + TOKEN_CHARACTERS;

/** The last step of the address: which email it is, and that we wrote it. */
export function unsubscribeReference(emailId: string, secret: string): string {
  return `${emailId}.${unsubscribeToken(secret, emailId)}`;
}

/** Where whoever got an email takes themselves off the list. */
export function unsubscribeUrl(publicUrl: string, emailId: string, secret: string): string {
  return unsubscribeUrlTo(publicUrl, unsubscribeReference(emailId, secret));
}

/** ASCII, whatever the base: it stands in a header too, between angle brackets. */
export function unsubscribeUrlTo(publicUrl: string, reference: string): string {
  return new URL(`${publicUrl}/v1/unsubscribe/${reference}`).href;
}

/** RFC 8058: with both of them a mail client may unsubscribe by one POST. */
export function unsubscribeHeaders(url: string): Record<string, string> {
  return { 'List-Unsubscribe': `<${url}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
}
