import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { bodyOf, open } from '../../bench/load/http-load.js';
import { eventually } from './eventually.js';

export interface FloodAnswer {
  status: number;
  /** When it came, and how long after the request. */
  atMs: number;
  ms: number;
  /** What the header Retry-After says. */
  retryAfterSeconds: number | null;
}

/** So many are connected at once: more would overflow the queue of those that wait to be taken. */
const OPENED_TOGETHER = 250;
const LAST_ANSWER_MS = 15_000;

/** Requests that come at their rate, whether those before them were answered or not, as those of many clients do. */
export class Flood {
  readonly answers: FloodAnswer[] = [];
  /** Due while every connection waited for an answer, and never sent. */
  heldBack = 0;
  /** Requests whose connection ended before their answer. */
  broken = 0;
  private readonly sockets = new Set<Socket>();
  private readonly idle: Socket[] = [];
  private readonly sentMs = new Map<Socket, number>();
  private isClosing = false;

  private constructor(private readonly url: string) {}

  static async over(url: string, connections: number): Promise<Flood> {
    const flood = new Flood(url);
    while (flood.sockets.size < connections) {
      const count = Math.min(OPENED_TOGETHER, connections - flood.sockets.size);
      await Promise.all(Array.from({ length: count }, () => flood.connect()));
    }
    return flood;
  }

  /** Until `isOver`, and then until the last answer. */
  async send(perSecond: number, isOver: () => boolean, request: (index: number) => Buffer): Promise<void> {
    const startMs = performance.now();
    for (let due = 0; !isOver(); await sleep(1)) {
      const elapsedSeconds = (performance.now() - startMs) / 1_000;
      for (; due < elapsedSeconds * perSecond; due++) this.sendOne(request, due);
    }
    await eventually(() => this.sentMs.size === 0, LAST_ANSWER_MS, 'the last answer');
  }

  close(): void {
    this.isClosing = true;
    for (const socket of this.sockets) socket.destroy();
  }

  private sendOne(request: (index: number) => Buffer, index: number): void {
    // In turn: one that rests is ended by the server.
    const socket = this.idle.shift();
    if (socket === undefined) {
      this.heldBack += 1;
      return;
    }
    this.sentMs.set(socket, performance.now());
    socket.write(request(index));
  }

  private async connect(): Promise<void> {
    const socket = await open(this.url);
    this.sockets.add(socket);
    this.idle.push(socket);
    let received: Buffer | null = null;
    socket.on('data', (chunk: Buffer) => {
      received = received === null ? chunk : Buffer.concat([received, chunk]);
      if (bodyOf(received) === null) return;
      const head = received.toString('latin1');
      received = null;
      const sentMs = this.sentMs.get(socket);
      // A farewell to one that never asked.
      if (sentMs === undefined) return;
      this.answers.push(answerOf(head, sentMs));
      this.sentMs.delete(socket);
      if (!/^connection: close\r$/im.test(head)) this.idle.push(socket);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.replace(socket));
  }

  /** A server ends a connection that rested for long or has brought enough. */
  private replace(socket: Socket): void {
    this.sockets.delete(socket);
    const place = this.idle.indexOf(socket);
    if (place !== -1) this.idle.splice(place, 1);
    if (this.sentMs.delete(socket)) this.broken += 1;
    if (!this.isClosing) this.connect().catch(() => (this.broken += 1));
  }
}

function answerOf(head: string, sentMs: number): FloodAnswer {
  const atMs = performance.now();
  const retryAfter = /^retry-after: (\d+)\r$/im.exec(head)?.[1];
  const retryAfterSeconds = retryAfter === undefined ? null : Number(retryAfter);
  return { status: Number(head.slice(9, 12)), atMs, ms: atMs - sentMs, retryAfterSeconds };
}
