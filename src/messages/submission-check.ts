import { Inject, Injectable } from '@nestjs/common';
import { REFERENCE_CHARACTERS, unsubscribeUrlTo } from '../compose/unsubscribe.js';
import type { Variables } from '../compose/variables.js';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import { type FieldError, validationFailed } from '../runtime/errors.js';
import { addressIn } from './dto/mailbox.js';
import type { Fault } from './dto/name-value-map.js';
import type { SubmittedMessage } from './messages.service.js';
import { PersonalTexts } from './personal-texts.js';
import { asksForClicks } from './recipient-tracking.js';
import { type Recipients, reject } from './recipients.js';

/** What can be said of a submission only when all of a message's fields are read, and the settings are known. */
@Injectable()
export class SubmissionCheck {
  /** As long as each of them. */
  private readonly anUnsubscribeUrl: string;

  constructor(
    @Inject(serverConfig.KEY) private readonly server: ServerConfig,
    @Inject(trackingConfig.KEY) private readonly tracking: TrackingConfig,
  ) {
    this.anUnsubscribeUrl = unsubscribeUrlTo(server.publicUrl, 'x'.repeat(REFERENCE_CHARACTERS));
  }

  /** The messages with the recipients that can get them. Throws for all that is wrong; `lenient`: but for recipients. */
  check(messages: readonly SubmittedMessage[], lenient: boolean): SubmittedMessage[] {
    const errors: FieldError[] = [];
    const checked = messages.map((message, index) => {
      const pointer = `/messages/${index}`;
      const texts = new PersonalTexts(message, this.anUnsubscribeUrl);
      errors.push(...this.messageErrors(message, texts, pointer));
      const recipients = withoutFaults(message.recipients, texts, `${pointer}/emails`);
      if (recipients !== message.recipients && (!lenient || recipients.addresses.length === 0)) {
        errors.push(...recipients.rejected);
      }
      return recipients === message.recipients ? message : { ...message, recipients };
    });
    if (errors.length > 0) throw validationFailed(errors);
    return checked;
  }

  private messageErrors(message: SubmittedMessage, texts: PersonalTexts, pointer: string): FieldError[] {
    const errors: FieldError[] = [];
    const add = (member: string, code: string, detail: string) =>
      errors.push({ pointer: `${pointer}/${member}`, code, detail });
    const { fromEmail, scheduledAt, expiresAt } = message;
    if (fromEmail !== null && !this.isAllowedFrom(fromEmail)) {
      const detail =
        this.server.fromDomains.length === 0
          ? 'cannot be chosen here: FROM_DOMAINS names no domain'
          : 'is of a domain that FROM_DOMAINS does not name';
      add('from', 'from_not_allowed', detail);
    }
    if (expiresAt !== null && scheduledAt !== null && expiresAt <= scheduledAt) {
      add('expires_at', 'too_early', 'must be later than scheduled_at');
    }
    // A link that is not signed would be an open redirect, or take anybody off the list: there are none without a secret.
    if (this.tracking.secret === null) {
      for (const [member, what] of signedLinks(message, texts)) {
        add(member, 'tracking_secret_missing', `asks for ${what}, which need TRACKING_SECRET to be set`);
      }
    }
    return errors;
  }

  private isAllowedFrom(mailbox: string): boolean {
    const address = addressIn(mailbox).toLowerCase();
    const domain = address.slice(address.lastIndexOf('@') + 1);
    return this.server.fromDomains.some((entry) => entry === domain || entry === address);
  }
}

function* signedLinks(message: SubmittedMessage, texts: PersonalTexts): Generator<[member: string, what: string]> {
  if (message.trackClicks === true) yield ['track_clicks', 'tracked clicks'];
  else if (asksForClicks(message.recipients.tracking)) yield ['emails', 'tracked clicks'];
  if (message.unsubscribe) yield ['unsubscribe', 'links to unsubscribe'];
  const field = texts.unsubscribingField;
  if (field !== undefined) yield [field, 'links to unsubscribe'];
}

/** The same object where nothing is wrong with anybody. */
function withoutFaults(recipients: Recipients, texts: PersonalTexts, pointer: string): Recipients {
  const { addresses, variables } = recipients;
  if (!texts.hasVariables && variables === null) return recipients;
  const faults = new Map<number, Fault>();
  const common = texts.faultOf(null);
  for (let index = 0; index < addresses.length; index++) {
    const own: Variables | null = variables?.[index] ?? null;
    const fault = own === null ? common : texts.faultOf(own);
    if (fault !== null) faults.set(index, { ...fault, detail: `${addresses[index]} ${fault.detail}` });
  }
  return faults.size === 0 ? recipients : reject(recipients, faults, pointer);
}
