import { randomInt } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Capture, captureSes, captureSmtp } from '../support/capture.js';
import { deviations, hostileMails, headersOf } from '../support/hostile-mail.js';
import { reportPromise } from '../support/promise-report.js';

const MAILS = 5_000;
/** At once; the rest of a wave waits in memory. */
const WAVE = 100;
const seed = Number(process.env.CHAOS_SEED ?? randomInt(2 ** 31));

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.each<[string, () => Promise<Capture>]>([
  ['smtp', captureSmtp],
  ['ses', captureSes],
])('5,000 hostile mails through %s', (name, setup) => {
  it('arrive as they were given, or are refused', async () => {
    process.stdout.write(`${MAILS} hostile mails through ${name}, CHAOS_SEED=${seed}\n`);
    const { transport, captured, close } = await setup();
    const mails = hostileMails(MAILS, seed);
    const refused: string[] = [];
    for (let from = 0; from < MAILS; from += WAVE) {
      const wave = mails.slice(from, from + WAVE);
      const results = await Promise.allSettled(wave.map(({ mail }) => transport.send(mail)));
      results.forEach((result, index) => {
        if (result.status === 'fulfilled') return;
        expect(result.reason, JSON.stringify(wave[index])).toMatchObject({ kind: 'permanent' });
        refused.push(wave[index].mail.id);
      });
    }
    await close();

    expect(new Set(refused)).toEqual(
      new Set(mails.flatMap(({ mail, isDeliverable }) => (isDeliverable ? [] : mail.id))),
    );
    expect(captured).toHaveLength(MAILS - refused.length);
    expect(captured.length).toBeGreaterThan(MAILS / 2);
    const byId = new Map(mails.map((hostile) => [hostile.mail.id, hostile]));
    for (const { envelopeFrom, envelopeTo, raw } of captured) {
      const id = headersOf(raw).find(([header]) => header === 'X-Messages-Email-ID')?.[1] ?? '';
      const hostile = byId.get(id)!;
      byId.delete(id);
      expect([envelopeFrom, envelopeTo]).toEqual(['no-reply@example.com', [hostile.mail.to]]);
      expect(deviations(hostile, raw), JSON.stringify(hostile)).toEqual([]);
    }
    reportPromise({
      promise: 'P39',
      under: `hostile subjects, names and headers through ${name}`,
      promised: 'exactly the expected headers and envelope, or refused',
      stream: null,
      provider: `${captured.length} mails as expected, ${refused.length} refused`,
      recipients: MAILS,
      kills: 0,
      seed,
    });
  });
});
