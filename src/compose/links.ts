import { webUrl } from '../contracts/web-url.js';
import { decodeHref } from './decode-href.js';
import { hrefsIn } from './hrefs.js';

/** Longer links are cut by some mail clients once they are wrapped; they stay as they are. */
const MAX_URL_CHARACTERS = 2_000;

/**
 * By how much rewriting may lengthen a message: with the largest content the body stays below the 512 KiB that are
 * promised, and below what the queue takes. The links behind that stay as they are.
 */
export const MAX_GROWTH_CHARACTERS = 200 * 1024;

/** HTML's spaces around an attribute's URL mean nothing. */
const SPACES = '\t\n\f\r ';

/**
 * Replaces the addresses of links by what `linkTo` makes of each. Only absolute http and https URLs of `<a href>` are
 * links to a page; what a later step fills in (`{{…}}`) is none yet. Everything else of the HTML stays byte for byte.
 * `linkTo` returns text that needs no escaping in any kind of attribute, or null to leave the link.
 */
export function rewriteLinks(html: string, linkTo: (url: string) => string | null): string {
  const parts: string[] = [];
  let copied = 0;
  let growth = 0;
  for (const { start, end } of hrefsIn(html)) {
    const url = linkedPage(html.slice(start, end));
    const link = url === null ? null : linkTo(url);
    if (link === null) continue;
    growth += link.length - (end - start);
    if (growth > MAX_GROWTH_CHARACTERS) break;
    parts.push(html.slice(copied, start), link);
    copied = end;
  }
  parts.push(html.slice(copied));
  return parts.join('');
}

/** The URL in a link's `href`, as it was written but for character references; null where it is not ours to rewrite. */
export function linkedPage(href: string): string | null {
  if (href.length > 4 * MAX_URL_CHARACTERS || href.includes('{{')) return null;
  const url = decodeHref(trimmed(href));
  if (url === null || url.length > MAX_URL_CHARACTERS) return null;
  return webUrl(url) === null ? null : url;
}

/** In one pass: a regular expression looks for the end from each space, which is quadratic in a text of spaces. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACES.includes(text.charAt(start))) start++;
  while (end > start && SPACES.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
