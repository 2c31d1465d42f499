import { compile } from 'html-to-text';

/** Deeper markup is left out: the converter descends by recursion, and 20,000 nested tags would end the stack. */
const MAX_DEPTH = 100;
/** As many as a text may have that is given: 16,000 rules of 4 characters would become 640,000. */
const MAX_CHARACTERS = 65_535;
/** The messages of a campaign have the same content: 3 ms for 18 KB, where finding it here again takes microseconds. */
const MAX_KEPT = 16;

const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];

/** Wraps nothing and keeps the case, so that `{{name}}` stays what it is. */
const convert = compile({
  wordwrap: false,
  limits: { maxDepth: MAX_DEPTH },
  selectors: [
    { selector: 'img', format: 'skip' },
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true } },
    ...HEADINGS.map((selector) => ({ selector, options: { uppercase: false } })),
  ],
});

const kept = new Map<string, string>();

/** The text of an HTML that came without one; empty where there is none to read. */
export function textFromHtml(html: string): string {
  const known = kept.get(html);
  if (known !== undefined) return known;
  const text = converted(html);
  if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as string);
  kept.set(html, text);
  return text;
}

function converted(html: string): string {
  try {
    // The cut may part a surrogate pair.
    return convert(html)
      .slice(0, MAX_CHARACTERS)
      .replace(/[\ud800-\udbff]$/, '');
  } catch {
    // Some HTML may be beyond the converter: the mail goes without a text then, for it cannot be refused any more.
    return '';
  }
}
