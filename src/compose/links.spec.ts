import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hrefsIn } from './hrefs.js';
import { linkedPage, rewriteLinks } from './links.js';

const wrap = (url: string) => `https://t.example/?u=${encodeURIComponent(url).replaceAll("'", '%27')}`;

/** Pieces of which HTML with surprises is made. */
const piece = fc.constantFrom(
  ...['<a ', '<a href=', '<A HREF = "', "<a href='", 'href="', '"', "'", '>', ' ', '\n', '/', '=', '<', '</a>', '<b>'],
  ...['<!--', '-->', '--!>', '<!', '<?', '<script>', '</script>', '<style>', '</style ', '<title>', '</title>', 'x'],
  ...['http://a.example', 'https://b.example/?p=1&amp;q=2', 'mailto:a@b.cd', '#top', 'javascript:x', '&', '&copy', ';'],
  ...['{{unsubscribe}}', 'ü', '🎉', '\u2028', '&#x41;', '&#0;', '&nbsp;', '{{'],
);
const html = fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 40 }).map((parts) => parts.join(''));

/** What stands between the links, and the links. */
function split(text: string): { between: string[]; hrefs: string[] } {
  const spans = [...hrefsIn(text)];
  const between = [...spans, { start: text.length, end: 0 }].map(({ start }, index) =>
    text.slice(spans[index - 1]?.end ?? 0, start),
  );
  return { between, hrefs: spans.map(({ start, end }) => text.slice(start, end)) };
}

describe('linkedPage', () => {
  it.each([
    ['https://a.example', 'https://a.example'],
    [' \n HTTP://A.example/b ', 'HTTP://A.example/b'],
    ['https://a.example/?a=1&amp;b=2&c=3', 'https://a.example/?a=1&b=2&c=3'],
    ['https://a.example/?a=1&copy=2&lang=3', 'https://a.example/?a=1&copy=2&lang=3'],
    ['https://a.example/?a&b&other', 'https://a.example/?a&b&other'],
    ['https://a.example/?a=1&#38;b=2&#x26;c=3&#38d', 'https://a.example/?a=1&b=2&c=3&d'],
    ['https&colon;//a.example/&quot;&apos;', 'https://a.example/"\''],
    ['https://a.example/?q=ü&amp;r=🎉', 'https://a.example/?q=ü&r=🎉'],
    ['https://münchen.example/', 'https://münchen.example/'],
  ])('reads %s', (href, url) => {
    expect(linkedPage(href)).toBe(url);
  });

  it.each([
    '',
    '#top',
    '/path',
    '//evil.example/',
    'mailto:a@b.cd',
    'tel:+1',
    'javascript:alert(1)',
    'java&#10;script:alert(1)',
    'data:text/html,x',
    'ftp://a.example/',
    'https:a.example',
    'https:/a.example',
    'https://',
    'https://a b/',
    'https://a.example/\nx',
    'https://a.example/&#13;&#10;x',
    'https://a.example/&Tab;',
    'https://a.example/&nbsp;',
    'https://a.example/?a&copy',
    'https://a.example/&#0;',
    'https://a.example/&#xd800;',
    'https://a.example/&#x110000;',
    'https://a.example/&#128;',
    '{{unsubscribe_url}}',
    'https://a.example/{{token}}',
    `https://a.example/${'x'.repeat(2_000)}`,
  ])('leaves %.40s', (href) => {
    expect(linkedPage(href)).toBeNull();
  });
});

describe('rewriteLinks', () => {
  it('changes the addresses of links and nothing else', () => {
    const before = `<p class='a' >1 &amp; 2<a  title="x"  HREF='https://a.example/?a=1&amp;b=2' >a</A\n><!-- <a href="https://a.example"> -->`;
    expect(rewriteLinks(before, wrap)).toBe(
      before.replace('https://a.example/?a=1&amp;b=2', wrap('https://a.example/?a=1&b=2')),
    );
  });

  it('leaves what its caller leaves, and HTML without links', () => {
    expect(rewriteLinks('<a href="https://a.example">', () => null)).toBe('<a href="https://a.example">');
    expect(rewriteLinks('a < b', wrap)).toBe('a < b');
  });

  it('touches nothing but the addresses of links, each of which leads back to what it was', () => {
    fc.assert(
      fc.property(html, (before) => {
        const after = rewriteLinks(before, wrap);
        const old = split(before);
        const now = split(after);
        expect(now.between).toEqual(old.between);
        const undone = now.hrefs.map((href, index) => {
          const url = linkedPage(old.hrefs[index]);
          if (url !== null) expect(new URL(href).searchParams.get('u')).toBe(url);
          return url === null ? href : old.hrefs[index];
        });
        expect(undone).toEqual(old.hrefs);
        // A link is rewritten as soon as it is one, and its neighbours are still the same links.
        expect(rewriteLinks(after, () => null)).toBe(after);
      }),
      { numRuns: 3_000 },
    );
  });

  it('lengthens a message by no more than 200 KiB', () => {
    const before = '<a href=http://a>'.repeat(3_800);
    const after = rewriteLinks(before, (url) => `https://t.example/${'x'.repeat(150)}${url}`);
    expect(after.length - before.length).toBeLessThanOrEqual(200 * 1024);
    expect(after.length - before.length).toBeGreaterThan(199 * 1024);
    expect(after.endsWith('<a href=http://a>')).toBe(true);
  });
});
