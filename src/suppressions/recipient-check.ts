import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { AllowedRecipients } from './allowed-recipients.js';
import type { SuppressionReason } from './suppression.entity.js';
import { type Scope, SuppressionsRepository } from './suppressions.repository.js';

/** Why nothing is sent to an address: its suppression's reason, or that ALLOWED_RECIPIENTS does not name it. */
export type Block = SuppressionReason | 'not_allowed_here';

/** What stands as the reason on an email in the state `suppressed`; emails.sql.ts writes the same. */
export function blockText(block: Block): string {
  return block === 'not_allowed_here' ? block : `suppressed: ${block}`;
}

/** Mail of one topic to these addresses. */
export interface Addressees {
  topicId: string;
  addresses: readonly string[];
}

/** What is not sent: of each topic the addresses, as they were given, with the reason. */
export class BlockedByTopic {
  private static readonly NOBODY: ReadonlyMap<string, Block> = new Map();
  private readonly topics = new Map<string, Map<string, Block>>();

  of(topicId: string): ReadonlyMap<string, Block> {
    return this.topics.get(topicId) ?? BlockedByTopic.NOBODY;
  }

  add(topicId: string, address: string, block: Block): void {
    const addresses = this.topics.get(topicId) ?? new Map<string, Block>();
    this.topics.set(topicId, addresses.set(address, block));
  }
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

  get isEverybodyAllowedHere(): boolean {
    return this.allowed.isEverybody;
  }

  isAllowedHere(address: string): boolean {
    return this.allowed.has(address.toLowerCase());
  }

  async blocked(mails: readonly Addressees[], manager?: EntityManager): Promise<BlockedByTopic> {
    const blocked = new BlockedByTopic();
    let some: Scope[] = [];
    for (const { topicId, addresses } of mails) {
      for (const address of addresses) {
        some.push({ topicId, address });
        if (some.length < ADDRESSES_PER_STATEMENT) continue;
        await this.block(some, blocked, manager);
        some = [];
      }
    }
    await this.block(some, blocked, manager);
    return blocked;
  }

  private async block(given: readonly Scope[], blocked: BlockedByTopic, manager?: EntityManager): Promise<void> {
    const lower = given.map(({ topicId, address }) => ({ topicId, address: address.toLowerCase() }));
    const reasons = await this.suppressions.reasonsAmong(lower, manager);
    for (const [index, { topicId, address }] of given.entries()) {
      const block = this.allowed.has(lower[index].address) ? reasons.get(index) : 'not_allowed_here';
      if (block !== undefined) blocked.add(topicId, address, block);
    }
  }
}
