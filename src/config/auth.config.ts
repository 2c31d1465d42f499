import { createHash } from 'node:crypto';
import { registerAs, type ConfigType } from '@nestjs/config';
import type { Contradiction, ProcessName } from './contradiction.js';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { list } from './readers.js';
import { Variable } from './variable.js';

export interface ApiKey {
  name: string;
  /** SHA-256 of the key: what is compared, so that the key itself stays out of the heap's long life and of logs. */
  digest: Buffer;
  readOnly: boolean;
}

const minKeyBytes = 16;

// Faults speak of positions: whoever forgets the name puts the key itself where a name is expected.
function apiKey(name: string, readOnly: boolean, key: string, position: string): ApiKey {
  if (Buffer.byteLength(key) < minKeyBytes) throw new Error(`must have at least ${minKeyBytes} bytes in ${position}`);
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error(`must be printable ASCII without spaces in ${position}`);
  return { name, readOnly, digest: createHash('sha256').update(key).digest() };
}

/** Several keys are one caller who rotates: they share a name, so limits and idempotency outlive the rotation. */
function rotatedKeys(text: string): readonly ApiKey[] {
  return distinct(list(text).map((key, index) => apiKey('default', false, key, `key ${index + 1}`)));
}

function namedKeys(text: string): readonly ApiKey[] {
  const keys = list(text).map((entry, index) => {
    const position = `entry ${index + 1}`;
    const [, name, read, key] = /^([A-Za-z0-9_.-]{1,50})(:read)?=(.+)$/.exec(entry) ?? [];
    if (!name || !key) throw new Error(`must be name=key or name:read=key in ${position}`);
    return apiKey(name, read !== undefined, key, position);
  });
  if (new Set(keys.map((key) => key.name)).size < keys.length) throw new Error('must not use a name twice');
  return distinct(keys);
}

function distinct(keys: readonly ApiKey[]): readonly ApiKey[] {
  if (keys.length === 0) throw new Error('must hold at least one key');
  if (hasEqualKeys(keys)) throw new Error('must not hold the same key twice');
  return keys;
}

function hasEqualKeys(keys: readonly ApiKey[]): boolean {
  return new Set(keys.map((key) => key.digest.toString('hex'))).size < keys.length;
}

export class AuthVariables {
  @Variable({
    text: 'Key that callers send as x-api-key, at least 16 bytes; several during a rotation. Its name is "default". The gateway needs this or API_KEYS.',
    unit: 'comma-separated list',
    example: '',
    secret: true,
    read: rotatedKeys,
  })
  readonly API_KEY: readonly ApiKey[] | null;

  @Variable({
    text: 'Named keys, name=key; name:read=key may only read. The name stands on messages, logs, limits and idempotency.',
    unit: 'comma-separated list',
    secret: true,
    read: namedKeys,
  })
  readonly API_KEYS: readonly ApiKey[] | null;

  keys(): ApiKey[] {
    return [...(this.API_KEY ?? []), ...(this.API_KEYS ?? [])];
  }

  contradictions(process: ProcessName): Contradiction[] {
    const of = ['API_KEY', 'API_KEYS'];
    if (!this.API_KEY && !this.API_KEYS) {
      const text = 'one of them must hold a key: callers send it as x-api-key (make one: openssl rand -hex 24)';
      return process === 'gateway' ? [{ of, text }] : [];
    }
    const found: Contradiction[] = [];
    if (this.API_KEY && this.API_KEYS?.some((key) => key.name === 'default')) {
      found.push({ of, text: 'the name "default" belongs to API_KEY' });
    }
    if (hasEqualKeys(this.keys())) found.push({ of, text: 'must not hold the same key twice' });
    return found;
  }
}

export const authConfig = registerAs('auth', () => {
  const keys: readonly ApiKey[] = loadedVariables(AuthVariables).keys();
  return deepFreeze({ keys });
});

export type AuthConfig = ConfigType<typeof authConfig>;
