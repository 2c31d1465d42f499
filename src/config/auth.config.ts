import { registerAs, type ConfigType } from '@nestjs/config';

export interface ConfiguredKey {
  name: string;
  /** SHA-256 of the key. */
  digest: Buffer;
  readOnly: boolean;
}

export const authConfig = registerAs('auth', () => ({ keys: [] as readonly ConfiguredKey[] }));

export type AuthConfig = ConfigType<typeof authConfig>;
