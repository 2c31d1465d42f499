import { Inject, Injectable, Optional } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { webhooksConfig, type WebhooksConfig } from '../config/webhooks.config.js';

/** Says which SNS topics are believed. Without any, mail is sent all the same, and nobody hears what became of it. */
@Injectable()
export class SnsHealthIndicator {
  constructor(
    private readonly health: HealthIndicatorService,
    // The sender has no webhook.
    @Optional() @Inject(webhooksConfig.KEY) private readonly config: WebhooksConfig | undefined,
  ) {}

  check(): HealthIndicatorResult {
    const session = this.health.check('sns');
    if (this.config === undefined) return session.up();
    const { topicArns } = this.config;
    if (topicArns === '*') return session.up({ note: 'SNS_TOPIC_ARNS is *: any AWS account may report results' });
    if (topicArns.length === 0) return session.up({ note: 'SNS_TOPIC_ARNS is empty: every SNS message is refused' });
    return session.up();
  }
}
