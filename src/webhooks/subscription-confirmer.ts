import type { LoggerService } from '@nestjs/common';
import { parseSnsTopicArn } from '../contracts/sns-topic-arn.js';
import { AppError } from '../runtime/errors.js';
import type { BoundedGet, GetAnswer } from './bounded-get.js';
import type { SnsSubscriptionConfirmation, SnsUnsubscribeConfirmation } from './sns-message.js';

/** SNS waits some 15 s for our answer to its own request. */
const LIMITS = { timeoutMs: 5_000, maxBytes: 64 * 1024 };

const API_VERSION = '2010-03-31';

/**
 * Confirms subscriptions by calling SNS where the topic's ARN says that it is. The message must have been verified. A
 * repetition calls again: SNS answers the same token with the same subscription.
 */
export class SubscriptionConfirmer {
  constructor(
    private readonly endpoint: string | null,
    private readonly get: BoundedGet,
    private readonly logger: Pick<LoggerService, 'log' | 'error'>,
  ) {}

  /** False where SNS refuses for good, as it does an old token; throws where it should repeat its message. */
  async confirm({ TopicArn, Token }: SnsSubscriptionConfirmation): Promise<boolean> {
    const base = this.endpoint ?? regionalEndpoint(TopicArn);
    if (base === null) {
      this.logger.error(`The subscription to ${TopicArn} cannot be confirmed: no endpoint is known for it.`);
      return false;
    }
    // AuthenticateOnUnsubscribe would make SNS ask for a signature, and so the gateway for AWS credentials.
    const query = new URLSearchParams({ Action: 'ConfirmSubscription', Version: API_VERSION, TopicArn, Token });
    const answer = await this.get(`${base}/?${query}`, LIMITS).catch((error: unknown) => {
      throw new AppError('sns_unavailable', undefined, { cause: error });
    });
    if (answer.status === 200) {
      this.logger.log(`The subscription to ${TopicArn} is confirmed.`);
      return true;
    }
    if (isPassing(answer)) throw new AppError('sns_unavailable', undefined, { cause: `SNS answered ${answer.status}` });
    const reason = `SNS answered ${answer.status} ${errorCode(answer)}`;
    this.logger.error(`The subscription to ${TopicArn} is not confirmed: ${reason}. Request it again in SNS.`);
    return false;
  }

  /**
   * Somebody has ended the subscription, so events stop coming. Confirming this message would bring it back, also where
   * an operator meant to end it: that is for a person to decide.
   */
  alarm({ TopicArn }: SnsUnsubscribeConfirmation): void {
    this.logger.error(`The subscription to ${TopicArn} was ended: no more events will come. Subscribe again in SNS.`);
  }
}

function regionalEndpoint(topicArn: string): string | null {
  const arn = parseSnsTopicArn(topicArn);
  return arn && `https://sns.${arn.region}.amazonaws.com${arn.partition === 'aws-cn' ? '.cn' : ''}`;
}

/** SNS's query API answers throttling with 400. */
function isPassing(answer: GetAnswer): boolean {
  return answer.status >= 500 || answer.status === 429 || /^(Throttl|RequestLimit)/.test(errorCode(answer));
}

function errorCode({ body }: GetAnswer): string {
  return /<Code>([A-Za-z]{1,64})<\/Code>/.exec(body?.toString('latin1') ?? '')?.[1] ?? '';
}
