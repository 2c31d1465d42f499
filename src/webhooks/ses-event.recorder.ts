import { Inject, Injectable } from '@nestjs/common';
import { eventsConfig, type EventsConfig } from '../config/events.config.js';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import { isMachineAgent } from '../events/machine-client.js';
import { type ReportedEvent, UnmatchedEventsService } from '../events/unmatched-events.service.js';
import type { ParsedSesEvent } from './ses-event.js';
import { SesEventSink } from './ses-event.sink.js';

/** Types whose JSON is always kept: what failed is looked at again, and what is unknown cannot be read yet. */
const KEPT_RAW: readonly string[] = ['Bounce', 'Complaint', 'Reject', 'unknown'];

/** Hands SES's events to the ledger in its own words. */
@Injectable()
export class SesEventRecorder extends SesEventSink {
  constructor(
    @Inject(eventsConfig.KEY) private readonly config: EventsConfig,
    @Inject(trackingConfig.KEY) private readonly tracking: TrackingConfig,
    private readonly events: UnmatchedEventsService,
  ) {
    super();
  }

  async record(event: ParsedSesEvent): Promise<'recorded'> {
    const keepsRaw = this.config.raw === 'all' || KEPT_RAW.includes(event.type);
    await this.events.recordOrKeep({
      raw: keepsRaw ? event.raw : null,
      ...reportedEvent(event, this.tracking.storeClientDetails),
    });
    return 'recorded';
  }
}

/** What SES says of a mail, as a fact about an email. The same fact has the same identity in both of SES's shapes. */
export function reportedEvent(event: ParsedSesEvent, storesClientDetails: boolean): Omit<ReportedEvent, 'raw'> {
  const client = event.open ?? event.click ?? null;
  return {
    emailId: event.emailId ?? event.headerEmailId,
    type: event.type === 'unknown' ? event.name : event.type,
    occurredAt: event.occurredAt,
    identity: [event.occurredAt.toISOString(), event.click?.link ?? ''].join(' '),
    isMachine: client && isMachineAgent(client.userAgent),
    recipients: event.recipients,
    // SES has given up in either case; what it does not know the cause of may be the receiver's fault.
    bounce: event.bounce ? (event.bounce.type === 'Permanent' ? 'permanent' : 'transient') : null,
    reason: reasonOf(event),
    providerMessageId: event.providerMessageId,
    detail: detailOf(event, storesClientDetails),
  };
}

function reasonOf({ bounce, complaint, reject, renderingFailure }: ParsedSesEvent): string | null {
  if (bounce) return bounce.diagnosticCode ?? `bounced: ${bounce.type ?? 'unknown'} ${bounce.subType ?? ''}`.trim();
  if (complaint) return `complained: ${complaint.feedbackType ?? 'unknown'}`;
  if (reject) return `rejected: ${reject.reason ?? 'unknown'}`;
  return renderingFailure ? `rendering failed: ${renderingFailure.errorMessage ?? 'unknown'}` : null;
}

function detailOf(event: ParsedSesEvent, storesClientDetails: boolean): Record<string, unknown> | null {
  const { bounce, complaint, delivery, delay, reject, renderingFailure, subscription, click } = event;
  if (bounce) {
    const { type, subType, diagnosticCode, status } = bounce;
    return { bounce_type: type, bounce_sub_type: subType, diagnostic_code: diagnosticCode, status };
  }
  if (complaint) return { feedback_type: complaint.feedbackType };
  if (delivery) return { smtp_response: delivery.smtpResponse, processing_time_ms: delivery.processingTimeMs };
  if (delay) return { delay_type: delay.type, expires_at: delay.expiresAt, status: delay.status };
  if (reject) return { reason: reject.reason };
  if (renderingFailure) return { error: renderingFailure.errorMessage, template: renderingFailure.templateName };
  if (subscription) return { contact_list: subscription.contactList, source: subscription.source };
  const client = event.open ?? click;
  if (!client) return null;
  return {
    ...(click && { link: click.link }),
    ...(storesClientDetails && { ip: client.ipAddress, user_agent: client.userAgent }),
  };
}
