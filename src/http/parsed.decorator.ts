import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import type { FieldError } from '../runtime/errors.js';
import { addRule } from './property-rules.js';

/** What a parser may know besides the value. */
export interface ParseContext {
  /** Where the value stands, in the spelling that the caller used. */
  readonly pointer: string;
  /** Good recipients are taken although others are bad. */
  readonly lenient: boolean;
  readonly defaultTimezone: string;
  readonly now: number;
}

/** What a parser gives in place of a value that it refuses. */
export class Refused {
  constructor(readonly errors: readonly FieldError[]) {}
}

/** From the raw JSON value (undefined where absent) to the property's own type. */
export type Parse = (raw: unknown, context: ParseContext) => unknown;

export function refuse({ pointer }: ParseContext, code: string, detail: string): Refused {
  return new Refused([{ pointer, code, detail }]);
}

/**
 * A property that is parsed, not only checked: its type is the parsed one, and a parser can give errors of its own codes
 * and pointers. The pipe runs it before class-transformer, which would copy arrays element by element, and hands the
 * result on inside a function, the only thing besides a primitive that class-transformer passes through untouched.
 */
export function Parsed(parse: Parse): PropertyDecorator {
  return applyDecorators(
    addRule({ parse }),
    Transform(({ value }: { value: () => unknown }) => value(), { toClassOnly: true }),
    ValidateBy({ name: 'parsed', validator: { validate: (value) => !(value instanceof Refused) } }),
  );
}
