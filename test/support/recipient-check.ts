import type { DataSource } from 'typeorm';
import type { ServerConfig } from '../../src/config/server.config.js';
import { RecipientCheck } from '../../src/suppressions/recipient-check.js';
import { Suppression } from '../../src/suppressions/suppression.entity.js';
import { SuppressionsRepository } from '../../src/suppressions/suppressions.repository.js';

/** The check over a test's database, where nobody is left out by ALLOWED_RECIPIENTS. */
export function recipientCheck(dataSource: DataSource): RecipientCheck {
  const suppressions = new SuppressionsRepository(dataSource.getRepository(Suppression));
  return new RecipientCheck(suppressions, { allowedRecipients: [] as readonly string[] } as ServerConfig);
}
