import { randomBytes } from 'node:crypto';
import { DataSource, type EntitySchema } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { withClient } from './with-client.js';

/** A database of a test's own, empty until it is migrated. */
export class TestDatabase {
  private constructor(
    readonly name: string,
    readonly url: string,
  ) {}

  static async create(): Promise<TestDatabase> {
    const name = `test_${randomBytes(6).toString('hex')}`;
    await administer(`CREATE DATABASE ${name}`);
    const url = new URL(adminUrl());
    url.pathname = `/${name}`;
    return new TestDatabase(name, url.href);
  }

  /** A connected data source with the options of the application. */
  connect(entities: (new () => object)[] | EntitySchema[] = []): Promise<DataSource> {
    const options = dataSourceOptions(
      {
        url: this.url,
        migrateUrl: this.url,
        maxConnections: 8,
        minConnections: 0,
        maxLifetimeSeconds: 3600,
        idleTimeoutSeconds: 10,
        migrateOnBoot: true,
        sslMode: 'disable',
        sslRootCert: null,
      },
      'messages-test',
    );
    return new DataSource({ ...options, entities }).initialize();
  }

  drop(): Promise<void> {
    return administer(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
  }
}

function adminUrl(): string {
  const url = process.env.TEST_DATABASE_URL;
  if (!url) throw new Error('TEST_DATABASE_URL is not set: run the tests with npm test');
  return url;
}

async function administer(statement: string): Promise<void> {
  await withClient(adminUrl(), (client) => client.query(statement));
}
