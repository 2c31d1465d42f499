import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { AllowedRecipients } from './allowed-recipients.js';
import type { SuppressionReason } from './suppression.entity.js';
import { SuppressionsRepository } from './suppressions.repository.js';

/** Why nothing is sent to an address: its suppression's reason, or that ALLOWED_RECIPIENTS does not name it. */
export type Block = SuppressionReason | 'not_allowed_here';

/** What stands as the reason on an email in the state `suppressed`; emails.sql.ts writes the same. */
export function blockText(block: Block): string {
  return block === 'not_allowed_here' ? block : `suppressed: ${block}`;
}

/** One statement's worth: a few milliseconds of lookups, whatever the size of the list. */
const ADDRESSES_PER_STATEMENT = 10_000;

/** Who may be written to, asked at acceptance, at dispatch and at sending. */
@Injectable()
export class RecipientCheck {
  private readonly allowed: AllowedRecipients;

  constructor(
    private readonly suppressions: SuppressionsRepository,
    @Inject(serverConfig.KEY) server: ServerConfig,
  ) {
    this.allowed = new AllowedRecipients(server.allowedRecipients);
  }

  isAllowedHere(address: string): boolean {
    return this.allowed.has(address.toLowerCase());
  }

  /** Those of the addresses that nothing is sent to, as they were given, with the reason. */
  async blocked(addresses: readonly string[], manager?: EntityManager): Promise<ReadonlyMap<string, Block>> {
    const blocked = new Map<string, Block>();
    for (let from = 0; from < addresses.length; from += ADDRESSES_PER_STATEMENT) {
      const given = addresses.slice(from, from + ADDRESSES_PER_STATEMENT);
      const lower = given.map((address) => address.toLowerCase());
      const reasons = await this.suppressions.reasonsAmong(lower, manager);
      for (const [index, address] of lower.entries()) {
        const block = this.allowed.has(address) ? reasons.get(address) : 'not_allowed_here';
        if (block !== undefined) blocked.set(given[index], block);
      }
    }
    return blocked;
  }
}
