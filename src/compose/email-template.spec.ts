import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aMessage } from '../../test/support/messages.js';
import { isToken, unsubscribeToken } from '../contracts/tokens.js';
import { type ComposedEmail, EmailTemplate, type MessageContent } from './email-template.js';
import { escapeHtml, isVariableName, type Variables } from './variables.js';

const id = '01900000-0000-7000-8000-0000000000aa';
const links = { publicUrl: 'https://mail.example.com/base', secret: 'a secret of sixteen' };
const untracked = { opens: false, clicks: false };

function compose(message: Partial<MessageContent>, variables: Variables | null = null): ComposedEmail {
  return new EmailTemplate(aMessage(message), untracked, links).emailOf({ id, variables });
}

describe('variables', () => {
  it('stand for their values: escaped in HTML, as they are in the text, on one line in the subject', () => {
    const email = compose(
      { subject: 'Hi {{name}}', content: '<p title="{{ name }}">{{name}}</p>', text: 'Hi {{   name }}' },
      { name: `<Ada> & "Bob" 'Eve'\n` },
    );
    const escaped = '&lt;Ada&gt; &amp; &quot;Bob&quot; &#39;Eve&#39;\n';
    expect(email).toEqual({
      subject: `Hi <Ada> & "Bob" 'Eve'`,
      html: `<p title="${escaped}">${escaped}</p>`,
      text: `Hi <Ada> & "Bob" 'Eve'\n`,
    });
  });

  it('are the recipient’s own before those of the message, and nobody else’s', () => {
    const message = { subject: '{{a}}{{b}}', variables: { a: 'x', b: 'y' } };
    expect(compose(message, { b: 'z' }).subject).toBe('xz');
    expect(compose(message).subject).toBe('xy');
    expect(compose({ subject: '{{constructor}} {{toString}}' }).subject).toBe('{{constructor}} {{toString}}');
  });

  it.each([
    '{{}}',
    '{{ }}',
    '{{1a}}',
    '{{a-b}}',
    '{{a.b}}',
    '{{#a}}',
    '{{a',
    '{a}',
    '{{\na}}',
    `{{${'a'.repeat(51)}}}`,
  ])('are not what %j names', (text) => {
    expect(compose({ text }, { a: 'x', b: 'y' }).text).toBe(text);
  });

  it('are not looked for in values, whatever values and texts there are', () => {
    const name = fc.constantFrom('a' as const, 'b' as const, 'c' as const);
    const value = fc
      .array(fc.constantFrom('{{', '}}', 'a', 'b', ' ', '$&', '$1', '<', '&', '"', '{{b}}'))
      .map((parts) => parts.join(''));
    // No closing braces: with one, the pieces could make up a variable of their own.
    const piece = fc.oneof(
      fc.constantFrom('x', ' ', '<b>', '{', '$1'),
      name.map((given) => ({ name: given })),
    );
    const values = fc.record({ a: value, b: value, c: value });
    fc.assert(
      fc.property(fc.array(piece), values, (pieces, variables) => {
        const joined = (of: (given: 'a' | 'b' | 'c') => string) =>
          pieces.map((given) => (typeof given === 'string' ? given : of(given.name))).join('');
        const text = joined((given) => `{{${given}}}`);
        const email = compose({ content: text, text }, variables);
        expect(email.text ?? '').toBe(joined((given) => variables[given]));
        expect(email.html).toBe(joined((given) => escapeHtml(variables[given])));
      }),
    );
  });

  it('never open markup of their own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(escapeHtml(value)).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
      }),
    );
  });

  it('keep a subject on one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(compose({ subject: 'Hi {{v}}' }, { v: value }).subject).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      }),
    );
  });

  it('in a link are the page that it leads to, which is then not tracked', () => {
    const content = '<a href="https://x.yz/{{code}}">a</a>';
    const template = new EmailTemplate(aMessage({ content }), { opens: false, clicks: true }, links);
    expect(template.emailOf({ id, variables: { code: 'A&B' } }).html).toBe('<a href="https://x.yz/A&amp;B">a</a>');
  });

  it('have names of letters, digits and underscores', () => {
    expect(['a', 'A_1', 'a'.repeat(50)].every(isVariableName)).toBe(true);
    expect(['', '_a', '1', 'a b', 'é', 'a\n', 'a'.repeat(51), '__proto__'].some(isVariableName)).toBe(false);
  });
});

describe('the text', () => {
  it('is made of the HTML where there is none, with variables and links where they stood', () => {
    const content =
      '<style>p{}</style><h1>Hi {{ name }}</h1><p>See <a href="{{unsubscribe_url}}">here</a><img src="x"></p><hr>';
    const { text } = compose({ content }, { name: '<Ada>' });
    expect(text).toMatch(
      /^Hi <Ada>\n\nSee here \[https:\/\/mail\.example\.com\/base\/v1\/unsubscribe\/[^\]]+\]\n\n-+$/,
    );
  });

  it('is that of the page, not of what we add to it', () => {
    const content = '<a href="https://x.yz/page">page</a>';
    const template = new EmailTemplate(aMessage({ content }), { opens: true, clicks: true }, links);
    expect(template.emailOf({ id, variables: null }).text).toBe('page [https://x.yz/page]');
  });

  it('is left out where there is none to read, and bounded where markup would swell', () => {
    expect(compose({ content: '<img src="x">' })).not.toHaveProperty('text');
    expect(compose({ content: '<hr>'.repeat(16_000) }).text).toHaveLength(65_535);
    expect(compose({ content: '<div>'.repeat(13_000) + 'x' })).toHaveProperty('html');
  });

  it('leaves literal what only the HTML decodes to a variable', () => {
    expect(compose({ content: '<p>&#123;{other}} {{name}}</p>' }, { name: 'Ada' }).text).toBe('{{other}} Ada');
  });
});

describe('unsubscribing', () => {
  const url = /^https:\/\/mail\.example\.com\/base\/v1\/unsubscribe\/([0-9a-f-]{36})\.([\w-]{22})$/;

  it('adds the headers of RFC 8058 beside the given ones, with a token that we signed', () => {
    const { headers } = compose({ unsubscribe: true, headers: { 'X-A': 'b' } });
    expect(headers).toMatchObject({ 'X-A': 'b', 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' });
    const [, emailId, token] = url.exec(headers?.['List-Unsubscribe'].slice(1, -1) ?? '') ?? [];
    expect(emailId).toBe(id);
    expect(isToken(token, unsubscribeToken(links.secret, id))).toBe(true);
  });

  it('has its address in the texts too, whether or not the headers are wanted', () => {
    const email = compose({ content: '<a href="{{unsubscribe_url}}">out</a>', text: '{{ unsubscribe_url }}' });
    expect(email.text).toMatch(url);
    expect(email.html).toBe(`<a href="${email.text}">out</a>`);
    expect(email).not.toHaveProperty('headers');
  });

  it('does not make a message personal, which would cost it the fast way', () => {
    const fast = new EmailTemplate(aMessage({ content: '{{unsubscribe_url}}', unsubscribe: true }), untracked, links);
    expect(fast.isPersonal).toBe(false);
    expect(new EmailTemplate(aMessage({ content: '{{name}}' }), untracked, links).isPersonal).toBe(true);
  });
});
