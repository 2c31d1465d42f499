import { describe, expect, it } from 'vitest';
import { aMessage } from '../../test/support/messages.js';
import { clickToken, openToken } from '../contracts/tokens.js';
import { EmailTemplate } from './email-template.js';
import { clickUrl, type Tracking } from './tracked-body.js';

const publicUrl = 'https://mail.example.com';
const secret = 'a secret of sixteen';
const ids = ['01900000-0000-7000-8000-0000000000aa', '01900000-0000-7000-8000-0000000000ab'];
const page = "https://shop.example/it's?a=1&b=2";
const html = `<body><a href="${page.replace('&', '&amp;')}">a</a><a href='${publicUrl}/v1/unsubscribe/x'>b</a></body>`;

function bodies(tracking: Tracking, withSecret: string | null = secret, content = html): string[] {
  const template = new EmailTemplate(aMessage({ content }), tracking, { publicUrl, secret: withSecret });
  return ids.map((id) => template.emailOf({ id, variables: null }).html);
}

describe('trackedBody', () => {
  it('is the HTML itself where nothing is tracked', () => {
    expect(bodies({ opens: false, clicks: false })).toEqual([html, html]);
  });

  it('signs the pixel of each email', () => {
    for (const [index, body] of bodies({ opens: true, clicks: false }).entries()) {
      const url = `${publicUrl}/v1/events/open?requestId=${ids[index]}&s=${openToken(secret, ids[index])}`;
      expect(body).toBe(
        html.replace('</body>', `<img src="${url}" width="1" height="1" alt="" style="display:none"></body>`),
      );
    }
  });

  it('leads the links of each email through a signed one, except to ourselves', () => {
    for (const [index, body] of bodies({ opens: false, clicks: true }).entries()) {
      const url = clickUrl(publicUrl, ids[index], page, clickToken(secret, ids[index], page));
      expect(body).toBe(html.replace(page.replace('&', '&amp;'), url));
      expect(url).toMatch(/^[!-~]+$/);
      expect(url).not.toMatch(/["'<>]/);
      expect(new URL(url).searchParams.get('url')).toBe(page);
    }
  });

  it('signs nothing without a secret: a plain pixel, and the links as they are', () => {
    const [body] = bodies({ opens: true, clicks: true }, null);
    expect(body).toContain(`/v1/events/open?requestId=${ids[0]}"`);
    expect(body).toContain(page.replace('&', '&amp;'));
  });

  it('composes a thousand links of 64 KB in milliseconds, and signs them for each email', () => {
    const content = Array.from({ length: 1_000 }, (_, index) => `<a href="https://a.example/${index}">link</a>`).join(
      '\n',
    );
    const started = performance.now();
    const [, body] = bodies({ opens: true, clicks: true }, secret, content);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(body.match(/events\/click/g)).toHaveLength(1_000);
  });
});
