import { describe, expect, it } from 'vitest';
import { hrefsIn } from './hrefs.js';

function hrefs(html: string): string[] {
  return [...hrefsIn(html)].map(({ start, end }) => html.slice(start, end));
}

describe('hrefsIn', () => {
  it.each([
    ['<a href="x">', ['x']],
    ["<A HREF='x'>", ['x']],
    ['<a\nclass=b\tdata-href="y" href = x>', ['x']],
    ['<a href=x/>', ['x/']],
    ['<a/href="x"/>', ['x']],
    ['<a title="<a href=\'y\'>" href="x">', ['x']],
    ['<a title=">" href="x">', ['x']],
    ['<a title=a"b href="x">', ['x']],
    ['<a ="href" href="x">', ['x']],
    ['<a "href"="y" href="x">', ['x']],
    ['<a href="x" href="y">', ['x']],
    ['<a href href="y">', []],
    ['<a href="">', ['']],
    ['<a href=>', ['']],
    ['<a href="x"class="y"><a href="z">', ['x', 'z']],
    ['a < b <a href="x">', ['x']],
    ['<<a href="x">', ['x']],
    ['<abbr href="x"><area href="y"><link href="z">', []],
    ['</a href="x">', []],
    ['</a title=">" href="x"><a href="y">', ['y']],
    ['<p title="</p><a href="x">', []],
  ])('finds in %s: %j', (html, found) => {
    expect(hrefs(html)).toEqual(found);
  });

  it.each([
    '<!-- <a href="x"> -->',
    '<!--[if mso]><a href="x"><![endif]-->',
    '<!-- --> <!--><!---> -- <!-- <a href="x"> --',
    '<!-- <a href="x"> --! > -- >',
    '<!--!><a href="x">',
    '<!DOCTYPE "<a href=x>',
    '<?xml <a href="x"?>',
    '</ <a href="x">',
    '<script>"<a href=\'x\'>"</script >',
    '<style>/* <a href="x"> */</STYLE/>',
    '<title><a href="x"></titles></title>',
    '<textarea><a href="x"></textarea>',
    '<script><a href="x">',
    '<plaintext><a href="x">',
    '<a href="x"',
    '<a href="x',
    '<a title="<a href=x>',
  ])('finds nothing in %s', (html) => {
    expect(hrefs(html)).toEqual([]);
  });

  it.each([
    '<!----><a href="x">',
    '<!--><a href="x">',
    '<!-- --!><a href="x">',
    '<![if !mso]><a href="x"><![endif]>',
    '<script></script><a href="x">',
    '<style/></style><a href="x">',
    '</><a href="x">',
  ])('finds what stands behind them: %s', (html) => {
    expect(hrefs(html)).toEqual(['x']);
  });

  it.each(['<', '<a', '<a href="', '<!--', '<!-', '</', '<script>', '</script', '<a b=\'"', '&', '<title></titl'])(
    'takes time in proportion to the length of many %s',
    (hostile) => {
      const html = hostile.repeat(65_535 / hostile.length);
      const started = performance.now();
      hrefs(html);
      expect(performance.now() - started).toBeLessThan(1_000);
    },
  );
});
