/** No spaces and no control characters: a browser would drop some of them, and mean another address than was read. */
const ABSOLUTE = /^https?:\/\/[^\p{Cc}\p{Z}]+$/iu;

/** The URL in the form that a `Location` takes, ASCII alone; null where a text is not an absolute http or https URL. */
export function webUrl(text: string): string | null {
  if (!ABSOLUTE.test(text) || !URL.canParse(text)) return null;
  const { protocol, href } = new URL(text);
  return protocol === 'http:' || protocol === 'https:' ? href : null;
}
