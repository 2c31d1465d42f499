import { Placeholders, UUID_CHARACTERS } from './placeholders.js';
import { TextTemplate } from './text-template.js';
import { textFromHtml } from './text-from-html.js';
import { type LinkSettings, trackedBody, type Tracking } from './tracked-body.js';
import {
  REFERENCE_CHARACTERS,
  unsubscribeHeaders,
  unsubscribeReference,
  unsubscribeUrl,
  unsubscribeUrlTo,
} from './unsubscribe.js';
import { escapeHtml, oneLine, UNSUBSCRIBE_URL, uses, type Variables, valueOf, withValue } from './variables.js';

/** What of a message its emails are made of. */
export interface MessageContent {
  id: string;
  topicId: string;
  subject: string;
  content: string;
  /** Null: made of the content. */
  text: string | null;
  fromEmail: string | null;
  replyTo: string | null;
  headers: Readonly<Record<string, string>> | null;
  tags: Readonly<Record<string, string>> | null;
  variables: Variables | null;
  unsubscribe: boolean;
}

/** Who an email is for, and what is said to them alone. */
export interface Recipient {
  id: string;
  address: string;
  variables: Variables | null;
}

/** One email, composed. Absent: not set by the message. */
export interface ComposedEmail {
  subject: string;
  html: string;
  text?: string;
  from?: string;
  replyTo?: string;
  headers?: Readonly<Record<string, string>>;
  tags?: Readonly<Record<string, string>>;
}

/** The emails of one message that are tracked alike: everything that does not differ between them is made once. */
export class EmailTemplate {
  readonly placeholders = new Placeholders();
  /** The placeholder of an email's id. */
  readonly emailId = this.placeholders.add(UUID_CHARACTERS, (emailId) => emailId);
  /** Whether its emails differ by more than what placeholders stand for. */
  readonly isPersonal: boolean;
  private readonly subject: TextTemplate;
  private readonly html: TextTemplate;
  private readonly text: TextTemplate;
  /** With a placeholder; null where no email has one. */
  private readonly unsubscribeUrl: string | null;

  constructor(
    readonly message: MessageContent,
    tracking: Tracking,
    private readonly links: LinkSettings,
  ) {
    const { subject, content } = message;
    const text = message.text ?? textFromHtml(content);
    const body = trackedBody(content, tracking, links, this.emailId, this.placeholders);
    const isUsed = message.unsubscribe || [subject, content, text].some((field) => uses(field, UNSUBSCRIBE_URL));
    this.unsubscribeUrl = isUsed ? this.draftUnsubscribeUrl() : null;
    this.subject = this.template(subject, String);
    this.html = this.template(body, escapeHtml);
    this.text = this.template(text, String);
    this.isPersonal = [this.subject, this.html, this.text].some(({ isPersonal }) => isPersonal);
  }

  /** What it holds in memory, roughly. */
  get bytes(): number {
    return this.subject.bytes + this.html.bytes + this.text.bytes;
  }

  /** Every email of a message that is not personal, with placeholders for what differs. */
  get draft(): ComposedEmail {
    return this.email(this.subject.draft, this.html.draft, this.text.draft, this.unsubscribeUrl);
  }

  emailOf({ id, variables }: Pick<Recipient, 'id' | 'variables'>): ComposedEmail {
    const values = this.placeholders.valuesOf(id);
    const raw = (name: string) => valueOf(name, variables, this.message.variables);
    const escaped = (name: string) => {
      const value = raw(name);
      return value === undefined ? undefined : escapeHtml(value);
    };
    const { publicUrl, secret } = this.links;
    return this.email(
      oneLine(this.subject.render(values, raw)),
      this.html.render(values, escaped),
      this.text.render(values, raw),
      secret !== null && this.message.unsubscribe ? unsubscribeUrl(publicUrl, id, secret) : null,
    );
  }

  private email(subject: string, html: string, text: string, url: string | null): ComposedEmail {
    const { fromEmail, replyTo, headers, tags, unsubscribe } = this.message;
    const oneClick = unsubscribe && url !== null ? unsubscribeHeaders(url) : null;
    return {
      subject,
      html,
      ...(text !== '' && { text }),
      ...(fromEmail !== null && { from: fromEmail }),
      ...(replyTo !== null && { replyTo }),
      ...((headers ?? oneClick) && { headers: { ...headers, ...oneClick } }),
      ...(tags !== null && { tags }),
    };
  }

  private template(text: string, safe: (url: string) => string): TextTemplate {
    const url = this.unsubscribeUrl;
    return new TextTemplate(url === null ? text : withValue(text, UNSUBSCRIBE_URL, safe(url)), this.placeholders);
  }

  private draftUnsubscribeUrl(): string | null {
    const { publicUrl, secret } = this.links;
    if (secret === null) return null;
    const reference = this.placeholders.add(REFERENCE_CHARACTERS, (id) => unsubscribeReference(id, secret));
    return unsubscribeUrlTo(publicUrl, reference);
  }
}
