/** References that browsers also read without their semicolon. */
const LEGACY = new Set(
  (
    'AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml GT Iacute Icirc Igrave ' +
    'Iuml LT Ntilde Oacute Ocirc Ograve Oslash Otilde Ouml QUOT REG THORN Uacute Ucirc Ugrave Uuml Yacute aacute acirc ' +
    'acute aelig agrave amp aring atilde auml brvbar ccedil cedil cent copy curren deg divide eacute ecirc egrave eth ' +
    'euml frac12 frac14 frac34 gt iacute icirc iexcl igrave iquest iuml laquo lt macr micro middot nbsp not ntilde ' +
    'oacute ocirc ograve ordf ordm oslash otilde ouml para plusmn pound quot raquo reg sect shy sup1 sup2 sup3 szlig ' +
    'thorn times uacute ucirc ugrave uml uuml yacute yen yuml'
  ).split(' '),
);

/** Those that stand in URLs; a link with any other is left as it is rather than guessed at. */
const DECODED: Readonly<Record<string, string>> = {
  amp: '&',
  AMP: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  num: '#',
  equals: '=',
  quest: '?',
  sol: '/',
  colon: ':',
  period: '.',
};

const REFERENCE = /&(?:#(?:[xX][0-9A-Fa-f]+|[0-9]+);?|[A-Za-z][A-Za-z0-9]*[;=]?)/g;

/** The text that an attribute's value means; null where it has a character reference that we do not decode. */
export function decodeHref(value: string): string | null {
  let isKnown = true;
  const text = value.replace(REFERENCE, (reference) => {
    const decoded = decode(reference);
    isKnown &&= decoded !== null;
    return decoded ?? '';
  });
  return isKnown ? text : null;
}

function decode(reference: string): string | null {
  if (reference[1] === '#') return decodeNumber(reference.slice(2).replace(';', ''));
  // In an attribute a name before `=` is a parameter of a query, whatever it is called.
  if (reference.endsWith('=')) return reference;
  const name = reference.slice(1).replace(';', '');
  if (!reference.endsWith(';') && !LEGACY.has(name)) return reference;
  return DECODED[name] ?? null;
}

/** The standard maps 0x80 to 0x9f by windows-1252, and what is no character to U+FFFD: neither stands in a URL. */
function decodeNumber(digits: string): string | null {
  const code = /^x/i.test(digits) ? parseInt(digits.slice(1), 16) : parseInt(digits, 10);
  const isCharacter = code >= 0x20 && (code < 0x7f || code > 0x9f) && code <= 0x10ffff && (code & ~0x7ff) !== 0xd800;
  return isCharacter ? String.fromCodePoint(code) : null;
}
