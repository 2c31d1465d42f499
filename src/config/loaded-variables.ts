import type { VariablesClass } from './variable.js';

// What the last AppConfigModule.forProcess read. Namespaces are built from it when that application starts, so
// applications with different environments follow one another in a process; they cannot be set up interleaved.
const loaded = new Map<VariablesClass, object>();

export function replaceLoadedVariables(instances: readonly object[]): void {
  loaded.clear();
  for (const instance of instances) loaded.set(instance.constructor as VariablesClass, instance);
}

export function loadedVariables<T extends object>(variablesClass: new () => T): T {
  const instance = loaded.get(variablesClass);
  if (!instance) {
    throw new Error(`${variablesClass.name} is not read in this process: import AppConfigModule.forProcess first`);
  }
  return instance as T;
}

export function deepFreeze<T>(value: T): T {
  // A Buffer's bytes cannot be frozen: Object.freeze throws on a view that has elements.
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
