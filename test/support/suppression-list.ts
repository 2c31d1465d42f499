import { expect } from 'vitest';
import { API_KEY, type Gateway } from './stack.js';

export interface Listed {
  data: { address: string; topic_id: string | null; reason: string; source: string; created_at: string }[];
  next_cursor: string | null;
}

/** `/v1/suppressions` of a gateway. */
export class SuppressionList {
  constructor(private readonly gateway: Gateway) {}

  /** Any of its routes, with its answer as it is. */
  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.gateway.url}/v1/suppressions${path}`, {
      method,
      headers: { 'x-api-key': API_KEY, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  async add(...addresses: unknown[]): Promise<unknown> {
    return answerOf(await this.call('POST', '', { addresses }));
  }

  async release(...addresses: unknown[]): Promise<unknown> {
    return answerOf(await this.call('DELETE', '', { addresses }));
  }

  async read(query: string): Promise<Listed> {
    return (await answerOf(await this.call('GET', query))) as Listed;
  }

  importCsv(csv: string): Promise<Response> {
    return this.call('POST', '', csv, { 'content-type': 'text/csv' });
  }
}

export async function answerOf(response: Response): Promise<unknown> {
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as unknown;
}
