import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import { HoldsRepository } from '../messages/holds.repository.js';
import { ENSURE_TOPIC, LOCK_TOPIC, PAUSE, RESUME, SINCE_RESUME } from './pauses.sql.js';
import { Topic } from './topic.entity.js';

/** What became of a topic's mail since it was last resumed. */
export interface Since {
  sent: number;
  bounced: number;
  complained: number;
  isPaused: boolean;
}

const NOTHING: Since = { sent: 0, bounced: 0, complained: 0, isPaused: false };

/** Pauses and resumes topics; messages/holds.repository.ts says why nothing is held for ever. */
@Injectable()
export class PausesRepository {
  constructor(
    @InjectRepository(Topic) private readonly topics: Repository<Topic>,
    private readonly holds: HoldsRepository,
  ) {}

  /**
   * Pauses a topic for the reason that `judge` gives, read and written under one lock; null pauses without a reason,
   * false not at all. Returns whether it was paused here: a topic that is paused already keeps its reason.
   */
  pause(topicId: string, judge: (since: Since) => string | null | false): Promise<boolean> {
    return this.topics.manager.transaction(async (transaction) => {
      await transaction.query(ENSURE_TOPIC, [topicId]);
      const [{ is_paused }] = await rowsOf<{ is_paused: boolean }>(transaction, LOCK_TOPIC, [topicId]);
      const reason = is_paused ? false : judge(await this.sinceResume(topicId, transaction));
      if (reason === false) return false;
      await transaction.query(PAUSE, [topicId, reason]);
      await this.holds.holdPending(transaction, topicId);
      return true;
    });
  }

  resume(topicId: string): Promise<void> {
    return this.topics.manager.transaction(async (transaction) => {
      await transaction.query(RESUME, [topicId]);
      await this.holds.release(transaction, topicId);
    });
  }

  async sinceResume(topicId: string, manager: EntityManager = this.topics.manager): Promise<Since> {
    const [row] = await rowsOf<Since>(manager, SINCE_RESUME, [topicId]);
    return row ?? NOTHING;
  }
}
