import type { Parse } from './parsed.decorator.js';

export type Class<T extends object = object> = new (...args: never[]) => T;

/** What our decorators say about a property of a DTO, beyond class-validator's and class-transformer's own metadata. */
export interface PropertyRule {
  parse?: Parse;
  alias?: { name: string; emptyIsAbsent: boolean };
  elements?: { type: () => Class; min: number; max: number };
  /** Names that callers try instead; they are refused with this property as the hint. */
  hints?: readonly string[];
  /** Names of what is refused for good, also where unknown fields are let pass. */
  unsupported?: { names: readonly string[]; sentence: string };
}

const RULES = Symbol('property rules');

export function rulesOf(type: Class): ReadonlyMap<string, PropertyRule> {
  return (Reflect.getMetadata(RULES, type.prototype as object) as Map<string, PropertyRule> | undefined) ?? new Map();
}

/** Copies what a parent class declared, so that a subclass never changes its parent. */
export function addRule(rule: PropertyRule): PropertyDecorator {
  return (prototype, property) => {
    const rules = new Map(rulesOf(prototype.constructor as Class));
    rules.set(String(property), { ...rules.get(String(property)), ...rule });
    Reflect.defineMetadata(RULES, rules, prototype);
  };
}
