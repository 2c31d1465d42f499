import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { authConfig } from './auth.config.js';
import { AppConfigModule } from './config.module.js';
import type { ProcessName } from './contradiction.js';
import { databaseConfig } from './database.config.js';
import { EnvironmentError } from './environment-error.js';
import { natsConfig } from './nats.config.js';
import { senderConfig } from './sender.config.js';
import { serverConfig, type ServerConfig } from './server.config.js';

class Consumer {
  constructor(readonly server: ServerConfig) {}
}

const consumer = {
  provide: Consumer,
  useFactory: (server: ServerConfig) => new Consumer(server),
  inject: [serverConfig.KEY],
};

// Plain definitions: a spec stands outside tsconfig.json, so its decorators would not be compiled.
class ConsumerModule {}

const home = process.cwd();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  process.chdir(folder);
  vi.stubEnv('DATABASE_URL', 'postgresql://localhost/messages');
  vi.stubEnv('API_KEY', '0123456789abcdef');
});

afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

function boot(processName: ProcessName) {
  const imports = [AppConfigModule.forProcess(processName), { module: ConsumerModule, providers: [consumer] }];
  return Test.createTestingModule({ imports }).compile();
}

describe('AppConfigModule', () => {
  it('gives every module the namespaces of its process', async () => {
    const gateway = await boot('gateway');
    expect(gateway.get(Consumer, { strict: false }).server.port).toBe(3000);
    expect(gateway.get(authConfig.KEY, { strict: false })).toHaveProperty('keys.length', 1);
    expect(() => gateway.get(senderConfig.KEY, { strict: false })).toThrow();
  });

  it('freezes what it gives, to the bottom', async () => {
    const gateway = await boot('gateway');
    const nats = gateway.get<ReturnType<typeof natsConfig>>(natsConfig.KEY, { strict: false });
    const auth = gateway.get<ReturnType<typeof authConfig>>(authConfig.KEY, { strict: false });
    expect([nats, nats.servers, auth, auth.keys, auth.keys[0]].every(Object.isFrozen)).toBe(true);
    expect(() => nats.servers.push('other:4222')).toThrow(TypeError);
  });

  it('gives one object per application to everybody', async () => {
    const gateway = await boot('gateway');
    const { server } = gateway.get(Consumer, { strict: false });
    expect(gateway.get(serverConfig.KEY, { strict: false })).toBe(server);
  });

  it('rejects with all faults, and not before somebody waits for it', async () => {
    vi.stubEnv('SERVER_PORT', 'x');
    vi.stubEnv('API_KEY', '');
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const loading = AppConfigModule.forProcess('gateway');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    await expect(loading).rejects.toBeInstanceOf(EnvironmentError);
    await expect(loading).rejects.toHaveProperty('faults.length', 2);
  });

  it('serves applications with different environments one after the other', async () => {
    vi.stubEnv('SERVER_PORT', '3001');
    const first = await boot('gateway');
    vi.stubEnv('SERVER_PORT', '3002');
    const second = await boot('gateway');
    expect(first.get(Consumer, { strict: false }).server.port).toBe(3001);
    expect(second.get(Consumer, { strict: false }).server.port).toBe(3002);
  });

  it('says what is missing when a namespace is read by a process that does not have it', async () => {
    await AppConfigModule.forProcess('cli');
    expect(databaseConfig().maxConnections).toBe(25);
    expect(() => senderConfig()).toThrow(/SenderVariables is not read in this process/);
  });
});

describe('.env', () => {
  it('is read, and gives way to real variables', async () => {
    writeFileSync('.env', 'SERVER_PORT=4001\nMETRICS_PORT=4002\n');
    vi.stubEnv('METRICS_PORT', '4003');
    const gateway = await boot('gateway');
    expect(gateway.get(Consumer, { strict: false }).server).toMatchObject({ port: 4001, metricsPort: 4003 });
  });

  it('passes on what libraries read for themselves, and nothing of ours', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    writeFileSync('.env', 'AWS_REGION=eu-central-1\nTRACKING_SECRET=0123456789abcdef\nSERVER_PORT=4001\n');
    await boot('gateway');
    expect(process.env.AWS_REGION).toBe('eu-central-1');
    expect(process.env).not.toHaveProperty('TRACKING_SECRET');
    expect(process.env).not.toHaveProperty('SERVER_PORT');
  });
});
