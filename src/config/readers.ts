import { accessSync, constants, readdirSync } from 'node:fs';
import { parseAddress } from '../contracts/address.js';

export type Reader = (text: string) => unknown;

export function wholeNumber(text: string): number {
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(Number(text))) throw new Error('must be a whole number');
  return Number(text);
}

export function decimal(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error('must be a number such as 5 or 0.1');
  return Number(text);
}

export function yesOrNo(text: string): boolean {
  const word = text.toLowerCase();
  if (['true', '1', 'yes'].includes(word)) return true;
  if (['false', '0', 'no'].includes(word)) return false;
  throw new Error('must be true or false (also 1, 0, yes, no)');
}

export function lowerCase(text: string): string {
  return text.toLowerCase();
}

export function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/**
 * Addresses and domains in lower case; a domain may also be given as `@domain`. A misspelt entry would match nobody, and
 * a list without entries would mean everybody: both are refused.
 */
export function addressesAndDomains(text: string): readonly string[] {
  const items = list(text);
  if (items.length === 0) throw new Error('must name addresses or domains, or be left out');
  return items.map((item) => {
    const isAddress = item.lastIndexOf('@') > 0;
    const { address } = parseAddress(isAddress ? item : `x@${item.replace(/^@/, '')}`);
    if (address === undefined)
      throw new Error('must be a list of addresses and domains, such as ada@example.com,example.org');
    return (isAddress ? address : address.slice('x@'.length)).toLowerCase();
  });
}

export function httpBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBase = url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password;
  if (!isBase) throw new Error('must be an absolute http:// or https:// URL without credentials, query or fragment');
  return text.replace(/(?<!\/)\/+$/, '');
}

export function timeZone(text: string): string {
  try {
    if (/^[+-]/.test(text)) throw new RangeError('an offset has no rules for summer time');
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new Error('must be an IANA time zone such as UTC or Europe/Berlin');
  }
}

export function readableFile(text: string): string {
  try {
    accessSync(text, constants.R_OK);
  } catch {
    throw new Error('must name a file that can be read');
  }
  return text;
}

export function readableFolder(text: string): string {
  try {
    readdirSync(text);
  } catch {
    throw new Error('must name a folder that can be read');
  }
  return text;
}

/** By the property's declared type, as emitted by the compiler. */
export const readers: ReadonlyMap<unknown, Reader> = new Map<unknown, Reader>([
  [Number, wholeNumber],
  [Boolean, yesOrNo],
]);
