import { getMetadataStorage } from 'class-validator';
import { MAX_FIELD_ERRORS, type FieldError } from '../runtime/errors.js';
import { asTransformable, isParsedThroughout } from './parsed-throughout.js';
import { Refused, type ParseContext } from './parsed.decorator.js';
import { rulesOf, type Class, type PropertyRule } from './property-rules.js';
import { nearest } from './spelling.js';

/** A name is repeated in the answer only up to here. */
const MAX_NAME_CHARACTERS = 64;

export interface RawObject<T extends object> {
  /** What was asked for, where nothing is left to transform or to validate. */
  instance: T | null;
  /** Else declared properties only, under their own names; parsed ones inside a function. */
  value: object | null;
  unknown: FieldError[];
  errors: FieldError[];
}

/**
 * What class-transformer and class-validator get to see of a body. Both walk whatever they are given, some microseconds
 * per element, and copy unknown fields before they refuse them: two million empty objects would hold the event loop for
 * seconds. Here unknown fields stay behind, arrays are cut one element above their limit, and parsers run. Yields between the
 * elements of arrays, where whoever drives it may let others have their turn.
 */
export function* readRawObject<T extends object>(
  raw: unknown,
  type: Class<T>,
  context: ParseContext,
): Generator<void, RawObject<T>> {
  const isInstance = isParsedThroughout(type);
  const reader = new RawReader(context, isInstance);
  const value = yield* reader.read(raw, type, context.pointer);
  const { unknown, errors } = reader;
  if (value === null || !isInstance) return { instance: null, value, unknown, errors };
  if (!reader.isRefused) return { instance: value as T, value: null, unknown, errors };
  return { instance: null, value: asTransformable(type, value), unknown, errors };
}

/** The context of one property. Its pointer is put together only for whoever asks, which is an error above all. */
class PropertyContext implements ParseContext {
  readonly lenient: boolean;
  readonly defaultTimezone: string;
  readonly now: number;

  constructor(
    { lenient, defaultTimezone, now }: ParseContext,
    private readonly parent: string,
    private readonly name: string,
  ) {
    this.lenient = lenient;
    this.defaultTimezone = defaultTimezone;
    this.now = now;
  }

  get pointer(): string {
    return `${this.parent}/${escape(this.name)}`;
  }
}

class RawReader {
  readonly unknown: FieldError[] = [];
  readonly errors: FieldError[] = [];
  /** By a parser, or since an array is none or not of its size. */
  isRefused = false;

  constructor(
    private readonly context: ParseContext,
    private readonly isInstance: boolean,
  ) {}

  *read(raw: unknown, type: Class, pointer: string): Generator<void, object | null> {
    if (!isObject(raw)) {
      this.add(this.errors, { pointer, code: 'invalid_type', detail: 'must be an object' });
      this.isRefused = true;
      return null;
    }
    const properties = propertiesOf(type);
    const value = (this.isInstance ? new type() : {}) as Record<string, unknown>;
    let taken = 0;
    for (const [property, rule] of properties) {
      const given = this.spelling(raw, property, rule, pointer);
      if (given !== undefined) taken++;
      if (rule.parse !== undefined) {
        const context = new PropertyContext(this.context, pointer, given ?? property);
        const parsed = rule.parse(given === undefined ? undefined : raw[given], context);
        if (parsed instanceof Refused) this.isRefused = true;
        value[property] = this.isInstance ? parsed : () => parsed;
      } else if (given === undefined) {
        this.isRefused = true;
      } else if (rule.elements !== undefined) {
        value[property] = yield* this.elements(raw[given], rule.elements, `${pointer}/${escape(given)}`);
      } else {
        value[property] = raw[given];
      }
    }
    const names = Object.keys(raw);
    // Mostly there is nothing else.
    if (names.length > taken) this.addOthers(names, properties, pointer);
    return value;
  }

  private addOthers(names: readonly string[], properties: ReadonlyMap<string, PropertyRule>, pointer: string): void {
    for (const name of names) {
      if (isSpelling(properties, name)) continue;
      const detail = unsupported(properties, name);
      if (detail !== undefined) {
        this.add(this.errors, { pointer: `${pointer}/${escape(name)}`, code: 'unsupported_field', detail });
        continue;
      }
      this.add(this.unknown, unknownField(`${pointer}/${escape(name)}`, name, properties));
    }
  }

  /** The name under which the caller gave a property, if at all. */
  private spelling(raw: Record<string, unknown>, property: string, { alias }: PropertyRule, pointer: string) {
    const own = Object.hasOwn(raw, property) ? property : undefined;
    if (alias === undefined || !Object.hasOwn(raw, alias.name)) return own;
    if (alias.emptyIsAbsent && raw[alias.name] === '') return own;
    if (own === undefined) return alias.name;
    const detail = `is another spelling of "${property}": give one of them`;
    this.add(this.errors, { pointer: `${pointer}/${escape(alias.name)}`, code: 'duplicate_field', detail });
    return own;
  }

  /** What is no array is left to `@IsArray`. */
  private *elements(
    raw: unknown,
    { type, min, max }: NonNullable<PropertyRule['elements']>,
    pointer: string,
  ): Generator<void, unknown> {
    if (!Array.isArray(raw) || raw.length < min || raw.length > max) this.isRefused = true;
    if (!Array.isArray(raw)) return null;
    if (raw.length > max) return new Array(max + 1).fill(null);
    const elements: (object | null)[] = [];
    for (let index = 0; index < raw.length; index++) {
      if (index > 0) yield;
      elements.push(yield* this.read(raw[index], type(), `${pointer}/${index}`));
    }
    return elements;
  }

  private add(list: FieldError[], error: FieldError): void {
    if (list.length < MAX_FIELD_ERRORS) list.push(error);
  }
}

/** Every property with a rule of class-validator's or ours. */
function propertiesOf(type: Class): ReadonlyMap<string, PropertyRule> {
  const known = PROPERTIES.get(type);
  if (known !== undefined) return known;
  const properties = new Map(rulesOf(type));
  for (const { propertyName } of getMetadataStorage().getTargetValidationMetadatas(type, '', false, false)) {
    if (!properties.has(propertyName)) properties.set(propertyName, {});
  }
  PROPERTIES.set(type, properties);
  return properties;
}

const PROPERTIES = new WeakMap<Class, ReadonlyMap<string, PropertyRule>>();

function isSpelling(properties: ReadonlyMap<string, PropertyRule>, name: string): boolean {
  if (properties.has(name)) return true;
  for (const { alias } of properties.values()) if (alias?.name === name) return true;
  return false;
}

function unsupported(properties: ReadonlyMap<string, PropertyRule>, name: string): string | undefined {
  for (const rule of properties.values()) {
    if (rule.unsupported?.names.includes(name.toLowerCase())) return rule.unsupported.sentence;
  }
  return undefined;
}

function unknownField(pointer: string, name: string, properties: ReadonlyMap<string, PropertyRule>): FieldError {
  const lowerCase = name.toLowerCase();
  const hinted = [...properties].find(([, { hints }]) => hints?.includes(lowerCase))?.[0];
  const meant = hinted ?? nearest(name, [...properties.keys()]);
  const hint = meant === undefined ? `known here: ${[...properties.keys()].join(', ')}` : `did you mean "${meant}"?`;
  return { pointer, code: 'unknown_field', detail: `is not a known field; ${hint}` };
}

/** One step of a JSON Pointer, RFC 6901. */
function escape(name: string): string {
  const short = name.length > MAX_NAME_CHARACTERS ? `${name.slice(0, MAX_NAME_CHARACTERS)}…` : name;
  return short.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
