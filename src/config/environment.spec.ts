import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { authConfig } from './auth.config.js';
import type { ProcessName } from './contradiction.js';
import { databaseConfig } from './database.config.js';
import { EnvironmentError } from './environment-error.js';
import { validateFor } from './environment.js';
import { logConfig } from './log.config.js';
import { natsConfig } from './nats.config.js';
import { schedulerConfig } from './scheduler.config.js';
import { serverConfig } from './server.config.js';
import { trackingConfig } from './tracking.config.js';
import { webhooksConfig } from './webhooks.config.js';

const needed = { DATABASE_URL: 'postgresql://localhost/messages', API_KEY: '0123456789abcdef' };

function faults(environment: Record<string, string>, process: ProcessName = 'gateway'): string[] {
  try {
    validateFor(process)({ ...needed, ...environment });
    return [];
  } catch (error) {
    if (error instanceof EnvironmentError) return error.faults;
    throw error;
  }
}

describe('defaults', () => {
  it('are those of the contract', () => {
    validateFor('gateway')(needed);
    expect(serverConfig()).toEqual({
      port: 3000,
      publicUrl: 'http://localhost:3000',
      maxBodyBytes: 33554432,
      unknownFields: 'refuse',
      defaultTimezone: 'UTC',
      metricsPort: 9464,
      allowedRecipients: [],
      fromDomains: [],
      publicRatePerSecond: 1000,
      refusalsPerSecond: 100,
      trustedProxies: 1,
      shutdownDelaySeconds: 5,
    });
    expect(logConfig()).toEqual({ level: 'info' });
    expect(databaseConfig()).toEqual({
      url: 'postgresql://localhost/messages',
      migrateUrl: 'postgresql://localhost/messages',
      maxConnections: 25,
      minConnections: 5,
      maxLifetimeSeconds: 3600,
      idleTimeoutSeconds: 900,
      migrateOnBoot: true,
      sslMode: 'prefer',
      sslRootCert: null,
    });
    expect(natsConfig()).toEqual({
      servers: ['127.0.0.1:4222'],
      tls: false,
      credsFile: null,
      caFile: null,
      stream: 'messages',
      subject: 'messages.email',
      maxBytes: 1073741824,
      replicas: 1,
      consumer: 'messages-sender',
      payload: 'inline',
      payloadFormat: 'msgpack',
      externalSender: false,
      highWater: 100000,
    });
    expect(schedulerConfig()).toEqual({ enabled: true, intervalSeconds: 60, batchSize: 1000 });
    expect(trackingConfig()).toEqual({ trackOpens: true, secret: null, storeClientDetails: false });
    expect(webhooksConfig()).toEqual({ topicArns: [], certDir: null, snsEndpoint: null });
  });

  it('stand in for empty values', () => {
    expect(faults({ SERVER_PORT: '', UNKNOWN_FIELDS: ' ', TRACKING_SECRET: '', NATS_URL: '' })).toEqual([]);
    expect(serverConfig()).toMatchObject({ port: 3000, unknownFields: 'refuse' });
    expect(natsConfig().servers).toEqual(['127.0.0.1:4222']);
  });
});

describe('faults', () => {
  it('are reported all together, in one message, with what was given', () => {
    const found = faults({
      DATABASE_URL: '',
      SERVER_PORT: '70000',
      SERVER_HOST: 'localhost:3000',
      BATCH_SIZE: '1e3',
      TRACK_OPENS: 'on',
      LOG_LEVEL: 'loud',
      DEFAULT_TIMEZONE: 'Mars/Olympus',
      DB_MIN_CONNECTIONS: '9',
      DB_MAX_CONNECTIONS: '8',
    });
    expect(found).toEqual([
      'SERVER_HOST must be an absolute http:// or https:// URL without credentials, query or fragment (given: "localhost:3000")',
      'DEFAULT_TIMEZONE must be an IANA time zone such as UTC or Europe/Berlin (given: "Mars/Olympus")',
      'SERVER_PORT must not be greater than 65535 (given: 70000)',
      'LOG_LEVEL must be one of the following values: error, warn, info, debug, trace (given: "loud")',
      'DATABASE_URL is required, such as postgresql://postgres:password@localhost:5432/messages',
      'BATCH_SIZE must be a whole number (given: "1e3")',
      'TRACK_OPENS must be true or false (also 1, 0, yes, no) (given: "on")',
      'DB_MIN_CONNECTIONS, DB_MAX_CONNECTIONS: the minimum (9) must not be above the maximum (8)',
    ]);
    expect(new EnvironmentError(found).message).toBe(
      ['The environment has 8 faults:', ...found.map((fault) => `  - ${fault}`)].join('\n'),
    );
  });

  it('never show a secret', () => {
    const secrets = {
      API_KEY: 'hush-api',
      API_KEYS: 'hush=hush,hush-name',
      DATABASE_URL: 'mysql://hush@hush/hush',
      MIGRATE_DATABASE_URL: 'hush://hush',
      NATS_URL: 'http://hush:hush@hush',
      TRACKING_SECRET: 'hush',
    };
    const gateway = faults(secrets);
    expect(gateway).toHaveLength(Object.keys(secrets).length);
    const sender = faults({ SMTP_URL: 'http://hush@hush', SENDER_TRANSPORT: 'smtp' }, 'sender');
    expect(sender).toHaveLength(1);
    expect([...gateway, ...sender].join('\n')).not.toContain('hush');
  });

  it.each(['1e3', '0x10', '5x', '5.0', '+5', '--5', '5 6', '9007199254740993'])(
    'refuses the whole number %s',
    (text) => {
      expect(faults({ NATS_MAX_BYTES: text })).toEqual([
        `NATS_MAX_BYTES must be a whole number (given: ${JSON.stringify(text)})`,
      ]);
    },
  );

  it.each([
    ['true', true],
    ['YES', true],
    ['1', true],
    ['False', false],
    ['no', false],
    ['0', false],
  ])('reads %s as %s', (text, value) => {
    expect(faults({ MIGRATE_ON_BOOT: text })).toEqual([]);
    expect(databaseConfig().migrateOnBoot).toBe(value);
  });

  it('name two servers on one port', () => {
    expect(faults({ METRICS_PORT: '3000' })).toEqual(['SERVER_PORT, METRICS_PORT: must be different ports']);
    expect(faults({ METRICS_PORT: '0', SERVER_PORT: '0' })).toEqual([]);
  });
});

describe('the public URL', () => {
  it('loses its trailing slashes and keeps its path', () => {
    validateFor('gateway')({ ...needed, SERVER_HOST: 'https://mail.example.com/gateway//' });
    expect(serverConfig().publicUrl).toBe('https://mail.example.com/gateway');
  });

  it.each(['ftp://a.example', 'https://user@a.example', 'https://a.example/?x=1', '//a.example'])(
    'is not %s',
    (url) => {
      expect(faults({ SERVER_HOST: url })).toHaveLength(1);
    },
  );
});

describe('a secret in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  it('is read without its line break, and without that one only', () => {
    expect(faults({ TRACKING_SECRET_FILE: file('unix', 'a secret of sixteen\n') })).toEqual([]);
    expect(trackingConfig().secret).toBe('a secret of sixteen');
    expect(faults({ TRACKING_SECRET_FILE: file('dos', ' two lines of text\n\r\n') })).toEqual([]);
    expect(trackingConfig().secret).toBe(' two lines of text\n');
  });

  it('takes the place of an empty variable, not of a given one', () => {
    const API_KEY_FILE = file('key', 'fedcba9876543210\n');
    expect(faults({ API_KEY: '', API_KEY_FILE })).toEqual([]);
    expect(authConfig().keys).toHaveLength(1);
    expect(faults({ API_KEY_FILE })).toEqual(['API_KEY is given twice: set it or API_KEY_FILE, not both']);
  });

  it('must be there and not be empty', () => {
    const missing = join(folder, 'missing');
    const empty = file('empty', '\n');
    expect(faults({ TRACKING_SECRET_FILE: missing })).toEqual([
      `TRACKING_SECRET cannot be read from the file in TRACKING_SECRET_FILE (ENOENT: ${missing})`,
    ]);
    expect(faults({ TRACKING_SECRET_FILE: empty })).toEqual([
      `TRACKING_SECRET is empty in the file that TRACKING_SECRET_FILE names (${empty})`,
    ]);
  });

  it('is not looked for by a process that does not read the variable', () => {
    expect(faults({ API_KEY: '', API_KEY_FILE: join(folder, 'missing') }, 'cli')).toEqual([]);
  });
});

describe('RUST_LOG', () => {
  it.each([
    ['info,sqlx=warn,tower_http=debug', 'debug'],
    ['warn', 'warn'],
    ['gateway=TRACE', 'trace'],
    ['off', 'info'],
    ['my_crate', 'info'],
  ])('%s means %s', (rustLog, level) => {
    validateFor('gateway')({ ...needed, RUST_LOG: rustLog });
    expect(logConfig().level).toBe(level);
  });

  it('gives way to LOG_LEVEL', () => {
    validateFor('gateway')({ ...needed, RUST_LOG: 'trace', LOG_LEVEL: 'Warn' });
    expect(logConfig().level).toBe('warn');
  });
});
