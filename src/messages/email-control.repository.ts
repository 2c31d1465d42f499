import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { type State, stateOf } from '../contracts/states.js';
import { rowsOf } from '../database/statement.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { BatchesRepository } from './batches.repository.js';
import { Email } from './email.entity.js';
import { LOCK_EMAIL, MARK_STOPPED, READ_EMAIL } from './email-control.sql.js';

/** `busy`: a dispatcher holds its batch at this moment; `too_late`: it would have expired by then. */
export type Controlled = 'done' | 'unknown' | 'busy' | 'too_late' | { state: State };

interface PendingEmail {
  batchId: string;
  topicId: string;
  expiresAt: Date | null;
}

interface EmailRow {
  state: number;
  batch_id: string;
  epoch: number;
  topic_id: string;
  expires_at: Date | null;
}

/**
 * Changes single emails that are still pending. One transaction locks the email, reads it, locks its batch without
 * waiting, and lets it leave the batch, so that neither a claim nor a settle nor an event comes in between.
 */
@Injectable()
export class EmailControlRepository {
  constructor(
    @InjectRepository(Email) private readonly emails: Repository<Email>,
    private readonly batches: BatchesRepository,
    private readonly ledger: LedgerService,
  ) {}

  cancel(id: string): Promise<Controlled> {
    return this.change(id, async (transaction, { batchId, topicId }) => {
      await this.batches.leave(transaction, new Map([[batchId, 1]]));
      await transaction.query(MARK_STOPPED, [id, 'cancelled']);
      await this.ledger.move(transaction, [{ topicId, from: 'pending', to: 'stopped', count: 1 }]);
      return 'done';
    });
  }

  /** A new generation: what a dispatcher that died may have published of the old one is not to be sent. */
  reschedule(id: string, scheduledAt: Date): Promise<Controlled> {
    return this.change(id, async (transaction, { batchId, expiresAt }) => {
      if (expiresAt !== null && expiresAt <= scheduledAt) return 'too_late';
      await this.batches.leave(transaction, new Map([[batchId, 1]]));
      await this.batches.regroup(transaction, [
        { sourceId: batchId, ids: [id], delayMs: 0, generationStep: 1, attempts: 0, error: null, scheduledAt },
      ]);
      return 'done';
    });
  }

  private change(
    id: string,
    work: (transaction: EntityManager, email: PendingEmail) => Promise<Controlled>,
  ): Promise<Controlled> {
    return this.emails.manager.transaction(async (transaction) => {
      const [found] = await rowsOf<{ id: string }>(transaction, LOCK_EMAIL, [id]);
      if (!found) return 'unknown';
      const [row] = await rowsOf<EmailRow>(transaction, READ_EMAIL, [id]);
      const state = stateOf(row.state);
      if (state !== 'pending') return { state };
      const free = await this.batches.tryLock(transaction, new Map([[row.batch_id, row.epoch]]));
      if (!free.has(row.batch_id)) return 'busy';
      return work(transaction, { batchId: row.batch_id, topicId: row.topic_id, expiresAt: row.expires_at });
    });
  }
}
