import { Logger, Module } from '@nestjs/common';
import { webhooksConfig, type WebhooksConfig } from '../config/webhooks.config.js';
import { boundedGet } from './bounded-get.js';
import { CertificateStore } from './certificate-store.js';
import { RefusalLog } from './refusal-log.js';
import { SnsVerifier } from './sns-verifier.js';
import { SubscriptionConfirmer } from './subscription-confirmer.js';
import { WebhooksController } from './webhooks.controller.js';

/** `SesEventSink` is bound by ses-events.module.ts. */
@Module({
  controllers: [WebhooksController],
  providers: [
    {
      provide: SnsVerifier,
      inject: [webhooksConfig.KEY],
      useFactory: ({ certDir, topicArns }: WebhooksConfig) => {
        const logger = new Logger(SnsVerifier.name);
        if (topicArns === '*') {
          logger.warn('SNS_TOPIC_ARNS is *: anybody with an AWS account can report results.');
        }
        return new SnsVerifier(new CertificateStore(certDir, boundedGet), topicArns, new RefusalLog(logger));
      },
    },
    {
      provide: SubscriptionConfirmer,
      inject: [webhooksConfig.KEY],
      useFactory: ({ snsEndpoint }: WebhooksConfig) =>
        new SubscriptionConfirmer(snsEndpoint, boundedGet, new Logger(SubscriptionConfirmer.name)),
    },
  ],
})
export class WebhooksModule {}
