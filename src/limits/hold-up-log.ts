import { Injectable, Logger } from '@nestjs/common';
import { type HoldUp, holdUpText } from './hold-up.js';

/** Says once why nothing is sent and until when, and once that it goes on. */
@Injectable()
export class HoldUpLog {
  private readonly logger = new Logger('Limits');
  private reason: string | null = null;

  observe(holdUp: HoldUp | null): void {
    const reason = holdUp?.reason ?? null;
    if (reason === this.reason) return;
    this.reason = reason;
    if (holdUp === null) this.logger.log('sending goes on');
    else this.logger.warn(`nothing is sent: ${holdUpText(holdUp)}`);
  }
}
