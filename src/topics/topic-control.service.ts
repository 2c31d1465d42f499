import { Injectable } from '@nestjs/common';
import { DispatchNudge } from '../messages/dispatch-nudge.js';
import { RetriesRepository, type RetryableState } from '../messages/retries.repository.js';
import { PausesRepository } from './pauses.repository.js';

/** What brings a topic's mail to a halt and on its way again, so that nothing waits for the sweep. */
@Injectable()
export class TopicControlService {
  constructor(
    private readonly pauses: PausesRepository,
    private readonly retries: RetriesRepository,
    private readonly nudge: DispatchNudge,
  ) {}

  async pause(topicId: string): Promise<void> {
    await this.pauses.pause(topicId, () => null);
  }

  async resume(topicId: string): Promise<void> {
    await this.pauses.resume(topicId);
    this.nudge.nudge();
  }

  /** Returns how many emails are sent again. */
  async retry(topicId: string, states: readonly RetryableState[]): Promise<number> {
    let retried = 0;
    for await (const count of this.retries.retry(topicId, states)) {
      if (count === 0) continue;
      retried += count;
      this.nudge.nudge();
    }
    return retried;
  }
}
