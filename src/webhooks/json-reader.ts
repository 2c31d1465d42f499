/** Foreign JSON, read without trust: what is not of the asked type is as if it were not there. */
export type JsonObject = Record<string, unknown>;

/** Longer text is cut; the longest that means something is a link. */
const MAX_TEXT = 2_048;

export function objectIn(object: JsonObject, name: string): JsonObject {
  const value = valueIn(object, name);
  return isObject(value) ? value : {};
}

export function objectsIn(object: JsonObject, name: string): JsonObject[] {
  const value = valueIn(object, name);
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textIn(object: JsonObject, name: string): string | null {
  const value = valueIn(object, name);
  return typeof value === 'string' && value !== '' ? cut(value) : null;
}

export function textsIn(object: JsonObject, name: string): string[] {
  const value = valueIn(object, name);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string' && item !== '').map(cut) : [];
}

export function numberIn(object: JsonObject, name: string): number | null {
  const value = valueIn(object, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** ISO 8601 with an offset, and nothing else that `Date` would take. */
export function dateIn(object: JsonObject, name: string): Date | null {
  const text = textIn(object, name);
  if (text === null || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)) return null;
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueIn(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Not through the middle of a surrogate pair. */
function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT).replace(/[\ud800-\udbff]$/, '');
}
