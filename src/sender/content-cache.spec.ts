import { describe, expect, it } from 'vitest';
import type { ServerConfig } from '../config/server.config.js';
import type { TrackingConfig } from '../config/tracking.config.js';
import type { Message } from '../messages/message.entity.js';
import type { MessagesRepository } from '../messages/messages.repository.js';
import { aMessage } from '../../test/support/messages.js';
import { ContentCache } from './content-cache.js';
import { MessageContents } from './message-contents.js';

describe('ContentCache', () => {
  it('keeps what was used last, within its bytes', () => {
    const cache = new ContentCache(100);
    for (const key of ['a', 'b', 'c']) cache.put(key, { bytes: 40 });
    expect(cache.get('a')).toBeUndefined();
    expect(cache.get('b')).toBeDefined();
    cache.put('d', { bytes: 40 });
    expect([cache.get('c'), cache.get('b'), cache.bytes]).toEqual([undefined, { bytes: 40 }, 80]);
  });

  it('weighs again what has grown since', () => {
    const cache = new ContentCache(100);
    const growing = { bytes: 10 };
    cache.put('a', { bytes: 40 });
    cache.put('b', growing);
    growing.bytes = 80;
    expect(cache.get('b')).toBe(growing);
    expect([cache.get('a'), cache.bytes]).toEqual([undefined, 80]);
  });

  it('keeps the newest alone, however large', () => {
    const cache = new ContentCache(100);
    cache.put('a', { bytes: 50 });
    cache.put('b', { bytes: 500 });
    expect([cache.get('a'), cache.get('b'), cache.bytes]).toEqual([undefined, { bytes: 500 }, 500]);
  });
});

describe('MessageContents', () => {
  const content = `<p>${'x'.repeat(60_000)}</p>`;

  function setup() {
    const asked: string[][] = [];
    let fault: Error | null = null;
    const repository = {
      findAll: (ids: readonly string[]) => {
        asked.push([...ids]);
        if (fault) return Promise.reject(fault);
        const found = ids.filter((id) => id !== 'nobody');
        return Promise.resolve(
          found.map((id) => ({ ...aMessage({ id, content }), trackOpens: true, trackClicks: false }) as Message),
        );
      },
    };
    const server = { publicUrl: 'https://mail.example.com' } as ServerConfig;
    const contents = new MessageContents(repository as MessagesRepository, server, { secret: null } as TrackingConfig);
    return { contents, asked, fail: (error: Error | null) => (fault = error) };
  }

  it('loads each message once, also where it is asked for again meanwhile', async () => {
    const { contents, asked } = setup();
    const [first, second] = await Promise.all([contents.load(['a', 'b', 'a', 'nobody']), contents.load(['b', 'c'])]);
    expect(asked).toEqual([['a', 'b', 'nobody'], ['c']]);
    expect([...first.keys()].sort()).toEqual(['a', 'b']);
    expect(second.get('b')).toBe(first.get('b'));
    await contents.load(['a', 'c']);
    expect(asked).toHaveLength(2);
  });

  it('forgets a load that failed', async () => {
    const { contents, asked, fail } = setup();
    fail(new Error('connection lost'));
    await expect(contents.load(['a', 'b'])).rejects.toThrow('connection lost');
    fail(null);
    expect((await contents.load(['a'])).size).toBe(1);
    expect(asked).toEqual([['a', 'b'], ['a']]);
  });

  it('does not grow with the number of messages', async () => {
    const { contents } = setup();
    const recipient = { id: '01900000-0000-7000-8000-0000000000aa', variables: null };
    let most = 0;
    for (let i = 0; i < 600; i++) {
      const id = `message-${i}`;
      const templates = (await contents.load([id])).get(id);
      expect(templates?.of(null).emailOf(recipient).html.length).toBeGreaterThan(60_000);
      await contents.load([id]);
      most = Math.max(most, contents.bytes);
    }
    expect(most).toBeGreaterThan(60 * 1024 * 1024);
    expect(most).toBeLessThanOrEqual(64 * 1024 * 1024);
  });
});
