import type { Placeholders } from './placeholders.js';
import { cutAtVariables } from './variables.js';

/** A literal text, the index of a placeholder, or a variable. */
type Part = string | number | { name: string };

const PART_BYTES = 64;

/** A text with holes. It is cut once, before any value is known, so what is filled in is never looked at again. */
export class TextTemplate {
  private readonly parts: readonly Part[];

  constructor(
    /** With placeholders, and with `{{name}}`. */
    readonly draft: string,
    placeholders: Placeholders,
  ) {
    this.parts = cutAtVariables(draft).flatMap((piece, index): Part[] =>
      index % 2 === 0 ? placeholders.partsOf(piece) : [{ name: piece }],
    );
  }

  /** Whether it has variables. */
  get isPersonal(): boolean {
    return this.parts.some((part) => typeof part === 'object');
  }

  /** What it holds in memory, roughly: two bytes per character, as the draft and cut in parts, and an object for each part. */
  get bytes(): number {
    return 4 * this.draft.length + PART_BYTES * this.parts.length;
  }

  /** `values` are the placeholders'. A name without a value stays as it is: only a character reference can hide one until now. */
  render(values: readonly string[], valueOf: (name: string) => string | undefined): string {
    let text = '';
    for (const part of this.parts) {
      if (typeof part === 'string') text += part;
      else if (typeof part === 'number') text += values[part];
      else text += valueOf(part.name) ?? `{{${part.name}}}`;
    }
    return text;
  }
}
