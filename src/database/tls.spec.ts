import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates, TLSSocket } from 'node:tls';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SslMode } from '../config/database-url.js';
import { pgTls } from './tls.js';

// Self-signed, for the name localhost alone, valid until 2126.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUMdx//IgVcrWO/t74ZXoLkPe7mQQwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE2NDEyNVoYDzIxMjYxMDI5
MTY0MTI1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR+frrMll+GICgEl6mBxcDdzT+EUlNg8VyLUHK2J9XrjxujxUGFBWVK
pehJ2mZotWu8r3Y/9IvdY5IlJGCrc9Fho2kwZzAdBgNVHQ4EFgQUgJDCPNUgY/Nv
lf0RFlkhw3L3078wHwYDVR0jBBgwFoAUgJDCPNUgY/Nvlf0RFlkhw3L3078wDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIgRUgpqv1xgsfzqxCTjfjAXzzSlIE85HsDLgh9WyvBgVwCIQCdKN5/SnUW
othI9Nd3mc8SYU2WDnn1D+TH4R/50f/w6g==
-----END CERTIFICATE-----`;
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1WtSQa+M4XdyMLVY
dN76j6iGj9EZDfhMMPgmBbIxJm2hRANCAAR+frrMll+GICgEl6mBxcDdzT+EUlNg
8VyLUHK2J9XrjxujxUGFBWVKpehJ2mZotWu8r3Y/9IvdY5IlJGCrc9Fh
-----END PRIVATE KEY-----`;

let folder: string;
let ownCa: string;
let otherCa: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  ownCa = join(folder, 'own.pem');
  otherCa = join(folder, 'other.pem');
  writeFileSync(ownCa, certificate);
  writeFileSync(otherCa, rootCertificates[0]!);
});

afterAll(() => rmSync(folder, { recursive: true }));

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const READY = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
const FAREWELL = Buffer.from('E\0\0\0\x2bSFATAL\0C57P01\0Mterminating connection\0\0', 'latin1');

/** As much of PostgreSQL as a connection needs: the answer to SSLRequest, then authenticated and ready. */
async function postgres(answer: 'S' | 'N', greeting = READY) {
  const sessions: string[] = [];
  const sockets = new Set<Socket>();
  const welcome = (socket: Socket | TLSSocket) => {
    socket.once('data', () => {
      sessions.push(socket instanceof TLSSocket ? 'tls' : 'plain');
      socket.write(greeting);
      socket.once('data', () => socket.end());
    });
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (first) => {
      const isSslRequest = first.readInt32BE(4) === 80877103;
      if (!isSslRequest) {
        welcome(socket);
        socket.emit('data', first);
        return;
      }
      socket.write(answer);
      if (answer === 'N') return welcome(socket);
      const secured = new TLSSocket(socket, { isServer: true, key, cert: certificate });
      secured.on('error', () => undefined);
      welcome(secured);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, sessions };
}

interface Attempt {
  port: number;
  sslMode: SslMode;
  sslRootCert?: string;
  host?: string;
}

async function connectOnce({ port, sslMode, sslRootCert, host = '127.0.0.1' }: Attempt): Promise<void> {
  const url = `postgresql://user:password@${host}:${port}/database`;
  const pool = new pg.Pool({ ...pgTls({ url, sslMode, sslRootCert: sslRootCert ?? null }), max: 1 });
  try {
    const client = await pool.connect();
    client.release(true);
  } finally {
    await pool.end();
  }
}

it.each(['disable', 'prefer'] as const)(
  'a server that dies as it answers, with sslmode=%s, ends no process',
  async (sslMode) => {
    const { port } = await postgres('N', Buffer.concat([READY, FAREWELL]));
    const url = `postgresql://user:password@127.0.0.1:${port}/database`;
    const pool = new pg.Pool({ ...pgTls({ url, sslMode, sslRootCert: null }), max: 1 });
    closing.push(() => pool.end());
    const client = await pool.connect();
    await expect(client.query('SELECT 1')).rejects.toThrow(/not queryable/);
    client.release(true);
  },
);

describe('a server that offers TLS', () => {
  it.each([
    ['disable', 'plain'],
    ['allow', 'tls'],
    ['prefer', 'tls'],
    ['require', 'tls'],
  ] as const)('is talked to with sslmode=%s in %s, without verification', async (sslMode, session) => {
    const server = await postgres('S');
    await connectOnce({ port: server.port, sslMode });
    expect(server.sessions).toEqual([session]);
  });

  it('passes verify-ca by its chain, whatever its name', async () => {
    const server = await postgres('S');
    await connectOnce({ port: server.port, sslMode: 'verify-ca', sslRootCert: ownCa });
    expect(server.sessions).toEqual(['tls']);
  });

  it.each(['require', 'verify-ca', 'verify-full'] as const)('fails %s under another authority', async (sslMode) => {
    const server = await postgres('S');
    const attempt = connectOnce({ port: server.port, sslMode, sslRootCert: otherCa, host: 'localhost' });
    await expect(attempt).rejects.toThrow(/self-signed certificate/);
    expect(server.sessions).toEqual([]);
  });

  it('passes verify-full under its own name only', async () => {
    const server = await postgres('S');
    const attempt = { port: server.port, sslMode: 'verify-full', sslRootCert: ownCa } as const;
    await connectOnce({ ...attempt, host: 'localhost' });
    await expect(connectOnce(attempt)).rejects.toThrow(/does not match certificate/);
    expect(server.sessions).toEqual(['tls']);
  });

  it('fails verify-full without a root certificate when no public authority signed it', async () => {
    const server = await postgres('S');
    await expect(connectOnce({ port: server.port, sslMode: 'verify-full', host: 'localhost' })).rejects.toThrow(
      /self-signed certificate/,
    );
  });
});

describe('a server without TLS', () => {
  it.each(['disable', 'allow', 'prefer'] as const)('is talked to in plain with sslmode=%s', async (sslMode) => {
    const server = await postgres('N');
    await connectOnce({ port: server.port, sslMode });
    expect(server.sessions).toEqual(['plain']);
  });

  it('is refused with sslmode=require', async () => {
    const server = await postgres('N');
    await expect(connectOnce({ port: server.port, sslMode: 'require' })).rejects.toThrow(/does not support SSL/);
    expect(server.sessions).toEqual([]);
  });
});

it('reports an unreachable server as node-postgres does with sslmode=prefer', async () => {
  const server = await postgres('N');
  await closing.pop()!();
  await expect(connectOnce({ port: server.port, sslMode: 'prefer' })).rejects.toThrow(/ECONNREFUSED/);
});

it('serves a single client with sslmode=prefer, by promise', async () => {
  const server = await postgres('S');
  const { Client, ...options } = pgTls({
    url: `postgresql://user:password@127.0.0.1:${server.port}/database`,
    sslMode: 'prefer',
    sslRootCert: null,
  });
  const client = new Client(options);
  await client.connect();
  await client.end();
  expect(server.sessions).toEqual(['tls']);
});
