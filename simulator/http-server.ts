import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Request {
  url: URL;
  /** The groups of the route's path. */
  groups: Readonly<Record<string, string>>;
  body: Buffer;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Instead of an answer: the connection is reset. */
export const RESET: Answer = { status: 0 };

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: RegExp;
  answer: (request: Request) => Promise<Answer> | Answer;
}

/** SES takes 40 MB of message, which base64 makes a third longer. */
const MAX_BODY_BYTES = 56 * 1024 * 1024;

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** A server on 127.0.0.1 that knows these routes. */
export class HttpServer {
  private readonly server: Server;

  constructor(private readonly routes: readonly Route[]) {
    this.server = createServer((message, response) => {
      void this.answer(message).then((answer) => {
        if (answer === RESET) return message.socket.resetAndDestroy();
        const { status, headers = {}, body = '' } = answer;
        response.writeHead(status, { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', ...headers });
        return response.end(message.method === 'HEAD' ? '' : body);
      });
    });
  }

  /** Resolves to the port; 0 takes any free one. */
  async listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(message: IncomingMessage): Promise<Answer> {
    try {
      const method = message.method === 'HEAD' ? 'GET' : message.method;
      const url = new URL(message.url ?? '/', 'http://simulator');
      const body = await bodyOf(message);
      if (body === null) return json({ message: 'too large' }, 413, { connection: 'close' });
      for (const route of this.routes) {
        const match = route.method === method ? route.path.exec(url.pathname) : null;
        if (match) return await route.answer({ url, groups: match.groups ?? {}, body });
      }
      return json({ message: `no route ${method} ${url.pathname}` }, 404);
    } catch (error) {
      return json({ message: error instanceof Error ? error.message : String(error) }, 500);
    }
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
