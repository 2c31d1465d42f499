import { Agent, type OutgoingHttpHeaders, request as httpRequest } from 'node:http';
import type { Route } from '../support/openapi.js';

export interface FuzzRequest {
  /** What it was made from; what it became may match another route or none. */
  route: Route;
  method: string;
  /** As it goes over the wire, with its query. */
  path: string;
  headers: OutgoingHttpHeaders;
  body: Buffer | null;
}

export interface FuzzAnswer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  mediaType: string;
  body: string;
}

const ANSWER_TIMEOUT_MS = 20_000;

/** The client of a run, over as many connections as it has lanes. */
export class Exchange {
  private readonly agent: Agent;

  constructor(
    private readonly base: string,
    connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** An answer, or why there is none. */
  async send(request: FuzzRequest): Promise<FuzzAnswer | Error> {
    const answer = await this.attempt(request);
    // The server may close a connection at the very moment at which it is used again: its right, and no fault.
    return answer === 'closed before' ? ((await this.attempt(request)) as FuzzAnswer | Error) : answer;
  }

  close(): void {
    this.agent.destroy();
  }

  private attempt({ method, path, headers, body }: FuzzRequest): Promise<FuzzAnswer | Error | 'closed before'> {
    const { hostname, port } = new URL(this.base);
    return new Promise((resolve) => {
      const call = httpRequest({ hostname, port, method, path, headers, agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', resolve);
        response.on('end', () => {
          const [mediaType] = (response.headers['content-type'] ?? '').split(';');
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, mediaType, body: text });
        });
      });
      call.setTimeout(ANSWER_TIMEOUT_MS, () => call.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)));
      call.on('error', (error: NodeJS.ErrnoException) => {
        resolve(call.reusedSocket && error.code === 'ECONNRESET' ? 'closed before' : error);
      });
      call.end(body ?? undefined);
    });
  }
}

/** A command that sends the request again. */
export function curlOf(base: string, { method, path, headers, body }: FuzzRequest): string {
  const named = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${name}: ${one}`),
  );
  const options = [...named.map((header) => `-H ${quoted(header)}`), ...(body ? ['--data-binary @-'] : [])].join(' ');
  const command = `curl -gsSi --path-as-is -X ${method} ${options} ${quoted(base + path)}`;
  return body ? `base64 -d <<<${body.toString('base64')} | ${command}` : command;
}

/** For bash, with every byte that is not plain ASCII escaped. */
function quoted(text: string): string {
  const escape = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `$'${text.replace(/[^ -~]|['\\]/g, escape)}'`;
}
