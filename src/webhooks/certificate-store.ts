import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BoundedGet } from './bounded-get.js';
import { ExpiringCache } from './expiring-cache.js';
import { certificateFileName } from './signing-certificate-url.js';
import { isValidAt, readSigningKey, type SigningKey } from './signing-key.js';

/** SNS has one certificate per region at a time. */
const MAX_KEYS = 8;
const KEY_TTL_MS = 24 * 3_600_000;

/** Names are free for anyone to invent, so what is remembered of bad ones is bounded too. */
const MAX_FAILURES = 64;
const REFUSED_TTL_MS = 30_000;
/** SNS comes again after 20 s: by then a passing fault is to be forgotten. */
const UNREACHABLE_TTL_MS = 5_000;

/** Unsigned messages that name ever new files may keep this many connections busy, all to SNS's own hosts. */
const MAX_FETCHES = 4;
const FETCH_LIMITS = { timeoutMs: 3_000, maxBytes: 64 * 1024 };

/** Why there is no key: a bad certificate, or (temporary) none that could be reached, which SNS should try again. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';

  constructor(
    reason: string,
    readonly isTemporary = false,
  ) {
    super(reason);
  }
}

/** A pin's file is looked at this often: each look is a system call, of 4 to 13 µs beside the 25 of a signature. */
const PIN_LOOK_MS = 1_000;

interface Pin {
  lookedAtMs: number;
  version: string;
  key: SigningKey | string;
}

/**
 * The keys that SNS signs with, by the URL of their certificate. A pin, a file of the same name in `SNS_CERT_DIR`, goes
 * before the network. Adding one takes effect at once, replacing or removing it within a second. A fetched certificate is
 * remembered only after it has verified a message.
 */
export class CertificateStore {
  private readonly keys: ExpiringCache<SigningKey>;
  private readonly pins: ExpiringCache<Pin>;
  private readonly failures: ExpiringCache<CertificateError>;
  private readonly fetches = new Map<string, Promise<SigningKey>>();

  constructor(
    private readonly certDir: string | null,
    private readonly get: BoundedGet,
    private readonly now: () => number = Date.now,
  ) {
    this.keys = new ExpiringCache(MAX_KEYS, now);
    this.pins = new ExpiringCache(MAX_KEYS, now);
    this.failures = new ExpiringCache(MAX_FAILURES, now);
  }

  /** Throws a CertificateError; never connects anywhere but to a host of SNS. */
  async find(url: string): Promise<SigningKey> {
    const fileName = certificateFileName(url);
    if (fileName === null) throw new CertificateError("SigningCertURL is none of SNS's");
    const pinned = this.pinned(fileName);
    if (pinned !== undefined) return this.valid(pinned);
    const cached = this.keys.get(url);
    if (cached !== undefined && isValidAt(cached, this.now())) return cached;
    const failure = this.failures.get(url);
    if (failure !== undefined) throw failure;
    return this.fetchOnce(url);
  }

  /** The key verified a message. Pins are not kept here: their files are the truth. */
  keep(url: string, key: SigningKey): void {
    const fileName = certificateFileName(url);
    if (fileName === null || this.pins.get(fileName)?.key === key || this.keys.get(url) === key) return;
    this.keys.set(url, key, KEY_TTL_MS);
  }

  /** Looked at synchronously: a turn through the thread pool took 26 µs, more than the signature. */
  private pinned(fileName: string): SigningKey | string | undefined {
    if (this.certDir === null) return undefined;
    // The name is hexadecimal between fixed words: no path can be in it.
    const path = join(this.certDir, fileName);
    const known = this.pins.get(fileName);
    const lookedAtMs = this.now();
    if (known !== undefined && lookedAtMs - known.lookedAtMs < PIN_LOOK_MS) return known.key;
    try {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) {
        this.pins.delete(fileName);
        return undefined;
      }
      const version = `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
      const key = known?.version === version ? known.key : readPin(path, stat.size);
      this.pins.set(fileName, { lookedAtMs, version, key }, KEY_TTL_MS);
      return key;
    } catch (error) {
      // It says something, and we cannot hear it: going to the network instead would undo the pin.
      throw new CertificateError(`the pin ${fileName} cannot be read: ${(error as NodeJS.ErrnoException).code}`, true);
    }
  }

  private fetchOnce(url: string): Promise<SigningKey> {
    const running = this.fetches.get(url);
    if (running !== undefined) return running;
    if (this.fetches.size >= MAX_FETCHES) throw new CertificateError('too many certificates are being fetched', true);
    const fetching = this.fetch(url).finally(() => this.fetches.delete(url));
    this.fetches.set(url, fetching);
    return fetching;
  }

  private async fetch(url: string): Promise<SigningKey> {
    try {
      return this.valid(await this.download(url));
    } catch (error) {
      const failure = error as CertificateError;
      this.failures.set(url, failure, failure.isTemporary ? UNREACHABLE_TTL_MS : REFUSED_TTL_MS);
      throw failure;
    }
  }

  private async download(url: string): Promise<SigningKey | string> {
    const { status, body } = await this.get(url, FETCH_LIMITS).catch((error: unknown) => {
      throw new CertificateError(`the certificate cannot be fetched: ${describe(error)}`, true);
    });
    if (status === 429 || status >= 500) throw new CertificateError(`its host answered ${status}`, true);
    if (status !== 200) return `its host answered ${status}`;
    return body === null ? 'the answer is too large or too slow' : readSigningKey(body);
  }

  private valid(key: SigningKey | string): SigningKey {
    if (typeof key === 'string') throw new CertificateError(key);
    if (!isValidAt(key, this.now())) throw new CertificateError('the certificate is outside of its time');
    return key;
  }
}

function readPin(path: string, size: number): SigningKey | string {
  return size > FETCH_LIMITS.maxBytes ? 'the file is too large' : readSigningKey(readFileSync(path));
}

/** fetch says only "fetch failed" and puts the reason into the cause. */
function describe(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}
