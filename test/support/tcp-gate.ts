import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './child.js';

/** A port in front of a server: refused until it is opened, and again once it is closed. */
export class TcpGate {
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;

  private constructor(
    readonly port: number,
    private target: URL,
  ) {}

  /** Closed at first. */
  static async before(url: string): Promise<TcpGate> {
    return new TcpGate(await freePort(), new URL(url));
  }

  /** The target's URL, by way of the gate. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  async open(): Promise<void> {
    this.server = createServer((near) => {
      const far = connect(Number(this.target.port || 5432), this.target.hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ]) {
        this.sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          this.sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  /** From now on it leads to another server; what goes through it is cut off. */
  switchTo(url: string): void {
    this.target = new URL(url);
    this.cutOff();
  }

  async close(): Promise<void> {
    if (!this.server) return;
    this.cutOff();
    this.server.close();
    await once(this.server, 'close');
    this.server = null;
  }

  private cutOff(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
