import { addRule } from './property-rules.js';

/**
 * The old service's spelling of a property, accepted on input and never emitted. With both given, neither is taken.
 * `emptyIsAbsent`: the empty string counts as not given, as Go clients send it for a zero value.
 */
export function Alias(name: string, { emptyIsAbsent = false } = {}): PropertyDecorator {
  return addRule({ alias: { name, emptyIsAbsent } });
}

/** Names from other APIs that callers try; they are refused, and the error names this property. */
export function MistakenFor(...hints: string[]): PropertyDecorator {
  return addRule({ hints });
}
