import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD, Probe, codesOf, expectProblem } from '../../test/support/probe.js';

let probe: Probe;

beforeAll(async () => {
  probe = await Probe.start();
});

afterAll(() => probe.close());

describe('messages', () => {
  it.each([
    ['101 items', Array.from({ length: 101 }, () => GOOD), '/messages', 'too_many'],
    ['null', [null], '/messages/0', 'invalid_type'],
    ['an array', [GOOD, []], '/messages/1', 'invalid_type'],
    ['a string', ['x'], '/messages/0', 'invalid_type'],
    ['an object with a length', { length: 1, 0: {} }, '/messages', 'invalid_type'],
  ])('refuses %s', async (_name, messages, pointer, code) => {
    const answer = await probe.post({ messages });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toEqual([{ pointer, code, detail: expect.any(String) as string }]);
  });

  it.each([
    ['schedule_at', 'scheduled_at'],
    ['topicid', 'topic_id'],
    ['to', 'emails'],
    ['Subject', 'subject'],
    ['contnet', 'content'],
  ])('refuses the field %s and names %s', async (field, meant) => {
    const answer = await probe.postMessage({ [field]: 'x' });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toEqual([
      {
        pointer: `/messages/0/${field}`,
        code: 'unknown_field',
        detail: `is not a known field; did you mean "${meant}"?`,
      },
    ]);
  });

  it.each(['hasOwnProperty', 'toString', 'a/b~c'])('refuses the field %s', async (field) => {
    expect(codesOf(await probe.postMessage({ [field]: {} }))).toEqual(['unknown_field']);
  });

  it('refuses an unknown field beside messages', async () => {
    const answer = await probe.post({ messages: [GOOD], dry_run: true });
    expect(answer.body.errors?.[0]).toMatchObject({ pointer: '/dry_run', code: 'unknown_field' });
  });

  it('lists the errors of all messages in one answer, 100 at most', async () => {
    const bad = { emails: ['x', 'a@b.cd', 'y'], subject: '', content: 7 };
    const answer = await probe.post({ messages: Array.from({ length: 50 }, () => bad) });
    expect(answer.body.errors).toHaveLength(100);
    expect(answer.body.errors?.slice(0, 4).map(({ pointer }) => pointer)).toEqual([
      '/messages/0/emails/0',
      '/messages/0/emails/2',
      '/messages/0/subject',
      '/messages/0/content',
    ]);
  });
});

describe('topic_id', () => {
  it.each(['x'.repeat(51), 'a b', '../x', 'é', 'a\n', 7, {}, "a'--", ['x']])('refuses %j', async (topic_id) => {
    const answer = await probe.postMessage({ topic_id });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors?.[0].pointer).toBe('/messages/0/topic_id');
  });

  it.each([{}, { topic_id: null }, { topic_id: '' }, { topicId: '' }])('reads %j as the empty topic', async (given) => {
    const answer = await probe.postMessage(given);
    expect(answer.body['messages']).toMatchObject([{ topic_id: '' }]);
  });

  it('has an alias, which points to itself in errors, and is not taken beside it', async () => {
    expect((await probe.postMessage({ topicId: 'news' })).body['messages']).toMatchObject([{ topic_id: 'news' }]);
    expect((await probe.postMessage({ topicId: 'a b' })).body.errors?.[0].pointer).toBe('/messages/0/topicId');
    const both = await probe.postMessage({ topicId: 'a', topic_id: 'a' });
    expect(both.body.errors).toMatchObject([{ pointer: '/messages/0/topicId', code: 'duplicate_field' }]);
  });
});

describe('emails', () => {
  it.each(
    [
      [undefined, 'required'],
      [null, 'invalid_type'],
      [[], 'too_few'],
      [Array.from({ length: 1_001 }, () => 'a@b.cd'), 'too_many'],
      ['a@b.cd', 'invalid_type'],
      [{ length: 1, 0: 'a@b.cd' }, 'invalid_type'],
    ].map(([emails, code]) => [String(JSON.stringify(emails)).slice(0, 30), emails, code] as const),
  )('refuses %s', async (_name, emails, code) => {
    const answer = await probe.postMessage({ emails });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ pointer: '/messages/0/emails', code }]);
  });

  it.each([null, ['a@b.cd'], 7, {}, { email: null }, { address: 'a@b.cd' }])(
    'refuses the element %j',
    async (element) => {
      const answer = await probe.postMessage({ emails: ['x@y.zz', element] });
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors?.[0].pointer).toBe('/messages/0/emails/1');
    },
  );

  it('merges duplicates, and says which element is which', async () => {
    const answer = await probe.postMessage({ emails: ['A@b.cd', { email: ' A@B.CD ' }, 'a@b.cd', 'A@b.cd'] });
    expect(answer.body['messages']).toMatchObject([
      { emails: ['A@b.cd', 'a@b.cd'], positions: [0, 0, 1, 0], duplicates: 2 },
    ]);
  });

  it('takes the good ones when it may be lenient, and refuses a message that has none', async () => {
    const lenient = { prefer: 'respond-async, handling=lenient; x=1, return=representation' };
    const answer = await probe.postMessage({ emails: ['x', 'a@b.cd', 'y', 'a@b.cd'] }, lenient);
    expect(answer.status).toBe(200);
    expect(answer.body['messages']).toMatchObject([{ emails: ['a@b.cd'], positions: [-1, 0, -1, 0], duplicates: 1 }]);
    expect(answer.body['rejected']).toMatchObject([
      { pointer: '/messages/0/emails/0', code: 'invalid_email' },
      { pointer: '/messages/0/emails/2', code: 'invalid_email' },
    ]);
    expect(answer.body['preferences']).toEqual({ lenient: true, representation: true });
    expectProblem(await probe.postMessage({ emails: ['x'] }, lenient), 400, 'validation_failed');
    expectProblem(await probe.postMessage({ emails: ['x', 'a@b.cd'] }), 400, 'validation_failed');
  });

  it('refuses 50 KB that call themselves an address', async () => {
    expect(codesOf(await probe.postMessage({ emails: ['a'.repeat(50_000) + '@b.cd'] }))).toEqual(['invalid_email']);
  });

  it('takes the documented maximum in one request', async () => {
    const body = JSON.stringify({
      messages: Array.from({ length: 100 }, (_, i) => ({
        ...GOOD,
        emails: Array.from({ length: 1_000 }, (_, j) => `recipient.number.${i}.${j}@example-${j % 50}.com`),
      })),
    });
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      expect((await probe.post(body)).status).toBe(200);
      times.push(performance.now() - start);
    }
    const median = times.sort((a, b) => a - b)[2];
    process.stdout.write(`100 x 1,000 recipients, ${(body.length / 1e6).toFixed(1)} MB: ${median.toFixed(0)} ms\n`);
  });
});

describe('subject and content', () => {
  const refused: [object, string][] = [
    [{ subject: undefined }, 'required'],
    [{ subject: null }, 'invalid_type'],
    [{ subject: '' }, 'required'],
    [{ subject: '   ' }, 'required'],
    [{ subject: 'x'.repeat(256) }, 'too_long'],
    [{ subject: 7 }, 'invalid_type'],
    [{ subject: 'x\r\nBcc: e@v.il' }, 'invalid_characters'],
    [{ subject: 'x\n' }, 'invalid_characters'],
    [{ subject: 'x\u2028y' }, 'invalid_characters'],
    [{ subject: 'x\u0085y' }, 'invalid_characters'],
    [{ subject: 'x\u0000y' }, 'invalid_characters'],
    [{ subject: 'x\ud800y' }, 'invalid_characters'],
    [{ content: undefined }, 'required'],
    [{ content: null }, 'invalid_type'],
    [{ content: '' }, 'required'],
    [{ content: 'x'.repeat(65_536) }, 'too_long'],
    [{ content: 'x\u0000' }, 'invalid_characters'],
    [{ content: '\udc00' }, 'invalid_characters'],
    [{ content: {} }, 'invalid_type'],
  ];

  it.each(refused.map(([fields, code]) => [JSON.stringify(fields).slice(0, 40), fields, code] as const))(
    'refuses %s',
    async (_name, fields, code) => {
      const answer = await probe.postMessage(fields);
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ pointer: `/messages/0/${Object.keys(fields)[0]}`, code }]);
    },
  );

  it('counts code points, and trims the subject', async () => {
    expect((await probe.postMessage({ subject: '😀'.repeat(255) })).status).toBe(200);
    expect((await probe.postMessage({ content: '😀'.repeat(65_535) })).status).toBe(200);
    expect(codesOf(await probe.postMessage({ content: '😀'.repeat(65_536) }))).toEqual(['too_long']);
    expect((await probe.postMessage({ subject: '  Hello  ' })).body['messages']).toMatchObject([{ subject: 'Hello' }]);
  });

  it('takes any HTML', async () => {
    const content = '<script>\n</b>\t<body>';
    expect((await probe.postMessage({ content })).body['messages']).toMatchObject([{ content }]);
  });
});

describe('scheduled_at', () => {
  it.each([
    '',
    'tomorrow',
    '2024-12-25',
    '2026-02-30T00:00:00Z',
    '2030-01-01T25:00Z',
    '2016-12-31T23:59:60Z',
    1_900_000_000,
    '+99999-01-01T00:00:00Z',
    {},
  ])('refuses %j', async (scheduled_at) => {
    const answer = await probe.postMessage({ scheduled_at });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ pointer: '/messages/0/scheduled_at', code: 'invalid_datetime' }]);
  });

  it('refuses what is too far off either way', async () => {
    const at = (offset: number) => new Date(Date.now() + offset).toISOString();
    expect(codesOf(await probe.postMessage({ scheduled_at: at(-3_601_000) }))).toEqual(['too_past']);
    expect(codesOf(await probe.postMessage({ scheduled_at: at(366 * 86_400_000) }))).toEqual(['too_far']);
    expect((await probe.postMessage({ scheduled_at: at(-3_500_000) })).status).toBe(200);
  });

  it('takes null, an offset, and the alias, whose empty string is nothing', async () => {
    const time = new Date(Math.floor(Date.now() / 60_000) * 60_000 + 86_400_000);
    const shifted = new Date(time.getTime() + 14 * 3_600_000).toISOString().slice(0, 16);
    expect((await probe.postMessage({ scheduled_at: null })).body['messages']).toMatchObject([{ scheduled_at: null }]);
    expect((await probe.postMessage({ scheduledAt: '' })).body['messages']).toMatchObject([{ scheduled_at: null }]);
    for (const field of ['scheduled_at', 'scheduledAt']) {
      const answer = await probe.postMessage({ [field]: `${shifted}+14:00` });
      expect(answer.body['messages']).toMatchObject([{ scheduled_at: time.toISOString() }]);
    }
  });
});

describe('what else a message carries', () => {
  const named = (count: number, value: unknown = 'x') =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-H${i}`, value]));
  const refused: [object, string, string?][] = [
    [{ text: '' }, 'required'],
    [{ text: 7 }, 'invalid_type'],
    [{ text: 'x'.repeat(65_536) }, 'too_long'],
    [{ text: 'x\u0000' }, 'invalid_characters'],
    [{ from: 7 }, 'invalid_type'],
    [{ from: '' }, 'invalid_email'],
    [{ from: 'nobody' }, 'invalid_email'],
    [{ from: 'Ada <ada>' }, 'invalid_email'],
    [{ from: 'Ada <a@b.cd>, Bob <b@b.cd>' }, 'invalid_email'],
    [{ from: 'a@b.cd, b@b.cd' }, 'invalid_email'],
    [{ from: 'Ada\r\nBcc: e@v.il <a@b.cd>' }, 'invalid_characters'],
    [{ from: 'A\u0007da <a@b.cd>' }, 'invalid_characters'],
    [{ from: 'A\u202eda <a@b.cd>' }, 'invalid_characters'],
    [{ from: 'A\\da <a@b.cd>' }, 'invalid_characters'],
    [{ from: `${'A'.repeat(101)} <a@b.cd>` }, 'too_long'],
    [{ reply_to: 'a@b.cd\nX: y' }, 'invalid_email'],
    [{ headers: [] }, 'invalid_type'],
    [{ headers: named(21) }, 'too_many'],
    [{ headers: { 'X-A': 7 } }, 'invalid_type', 'X-A'],
    [{ headers: { 'X-A': ' ' } }, 'required', 'X-A'],
    [{ headers: { 'X-A': 'x\r\nBcc: e@v.il' } }, 'invalid_characters', 'X-A'],
    [{ headers: { 'X-A': 'Grüße' } }, 'invalid_characters', 'X-A'],
    [{ headers: { 'X-A': 'x'.repeat(871) } }, 'too_long', 'X-A'],
    [{ headers: { 'X-A: b\r\nBcc': 'x' } }, 'invalid_name', 'X-A: b\r\nBcc'],
    [{ headers: { '': 'x' } }, 'invalid_name', ''],
    [{ headers: { [`X-${'a'.repeat(125)}`]: 'x' } }, 'invalid_name', `X-${'a'.repeat(62)}…`],
    [{ headers: { 'X-A': 'x', 'x-a': 'y' } }, 'duplicate_header', 'x-a'],
    ...['Bcc', 'to', 'From', 'Subject', 'Message-ID', 'Content-Type', 'DKIM-Signature', 'Return-Path', 'Received'].map(
      (name): [object, string, string] => [{ headers: { [name]: 'x' } }, 'header_not_allowed', name],
    ),
    ...['X-Messages-Email-ID', 'x-ses-configuration-set', 'List-Unsubscribe', 'list-unsubscribe-post'].map(
      (name): [object, string, string] => [{ headers: { [name]: 'x' } }, 'header_not_allowed', name],
    ),
    [{ tags: 'x' }, 'invalid_type'],
    [{ tags: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`t${i}`, 'x'])) }, 'too_many'],
    [{ tags: { request_id: 'x' } }, 'reserved_name', 'request_id'],
    [{ tags: { Topic_ID: 'x' } }, 'reserved_name', 'Topic_ID'],
    [{ tags: { 'a b': 'x' } }, 'invalid_name', 'a b'],
    [{ tags: { a: '' } }, 'invalid_value', 'a'],
    [{ tags: { a: 'é' } }, 'invalid_value', 'a'],
    [{ tags: { a: 1 } }, 'invalid_type', 'a'],
    [{ variables: ['x'] }, 'invalid_type'],
    [{ variables: { 'a-b': 'x' } }, 'invalid_name', 'a-b'],
    [{ variables: { unsubscribe_url: 'x' } }, 'reserved_name', 'unsubscribe_url'],
    [{ variables: { a: null } }, 'invalid_type', 'a'],
    [{ variables: { a: 'x'.repeat(1_001) } }, 'too_long', 'a'],
    [{ variables: { a: 'x\ry' } }, 'invalid_characters', 'a'],
    [{ variables: { a: 'x\u0000' } }, 'invalid_characters', 'a'],
    [{ variables: { a: '\ud800' } }, 'invalid_characters', 'a'],
    [{ variables: Object.fromEntries([...'abcdefghijk'].map((n) => [n, 'x'.repeat(1_000)])) }, 'variables_too_large'],
    [{ unsubscribe: 'yes' }, 'invalid_type'],
    [{ expires_at: 'tomorrow' }, 'invalid_datetime'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'too_past'],
  ];

  it.each(
    refused.map(([fields, code, member]) => [JSON.stringify(fields).slice(0, 60), fields, code, member] as const),
  )('refuses %s', async (_name, fields, code, member) => {
    const answer = await probe.postMessage(fields);
    expectProblem(answer, 400, 'validation_failed');
    const pointer = `/messages/0/${Object.keys(fields)[0]}${member === undefined ? '' : `/${member}`}`;
    expect(answer.body.errors).toMatchObject([{ pointer, code }]);
  });

  it.each([
    ['cc', /"emails"/],
    ['Bcc', /"emails"/],
    ['attachments', /link/],
  ])('says of %s that it is not to be had, also where unknown fields may pass', async (field, sentence) => {
    const tolerant = await Probe.start({ unknownFields: 'warn' });
    try {
      for (const edge of [probe, tolerant]) {
        const answer = await edge.postMessage({ [field]: ['a@b.cd'] });
        expect(answer.body.errors).toEqual([
          {
            pointer: `/messages/0/${field}`,
            code: 'unsupported_field',
            detail: expect.stringMatching(sentence) as string,
          },
        ]);
      }
    } finally {
      await tolerant.close();
    }
  });

  it('takes it all, in the form in which it is stored', async () => {
    const given = {
      text: 'Hi\n{{name}}',
      from: ' Doe, Jane <jane@EXAMPLE.com> ',
      reply_to: '"Jürgen"  <help@münchen.de>',
      headers: { 'X-Foo_Bar': ' a b ', References: '<a@b.cd>', 'List-ID': '<news.example.com>' },
      tags: { campaign: 'spring_2030' },
      variables: { name: 'A\tb\n', count: 7, isNew: true },
      unsubscribe: true,
    };
    expect((await probe.postMessage(given)).body['messages']).toMatchObject([
      {
        ...given,
        from: '"Doe, Jane" <jane@example.com>',
        reply_to: 'Jürgen <help@xn--mnchen-3ya.de>',
        headers: { ...given.headers, 'X-Foo_Bar': 'a b' },
        variables: { name: 'A\tb\n', count: '7', isNew: 'true' },
      },
    ]);
  });

  it('takes nothing for what is null or empty', async () => {
    const nothing = { text: null, from: null, reply_to: null, headers: {}, tags: {}, variables: {}, unsubscribe: null };
    expect((await probe.postMessage(nothing)).body['messages']).toMatchObject([
      { ...nothing, headers: null, tags: null, variables: null },
    ]);
  });

  it('points to what is wrong with the variables of a recipient', async () => {
    const emails = ['x@y.zz', { email: 'a@b.cd', variables: { name: 'x', 'a/b': 'y' } }];
    const answer = await probe.postMessage({ emails });
    expect(answer.body.errors).toMatchObject([
      { pointer: '/messages/0/emails/1/variables/a~1b', code: 'invalid_name' },
    ]);
  });
});
