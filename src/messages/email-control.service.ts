import { Injectable } from '@nestjs/common';
import { AppError } from '../runtime/errors.js';
import { DispatchNudge } from './dispatch-nudge.js';
import { type Controlled, EmailControlRepository } from './email-control.repository.js';

/** A dispatcher settles what it holds within moments. */
const BUSY_SECONDS = 1;

/** Cancels and reschedules single emails; throws where that is no longer possible. */
@Injectable()
export class EmailControlService {
  constructor(
    private readonly emails: EmailControlRepository,
    private readonly nudge: DispatchNudge,
  ) {}

  async cancel(id: string): Promise<void> {
    refuseUnlessDone(await this.emails.cancel(id));
  }

  async reschedule(id: string, scheduledAt: Date): Promise<void> {
    refuseUnlessDone(await this.emails.reschedule(id, scheduledAt));
    this.nudge.nudge();
  }
}

function refuseUnlessDone(result: Controlled): void {
  switch (result) {
    case 'done':
      return;
    case 'unknown':
      throw new AppError('not_found', 'There is no email with this id.');
    case 'busy':
      throw new AppError('being_dispatched', 'The email is being dispatched at this moment.', {
        retryAfterSeconds: BUSY_SECONDS,
      });
    case 'too_late':
      throw new AppError('too_late', 'The email expires before the new schedule.');
    default:
      throw new AppError('not_pending', `The email is ${result.state}; only pending ones can be changed.`);
  }
}
