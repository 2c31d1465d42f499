import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import { FINISH_TIMES } from './backlog.sql.js';
import { Batch } from './batch.entity.js';

export interface Finish {
  /** From now. */
  seconds: number;
  /** How many emails are sent until then, those of other topics too. */
  emails: number;
}

/** What waits in the ledger, all topics together. */
@Injectable()
export class BacklogRepository {
  constructor(@InjectRepository(Batch) private readonly batches: Repository<Batch>) {}

  /** When topics that have so many emails dispatched and unsent are done; by topic. */
  async finishTimes(inFlight: ReadonlyMap<string, number>, ratePerSecond: number): Promise<Map<string, Finish>> {
    const rows = await rowsOf<{ topic_id: string } & Finish>(this.batches.manager, FINISH_TIMES, [
      [...inFlight.keys()],
      [...inFlight.values()],
      ratePerSecond,
    ]);
    const pending = new Map(rows.map(({ topic_id, seconds, emails }) => [topic_id, { seconds, emails }]));
    return new Map(
      [...inFlight].map(([topicId, emails]) => [
        topicId,
        pending.get(topicId) ?? { seconds: emails / ratePerSecond, emails },
      ]),
    );
  }
}
