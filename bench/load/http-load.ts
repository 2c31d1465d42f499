import { connect, type Socket } from 'node:net';

export interface Load {
  seconds: number;
  /** Milliseconds from the request's first byte to the answer's last, in the order of the answers. */
  latencies: number[];
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const LENGTH = /^content-length: (\d+)/im;

/**
 * Sends requests that are bytes already over so many connections, each with one in flight, shared evenly over the
 * servers. The client runs on the same two cores as what it measures, so it does as little as it can. Any answer but 200
 * ends the run.
 */
export async function drive(
  urls: readonly string[],
  connections: number,
  count: number,
  request: (index: number) => Buffer,
): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: connections }, (_, index) => open(urls[index % urls.length])));
  const latencies: number[] = [];
  let next = 0;
  const startedMs = performance.now();
  try {
    await Promise.all(
      sockets.map(async (socket) => {
        while (next < count) {
          const sentMs = performance.now();
          await exchange(socket, request(next++));
          latencies.push(performance.now() - sentMs);
        }
      }),
    );
    return { seconds: (performance.now() - startedMs) / 1000, latencies };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** A keep-alive connection, with nothing in flight. */
export function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** One request and its answer's body, which Content-Length delimits. */
export function exchange(socket: Socket, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received: Buffer | null = null;
    const settle = (finish: () => void) => {
      socket.off('data', onData).off('close', onClose);
      finish();
    };
    const onClose = () => settle(() => reject(new Error('the server closed the connection')));
    const onData = (chunk: Buffer) => {
      received = received === null ? chunk : Buffer.concat([received, chunk]);
      const body = bodyOf(received);
      if (body === null) return;
      const status = received.toString('latin1', 9, 12);
      if (status === '200') settle(() => resolve(body));
      else settle(() => reject(new Error(`answered ${status}: ${body.toString()}`)));
    };
    socket.on('data', onData).once('close', onClose);
    socket.write(request);
  });
}

/** The body of an answer; null until all of it is there. */
export function bodyOf(received: Buffer): Buffer | null {
  const headEnd = received.indexOf(END_OF_HEAD);
  if (headEnd === -1) return null;
  const length = LENGTH.exec(received.toString('latin1', 0, headEnd))?.[1];
  if (length === undefined) throw new Error('an answer without Content-Length');
  const start = headEnd + END_OF_HEAD.length;
  return received.length >= start + Number(length) ? received.subarray(start) : null;
}
