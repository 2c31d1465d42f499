import { AcceptedLog } from './accepted-log.js';
import { composeMime } from './compose-mime.js';
import { ControlRoutes } from './control-routes.js';
import { type FaultRates, Faults } from './faults.js';
import { HttpServer } from './http-server.js';
import { MailRoutes } from './mail-routes.js';
import { MailStore } from './mail-store.js';
import { Mailbox } from './mailbox.js';
import { behaviourOf } from './recipient-behaviour.js';
import { SendingAccount, type SendLimits } from './sending-account.js';
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
  limits?: Partial<SendLimits>;
  /** None unless said; the seed makes a run repeatable. */
  faults?: Partial<FaultRates> & { seed?: number };
}

/** SES, SNS and an SMTP server on 127.0.0.1, with one mailbox. Nothing leaves the machine. */
export class Simulator {
  readonly store = new MailStore();
  /** What SES took; mail over SMTP is not in it. */
  readonly accepted = new AcceptedLog();
  readonly account: SendingAccount;
  readonly faults: Faults;
  private readonly ses: SesApi;
  private readonly http: HttpServer;
  private readonly smtp: SmtpSink;
  private readonly mailbox?: Mailbox;
  private readonly notifier?: SnsNotifier;
  private readonly reported: Record<string, number> = {};

  constructor(private readonly options: SimulatorOptions = {}) {
    const { mailboxDir, smtpPort, slowMs, sns } = options;
    this.account = new SendingAccount(options.limits);
    this.faults = new Faults(options.faults);
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
    const { account, faults, accepted } = this;
    this.ses = new SesApi({ accept: (email) => this.accept(email), account, faults, slowMs });
    const control = new ControlRoutes({ account, faults, accepted });
    const mails = new MailRoutes({ store: this.store, stats: () => this.stats() });
    this.http = new HttpServer([...this.ses.routes, ...control.routes, ...mails.routes]);
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
    return {
      mails: { received, kept: size },
      answers: this.ses.answers,
      events: this.reported,
      notifications: this.notifier?.stats() ?? null,
    };
  }

  private async accept(email: AcceptedEmail): Promise<void> {
    const { from, to, content, raw, configurationSet, providerMessageId, receivedAt } = email;
    const tags = configurationSet === null ? email.tags : { ...sesTags(from, configurationSet), ...email.tags };
    if (this.mailbox) {
      const message = raw ?? (await composeMime(content, { providerMessageId }));
      await this.mailbox.deliver({ from: bareAddress(from), to, raw: message, receivedAt });
    }
    this.store.add({ providerMessageId, from, to, tags, receivedAt, content });
    this.accepted.add({ at: receivedAt.getTime(), requestId: email.tags.request_id?.[0] ?? null, recipient: to[0] });
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
