import { encodeWord } from 'nodemailer/lib/mime-funcs';

/** RFC 2047, 2: an encoded word has at most 75 characters, of which the charset and the frame take a few. */
const ENCODED_WORD_CHARS = 52;

/** A line break, what some reader takes for one, or what no header may hold. Lone surrogates have no UTF-8. */
const UNSAFE = /[\p{Cc}\p{Surrogate}\u2028\u2029]/u;

export function isSafe(text: string): boolean {
  return !UNSAFE.test(text);
}

/** ASCII whose spaces stand alone and inside, so that no folding can change them. */
export function isPlain(text: string): boolean {
  return /^(?:[!-~]+(?: [!-~]+)*)?$/.test(text);
}

/** Whether a reader would decode something that was meant as it stands. */
export function isEncodedAlike(text: string): boolean {
  return text.includes('=?');
}

/** A text as it stands in a header: whoever decodes it (RFC 2047) has exactly the text again. */
export function headerText(text: string): string {
  return isPlain(text) && !isEncodedAlike(text) ? text : encodeWord(text, 'B', ENCODED_WORD_CHARS);
}
