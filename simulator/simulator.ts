import { composeMime } from './compose-mime.js';
import { HttpServer } from './http-server.js';
import { MailRoutes } from './mail-routes.js';
import { MailStore } from './mail-store.js';
import { Mailbox } from './mailbox.js';
import { behaviourOf } from './recipient-behaviour.js';
import { type AcceptedEmail, SesApi } from './ses-api.js';
import { bareAddress, type ReportedMail, sesEvent, sesTags } from './ses-events.js';
import { SmtpSink } from './smtp-sink.js';
import { type Notification, SnsNotifier, type SnsNotifierOptions } from './sns-notifier.js';

export interface SimulatorOptions {
  /** 0 or none takes any free port. */
  httpPort?: number;
  smtpPort?: number;
  /** Folder for one file per mail; without it mails are in memory only. */
  mailboxDir?: string;
  /** Without one nothing is reported. */
  sns?: SnsNotifierOptions;
  /** What slow@ waits. */
  slowMs?: number;
}

/** SES, SNS and an SMTP server on 127.0.0.1, with one mailbox. Nothing leaves the machine. */
export class Simulator {
  readonly store = new MailStore();
  private readonly http: HttpServer;
  private readonly smtp: SmtpSink;
  private readonly mailbox?: Mailbox;
  private readonly notifier?: SnsNotifier;
  private readonly reported: Record<string, number> = {};

  constructor(private readonly options: SimulatorOptions = {}) {
    const { mailboxDir, smtpPort, slowMs, sns } = options;
    if (mailboxDir) this.mailbox = new Mailbox(mailboxDir);
    if (sns) this.notifier = new SnsNotifier(sns);
    this.smtp = new SmtpSink({
      port: smtpPort,
      isRemembering: false,
      keep: async (mail) => {
        await this.mailbox?.deliver(mail);
        this.store.add({ ...mail, providerMessageId: null, tags: {}, content: mail.raw });
      },
    });
    const ses = new SesApi({ accept: (email) => this.accept(email), slowMs });
    const mails = new MailRoutes({ store: this.store, stats: () => this.stats() });
    this.http = new HttpServer([...ses.routes, ...mails.routes]);
  }

  async listen(): Promise<{ httpPort: number; smtpPort: number }> {
    await this.mailbox?.open();
    await this.notifier?.open();
    return { smtpPort: await this.smtp.listen(), httpPort: await this.http.listen(this.options.httpPort ?? 0) };
  }

  async close(): Promise<void> {
    this.notifier?.close();
    await Promise.all([this.http.close(), this.smtp.close()]);
  }

  stats(): object {
    const { received, size } = this.store;
    return { mails: { received, kept: size }, events: this.reported, notifications: this.notifier?.stats() ?? null };
  }

  private async accept(email: AcceptedEmail): Promise<void> {
    const { from, to, content, raw, configurationSet, providerMessageId, receivedAt } = email;
    const tags = configurationSet === null ? email.tags : { ...sesTags(from, configurationSet), ...email.tags };
    if (this.mailbox) {
      const message = raw ?? (await composeMime(content, { providerMessageId }));
      await this.mailbox.deliver({ from: bareAddress(from), to, raw: message, receivedAt });
    }
    this.store.add({ providerMessageId, from, to, tags, receivedAt, content });
    // Events are published by a configuration set: mail without one has none, as at AWS.
    if (configurationSet === null) return;
    const { subject, headers } = content;
    const mail: ReportedMail = { providerMessageId, from, to, subject, headers, tags, receivedAt };
    for (const recipient of to) this.notifier?.publish(this.notificationsFor(mail, recipient));
  }

  private notificationsFor(mail: ReportedMail, recipient: string): Notification[] {
    const { steps, deliveries } = behaviourOf(recipient);
    // SES reports the sending of a mail once, however many recipients it has.
    const due = steps.filter(({ event }) => event !== 'send' || recipient === mail.to[0]);
    return due.map(({ event, afterMs }) => ({
      afterMs,
      deliveries,
      message: () => {
        const message = sesEvent(event, mail, recipient, new Date());
        this.reported[message.eventType] = (this.reported[message.eventType] ?? 0) + 1;
        return JSON.stringify(message);
      },
    }));
  }
}
