import { refuse, Refused, type ParseContext } from '../../http/parsed.decorator.js';
import type { FieldError } from '../../runtime/errors.js';

export type Fault = Omit<FieldError, 'pointer'>;

/** What is wrong with one member, or the text to store. */
export type ReadMember = (name: string, value: unknown) => string | Fault;

/** An object of texts, with a fault for each member that has one. An empty one is as absent. */
export function parseMap(
  raw: unknown,
  context: ParseContext,
  max: number,
  read: ReadMember,
): Record<string, string> | null | Refused {
  if (raw === undefined || raw === null) return null;
  if (typeof raw !== 'object' || Array.isArray(raw)) return refuse(context, 'invalid_type', 'must be an object');
  const members = Object.entries(raw);
  if (members.length === 0) return null;
  if (members.length > max) return refuse(context, 'too_many', `must have at most ${max} members`);
  const errors: FieldError[] = [];
  const map: Record<string, string> = {};
  for (const [name, value] of members) {
    const text = read(name, value);
    if (typeof text === 'string') map[name] = text;
    else errors.push({ pointer: memberPointer(context.pointer, name), ...text });
  }
  return errors.length > 0 ? new Refused(errors) : map;
}

/** RFC 6901, with a long name cut. */
export function memberPointer(pointer: string, name: string): string {
  const short = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return `${pointer}/${short.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
