import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { WriteBatcher } from '../database/write-batcher.js';
import { DispatchNudge } from '../messages/dispatch-nudge.js';
import { EmailsRepository, type Outcome } from '../messages/emails.repository.js';
import { messageOf } from '../runtime/message-of.js';

/** One transaction's worth, some 20 ms. */
const MAX_ITEMS = 1_000;
const RETRY_MS = 500;

interface Group {
  outcomes: readonly Outcome[];
  /** Claims that have nothing open besides. */
  endedClaims: readonly string[];
}

/**
 * Writes outcomes by group commit, and tries again for as long as the database is away: a mail that was sent is only
 * acknowledged to the stream when the ledger knows it.
 */
@Injectable()
export class OutcomeRecorder {
  private readonly logger = new Logger('Outcomes');
  private readonly batcher: WriteBatcher<Group, void>;

  constructor(emails: EmailsRepository, nudge: DispatchNudge) {
    const flush = async (groups: readonly Group[]) => {
      const outcomes = groups.flatMap((group) => group.outcomes);
      await emails.record(
        outcomes,
        groups.flatMap(({ endedClaims }) => endedClaims),
      );
      // The dispatchers' timers know nothing of what was just put back.
      if (outcomes.some(({ result }) => result.state === 'pending')) nudge.nudge();
      return groups.map(() => undefined);
    };
    this.batcher = new WriteBatcher(flush, { maxItems: MAX_ITEMS, maxWeight: MAX_ITEMS, maxQueued: Infinity });
  }

  /**
   * Commits outcomes, and drops claims that end with them: a claim may only be gone once the outcome of each of its emails is
   * committed. What had moved on meanwhile is left as it is. False: it failed and a pause has passed; several may have failed
   * for one of them.
   */
  async record(outcomes: readonly Outcome[], endedClaims: readonly string[]): Promise<boolean> {
    try {
      await this.batcher.write({ outcomes, endedClaims }, outcomes.length);
      return true;
    } catch (error) {
      this.logger.warn(`cannot record, trying again: ${messageOf(error)}`);
      await sleep(RETRY_MS);
      return false;
    }
  }

  /** Drops a claim all of whose outcomes are committed. */
  async finish(claimId: string): Promise<void> {
    while (!(await this.record([], [claimId])));
  }

  drain(): Promise<void> {
    return this.batcher.drain();
  }
}
