import type { SenderConfig } from '../../config/sender.config.js';
import type { Account } from '../../limits/limits.repository.js';
import { SesAccountReader } from './ses-account.js';

/** Asks the provider what the account may send. Throws what a Transport throws. */
export interface AccountReader {
  read(): Promise<Account>;
  close(): void;
}

/** Of this process's provider; null where it reports nothing. */
export const ACCOUNT_READER = Symbol('ACCOUNT_READER');

export function accountReaderFor({ transport }: Pick<SenderConfig, 'transport'>): AccountReader | null {
  return transport === 'ses' ? new SesAccountReader() : null;
}
