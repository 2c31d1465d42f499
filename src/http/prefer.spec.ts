import { describe, expect, it } from 'vitest';
import { parsePrefer } from './prefer.js';

describe('parsePrefer', () => {
  it.each([
    [undefined, false, false],
    ['', false, false],
    ['handling=lenient', true, false],
    ['Handling = "LENIENT" ; x=1', true, false],
    ['return=representation, handling=lenient', true, true],
    [['return=representation', 'handling=lenient'], true, true],
    ['handling=strict, handling=lenient', false, false],
    ['return=minimal', false, false],
    [`${'a,'.repeat(2_000)}handling=lenient`, false, false],
  ])('reads %j', (header, lenient, representation) => {
    expect(parsePrefer(header)).toEqual({ lenient, representation });
  });
});
