import { describe, expect, it } from 'vitest';
import type { OpenApi, Route } from '../support/openapi.js';
import { API_KEY } from '../support/stack.js';
import type { FuzzAnswer, FuzzRequest } from './exchange.js';
import { Judge } from './judge.js';

const PROBLEM_SCHEMA = { $ref: '#/components/schemas/ProblemDto' };
const DOCUMENT: OpenApi = {
  openapi: '3.1.0',
  security: [{ key: [] }],
  paths: {
    '/v1/topics/{topic_id}': {
      get: {
        responses: {
          '200': {
            description: '',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Topic' } } },
          },
          default: { description: '', content: { 'application/problem+json': { schema: PROBLEM_SCHEMA } } },
        },
      },
    },
  },
  components: {
    schemas: {
      Topic: { type: 'object', properties: { total: { type: 'integer', minimum: 0 } }, required: ['total'] },
      ProblemDto: { type: 'object', properties: { code: { type: 'string' } }, additionalProperties: true },
    },
    securitySchemes: {},
  },
};

const ID = '01900000-0000-7000-8000-000000000000';

function judged(answer: Partial<FuzzAnswer>, request: Partial<FuzzRequest> = {}): string[] {
  const route = {} as Route;
  const given = {
    route,
    method: 'GET',
    path: '/v1/topics/x',
    headers: { 'x-api-key': API_KEY },
    body: null,
    ...request,
  };
  const good = { status: 200, headers: { 'x-request-id': ID }, mediaType: 'application/json', body: '{"total":1}' };
  return new Judge(DOCUMENT).judge(given, { ...good, ...answer }).faults;
}

function problem(status: number, members: object = {}): Partial<FuzzAnswer> {
  const body = JSON.stringify({ status, code: 'x', detail: 'No.', error: 'No.', request_id: ID, ...members });
  return { status, mediaType: 'application/problem+json', body };
}

describe('the judge of fuzzed answers', () => {
  it('finds nothing wrong with what is described', () => {
    expect(judged({})).toEqual([]);
    expect(judged({ body: '' }, { method: 'HEAD' })).toEqual([]);
    expect(judged(problem(400))).toEqual([]);
    expect(judged(problem(404), { path: '/v1/nothing' })).toEqual([]);
  });

  it.each<[string, Partial<FuzzAnswer>, Partial<FuzzRequest>?]>([
    ['a fault of ours', problem(500)],
    ['a status that is not described', { status: 201 }],
    ['a media type that is not described', { mediaType: 'text/html' }],
    ['a refusal without a problem', { status: 400 }],
    ['a body that is cut off', { body: '{"total":' }],
    ['a member of another type', { body: '{"total":"1"}' }],
    ['a number out of its range', { body: '{"total":-1}' }],
    ['a member that is missing', { body: '{}' }],
    ['a member that nobody described', { body: '{"total":1,"shard":2}' }],
    ['another status in the body', problem(400, { status: 404 })],
    ['another id in the body', problem(400, { request_id: 'x' })],
    ['an answer where there is no route', {}, { path: '/v1/nothing' }],
    ['an answer to who has no key', {}, { headers: {} }],
    ['SQL', problem(400, { detail: 'SELECT id FROM emails', error: 'SELECT id FROM emails' })],
    ['what PostgreSQL says', problem(400, { code: 'invalid input syntax for type uuid' })],
    ['a stack', problem(400, { code: 'TypeError: x\n    at read (file.ts:1:2)' })],
    ['a path', problem(400, { code: '/srv/node_modules/pg' })],
    ['the key', problem(400, { code: API_KEY })],
  ])('finds %s', (_name, answer, request) => {
    expect(judged(answer, request).length).toBeGreaterThan(0);
  });
});
