import { getMetadataStorage } from 'class-validator';
import { rulesOf, type Class, type PropertyRule } from './property-rules.js';

/** The validators that `@Parsed` and `@Elements` bring; whoever adds another one wants it to be asked. */
const OURS = ['parsed', 'isArray', 'arrayMinSize', 'arrayMaxSize', undefined];

const parsedThroughout = new WeakMap<Class, boolean>();

/**
 * Every property of the class is parsed, down to the last element: where no parser refuses, class-transformer and
 * class-validator have nothing left to do, which takes them a fifth of the time of a small submission.
 */
export function isParsedThroughout(type: Class): boolean {
  let known = parsedThroughout.get(type);
  if (known === undefined) {
    const rules = rulesOf(type);
    known =
      getMetadataStorage()
        .getTargetValidationMetadatas(type, '', false, false)
        .every(({ name, propertyName }) => OURS.includes(name) && rules.has(propertyName)) &&
      [...rules.values()].every(isParsed);
    parsedThroughout.set(type, known);
  }
  return known;
}

function isParsed({ parse, elements }: PropertyRule): boolean {
  return parse !== undefined || (elements !== undefined && isParsedThroughout(elements.type()));
}

/** An instance of such a class as class-transformer takes it, which is asked for the words of a refusal. */
export function asTransformable(type: Class, instance: object): object {
  const plain: Record<string, unknown> = {};
  for (const [property, { elements }] of rulesOf(type)) {
    const value = (instance as Record<string, unknown>)[property];
    if (elements === undefined) plain[property] = () => value;
    else if (Array.isArray(value)) {
      plain[property] = value.map((element: object | null) => element && asTransformable(elements.type(), element));
    } else if (value !== undefined) plain[property] = value;
  }
  return plain;
}
