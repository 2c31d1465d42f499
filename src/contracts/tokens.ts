import { createHmac, timingSafeEqual } from 'node:crypto';

/** 128 bits: nobody guesses one, and a mail with many links stays small. */
const TOKEN_BYTES = 16;

/** The length of every token: base64url without padding. */
export const TOKEN_CHARACTERS = 22;

/** Signs the pixel of one email. */
export function openToken(secret: string, emailId: string): string {
  return token(secret, `open\n${emailId}`);
}

/** Signs one link of one email: a redirect goes nowhere that was not signed. */
export function clickToken(secret: string, emailId: string, url: string): string {
  return token(secret, `click\n${emailId}\n${url}`);
}

/** Lets whoever holds it take the email's recipient off the list. */
export function unsubscribeToken(secret: string, emailId: string): string {
  return token(secret, `unsubscribe\n${emailId}`);
}

/** Takes the same time wherever the two differ. */
export function isToken(given: string, expected: string): boolean {
  if (given.length !== TOKEN_CHARACTERS) return false;
  const bytes = Buffer.from(given);
  return bytes.length === TOKEN_CHARACTERS && timingSafeEqual(bytes, Buffer.from(expected));
}

/** The purpose stands first, so that what is signed for one can never pass for another. An id has no line break. */
function token(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest().subarray(0, TOKEN_BYTES).toString('base64url');
}
