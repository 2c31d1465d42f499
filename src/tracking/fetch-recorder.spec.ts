import type { FastifyRequest } from 'fastify';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { EmailEvent } from '../events/email-event.js';
import type { EventsService, Recorded } from '../events/events.service.js';
import type { UnmatchedEventsService } from '../events/unmatched-events.service.js';
import type { Fetch } from './fetch.js';
import { FetchRecorder } from './fetch-recorder.js';

const OPEN: Fetch = { type: 'Open', emailId: '01900000-0000-7000-8000-0000000000aa', link: null, isForgeable: false };
const PERSON = {
  headers: { 'user-agent': 'Mozilla/5.0 (X11; rv:1) Firefox/1' },
  socket: { remoteAddress: '192.0.2.1' },
} as unknown as FastifyRequest;
const PROXY = {
  headers: { 'user-agent': 'Mozilla/5.0', 'x-forwarded-for': '198.51.100.7' },
  socket: { remoteAddress: '192.0.2.1' },
} as unknown as FastifyRequest;

function setup(answer: () => Promise<Recorded>, storeClientDetails = false) {
  const written: EmailEvent[] = [];
  const kept: unknown[] = [];
  const events = { record: (event: EmailEvent) => (written.push(event), answer()) } as unknown as EventsService;
  const unmatched = {
    recordOrKeep: (event: unknown) => (kept.push(event), Promise.resolve()),
  } as unknown as UnmatchedEventsService;
  const config = { trackOpens: true, secret: null, storeClientDetails };
  return { recorder: new FetchRecorder(events, unmatched, config, { trustedProxies: 1 }), written, kept };
}

describe('FetchRecorder', () => {
  let warn: ReturnType<typeof vi.spyOn>;
  beforeEach(() => {
    warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });
  afterEach(() => {
    warn.mockRestore();
  });

  it('writes an open once per verdict, and a click each time', async () => {
    const { recorder, written } = setup(() => Promise.resolve('recorded'));
    for (const request of [PERSON, PROXY, PERSON, PROXY]) await recorder.record(OPEN, request);
    expect(written.map(({ isMachine }) => isMachine)).toEqual([false, true]);
    for (let i = 0; i < 2; i++) await recorder.record({ ...OPEN, type: 'Click', link: 'https://a.example/' }, PERSON);
    expect(written).toHaveLength(4);
    expect(JSON.stringify(written)).not.toContain('192.0.2.1');
  });

  it('stores whom it was called from behind the proxies, where that is wanted', async () => {
    const { recorder, written } = setup(() => Promise.resolve('recorded'), true);
    await recorder.record(OPEN, PROXY);
    expect(written[0].detail).toMatchObject({ ip: '198.51.100.7', user_agent: 'Mozilla/5.0' });
  });

  it.each<Recorded>(['too_soon', 'unknown', 'busy'])('writes again what was %s', async (result) => {
    const { recorder, written, kept } = setup(() => Promise.resolve(result));
    for (let i = 0; i < 2; i++) await recorder.record(OPEN, PERSON);
    expect(written).toHaveLength(2);
    expect(kept).toHaveLength(result === 'busy' ? 2 : 0);
  });

  it('answers after 50 ms at most, and counts those that it did not wait for', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { recorder } = setup(() => new Promise(() => undefined));
    let isAnswered = false;
    void recorder.record(OPEN, PERSON).then(() => (isAnswered = true));
    await vi.advanceTimersByTimeAsync(49);
    expect(isAnswered).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isAnswered).toBe(true);
    expect([recorder.unconfirmed, recorder.lost]).toEqual([1, 0]);
  });

  it('counts what could not be written, with one warning', async () => {
    const { recorder } = setup(() => Promise.reject(new Error('connect ECONNREFUSED')));
    for (let i = 0; i < 10; i++) await recorder.record(OPEN, PERSON);
    expect([recorder.unconfirmed, recorder.lost]).toEqual([0, 10]);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('lets no more than 5,000 wait', async () => {
    const { recorder, written } = setup(() => new Promise(() => undefined));
    const fetches = Array.from({ length: 5_010 }, () => recorder.record(OPEN, PERSON));
    await Promise.all(fetches);
    expect(written).toHaveLength(5_000);
    expect(recorder.lost).toBe(10);
  });
});
