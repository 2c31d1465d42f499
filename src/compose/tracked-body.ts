import { clickToken, openToken, TOKEN_CHARACTERS } from '../contracts/tokens.js';
import { rewriteLinks } from './links.js';
import { pixelUrl, withPixel } from './pixel.js';
import type { Placeholders } from './placeholders.js';

/** What of an email is tracked. */
export interface Tracking {
  opens: boolean;
  clicks: boolean;
}

/** Whose links they are. */
export interface LinkSettings {
  publicUrl: string;
  /** Without it pixels are not signed, and links are not rewritten. */
  secret: string | null;
}

/** `encodeURIComponent` leaves the single quote, which would end an attribute in such quotes. */
export function clickUrl(publicUrl: string, emailId: string, url: string, token: string): string {
  const target = encodeURIComponent(url).replaceAll("'", '%27');
  return `${publicUrl}/v1/events/click?requestId=${emailId}&url=${target}&s=${token}`;
}

/** The HTML of a message's emails: once for all, with a placeholder for the id and for all that is signed with it. */
export function trackedBody(
  html: string,
  { opens, clicks }: Tracking,
  { publicUrl, secret }: LinkSettings,
  emailId: string,
  placeholders: Placeholders,
): string {
  const signed = (token: (emailId: string) => string) => placeholders.add(TOKEN_CHARACTERS, token);
  let body = html;
  if (clicks && secret !== null) {
    const tokens = new Map<string, string>();
    body = rewriteLinks(html, (url) => {
      if (url.startsWith(`${publicUrl}/v1/`)) return null;
      const token = tokens.get(url) ?? signed((id) => clickToken(secret, id, url));
      tokens.set(url, token);
      return clickUrl(publicUrl, emailId, url, token);
    });
  }
  if (!opens) return body;
  const token = secret === null ? null : signed((id) => openToken(secret, id));
  return withPixel(body, pixelUrl(publicUrl, emailId, token));
}
