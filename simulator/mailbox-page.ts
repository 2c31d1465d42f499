import type { MailContent, StoredMail } from './mail-store.js';
import { BEHAVIOURS } from './recipient-behaviour.js';

export type ListedMail = Pick<StoredMail, 'id' | 'from' | 'to' | 'receivedAt'> & { subject: string };

interface ListPage {
  mails: readonly ListedMail[];
  received: number;
  nextBefore: number | null;
  to: string | null;
}

const STYLE = `
  :root { color-scheme: light dark }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
  h1 { font-size: 1.3rem; overflow-wrap: anywhere }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #8884; vertical-align: top; overflow-wrap: anywhere }
  th { font-weight: 600; white-space: nowrap }
  thead + tbody td:nth-child(2) { min-width: 16rem }
  time { white-space: nowrap; font-variant-numeric: tabular-nums }
  iframe { width: 100%; height: 60vh; border: 1px solid #8888; background: #fff; color-scheme: light }
  pre { white-space: pre-wrap; overflow-wrap: anywhere }
  input { font: inherit; width: 22rem; max-width: 60% }
`;

export function listPage({ mails, received, nextBefore, to }: ListPage): string {
  const rows = mails.map(
    (mail) => `<tr><td>${time(mail.receivedAt)}</td><td>${escapeHtml(mail.to.join(', '))}</td>
      <td><a href="/mails/${mail.id}/view">${escapeHtml(mail.subject) || '(no subject)'}</a></td></tr>`,
  );
  const older = `/?${new URLSearchParams({ ...(to ? { to } : {}), before: String(nextBefore) })}`;
  return document(
    'Mailbox',
    `<h1>Mailbox</h1>
    <p>${received} received since the start. Nothing here has left this machine. <a href="/">Newest</a></p>
    <form><label>To <input name="to" value="${escapeHtml(to ?? '')}" placeholder="address"></label> <button>Find</button></form>
    ${mails.length === 0 ? '<p>No mail.</p>' : table(['Received', 'To', 'Subject'], rows)}
    ${nextBefore === null ? '' : `<p><a href="${escapeHtml(older)}">Older</a></p>`}
    ${behaviours()}`,
  );
}

/** The mail's own HTML stays in a frame without scripts, in an origin of its own. */
export function mailPage(mail: StoredMail, { subject, html, text, headers }: MailContent): string {
  const tags = Object.entries(mail.tags).map(([name, values]) => `${name}=${values.join()}`);
  const facts: [string, string][] = [
    ['From', mail.from],
    ['To', mail.to.join(', ')],
    ['Provider id', mail.providerMessageId ?? '–'],
    ['Tags', tags.join(', ') || '–'],
  ];
  const rows = facts.map(([name, value]) => `<tr><th>${name}</th><td>${escapeHtml(value)}</td></tr>`);
  const lines = headers.map(({ name, value }) => `${name}: ${value}`).join('\n');
  return document(
    subject,
    `<p><a href="/">Mailbox</a></p>
    <h1>${escapeHtml(subject) || '(no subject)'}</h1>
    <table><tr><th>Received</th><td>${time(mail.receivedAt)}</td></tr>${rows.join('')}</table>
    ${html === null ? '' : frame(mail.id)}
    ${text === null ? '' : `<h2>Text</h2><pre>${escapeHtml(text)}</pre>`}
    <details><summary>Headers</summary><pre>${escapeHtml(lines)}</pre></details>`,
  );
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

function frame(id: number): string {
  const source = `/mails/${id}/html`;
  return `<p>Showing it loads its pictures, which counts as an open. <a href="${source}">On a page of its own</a></p>
    <iframe sandbox="allow-popups allow-popups-to-escape-sandbox" src="${source}" title="The mail"></iframe>`;
}

function behaviours(): string {
  const rows = Object.entries(BEHAVIOURS).map(
    ([local, { text }]) => `<tr><td>${local}@…</td><td>${escapeHtml(text)}</td></tr>`,
  );
  return `<details><summary>Addresses that behave in a way of their own</summary>
    <p>At any domain, with any <code>+label</code>; every other address behaves like success@.</p>
    ${table(['Address', 'What SES reports'], rows)}</details>`;
}

function table(heads: string[], rows: string[]): string {
  return `<table><thead><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function time(date: Date): string {
  const iso = date.toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>`;
}

function document(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>${body}</body></html>`;
}
