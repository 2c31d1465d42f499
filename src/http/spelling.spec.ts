import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './spelling.js';

const KNOWN = ['topic_id', 'emails', 'subject', 'content', 'scheduled_at'];

describe('nearest', () => {
  it.each([
    ['schedule_at', 'scheduled_at'],
    ['scheduledat', 'scheduled_at'],
    ['topicid', 'topic_id'],
    ['SUBJECT', 'subject'],
    ['email', 'emails'],
    ['cnotent', 'content'],
  ])('takes %s for %s', (name, meant) => {
    expect(nearest(name, KNOWN)).toBe(meant);
  });

  it.each(['x', '', 'attachments', 'e'.repeat(100_000)])('takes %.12s for nothing', (name) => {
    expect(nearest(name, KNOWN)).toBeUndefined();
  });

  it('counts a swap of neighbours as one edit', () => {
    expect(editDistance('ab', 'ba')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
});
