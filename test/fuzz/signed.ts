import { clickToken, openToken, unsubscribeToken } from '../../src/contracts/tokens.js';
import { EVENT_TYPES } from '../../src/contracts/event-types.js';
import { sesEvent } from '../support/ses-events.js';
import type { SnsTopic } from '../support/sns.js';
import type { Random } from './random.js';

const LINK = 'https://example.com/';
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000';

/** What nobody guesses: links that the gateway signed, and messages of its SNS topic. */
export class Signed {
  constructor(
    private readonly secret: string,
    private readonly topic: SnsTopic,
  ) {}

  /** The parameters of a public route, where they have to fit each other. */
  parameters(path: string, emailId = UNKNOWN_ID): Record<string, string> {
    switch (path) {
      case '/v1/events/open':
        return { requestId: emailId, s: openToken(this.secret, emailId) };
      case '/v1/events/click':
        return { requestId: emailId, url: LINK, s: clickToken(this.secret, emailId, LINK) };
      case '/v1/unsubscribe/{token}':
        return { token: `${emailId}.${unsubscribeToken(this.secret, emailId)}` };
      default:
        return {};
    }
  }

  /** What SES reports of an email; its message is signed, or else changed so that the signature covers the change. */
  notification(random: Random, emailId = UNKNOWN_ID, change = (event: unknown) => event): unknown {
    const fact = { type: random.pick(EVENT_TYPES), second: random.below(60), flag: random.chance(0.5) };
    const event = sesEvent(emailId, `user${random.below(100)}@example.com`, fact, random.chance(0.3));
    return JSON.parse(this.topic.notification(change(event)));
  }
}
