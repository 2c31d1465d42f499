import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';
import { ApiKeyVerifier } from '../../src/http/api-key.verifier.js';
import { reportPromise } from '../support/promise-report.js';

const SAMPLES = 100_000;
/** One alone is as short as the clock's error. */
const CALLS_PER_SAMPLE = 10;
/** Pauses of the garbage collector and of the machine are in none of the compared samples. */
const KEPT = 0.9;
/** Beyond it two timings differ by more than chance. */
const MAX_T = 4.5;

const KEY = 'k1-0123456789abcdefghijklmnopqrstuvwxyz';
const keys = [KEY, 'another-0123456789abcdef'].map((key) => ({
  name: key.slice(0, 2),
  digest: createHash('sha256').update(key).digest(),
  readOnly: false,
}));

/** Welch's t of two samples. */
function tOf(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const squaredError = (values: readonly number[], middle: number) =>
    values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1) / values.length;
  const [meanOfA, meanOfB] = [mean(a), mean(b)];
  return (meanOfA - meanOfB) / Math.sqrt(squaredError(a, meanOfA) + squaredError(b, meanOfB));
}

function timing(verifier: ApiKeyVerifier, key: string): number {
  const request = { raw: { headersDistinct: { 'x-api-key': [key] } } } as unknown as FastifyRequest;
  const start = process.hrtime.bigint();
  for (let i = 0; i < CALLS_PER_SAMPLE; i++) verifier.find(request);
  return Number(process.hrtime.bigint() - start);
}

it('takes as long to refuse a key that is wrong at its end as one that is wrong at its beginning', () => {
  const verifier = new ApiKeyVerifier({ keys });
  const wrong = [`x${KEY.slice(1)}`, `${KEY.slice(0, -1)}x`];
  const samples: [number[], number[]] = [[], []];
  for (let i = 0; i < SAMPLES; i++) {
    const which = Math.random() < 0.5 ? 0 : 1;
    samples[which].push(timing(verifier, wrong[which]));
  }
  const limit = samples.flat().sort((a, b) => a - b)[Math.floor(SAMPLES * KEPT)];
  const [first, last] = samples.map((times) => times.filter((time) => time <= limit));
  const t = tOf(first, last);
  console.log(`t = ${t.toFixed(2)} over ${SAMPLES} samples`);
  expect(Math.abs(t)).toBeLessThan(MAX_T);
  reportPromise({
    promise: 'P37',
    under: 'keys that are wrong at their beginning or end',
    promised: `|t| < ${MAX_T}`,
    stream: null,
    provider: null,
    measured: `t = ${t.toFixed(2)} over ${SAMPLES} samples`,
    recipients: 0,
    kills: 0,
    seed: null,
  });
});
