import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { databaseConfig } from './database.config.js';
import { validateFor } from './environment.js';

const file = fileURLToPath(import.meta.url);
const plain = 'postgresql://user:p%40ss@db.example:5433/messages';

function database(environment: Record<string, string>) {
  validateFor('cli')({ DATABASE_URL: plain, ...environment });
  return databaseConfig();
}

describe('DATABASE_URL', () => {
  it.each(['disable', 'allow', 'prefer', 'require', 'verify-full'])('takes out sslmode=%s', (sslMode) => {
    expect(database({ DATABASE_URL: `${plain}?sslmode=${sslMode}` })).toMatchObject({ url: plain, sslMode });
  });

  it('takes out sslrootcert and leaves every other byte as it is', () => {
    const DATABASE_URL = `${plain}?options=-c%20geqo%3Doff&sslmode=verify-ca&sslrootcert=${file}&host=%2Frun%2Fpg`;
    expect(database({ DATABASE_URL })).toMatchObject({
      url: `${plain}?options=-c%20geqo%3Doff&host=%2Frun%2Fpg`,
      sslMode: 'verify-ca',
      sslRootCert: file,
    });
  });

  it("reads JDBC's ssl=true as require, as libpq does", () => {
    expect(database({ DATABASE_URL: `${plain}?ssl=true` })).toMatchObject({ url: plain, sslMode: 'require' });
  });

  it('takes the certificates of Node.js as the system authorities, with verify-full', () => {
    const DATABASE_URL = `${plain}?sslmode=verify-full&sslrootcert=system`;
    expect(database({ DATABASE_URL })).toMatchObject({ sslMode: 'verify-full', sslRootCert: 'system' });
  });

  it.each([
    ['mysql://localhost/messages', /must be a URL such as/],
    ['localhost:5432', /must be a URL such as/],
    [`${plain}?sslmode=verify`, /must have one of disable, allow, .* as its sslmode/],
    [`${plain}?sslmode=verify-ca`, /must name the certificate authority in sslrootcert/],
    [`${plain}?sslmode=require&sslrootcert=system`, /must have sslmode=verify-full with sslrootcert=system/],
    [`${plain}?sslmode=verify-full&sslrootcert=/missing.pem`, /must name in sslrootcert a file that can be read/],
    [`${plain}?sslcert=client.pem`, /must not hold sslcert/],
  ])('is refused as %s', (DATABASE_URL, fault) => {
    expect(() => database({ DATABASE_URL })).toThrow(fault);
  });
});

describe('MIGRATE_DATABASE_URL', () => {
  const migrate = 'postgresql://owner@db.example:5433/messages';

  it('is another role on the same terms', () => {
    const DATABASE_URL = `${plain}?sslmode=require`;
    for (const MIGRATE_DATABASE_URL of [migrate, `${migrate}?sslmode=require`]) {
      const config = database({ DATABASE_URL, MIGRATE_DATABASE_URL });
      expect(config).toMatchObject({ url: plain, migrateUrl: migrate, sslMode: 'require' });
    }
  });

  it('does not differ in TLS', () => {
    const environment = {
      DATABASE_URL: `${plain}?sslmode=require`,
      MIGRATE_DATABASE_URL: `${migrate}?sslmode=disable`,
    };
    expect(() => database(environment)).toThrow(/must not differ in sslmode or sslrootcert/);
  });
});

it('takes as many connections at least as at most', () => {
  expect(database({ DB_MIN_CONNECTIONS: '4', DB_MAX_CONNECTIONS: '4' })).toMatchObject({
    minConnections: 4,
    maxConnections: 4,
  });
  expect(() => database({ DB_MIN_CONNECTIONS: '1', DB_MAX_CONNECTIONS: '3' })).toThrow(/DB_MAX_CONNECTIONS/);
  expect(() => database({ DB_MAX_CONNECTIONS: '4' })).toThrow(/the minimum \(5\) must not be above the maximum \(4\)/);
});
