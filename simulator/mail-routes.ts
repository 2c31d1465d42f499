import { type Answer, json, type Request, type Route } from './http-server.js';
import { contentOf, type MailStore, type StoredMail } from './mail-store.js';
import { listPage, mailPage, type ListedMail } from './mailbox-page.js';

export interface MailRoutesOptions {
  store: MailStore;
  stats: () => object;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** A mail is somebody else's HTML: no script, no form, an origin of its own, also when it is opened by itself. */
const MAIL_POLICY =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src * data:; style-src * 'unsafe-inline'; font-src *";
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'";

/** The mailbox, for programs and for people. */
export class MailRoutes {
  readonly routes: readonly Route[] = [
    { method: 'GET', path: /^\/$/, answer: (request) => this.list(request) },
    { method: 'GET', path: /^\/mails$/, answer: (request) => this.listJson(request) },
    { method: 'DELETE', path: /^\/mails$/, answer: () => this.clear() },
    { method: 'GET', path: /^\/mails\/(?<id>\d{1,15})$/, answer: (request) => this.mailJson(request) },
    { method: 'GET', path: /^\/mails\/(?<id>\d{1,15})\/html$/, answer: (request) => this.html(request) },
    { method: 'GET', path: /^\/mails\/(?<id>\d{1,15})\/view$/, answer: (request) => this.view(request) },
    { method: 'GET', path: /^\/stats$/, answer: () => json(this.options.stats()) },
  ];

  constructor(private readonly options: MailRoutesOptions) {}

  private async listJson({ url }: Request): Promise<Answer> {
    const { mails, nextBefore } = this.page(url);
    const data = await Promise.all(mails.map(summary));
    return json({ data, next_before: nextBefore, received: this.options.store.received });
  }

  private async mailJson({ groups }: Request): Promise<Answer> {
    const mail = this.find(groups);
    if (!mail) return json({ message: 'no such mail' }, 404);
    const { html, text, headers } = await contentOf(mail);
    return json({ ...(await summary(mail)), html, text, headers });
  }

  private async list({ url }: Request): Promise<Answer> {
    const { mails, nextBefore } = this.page(url);
    const listed = await Promise.all(
      mails.map(async (mail): Promise<ListedMail> => ({ ...mail, subject: (await contentOf(mail)).subject })),
    );
    const to = url.searchParams.get('to');
    return page(listPage({ mails: listed, received: this.options.store.received, nextBefore, to }), PAGE_POLICY);
  }

  private async view({ groups }: Request): Promise<Answer> {
    const mail = this.find(groups);
    if (!mail) return page('No such mail.', PAGE_POLICY, 404);
    return page(mailPage(mail, await contentOf(mail)), PAGE_POLICY);
  }

  private async html({ groups }: Request): Promise<Answer> {
    const mail = this.find(groups);
    const html = mail && (await contentOf(mail)).html;
    return page(html ?? 'No HTML.', MAIL_POLICY, html === undefined ? 404 : 200);
  }

  private clear(): Answer {
    this.options.store.clear();
    return { status: 204 };
  }

  private find({ id }: Request['groups']): StoredMail | undefined {
    return this.options.store.get(Number(id));
  }

  private page({ searchParams }: URL) {
    return this.options.store.page({
      limit: Math.min(Math.max(Math.trunc(Number(searchParams.get('limit'))) || DEFAULT_LIMIT, 1), MAX_LIMIT),
      before: Math.trunc(Number(searchParams.get('before'))) || Infinity,
      to: searchParams.get('to') || undefined,
    });
  }
}

async function summary(mail: StoredMail) {
  return {
    id: mail.id,
    provider_message_id: mail.providerMessageId,
    from: mail.from,
    to: mail.to,
    subject: (await contentOf(mail)).subject,
    tags: mail.tags,
    received_at: mail.receivedAt.toISOString(),
  };
}

function page(body: string, policy: string, status = 200): Answer {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }, body };
}
