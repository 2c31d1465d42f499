/** The value of a link's `href` in HTML, without its quotes. */
export interface Href {
  start: number;
  end: number;
}

interface Tag {
  /** Behind its `>`; -1 where the HTML ends before it. */
  end: number;
  href: Href | null;
}

/** After these a browser sees text until their end tag, and no markup in it. */
const RAW_TEXT: ReadonlyMap<string, RegExp> = new Map(
  ['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes'].map((name) => [
    name,
    new RegExp(`</${name}(?=[\\t\\n\\f\\r />])`, 'gi'),
  ]),
);

const LETTER = /[A-Za-z]/;
const NAME = /[^\t\n\f\r />]*/y;
const SPACE_OR_SLASH = /[\t\n\f\r /]*/y;
const SPACE = /[\t\n\f\r ]*/y;
/** An `=` in the first place belongs to the name. */
const ATTRIBUTE_NAME = /=?[^\t\n\f\r />=]*/y;
const UNQUOTED = /[^\t\n\f\r >]*/y;
const COMMENT_END = /--!?>/g;

/**
 * The `href`s of `<a>` start tags, by the tokenizer of the HTML standard (13.2.5) as far as it decides what is a tag:
 * quotes, comments and bogus comments, raw text, duplicate attributes. A parser would hand back a tree, whose
 * serialisation is other HTML than we were given; here everything that is not a link stays byte for byte. One pass: no
 * character is looked at by more than two searches.
 */
export function* hrefsIn(html: string): Generator<Href> {
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at)) {
    const next = html.charAt(at + 1);
    if (LETTER.test(next)) {
      const name = match(NAME, html, at + 1).toLowerCase();
      const { end, href } = readTag(html, at + 1 + name.length);
      if (end < 0 || name === 'plaintext') return;
      if (name === 'a' && href) yield href;
      at = endOfRawText(name, html, end);
    } else if (next === '/' && LETTER.test(html.charAt(at + 2))) {
      at = readTag(html, at + 2 + match(NAME, html, at + 2).length).end;
    } else if (next === '!' || next === '?' || next === '/') {
      at = endOfComment(html, at);
    } else {
      at++;
    }
    if (at < 0) return;
  }
}

/** Reads attributes up to the tag's `>`. */
function readTag(html: string, from: number): Tag {
  let href: Href | null | undefined;
  let at = from;
  for (;;) {
    at += match(SPACE_OR_SLASH, html, at).length;
    if (at >= html.length) return { end: -1, href: null };
    if (html[at] === '>') return { end: at + 1, href: href ?? null };
    const name = match(ATTRIBUTE_NAME, html, at);
    at += name.length;
    at += match(SPACE, html, at).length;
    const value = html[at] === '=' ? readValue(html, at + 1) : null;
    // The first of its name counts, also where it has no value.
    if (href === undefined && name.toLowerCase() === 'href') href = value;
    if (value) at = value.end + (isQuote(html[value.start - 1]) && html[value.end] === html[value.start - 1] ? 1 : 0);
  }
}

function readValue(html: string, from: number): Href {
  const at = from + match(SPACE, html, from).length;
  const quote = html[at];
  if (!isQuote(quote)) return { start: at, end: at + match(UNQUOTED, html, at).length };
  const end = html.indexOf(quote, at + 1);
  return { start: at + 1, end: end < 0 ? html.length : end };
}

function isQuote(character: string | undefined): character is '"' | "'" {
  return character === '"' || character === "'";
}

/** Behind a comment, or a bogus one; -1 where it never ends. */
function endOfComment(html: string, at: number): number {
  if (!html.startsWith('<!--', at)) return html.indexOf('>', at) + 1 || -1;
  if (html.startsWith('>', at + 4)) return at + 5;
  if (html.startsWith('->', at + 4)) return at + 6;
  COMMENT_END.lastIndex = at + 4;
  return COMMENT_END.test(html) ? COMMENT_END.lastIndex : -1;
}

/** Where markup goes on behind a start tag. */
function endOfRawText(name: string, html: string, from: number): number {
  const end = RAW_TEXT.get(name);
  if (!end) return from;
  end.lastIndex = from;
  return end.exec(html)?.index ?? -1;
}

function match(sticky: RegExp, html: string, at: number): string {
  sticky.lastIndex = at;
  return sticky.exec(html)?.[0] ?? '';
}
