import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --text: #1b1f24; --quiet: #57606a; --page: #f6f8fa; --card: #fff; --edge: #d0d7de; --act: #0b57d0; --on-act: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --quiet: #9da7b3; --page: #0d1117; --card: #161b22; --edge: #30363d; --act: #a8c7fa; --on-act: #062e6f; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 28rem; padding: 2rem; background: var(--card); border: 1px solid var(--edge); border-radius: .75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 .75rem; font-size: 1.375rem; line-height: 1.3; }
p { margin: 0 0 1.25rem; }
p:last-child { margin: 0; }
label { display: flex; gap: .6rem; align-items: baseline; margin: 0 0 1.5rem; color: var(--quiet); }
input { accent-color: var(--act); }
button { width: 100%; padding: .7rem 1rem; border: 0; border-radius: .5rem; background: var(--act); color: var(--on-act); font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
`;

/** Nothing but our own style and our own form: no script, no frame, no image. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex',
};

/** The form has no action: it is sent to the page's own address. */
export function confirmationPage(address: string, isOfTopic: boolean): string {
  const what = isOfTopic ? 'these mails' : 'all mail from this sender';
  const all = isOfTopic
    ? '<label><input type="checkbox" name="scope" value="all"><span>Stop all mail from this sender</span></label>'
    : '';
  return page(
    'Unsubscribe',
    `<p>Stop ${what} to <strong>${escaped(masked(address))}</strong>?</p>
<form method="post">${all}<button type="submit">Unsubscribe</button></form>`,
  );
}

export function donePage(address: string, isFromAll: boolean): string {
  const what = isFromAll ? 'no more mail from this sender' : 'no more of these mails';
  return page(
    'You are unsubscribed',
    `<p><strong>${escaped(masked(address))}</strong> gets ${what}. What is on its way already may still arrive.</p>`,
  );
}

export function invalidPage(): string {
  return page('This link is not valid', '<p>Nothing was changed. Please use the whole link of the mail.</p>');
}

export function unavailablePage(): string {
  return page(
    'Please try again',
    '<p>Nothing was changed. This does not work at the moment; please try again soon.</p>',
  );
}

/** Enough for its owner to know it by; a forwarded link tells nobody else. */
function masked(address: string): string {
  return `${address.slice(0, 1)}***${address.slice(address.lastIndexOf('@'))}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
}
