import { addRule } from './property-rules.js';

/** What callers ask for under these names is not to be had; `sentence` says so, and what this property does instead. */
export function Unsupported(names: readonly string[], sentence: string): PropertyDecorator {
  return addRule({ unsupported: { names, sentence } });
}
