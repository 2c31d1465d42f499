import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSigningCertificate } from '../../simulator/certificate.js';
import type { GetAnswer, GetLimits } from './bounded-get.js';
import { CertificateError, CertificateStore } from './certificate-store.js';

const HOUR_MS = 3_600_000;
const START = Date.parse('2026-01-02T03:04:05Z');
const year = { notBefore: new Date(START - HOUR_MS), notAfter: new Date(START + 365 * 24 * HOUR_MS) };
const certificate = createSigningCertificate(year);
const other = createSigningCertificate(year);

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function url(name: number | string = 'a1'): string {
  return `https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-${name}.pem`;
}

function pem(text = certificate.certificatePem): GetAnswer {
  return { status: 200, body: Buffer.from(text) };
}

function setup({ pinned = false }: { pinned?: boolean } = {}) {
  const certDir = pinned ? mkdtempSync(join(tmpdir(), 'pins-')) : null;
  if (certDir !== null) folders.push(certDir);
  const bundle = {
    now: START,
    calls: [] as { url: string; limits: GetLimits }[],
    answer: (): GetAnswer | Promise<GetAnswer> => pem(),
    pin: (name: string, text: string) =>
      writeFileSync(join(certDir ?? '', `SimpleNotificationService-${name}.pem`), text),
    certDir: certDir ?? '',
  };
  const get = async (url: string, limits: GetLimits) => {
    bundle.calls.push({ url, limits });
    return bundle.answer();
  };
  return { ...bundle, bundle, store: new CertificateStore(certDir, get, () => bundle.now) };
}

function closedGate(): { promise: Promise<GetAnswer>; resolve: (answer: GetAnswer) => void } {
  let resolve!: (answer: GetAnswer) => void;
  const promise = new Promise<GetAnswer>((resolver) => (resolve = resolver));
  return { promise, resolve };
}

async function failure(found: Promise<unknown>): Promise<{ message: string; isTemporary: boolean }> {
  const error = await found.catch((error: unknown) => error);
  if (!(error instanceof CertificateError)) throw new Error(`no CertificateError: ${String(error)}`);
  return { message: error.message, isTemporary: error.isTemporary };
}

describe('a fetched certificate', () => {
  it('is asked for within 3 s and 64 KiB', async () => {
    const { store, calls } = setup();
    const { key } = await store.find(url());
    expect(key.asymmetricKeyType).toBe('rsa');
    expect(calls).toEqual([{ url: url(), limits: { timeoutMs: 3_000, maxBytes: 65_536 } }]);
  });

  it('is remembered only after it has verified something, for a day', async () => {
    const { store, bundle, calls } = setup();
    await store.find(url());
    const found = await store.find(url());
    expect(calls).toHaveLength(2);
    store.keep(url(), found);
    bundle.now += 24 * HOUR_MS - 1;
    expect(await store.find(url())).toBe(found);
    bundle.now += 1;
    await store.find(url());
    expect(calls).toHaveLength(3);
  });

  it('is fetched once for all who ask at the same time', async () => {
    const { store, bundle, calls } = setup();
    const gate = closedGate();
    bundle.answer = () => gate.promise;
    const found = Array.from({ length: 50 }, () => store.find(url()));
    gate.resolve(pem());
    expect(new Set(await Promise.all(found)).size).toBe(1);
    expect(calls).toHaveLength(1);
  });

  it('is one of at most four under way', async () => {
    const { store, bundle, calls } = setup();
    const gate = closedGate();
    bundle.answer = () => gate.promise;
    const found = Array.from({ length: 4 }, (_, i) => store.find(url(i)));
    expect(await failure(store.find(url(4)))).toMatchObject({ isTemporary: true });
    gate.resolve(pem());
    await Promise.all(found);
    expect(calls).toHaveLength(4);
    await store.find(url(4));
  });

  it('is one of at most eight remembered, those asked for last', async () => {
    const { store, calls } = setup();
    for (let i = 0; i < 9; i++) {
      store.keep(url(i), await store.find(url(i)));
      await store.find(url(0));
    }
    expect(calls).toHaveLength(9);
    await store.find(url(1));
    expect(calls).toHaveLength(10);
  });

  it('is used within its time alone, also where it is remembered', async () => {
    const { store, bundle } = setup();
    const notAfter = new Date(START + HOUR_MS);
    const short = createSigningCertificate({ notBefore: new Date(START), notAfter });
    bundle.answer = () => pem(short.certificatePem);
    store.keep(url(), await store.find(url()));
    bundle.now = notAfter.getTime() + 1;
    const outside = { message: 'the certificate is outside of its time', isTemporary: false };
    expect(await failure(store.find(url()))).toEqual(outside);
    bundle.now = START - 1;
    expect(await failure(store.find(url(2)))).toEqual(outside);
  });

  const ec = createSigningCertificate({ ...year, keys: generateKeyPairSync('ec', { namedCurve: 'P-256' }) });
  const weak = createSigningCertificate({ ...year, keys: generateKeyPairSync('rsa', { modulusLength: 1024 }) });

  it.each<[string, GetAnswer, boolean]>([
    ['a redirect', { status: 302, body: Buffer.from(certificate.certificatePem) }, false],
    ['404', { status: 404, body: Buffer.alloc(0) }, false],
    ['204', { status: 204, body: Buffer.from(certificate.certificatePem) }, false],
    ['too large or slow', { status: 200, body: null }, false],
    ['no certificate', { status: 200, body: Buffer.from('<html>') }, false],
    ['empty', { status: 200, body: Buffer.alloc(0) }, false],
    ['a key of another kind', pem(ec.certificatePem), false],
    ['a short key', pem(weak.certificatePem), false],
    ['503', { status: 503, body: Buffer.from(certificate.certificatePem) }, true],
    ['429', { status: 429, body: Buffer.alloc(0) }, true],
  ])('is not accepted, and not asked for again at once: %s', async (_name, answer, isTemporary) => {
    const { store, bundle, calls } = setup();
    bundle.answer = () => answer;
    expect(await failure(store.find(url()))).toMatchObject({ isTemporary });
    const forgottenMs = isTemporary ? 5_000 : 30_000;
    bundle.now += forgottenMs - 1;
    await failure(store.find(url()));
    expect(calls).toHaveLength(1);
    bundle.now += 1;
    bundle.answer = () => pem();
    await store.find(url());
  });

  it('that cannot be reached is a temporary fault, whose cause is told', async () => {
    const { store, bundle } = setup();
    bundle.answer = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') }));
    expect(await failure(store.find(url()))).toEqual({
      message: 'the certificate cannot be fetched: getaddrinfo ENOTFOUND',
      isTemporary: true,
    });
  });

  it('at any other URL is never asked for', async () => {
    const { store, calls } = setup();
    for (const hostile of ['http://sns.eu-west-1.amazonaws.com/x.pem', `${url()}?`, 'https://evil.example/a.pem', '']) {
      expect(await failure(store.find(hostile))).toMatchObject({ isTemporary: false });
    }
    expect(calls).toEqual([]);
  });
});

describe('a pinned certificate', () => {
  it('goes before the network, and is parsed once', async () => {
    const { store, pin, calls } = setup({ pinned: true });
    pin('a1', certificate.certificatePem);
    const found = await store.find(url());
    store.keep(url(), found);
    expect(await store.find(url())).toBe(found);
    expect(calls).toEqual([]);
  });

  it('is found, replaced and removed while the gateway runs', async () => {
    const { store, pin, bundle, calls, certDir } = setup({ pinned: true });
    const fetched = await store.find(url());
    store.keep(url(), fetched);
    pin('a1', certificate.certificatePem);
    const first = await store.find(url());
    expect(first).not.toBe(fetched);
    pin('a1', other.certificatePem);
    utimesSync(join(certDir, 'SimpleNotificationService-a1.pem'), 1, 1);
    expect(await store.find(url())).toBe(first);
    bundle.now += 1_000;
    const second = await store.find(url());
    expect(second.key.equals(first.key)).toBe(false);
    rmSync(join(certDir, 'SimpleNotificationService-a1.pem'));
    bundle.now += 1_000;
    expect(await store.find(url())).toBe(fetched);
    expect(calls).toHaveLength(1);
  });

  it('leaves other files to the network', async () => {
    const { store, pin, calls } = setup({ pinned: true });
    pin('b2', other.certificatePem);
    await store.find(url());
    expect(calls).toHaveLength(1);
  });

  it('that is bad is not gone around', async () => {
    const { store, pin, bundle, calls, certDir } = setup({ pinned: true });
    pin('a1', 'nonsense');
    expect(await failure(store.find(url()))).toMatchObject({ isTemporary: false });
    pin('a2', 'x'.repeat(70_000));
    expect(await failure(store.find(url('a2')))).toMatchObject({ isTemporary: false });
    mkdirSync(join(certDir, 'SimpleNotificationService-a3.pem'));
    expect(await failure(store.find(url('a3')))).toMatchObject({ isTemporary: true });
    pin('a4', certificate.certificatePem);
    bundle.now = year.notAfter.getTime() + 1;
    expect(await failure(store.find(url('a4')))).toMatchObject({ isTemporary: false });
    expect(calls).toEqual([]);
  });
});
