import { TRACKS_CLICKS, TRACKS_OPENS, trackingBits } from '../contracts/tracking-bits.js';
import { EmailTemplate, type MessageContent } from './email-template.js';
import type { LinkSettings } from './tracked-body.js';

export interface TrackedMessage extends MessageContent {
  trackOpens: boolean;
  trackClicks: boolean;
}

/** The objects of a message, or of a template, without their texts: of short mails they are the most. */
const OBJECT_BYTES = 4 * 1024;

/** The templates of one message: one for most of its emails, and others for those that are tracked otherwise. */
export class MessageTemplates {
  private readonly byBits = new Map<number, EmailTemplate>();
  private messageBytes: number | undefined;

  constructor(
    private readonly message: TrackedMessage,
    private readonly links: LinkSettings,
  ) {}

  /** `tracking`: bits of contracts/tracking-bits.ts; null: as the message. */
  of(tracking: number | null): EmailTemplate {
    const bits = tracking ?? trackingBits(this.message.trackOpens, this.message.trackClicks);
    const known = this.byBits.get(bits);
    if (known) return known;
    const tracked = { opens: (bits & TRACKS_OPENS) !== 0, clicks: (bits & TRACKS_CLICKS) !== 0 };
    const template = new EmailTemplate(this.message, tracked, this.links);
    this.byBits.set(bits, template);
    return template;
  }

  /** What it holds in memory, roughly; grows with each template that is asked for. */
  get bytes(): number {
    this.messageBytes ??= 2 * JSON.stringify(this.message).length;
    let bytes = this.messageBytes + OBJECT_BYTES;
    for (const template of this.byBits.values()) bytes += template.bytes + OBJECT_BYTES;
    return bytes;
  }
}
