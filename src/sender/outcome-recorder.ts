import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { WriteBatcher } from '../database/write-batcher.js';
import { DispatchNudge } from '../messages/dispatch-nudge.js';
import { EmailsRepository, type Outcome } from '../messages/emails.repository.js';
import { messageOf } from '../runtime/message-of.js';

/** One transaction's worth, some 20 ms. */
const MAX_ITEMS = 1_000;
const RETRY_MS = 500;

type Entry = { outcome: Outcome } | { finishedClaim: string };

/**
 * Writes outcomes by group commit, and tries again for as long as the database is away: a mail that was sent is only
 * acknowledged to the stream when the ledger knows it.
 */
@Injectable()
export class OutcomeRecorder {
  private readonly logger = new Logger('Outcomes');
  private readonly batcher: WriteBatcher<Entry, boolean>;

  constructor(emails: EmailsRepository, nudge: DispatchNudge) {
    const flush = async (entries: readonly Entry[]) => {
      const outcomes = entries.flatMap((entry) => ('outcome' in entry ? [entry.outcome] : []));
      const finished = entries.flatMap((entry) => ('finishedClaim' in entry ? [entry.finishedClaim] : []));
      const recorded = await emails.record(outcomes, finished);
      // The dispatchers' timers know nothing of what was just put back.
      if (outcomes.some(({ result }) => result.state === 'pending')) nudge.nudge();
      return entries.map((entry) => 'finishedClaim' in entry || recorded.has(entry.outcome.id));
    };
    this.batcher = new WriteBatcher(flush, { maxItems: MAX_ITEMS, maxQueued: Infinity });
  }

  /** Resolves when the outcome is committed; false when the email had moved on and nothing changed. */
  record(outcome: Outcome): Promise<boolean> {
    return this.write({ outcome });
  }

  /** Drops a claim all of whose outcomes are committed. */
  finish(claimId: string): Promise<boolean> {
    return this.write({ finishedClaim: claimId });
  }

  drain(): Promise<void> {
    return this.batcher.drain();
  }

  private async write(entry: Entry): Promise<boolean> {
    for (;;) {
      try {
        return await this.batcher.write(entry);
      } catch (error) {
        this.logger.warn(`cannot record, trying again: ${messageOf(error)}`);
        await sleep(RETRY_MS);
      }
    }
  }
}
