import { describe, expect, it } from 'vitest';
import { checkJsonStructure, MAX_DEPTH, MAX_MEMBERS, MAX_VALUES } from './json-structure.js';

function check(text: string) {
  return () => checkJsonStructure(Buffer.from(text));
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

function withMembers(count: number): string {
  return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])));
}

describe('checkJsonStructure', () => {
  it('counts levels, not brackets in strings', () => {
    expect(check(nested(MAX_DEPTH))).not.toThrow();
    expect(check(nested(MAX_DEPTH + 1))).toThrow(/levels/);
    expect(check(JSON.stringify('["\\"['.repeat(100)))).not.toThrow();
    expect(check(JSON.stringify(Array(100).fill({ a: [1] })))).not.toThrow();
  });

  it('counts the members of each object by itself', () => {
    expect(check(withMembers(MAX_MEMBERS))).not.toThrow();
    expect(check(withMembers(MAX_MEMBERS + 1))).toThrow(/members/);
    expect(check(`[${withMembers(MAX_MEMBERS)},${withMembers(MAX_MEMBERS)}]`)).not.toThrow();
    expect(check(`{"a":${withMembers(MAX_MEMBERS - 1)},"b":[${'1,'.repeat(5_000)}1]}`)).not.toThrow();
  });

  it('counts the values of the whole', () => {
    expect(check(`[${'1,'.repeat(MAX_VALUES)}1]`)).toThrow(/values/);
  });

  it('ends on text that is no JSON', () => {
    for (const text of ['', '"', '"\\', ']]]]', '}{', ',,,,', '[}', '\\"["']) expect(check(text)).not.toThrow();
  });
});
