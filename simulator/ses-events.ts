import { randomBytes, randomUUID } from 'node:crypto';
import type { SesEventKind } from './recipient-behaviour.js';

export interface MailHeader {
  name: string;
  value: string;
}

/** The part of an accepted mail that its events repeat. */
export interface ReportedMail {
  providerMessageId: string;
  from: string;
  to: readonly string[];
  subject: string;
  headers: readonly MailHeader[];
  tags: Readonly<Record<string, readonly string[]>>;
  receivedAt: Date;
}

export interface SesEvent {
  eventType: string;
  mail: object;
  [detail: string]: unknown;
}

export const ACCOUNT_ID = '000000000000';
export const REGION = 'us-east-1';

/** Reserved for documentation (RFC 5737), so that nobody's server is named. */
const DOCUMENTATION_IP = '192.0.2.0';

/** `<region><milliseconds>-<uuid>-000000`: what SendEmail answers with and every event names. */
export function providerMessageId(at: Date): string {
  return `0100${at.getTime().toString(16).padStart(12, '0')}-${randomUUID()}-000000`;
}

/** SES's own tags, which stand beside the caller's in every published event. */
export function sesTags(from: string, configurationSet: string): Record<string, string[]> {
  return {
    'ses:source-tls-version': ['TLSv1.3'],
    'ses:configuration-set': [configurationSet],
    'ses:source-ip': [DOCUMENTATION_IP],
    'ses:from-domain': [bareAddress(from).split('@')[1] ?? ''],
    'ses:caller-identity': ['simulator'],
  };
}

/** An event in the shape of event publishing, the fields as AWS documents them. */
export function sesEvent(kind: SesEventKind, mail: ReportedMail, recipient: string, at: Date): SesEvent {
  const timestamp = at.toISOString();
  switch (kind) {
    case 'send':
      return { eventType: 'Send', mail: mailObject(mail), send: {} };
    case 'delivery':
      return {
        eventType: 'Delivery',
        mail: mailObject(mail, { 'ses:outgoing-ip': [DOCUMENTATION_IP] }),
        delivery: {
          timestamp,
          processingTimeMillis: at.getTime() - mail.receivedAt.getTime(),
          recipients: [recipient],
          smtpResponse: '250 2.6.0 Message received',
          remoteMtaIp: DOCUMENTATION_IP,
          reportingMTA: `a8-31.smtp-out.amazonses.com`,
        },
      };
    case 'bounce':
      return bounce('Permanent', 'General', mail, timestamp, {
        emailAddress: recipient,
        action: 'failed',
        status: '5.1.1',
        diagnosticCode: 'smtp; 550 5.1.1 user unknown',
      });
    case 'suppressed':
      return bounce('Permanent', 'OnAccountSuppressionList', mail, timestamp, {
        emailAddress: recipient,
        action: 'failed',
        status: '5.1.1',
        diagnosticCode:
          'Amazon SES did not send the message to this address because it is on the suppression list for your account.',
      });
    case 'automatic reply':
      return bounce('Transient', 'General', mail, timestamp, { emailAddress: recipient });
    case 'complaint':
      return {
        eventType: 'Complaint',
        mail: mailObject(mail),
        complaint: {
          feedbackId: feedbackId(at),
          complaintSubType: null,
          complainedRecipients: [{ emailAddress: recipient }],
          timestamp,
          userAgent: 'Amazon SES Mailbox Simulator',
          complaintFeedbackType: 'abuse',
          arrivalDate: timestamp,
        },
      };
    case 'reject':
      return { eventType: 'Reject', mail: mailObject(mail), reject: { reason: 'Bad content' } };
  }
}

function bounce(type: string, subType: string, mail: ReportedMail, timestamp: string, recipient: object): SesEvent {
  return {
    eventType: 'Bounce',
    mail: mailObject(mail),
    bounce: {
      feedbackId: feedbackId(new Date(timestamp)),
      bounceType: type,
      bounceSubType: subType,
      bouncedRecipients: [recipient],
      timestamp,
      reportingMTA: subType === 'General' ? 'dsn; a8-31.smtp-out.amazonses.com' : 'dns; amazonses.com',
    },
  };
}

function mailObject(mail: ReportedMail, moreTags: Record<string, string[]> = {}): object {
  return {
    timestamp: mail.receivedAt.toISOString(),
    source: mail.from,
    sourceArn: `arn:aws:ses:${REGION}:${ACCOUNT_ID}:identity/${bareAddress(mail.from)}`,
    sendingAccountId: ACCOUNT_ID,
    messageId: mail.providerMessageId,
    destination: mail.to,
    headersTruncated: false,
    headers: mail.headers,
    commonHeaders: {
      from: [mail.from],
      to: mail.to,
      messageId: mail.providerMessageId,
      subject: mail.subject,
    },
    tags: { ...mail.tags, ...moreTags },
  };
}

function feedbackId(at: Date): string {
  return `0100${at.getTime().toString(16).padStart(12, '0')}-${randomBytes(16).toString('hex')}-000000`;
}

export function bareAddress(mailbox: string): string {
  return /<([^<>]*)>\s*$/.exec(mailbox)?.[1] ?? mailbox;
}
