import { describe, expect, it } from 'vitest';
import { pixelUrl, withPixel } from './pixel.js';

const url = pixelUrl('https://mail.example.com', '01900000-0000-7000-8000-000000000000');
const pixel = withPixel('', url);

describe('withPixel', () => {
  it('puts the pixel before the last body end, in any case', () => {
    expect(withPixel('<body>a</body>b</BODY >c', url)).toBe(`<body>a</body>b${pixel}</BODY >c`);
  });

  it('appends it where no body ends', () => {
    expect(withPixel('<h1>Hi</h1>', url)).toBe(`<h1>Hi</h1>${pixel}`);
  });

  it('names the email in the address', () => {
    expect(pixel).toContain('/v1/events/open?requestId=01900000-0000-7000-8000-000000000000"');
  });

  it('takes time in proportion to the length, also for hostile HTML', () => {
    const started = performance.now();
    withPixel('</body '.repeat(9_000), url);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
