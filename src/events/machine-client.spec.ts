import { describe, expect, it } from 'vitest';
import { isMachineAgent, machineSignOf } from './machine-client.js';

const PERSONS = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.17928; ms-office; MSOffice 16)',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Thunderbird/140.3.0',
];

describe('machineSignOf', () => {
  it.each(PERSONS)('takes %s for a person', (agent) => {
    expect(machineSignOf({ 'user-agent': agent })).toBeNull();
    expect(isMachineAgent(agent)).toBe(false);
  });

  it.each([
    [undefined, 'no_agent'],
    ['  ', 'no_agent'],
    ['Mozilla/5.0', 'apple_privacy'],
    ['Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)', 'image_proxy'],
    ['YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html', 'image_proxy'],
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'scanner'],
    ['Mozilla/5.0 (compatible; Barracuda Sentinel)', 'scanner'],
    ['curl/8.5.0', 'program'],
    ['Go-http-client/2.0', 'program'],
    ['Java/17.0.2', 'program'],
  ])('takes %s for %s', (agent, sign) => {
    expect(machineSignOf({ 'user-agent': agent })).toBe(sign);
    expect(isMachineAgent(agent ?? null)).toBe(true);
  });

  it.each([
    { purpose: 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { 'x-purpose': 'preview' },
    { 'x-moz': 'prefetch' },
  ])('takes %o for a browser that looks ahead', (headers) => {
    expect(machineSignOf({ 'user-agent': PERSONS[1], ...headers })).toBe('prefetch');
  });

  it('takes no longer for a user agent that fills a header', () => {
    const startedMs = performance.now();
    for (const part of ['bot', 'Google', 'Check ', 'a', 'Mozilla/5.0 ']) {
      machineSignOf({ 'user-agent': part.repeat(16_000 / part.length) });
    }
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});
