import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { clickToken, isToken, openToken, TOKEN_CHARACTERS } from './tokens.js';

const secret = 'a secret of sixteen';
const id = '01900000-0000-7000-8000-0000000000aa';

describe('tokens', () => {
  it('are the first 128 bits of an HMAC-SHA256 over the purpose and what is signed', () => {
    const digest = createHmac('sha256', secret).update(`open\n${id}`).digest('hex');
    expect(Buffer.from(openToken(secret, id), 'base64url').toString('hex')).toBe(digest.slice(0, 32));
    expect(openToken(secret, id)).toHaveLength(TOKEN_CHARACTERS);
  });

  it('differ by secret, purpose, email and link', () => {
    const tokens = [
      openToken(secret, id),
      openToken(`${secret}!`, id),
      openToken(secret, id.replace('aa', 'ab')),
      clickToken(secret, id, 'https://a.example/'),
      clickToken(secret, id, 'https://a.example/?'),
      clickToken(secret, id, ''),
    ];
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  it.each(['', 'x', 'x'.repeat(21), 'x'.repeat(22), 'ü'.repeat(22), 'ü'.repeat(11), 'x'.repeat(9_000)])(
    'are told from %.30s',
    (given) => {
      expect(isToken(given, openToken(secret, id))).toBe(false);
    },
  );

  it('are recognised, and not with one character changed', () => {
    const token = openToken(secret, id);
    expect(isToken(token, token)).toBe(true);
    for (let at = 0; at < token.length; at++) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      expect(isToken(changed, token)).toBe(false);
    }
  });
});
