import type { ValidationError } from 'class-validator';
import { MAX_FIELD_ERRORS, type FieldError } from '../runtime/errors.js';
import { Refused } from './parsed.decorator.js';

/** class-validator's names for its rules, as the codes of our contract. In order: of several, the first explains most. */
const CODES: readonly (readonly [constraint: string, code: string])[] = [
  ['isArray', 'invalid_type'],
  ['isObject', 'invalid_type'],
  ['isString', 'invalid_type'],
  ['isBoolean', 'invalid_type'],
  ['isInt', 'invalid_type'],
  ['isUuid', 'invalid_uuid'],
  ['arrayMinSize', 'too_few'],
  ['arrayMaxSize', 'too_many'],
  ['min', 'too_small'],
  ['max', 'too_large'],
  ['isIn', 'invalid_value'],
  ['whitelistValidation', 'unknown_field'],
];

/** class-validator's tree of errors as a flat list with pointers. */
export function fieldErrorsOf(errors: readonly ValidationError[], parent = ''): FieldError[] {
  const found: FieldError[] = [];
  for (const error of errors) {
    if (found.length >= MAX_FIELD_ERRORS) break;
    const pointer = `${parent}/${error.property}`;
    if (error.value instanceof Refused) found.push(...error.value.errors);
    else if (isReported(error.constraints)) continue;
    else if (error.constraints !== undefined) found.push(fieldErrorOf(error, error.constraints, pointer));
    else if (error.children !== undefined) found.push(...fieldErrorsOf(error.children, pointer));
  }
  return found;
}

/** An element that is no object: raw-object.ts has said so, in better words. */
function isReported(constraints: Record<string, string> = {}): boolean {
  return Object.keys(constraints).join() === 'nestedValidation';
}

function fieldErrorOf(error: ValidationError, constraints: Record<string, string>, pointer: string): FieldError {
  // Where there are children Nest has taken the value off.
  if (error.value === undefined && !error.children?.length) return { pointer, code: 'required', detail: 'is required' };
  for (const [constraint, code] of CODES) {
    const message = constraints[constraint];
    if (message !== undefined) return { pointer, code, detail: withoutName(message, error.property) };
  }
  const [message = 'is not valid'] = Object.values(constraints);
  return { pointer, code: 'invalid_value', detail: withoutName(message, error.property) };
}

/** The pointer names the property already. */
function withoutName(message: string, property: string): string {
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}
