import pg from 'pg';

/** A statement's name, as `*.sql.ts` gives it in a leading comment. */
const NAME = /^\/\* ([a-z_.]+) \*\//;
/** Far above the number of our statements: a text made at run time shall not fill the server's memory. */
const MOST_STATEMENTS = 500;

const names = new Map<string, string | null>();

/** Each text has a name of its own: a query builder gives one comment to several. */
export function nameOf(text: string): string | null {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= MOST_STATEMENTS) return null;
  const comment = NAME.exec(text)?.[1];
  const name = comment === undefined ? null : `${comment} ${names.size}`;
  names.set(text, name);
  return name;
}

/**
 * Prepares named statements once per connection: over partitions a claim takes longer to plan than to run. PostgreSQL
 * decides after five runs whether one plan does for all parameters. Behind PgBouncer in transaction mode this needs
 * its version 1.21 and `max_prepared_statements`.
 */
export class PreparingClient extends pg.Client {
  override query(...args: unknown[]): never {
    const [text, values] = args;
    const name = typeof text === 'string' && Array.isArray(values) ? nameOf(text) : null;
    const given = name === null ? args : [{ name, text, values: values as unknown[] }, ...args.slice(2)];
    return super.query(...(given as [string])) as never;
  }
}
