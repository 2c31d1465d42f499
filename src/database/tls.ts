import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type pg from 'pg';
import { PreparingClient } from './preparing-client.js';
import type { DatabaseConfig } from '../config/database.config.js';

/** What node-postgres is given, for a pool or (through `new Client(…)` of this class) for one connection. */
export interface PgTls {
  connectionString: string;
  ssl: false | ConnectionOptions;
  Client: typeof pg.Client;
}

/**
 * libpq's sslmode in node-postgres' words. With TypeORM it belongs into `extra`, connectionString included: TypeORM's own
 * `url` drops the query of the URL (`host`, `options`, `application_name`) and misreads an IPv6 host.
 */
export function pgTls(config: Pick<DatabaseConfig, 'url' | 'sslMode' | 'sslRootCert'>): PgTls {
  const plain = { connectionString: config.url, ssl: false, Client: PreparingClient } as const;
  // `false` and not an absent member: without one, node-postgres reads PGSSLMODE in its own sense.
  if (config.sslMode === 'disable') return plain;
  // allow and prefer accept both and differ in what is tried first; we always try TLS first.
  if (config.sslMode === 'allow' || config.sslMode === 'prefer') return { ...plain, Client: PreferTlsClient };
  return { ...plain, ssl: verification(config.sslMode, config.sslRootCert) };
}

function verification(sslMode: 'require' | 'verify-ca' | 'verify-full', sslRootCert: string | null): ConnectionOptions {
  if (sslMode === 'require' && sslRootCert === null) return { rejectUnauthorized: false };
  const ca = sslRootCert === null || sslRootCert === 'system' ? {} : { ca: readFileSync(sslRootCert, 'utf8') };
  if (sslMode === 'verify-full') return { ...ca, rejectUnauthorized: true };
  // `require` with a root certificate is verify-ca, for libpq's own compatibility: the chain counts, the host name does not.
  return { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
}

/** The members that node-postgres decides on; its types call `ssl` read-only. */
interface Negotiation {
  ssl: false | ConnectionOptions;
  connection: { ssl: false | ConnectionOptions };
}

/**
 * Takes TLS if the server offers it, else goes on without. node-postgres fails where the server answers "no", so each
 * connection asks beforehand, on a socket of its own; asking once at start would outlive a failover to another server.
 */
class PreferTlsClient extends PreparingClient {
  override connect(): Promise<this>;
  override connect(callback: (error: Error | null, client?: pg.ClientBase) => void): void;
  override connect(callback?: (error: Error | null, client?: pg.ClientBase) => void): Promise<this> | void {
    const connected = this.negotiate().then(() => super.connect());
    if (!callback) return connected.then(() => this);
    connected.then(
      () => callback(null, this),
      (error: Error) => callback(error),
    );
  }

  private async negotiate(): Promise<void> {
    if (!(await offersTls(this.host, this.port))) return;
    const negotiation = this as unknown as Negotiation;
    negotiation.ssl = negotiation.connection.ssl = { rejectUnauthorized: false };
  }
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const PROBE_TIMEOUT_MS = 5_000;

/** False also where nobody answers: the connection that follows then fails with the reason, in node-postgres' words. */
function offersTls(host: string, port: number): Promise<boolean> {
  // libpq speaks no TLS on a Unix socket, whatever the mode.
  if (host.startsWith('/')) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PROBE_TIMEOUT_MS });
    const answer = (offered: boolean) => {
      resolve(offered);
      socket.destroy();
    };
    socket.once('connect', () => socket.write(SSL_REQUEST));
    socket.once('data', (reply) => answer(reply[0] === 0x53));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
  });
}
