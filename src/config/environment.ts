import { readFileSync } from 'node:fs';
import { validateSync } from 'class-validator';
import { areas } from './areas.js';
import type { Contradictable, ProcessName } from './contradiction.js';
import { EnvironmentError } from './environment-error.js';
import { replaceLoadedVariables } from './loaded-variables.js';
import { variablesIn, type Variable, type VariablesClass } from './variable.js';

type Source = Readonly<Record<string, unknown>>;

/** Faults by variable: what is reported of one is not reported a second time as part of a contradiction. */
type Faults = Map<string, string>;

/** Reads every area of a process, or throws an EnvironmentError with all faults of them together. */
export function readEnvironment(source: Source, process: ProcessName): object[] {
  const faults: Faults = new Map();
  const read = areas.filter((area) => area.readBy.includes(process));
  const instances = read.map((area) => readVariables(area.variables, source, faults));
  for (const instance of instances) reportContradictions(instance, process, faults);
  if (faults.size > 0) throw new EnvironmentError([...faults.values()]);
  return instances;
}

/**
 * For ConfigModule's `validate`, which writes what this returns into process.env where it is not set. Our own variables
 * are left out, so that the secrets of `.env` reach no child process; AWS's and others are what libraries expect there.
 */
export function validateFor(process: ProcessName): (source: Source) => Record<string, unknown> {
  return (source) => {
    replaceLoadedVariables(readEnvironment(source, process));
    const ours = new Set(areas.flatMap((area) => variablesIn(area.variables).map((variable) => variable.name)));
    return Object.fromEntries(Object.entries(source).filter(([name]) => !ours.has(name.replace(/_FILE$/, ''))));
  };
}

function readVariables(variablesClass: VariablesClass, source: Source, faults: Faults): object {
  const instance = new variablesClass();
  for (const variable of variablesIn(variablesClass)) {
    Object.assign(instance, { [variable.name]: readVariable(variable, source, faults) });
  }
  for (const { property, value, constraints } of validateSync(instance, { forbidUnknownValues: false })) {
    if (faults.has(property)) continue;
    const isSecret = variablesIn(variablesClass).some((variable) => variable.name === property && variable.secret);
    const given = isSecret ? '' : ` (given: ${JSON.stringify(value)})`;
    faults.set(property, `${Object.values(constraints ?? {}).join(', ')}${given}`);
  }
  return instance;
}

function readVariable(variable: Variable, source: Source, faults: Faults): unknown {
  try {
    const text = textOf(variable, source) ?? variable.default;
    if (text !== undefined) return variable.read(text);
    if (variable.required) throw new Error(`is required, such as ${variable.example}`);
  } catch (error) {
    const given = variable.secret ? undefined : textOf(variable, source);
    const shown = given === undefined ? '' : ` (given: ${JSON.stringify(given)})`;
    if (!faults.has(variable.name)) faults.set(variable.name, `${variable.name} ${(error as Error).message}${shown}`);
  }
  return null;
}

/** An empty value is an absent one: `NAME=` in a compose file or in `.env` unsets it. */
function textOf(variable: Variable, source: Source): string | undefined {
  const given = String(source[variable.name] ?? '');
  if (!variable.secret) return given.trim() || undefined;
  const file = String(source[`${variable.name}_FILE`] ?? '');
  if (file === '') return given || undefined;
  if (given !== '') throw new Error(`is given twice: set it or ${variable.name}_FILE, not both`);
  return secretIn(file, variable.name);
}

function secretIn(file: string, name: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(`cannot be read from the file in ${name}_FILE (${(error as NodeJS.ErrnoException).code}: ${file})`);
  }
  // A mounted secret without content is a mistake of the deployment, not a wish for the default.
  if (text === '') throw new Error(`is empty in the file that ${name}_FILE names (${file})`);
  return text;
}

function reportContradictions(instance: object, process: ProcessName, faults: Faults): void {
  const { contradictions } = instance as Partial<Contradictable>;
  for (const { of, text } of contradictions?.call(instance, process) ?? []) {
    if (of.some((name) => faults.has(name))) continue;
    const fault = `${of.join(', ')}: ${text}`;
    faults.set(fault, fault);
  }
}
