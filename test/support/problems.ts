import { expect } from 'vitest';
import type { Problem } from '../../src/http/problem.js';

/** Asserts that an answer is the problem that the contract names, in the whole of its form, and returns it. */
export async function expectProblem(response: Response, status: number, code: string): Promise<Problem> {
  const text = await response.text();
  expect(response.status, text).toBe(status);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const problem = JSON.parse(text) as Problem;
  expect(problem).toMatchObject({ status, code, request_id: response.headers.get('x-request-id') });
  expect(problem.error).toBe(problem.detail);
  expect(problem.timestamp).toMatch(/Z$/);
  return problem;
}
