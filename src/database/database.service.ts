import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { databaseConfig, type DatabaseConfig } from '../config/database.config.js';
import { dataSourceOptions } from './data-source-options.js';
import { migrate, refuseNewerSchema } from './migrator.js';
import { messageOf } from '../runtime/message-of.js';

const FIRST_RETRY_MS = 250;
/** A process is ready within 5 s after its database: this pause, a try that times out (2 s), and the migrations. */
const LONGEST_RETRY_MS = 2_000;

/**
 * Connects in the background, so that a process whose database is away is alive, says so, and recovers by itself.
 * `ready` resolves once connected and migrated; until then every statement fails and is answered with 503. A
 * migration that fails, or a schema that is newer, ends the process: no later attempt of the same build could succeed.
 */
@Injectable()
export class DatabaseService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Database');
  private readonly stopping = new AbortController();
  private markReady!: () => void;
  readonly ready = new Promise<void>((resolve) => (this.markReady = resolve));
  isReady = false;
  /** How many were made so far: the next may lead to another server. Counted before its first statement. */
  connections = 0;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(databaseConfig.KEY) private readonly config: DatabaseConfig,
  ) {}

  onApplicationBootstrap(): void {
    void this.connect();
  }

  onModuleDestroy(): void {
    this.stopping.abort();
  }

  private async connect(): Promise<void> {
    for (let waitMs = FIRST_RETRY_MS; !this.stopping.signal.aborted; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
      try {
        await this.dataSource.initialize();
        const pool = (this.dataSource.driver as PostgresDriver).master as pg.Pool;
        pool.on('connect', () => (this.connections += 1));
        break;
      } catch (error) {
        this.logger.warn(`PostgreSQL is not reachable, next try in ${waitMs} ms: ${messageOf(error)}`);
        await sleep(waitMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
    if (this.stopping.signal.aborted) return;
    await this.prepareOrExit();
    this.isReady = true;
    this.markReady();
  }

  private async prepareOrExit(): Promise<void> {
    try {
      if (!this.config.migrateOnBoot) return await refuseNewerSchema(this.dataSource);
      for (const name of await this.migrate()) this.logger.log(`migrated: ${name}`);
    } catch (error) {
      this.logger.fatal(`the schema cannot be used: ${messageOf(error)}`);
      process.exit(1);
    }
  }

  /** Migrations need DDL, which the run-time role may lack, and more time than other statements. */
  private async migrate(): Promise<string[]> {
    const config = { ...this.config, url: this.config.migrateUrl, minConnections: 0, maxConnections: 2 };
    const migrator = new DataSource(dataSourceOptions(config, 'messages-migrate', { isPatient: true }));
    await migrator.initialize();
    try {
      return await migrate(migrator);
    } finally {
      await migrator.destroy();
    }
  }
}
