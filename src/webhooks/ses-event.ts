/** In SES's words, but for "Rendering Failure", which loses its space. */
export const SES_EVENT_TYPES = [
  'Send',
  'Delivery',
  'Bounce',
  'Complaint',
  'Reject',
  'Open',
  'Click',
  'RenderingFailure',
  'DeliveryDelay',
  'Subscription',
] as const;

export type SesEventType = (typeof SES_EVENT_TYPES)[number];

/** The first recipient's; our emails have one. */
export interface RecipientDiagnosis {
  status: string | null;
  diagnosticCode: string | null;
}

/** An open or a click: who fetched it, as far as SES can see. */
export interface SesClient {
  ipAddress: string | null;
  userAgent: string | null;
}

/** What SES says of one mail. A detail that is absent, or not of the documented type, is null. */
export interface ParsedSesEvent {
  /** `unknown` is a type that SES has added since; `name` tells it. */
  type: SesEventType | 'unknown';
  /** SES's own name of the type. */
  name: string;
  /** Event publishing through a configuration set, or an identity's feedback, which has no tags. */
  shape: 'event' | 'feedback';
  occurredAt: Date;
  /** From the tag `request_id`, where it has exactly one value and that is a UUID. */
  emailId: string | null;
  /** From our header `X-Messages-Email-ID`; feedback repeats headers only where the identity is set to. */
  headerEmailId: string | null;
  providerMessageId: string | null;
  /** Those that the event is about; the mail's where it does not say. Not to be trusted over the tag's own email. */
  recipients: string[];
  bounce?: { type: string | null; subType: string | null; feedbackId: string | null } & RecipientDiagnosis;
  complaint?: {
    feedbackType: string | null;
    subType: string | null;
    feedbackId: string | null;
    userAgent: string | null;
  };
  delivery?: { smtpResponse: string | null; processingTimeMs: number | null };
  delay?: { type: string | null; expiresAt: Date | null } & RecipientDiagnosis;
  reject?: { reason: string | null };
  open?: SesClient;
  click?: SesClient & { link: string | null };
  renderingFailure?: { errorMessage: string | null; templateName: string | null };
  subscription?: { contactList: string | null; source: string | null };
  /** The whole event, fit for JSONB. */
  raw: Record<string, unknown>;
}

/** A signed message that is no event of a mail; the sentence is for the log. */
export interface IgnoredSesMessage {
  ignored: string;
}
