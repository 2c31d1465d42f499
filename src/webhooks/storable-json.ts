/** A pair of escapes that is one character; else any one escape, so that a doubled backslash is never split. */
const ESCAPES = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|[^])/g;

const SUSPECT = /\\u(?:0000|[dD][89a-fA-F])/;

/**
 * JSON whose strings PostgreSQL can hold: it takes neither NUL nor half a surrogate pair, in JSONB as in text. An event
 * with one (in a diagnostic code, say, that a foreign server wrote) could never be stored, and SNS would bring it again
 * and again. Both become U+FFFD.
 */
export function storableJson(text: string): string {
  const wellFormed = text.toWellFormed();
  if (!SUSPECT.test(wellFormed)) return wellFormed;
  return wellFormed.replace(ESCAPES, (escape) => (escape.length === 6 && SUSPECT.test(escape) ? '\\ufffd' : escape));
}
