import type { Socket } from 'node:net';
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

const LOOK_MS = 500;

/** What node-postgres has of a client and does not declare. */
interface Internals {
  readonly _activeQuery: unknown;
  readonly connection: pg.Connection;
}

/**
 * Prepares named statements once per connection: over partitions a claim takes longer to plan than to run. PostgreSQL
 * decides after five runs whether one plan does for all parameters. Behind PgBouncer in transaction mode this needs
 * its version 1.21 and `max_prepared_statements`.
 *
 * Gives its connection up when a query waits and nothing comes for `silenceTimeoutMs`: a server that stands still, or whose network is
 * gone, keeps no timeout of its own. Counted in looks and not by the clock, so that a process of ours that stood still finds
 * the answers that came meanwhile; node-postgres' own `query_timeout` would fire first.
 */
export class PreparingClient extends pg.Client {
  private readonly mostSilentLooks: number;
  private silentLooks = 0;
  private bytesRead = 0;
  private watch: NodeJS.Timeout | null = null;

  constructor(config?: pg.ClientConfig & { silenceTimeoutMs?: number }) {
    super(config);
    this.mostSilentLooks = (config?.silenceTimeoutMs ?? Infinity) / LOOK_MS;
    this.once('end', () => this.stopWatching());
    // A server that dies may end a connection in the packet that made it, before a pool or its user listens. Whoever queries it is told.
    this.on('error', () => undefined);
  }

  override query(...args: unknown[]): never {
    const [text, values] = args;
    const name = typeof text === 'string' && Array.isArray(values) ? nameOf(text) : null;
    const given = name === null ? args : [{ name, text, values: values as unknown[] }, ...args.slice(2)];
    this.watch ??= this.startWatching();
    return super.query(...(given as [string])) as never;
  }

  private startWatching(): NodeJS.Timeout {
    this.silentLooks = 0;
    return setInterval(() => this.look(), LOOK_MS).unref();
  }

  private stopWatching(): void {
    if (this.watch) clearInterval(this.watch);
    this.watch = null;
  }

  private look(): void {
    const { _activeQuery, connection } = this as unknown as Internals;
    if (!_activeQuery) return this.stopWatching();
    const { bytesRead } = connection.stream as Socket;
    this.silentLooks = bytesRead === this.bytesRead ? this.silentLooks + 1 : 0;
    this.bytesRead = bytesRead;
    if (this.silentLooks >= this.mostSilentLooks) connection.stream.destroy();
  }
}
