import { registerAs, type ConfigType } from '@nestjs/config';
import { Max, Min } from 'class-validator';
import type { Contradiction } from './contradiction.js';
import { databaseUrl, type DatabaseUrl } from './database-url.js';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { Variable } from './variable.js';

export class DatabaseVariables {
  @Variable({
    text: 'PostgreSQL, the ledger. sslmode has the meaning that libpq gives it (default prefer); sslrootcert names a file.',
    unit: 'URL',
    example: 'postgresql://postgres:password@localhost:5432/messages',
    required: true,
    secret: true,
    read: databaseUrl,
  })
  readonly DATABASE_URL: DatabaseUrl;

  @Variable({
    text: 'The same database with a role that may change the schema, used by migrations only.',
    unit: 'URL',
    otherwise: 'DATABASE_URL',
    secret: true,
    read: databaseUrl,
  })
  readonly MIGRATE_DATABASE_URL: DatabaseUrl | null;

  // One listens, one holds the lock of a job or of the migrations, whose work needs another; one is left for requests.
  @Variable({ text: 'Connections that one process may open, 4 at least.', default: '25' })
  @Min(4)
  @Max(1000)
  readonly DB_MAX_CONNECTIONS: number;

  @Variable({ text: 'Connections that one process keeps open.', default: '5' })
  @Min(0)
  @Max(1000)
  readonly DB_MIN_CONNECTIONS: number;

  @Variable({ text: 'A connection is replaced at this age; 0 = never.', unit: 'seconds', default: '3600' })
  @Min(0)
  @Max(2147483)
  readonly DB_MAX_LIFETIME_SECS: number;

  @Variable({ text: 'An unused connection is closed after this time; 0 = never.', unit: 'seconds', default: '900' })
  @Min(0)
  @Max(2147483)
  readonly DB_IDLE_TIMEOUT_SECS: number;

  @Variable({
    text: 'Whether gateway and sender migrate the schema when they start, under a lock.',
    unit: 'true, false',
    default: 'true',
  })
  readonly MIGRATE_ON_BOOT: boolean;

  contradictions(): Contradiction[] {
    const found: Contradiction[] = [];
    if (this.DB_MIN_CONNECTIONS > this.DB_MAX_CONNECTIONS) {
      const text = `the minimum (${this.DB_MIN_CONNECTIONS}) must not be above the maximum (${this.DB_MAX_CONNECTIONS})`;
      found.push({ of: ['DB_MIN_CONNECTIONS', 'DB_MAX_CONNECTIONS'], text });
    }
    if (this.MIGRATE_DATABASE_URL && !sharesTls(this.MIGRATE_DATABASE_URL, this.DATABASE_URL)) {
      found.push({ of: ['MIGRATE_DATABASE_URL', 'DATABASE_URL'], text: 'must not differ in sslmode or sslrootcert' });
    }
    return found;
  }
}

// It is one server: the second URL repeats the TLS parameters of the first, or leaves them out.
function sharesTls(migrate: DatabaseUrl, main: DatabaseUrl | null): boolean {
  const isSame = migrate.sslMode === main?.sslMode && migrate.sslRootCert === main?.sslRootCert;
  return isSame || (migrate.sslMode === null && migrate.sslRootCert === null);
}

export const databaseConfig = registerAs('database', () => {
  const env = loadedVariables(DatabaseVariables);
  return deepFreeze({
    url: env.DATABASE_URL.url,
    migrateUrl: (env.MIGRATE_DATABASE_URL ?? env.DATABASE_URL).url,
    maxConnections: env.DB_MAX_CONNECTIONS,
    minConnections: env.DB_MIN_CONNECTIONS,
    maxLifetimeSeconds: env.DB_MAX_LIFETIME_SECS,
    idleTimeoutSeconds: env.DB_IDLE_TIMEOUT_SECS,
    migrateOnBoot: env.MIGRATE_ON_BOOT,
    sslMode: env.DATABASE_URL.sslMode ?? 'prefer',
    sslRootCert: env.DATABASE_URL.sslRootCert,
  });
});

export type DatabaseConfig = ConfigType<typeof databaseConfig>;
