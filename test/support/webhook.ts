import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Delivery {
  headers: Record<string, unknown>;
  body: string;
  at: number;
}

/** What SNS posts to, with the answers of a script. */
export class Webhook {
  readonly deliveries: Delivery[] = [];
  /** Requests at the same time, at most. */
  busiest = 0;
  private busy = 0;
  private readonly server: Server;

  /** `status` per delivery, counted from 0; 0 breaks the connection. */
  constructor(status: (index: number) => number = () => 200, delayMs = 0) {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      this.busiest = Math.max(this.busiest, ++this.busy);
      response.on('close', () => (this.busy -= 1));
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const code = status(this.deliveries.push({ headers: request.headers, body, at: performance.now() }) - 1);
        if (code === 0) request.socket.destroy();
        else setTimeout(() => response.writeHead(code).end(), delayMs);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1/events/results`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
