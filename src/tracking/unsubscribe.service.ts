import { Inject, Injectable } from '@nestjs/common';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import { isToken, unsubscribeToken } from '../contracts/tokens.js';
import { EMPTY_TOPIC } from '../contracts/topic-id.js';
import { DatabaseService } from '../database/database.service.js';
import { databaseUnavailable } from '../database/translate-error.js';
import { EmailsRepository } from '../messages/emails.repository.js';
import { SuppressionsRepository } from '../suppressions/suppressions.repository.js';

/** The email's id and a signature: nobody can take a neighbour off a list. */
const REFERENCE = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.([A-Za-z0-9_-]+)$/;

/** Who unsubscribes, and from what: mail of this topic, or, where it is empty, all mail. */
export interface Subscription {
  emailId: string;
  address: string;
  topicId: string;
}

@Injectable()
export class UnsubscribeService {
  constructor(
    private readonly emails: EmailsRepository,
    private readonly suppressions: SuppressionsRepository,
    private readonly database: DatabaseService,
    @Inject(trackingConfig.KEY) private readonly config: TrackingConfig,
  ) {}

  /** What the last step of the address names; null for what we did not sign, which costs no statement, and for whom we no longer know. */
  async find(reference: string): Promise<Subscription | null> {
    const [, emailId, token] = REFERENCE.exec(reference) ?? [];
    if (this.config.secret === null || emailId === undefined) return null;
    if (!isToken(token, unsubscribeToken(this.config.secret, emailId))) return null;
    if (!this.database.isReady) throw databaseUnavailable();
    const email = await this.emails.find(emailId);
    if (email === null || email.address === null) return null;
    return { emailId, address: email.address, topicId: email.topicId };
  }

  /** Resolves after the commit. Once more changes nothing. */
  async unsubscribe({ emailId, address, topicId }: Subscription, isFromAll: boolean): Promise<void> {
    const scope = { address, topicId: isFromAll ? EMPTY_TOPIC : topicId };
    await this.suppressions.suppress([{ ...scope, reason: 'unsubscribe', source: emailId }]);
  }
}
