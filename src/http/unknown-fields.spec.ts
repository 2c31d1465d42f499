import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codesOf, GOOD, Probe } from '../../test/support/probe.js';

describe('UNKNOWN_FIELDS=warn', () => {
  let probe: Probe;
  const warnings: unknown[] = [];

  beforeAll(async () => {
    probe = await Probe.start({ unknownFields: 'warn' });
    const ignore = () => undefined;
    probe.app.useLogger({ log: ignore, error: ignore, warn: (message: unknown) => warnings.push(message) });
  });

  afterAll(() => probe.close());

  it('drops what it does not know, and logs it once per request', async () => {
    const answer = await probe.post({
      messages: [
        { ...GOOD, schedule_at: 'x', 'new\nline': 1 },
        { ...GOOD, to: [] },
      ],
      extra: {},
    });
    expect(answer.status).toBe(200);
    expect(answer.body['messages']).toEqual([expect.not.objectContaining({ schedule_at: 'x' }), expect.anything()]);
    expect(warnings).toEqual([
      `request ${answer.headers.get('x-request-id')} has unknown fields, ignored: ` +
        '["/messages/0/schedule_at","/messages/0/new\\nline","/messages/1/to","/extra"]',
    ]);
  });

  it('still refuses what is wrong', async () => {
    expect(codesOf(await probe.postMessage({ subject: '', to: [] }))).toEqual(['required']);
  });

  it('still refuses an unknown parameter of a query', async () => {
    const headers = { 'x-api-key': 'k1-0123456789abcdef' };
    expect((await probe.call('/v1/events/counts/sent?sort=x', { headers })).status).toBe(400);
  });
});
