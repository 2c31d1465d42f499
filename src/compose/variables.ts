/** Values by name: a message's own, or one recipient's. */
export type Variables = Readonly<Record<string, string>>;

/** Filled in by us; nobody can give it another value. */
export const UNSUBSCRIBE_URL = 'unsubscribe_url';

const NAME = '[A-Za-z][A-Za-z0-9_]{0,49}';
const WHOLE_NAME = new RegExp(`^${NAME}$`);
const USE = new RegExp(`\\{\\{ *(${NAME}) *\\}\\}`);

export function isVariableName(text: string): boolean {
  return WHOLE_NAME.test(text);
}

/** A text cut at each `{{name}}`: literal texts, and in every second place a name. What is no name by the grammar is literal. */
export function cutAtVariables(text: string): string[] {
  return text.includes('{{') ? text.split(USE) : [text];
}

export function uses(text: string, name: string): boolean {
  return cutAtVariables(text).some((piece, index) => index % 2 === 1 && piece === name);
}

/** The text with this one variable filled in. */
export function withValue(text: string, name: string, value: string): string {
  const pieces = cutAtVariables(text);
  return pieces.map((piece, index) => (index % 2 === 0 ? piece : piece === name ? value : `{{${piece}}}`)).join('');
}

/** The recipient's value, else the message's. Own members alone: `constructor` is a name like any other. */
export function valueOf(name: string, own: Variables | null, common: Variables | null): string | undefined {
  if (own !== null && Object.hasOwn(own, name)) return own[name];
  return common !== null && Object.hasOwn(common, name) ? common[name] : undefined;
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe as text and in an attribute's quotes of either kind. */
export function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => REFERENCES[character]);
}

/** Safe in a header: line breaks and control characters become spaces. */
export function oneLine(value: string): string {
  return value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
