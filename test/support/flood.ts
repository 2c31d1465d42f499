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
  /** Connections that the server ended. */
  broken = 0;
  private readonly sentMs = new Map<Socket, number>();
  private readonly idle: Socket[] = [];
  private isClosing = false;

  private constructor(private readonly sockets: readonly Socket[]) {
    for (const socket of sockets) this.listen(socket);
  }

  static async over(url: string, connections: number): Promise<Flood> {
    const sockets: Socket[] = [];
    while (sockets.length < connections) {
      const count = Math.min(OPENED_TOGETHER, connections - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: count }, () => open(url)))));
    }
    return new Flood(sockets);
  }

  /** Until `isOver`, and then until the last answer. */
  async send(perSecond: number, isOver: () => boolean, request: (index: number) => Buffer): Promise<void> {
    const startMs = performance.now();
    for (let due = 0; !isOver(); await sleep(1)) {
      const elapsedSeconds = (performance.now() - startMs) / 1_000;
      for (; due < elapsedSeconds * perSecond; due++) this.sendOne(request, due);
    }
    const isAnswered = () => this.idle.length + this.broken >= this.sockets.length;
    await eventually(isAnswered, LAST_ANSWER_MS, 'the last answer');
  }

  close(): void {
    this.isClosing = true;
    for (const socket of this.sockets) socket.destroy();
  }

  private sendOne(request: (index: number) => Buffer, index: number): void {
    const socket = this.idle.pop();
    if (socket === undefined) {
      this.heldBack += 1;
      return;
    }
    this.sentMs.set(socket, performance.now());
    socket.write(request(index));
  }

  private listen(socket: Socket): void {
    let received: Buffer | null = null;
    this.idle.push(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!this.isClosing) this.broken += 1;
    });
    socket.on('data', (chunk: Buffer) => {
      received = received === null ? chunk : Buffer.concat([received, chunk]);
      if (bodyOf(received) === null) return;
      this.answers.push(answerOf(received, this.sentMs.get(socket) ?? NaN));
      received = null;
      this.idle.push(socket);
    });
  }
}

function answerOf(received: Buffer, sentMs: number): FloodAnswer {
  const atMs = performance.now();
  const status = Number(received.toString('latin1', 9, 12));
  const head = status === 200 ? '' : received.toString('latin1');
  const retryAfter = /^retry-after: (\d+)\r$/im.exec(head)?.[1];
  return { status, atMs, ms: atMs - sentMs, retryAfterSeconds: retryAfter === undefined ? null : Number(retryAfter) };
}
