import type { Msg } from 'nats';
import { expect, it } from 'vitest';
import { PublishAnswers } from './publish-answer.js';

const answers = new PublishAnswers('emails');
const usual = (text: string) => answers.usual(Buffer.from(text));
const read = (text: string) => answers.read({ data: Buffer.from(text), headers: undefined } as unknown as Msg);

it.each([
  ['{"stream":"emails", "seq":12}', 12],
  ['{"stream":"emails","seq":9007199254740991}', 9007199254740991],
])('finds the number of a message that is new: %s', (text, sequence) => {
  expect(usual(text)).toBe(sequence);
  expect(read(text)).toEqual({ sequence, isDuplicate: false });
});

it.each([
  '{"stream":"emails","seq":12,"duplicate":true}',
  '{"stream":"emails","domain":"hub","seq":12}',
  '{"seq":12,"stream":"emails"}',
])('leaves what is told otherwise to be read closely: %s', (text) => {
  expect(usual(text)).toBeNull();
  expect(read(text)).toEqual({ sequence: 12, isDuplicate: text.includes('duplicate') });
});

it.each([
  '',
  'null',
  '{"stream":"emails","seq":',
  '{"stream":"emails","seq":1',
  '{"stream":"emails2","seq":1}',
  '{"stream":"emails","seq":"1"}',
  '{"error":{"code":503,"description":"no"},"stream":"emails","seq":1}',
])('takes nothing for an acknowledgement that is none: %s', (text) => {
  expect(usual(text)).toBeNull();
  expect(read(text)).toMatchObject({ kind: 'other' });
});

it('knows a full stream from other faults', () => {
  const text =
    '{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"emails","seq":0}';
  expect(read(text)).toEqual({ reason: 'maximum bytes exceeded', kind: 'stream_full' });
});
