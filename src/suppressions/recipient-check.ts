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

/** One statement's worth, and at most a message more: a few milliseconds of lookups, whatever the size of the list. */
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
    let some: Addressees[] = [];
    let count = 0;
    for (const mail of mails) {
      some.push(mail);
      count += mail.addresses.length;
      if (count < ADDRESSES_PER_STATEMENT) continue;
      await this.block(some, blocked, manager);
      some = [];
      count = 0;
    }
    await this.block(some, blocked, manager);
    return blocked;
  }

  private async block(mails: readonly Addressees[], blocked: BlockedByTopic, manager?: EntityManager): Promise<void> {
    const reasons = await this.suppressions.reasonsAmong(lowerCased(mails), manager);
    if (reasons.size === 0 && this.allowed.isEverybody) return;
    for (const { topicId, addresses } of mails) {
      for (const address of addresses) {
        const lower = address.toLowerCase();
        const byTopic = reasons.get(lower);
        const reason = byTopic?.get('') ?? byTopic?.get(topicId);
        const block = this.allowed.has(lower) ? reason : 'not_allowed_here';
        if (block !== undefined) blocked.add(topicId, address, block);
      }
    }
  }
}

function lowerCased(mails: readonly Addressees[]): string[] {
  const lower: string[] = [];
  for (const { addresses } of mails) for (const address of addresses) lower.push(address.toLowerCase());
  return lower;
}
