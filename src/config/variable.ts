import 'reflect-metadata';
import { IsOptional } from 'class-validator';
import { readers, type Reader } from './readers.js';

/** What the generated documents say about a variable, and how its text becomes the property's value. */
export interface VariableOptions {
  /** One sentence for `.env.example` and docs/configuration.md. */
  text: string;
  unit?: string;
  /** As a user would write it: a default goes through the same reader as a given value. */
  default?: string;
  /** Said in place of a default where absence is decided by other variables. */
  otherwise?: string;
  /** The line in `.env.example`, where a newcomer needs another value than the default; a required one has to have it. */
  example?: string;
  required?: boolean;
  /** Never shown in a fault, and readable from the file that `NAME_FILE` names. */
  secret?: boolean;
  /** Throws an Error whose message says what is expected. Without one the declared type decides: number, boolean or text. */
  read?: Reader;
}

export interface Variable extends VariableOptions {
  name: string;
  read: Reader;
}

export type VariablesClass = new () => object;

const declared = new Map<object, Variable[]>();

/** Declares an environment variable; the property's name is the variable's name. An absent one without default is null. */
export function Variable(options: VariableOptions): PropertyDecorator {
  return (prototype, key) => {
    const name = String(key);
    const type: unknown = Reflect.getMetadata('design:type', prototype, key);
    const variables = declared.get(prototype.constructor) ?? [];
    variables.push({ ...options, name, read: options.read ?? readers.get(type) ?? ((text) => text) });
    declared.set(prototype.constructor, variables);
    IsOptional()(prototype, key);
  };
}

export function variablesIn(variablesClass: VariablesClass): readonly Variable[] {
  return declared.get(variablesClass) ?? [];
}
