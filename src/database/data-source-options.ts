import type { DataSourceOptions } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import type { DatabaseConfig } from '../config/database.config.js';
import { pgTls } from './tls.js';

/** A connection that cannot be had within this time makes the request fail with 503 instead of queueing. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Above the slowest legitimate statement (10,000 emails inserted), below a caller's patience. */
const STATEMENT_TIMEOUT_MS = 7_000;
/** A server that says nothing at all keeps no timeout either: its connection is given up, and what waits on it fails. */
const SILENCE_TIMEOUT_MS = 7_500;
const LOCK_TIMEOUT_MS = 3_000;
/** A process that hangs inside a transaction loses it before a lease (30 s) ends. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;

/**
 * Options of a data source; entities are added by the modules that own them. `isPatient`: migrations and commands may take
 * over each statement as long as they need.
 */
export function dataSourceOptions(
  config: DatabaseConfig,
  applicationName: string,
  { isPatient = false } = {},
): DataSourceOptions {
  return {
    type: 'postgres',
    migrations,
    migrationsTableName: 'migrations',
    // Query parameters are recipients and contents: TypeORM's own logger would print them.
    logging: false,
    applicationName,
    poolSize: config.maxConnections,
    extra: {
      ...pgTls(config),
      min: config.minConnections,
      maxLifetimeSeconds: config.maxLifetimeSeconds,
      idleTimeoutMillis: config.idleTimeoutSeconds * 1000,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...(!isPatient && { statement_timeout: STATEMENT_TIMEOUT_MS, silenceTimeoutMs: SILENCE_TIMEOUT_MS }),
      lock_timeout: LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
      keepAlive: true,
      // Statements are sent as they come, without waiting for the answer to the one before (pipeline.ts).
      pipeline: true,
    },
  };
}
