import { describe, expect, it } from 'vitest';
import { CODE } from '../contracts/states.js';
import { blockOf, type EmailToSend, type JudgedBatch, type Verdict, verdictOf } from './judging.js';

const idOf = (range: string, index: string) => `01900000-0000-7000-8000-00000000${range}${index}`;

function email(fields: Partial<EmailToSend> = {}): EmailToSend {
  const nothing = { tracking: null, variables: null, state: null, batch_id: null, blocks: null, is_erased: false };
  return { id: idOf('a', '00a'), address: 'a@b.cd', attempts: 0, ...nothing, ...fields };
}

function batch(fields: Partial<JudgedBatch> = {}): JudgedBatch {
  return { id: idOf('a', '000'), message_id: 'm', topic_id: 'news', generation: 1, verdict: 'send', ...fields };
}

describe('verdictOf', () => {
  it.each<[Verdict, Partial<EmailToSend>, Partial<JudgedBatch>, number]>([
    ['send', {}, {}, 1],
    ['done', {}, {}, 0],
    ['unknown', {}, {}, 2],
    ['unknown', {}, { verdict: 'unknown' }, 0],
    ['in_flight', { state: CODE.sending }, { verdict: 'stop' }, 1],
    ['done', { state: CODE.sent }, {}, 1],
    ['not_settled', { blocks: { news: 'bounce' } }, { verdict: 'not_settled' }, 1],
    ['stop', { blocks: { news: 'bounce' } }, { verdict: 'stop' }, 1],
    ['stop', { is_erased: true, blocks: { '': 'bounce' } }, {}, 1],
    ['stop', { is_erased: true }, { verdict: 'hold' }, 1],
    ['not_settled', { is_erased: true }, { verdict: 'not_settled' }, 1],
    ['done', { is_erased: true, state: 3 }, {}, 1],
    ['expire', { blocks: { news: 'bounce' } }, { verdict: 'expire' }, 1],
    ['suppress', { blocks: { news: 'bounce' } }, { verdict: 'hold' }, 1],
    ['suppress', { blocks: { '': 'bounce' } }, {}, 1],
    ['send', { blocks: { other: 'unsubscribe' } }, {}, 1],
    ['hold', {}, { verdict: 'hold' }, 1],
  ])('is %s for the email %j in the batch %j, delivered as generation %d', (verdict, ofEmail, ofBatch, generation) => {
    expect(verdictOf(email(ofEmail), batch(ofBatch), generation)).toBe(verdict);
  });

  it('knows nothing of an email without a batch', () => {
    expect(verdictOf(email(), undefined, 0)).toBe('unknown');
  });
});

describe('blockOf', () => {
  it('names the suppression of all mail before that of the topic', () => {
    expect(blockOf(email({ blocks: { news: 'unsubscribe', '': 'complaint' } }), batch())).toBe('complaint');
  });

  it('takes no topic for suppressed that has the name of something every object has', () => {
    expect(blockOf(email({ blocks: { news: 'bounce' } }), batch({ topic_id: 'constructor' }))).toBeNull();
  });
});
