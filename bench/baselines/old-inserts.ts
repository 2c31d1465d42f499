import type { Socket } from 'node:net';
import pg from 'pg';
import { address } from '../load/submissions.js';
import { OLD_INSERT } from './old-service.js';

const STATEMENT = { name: 'old_insert', text: OLD_INSERT };

/** As the service before stored a request: in one transaction a statement per row, each awaited. Returns rows/s. */
export async function insertOneByOne(pool: pg.Pool, contentId: number, rows: number): Promise<number> {
  const client = await pool.connect();
  try {
    const startedMs = performance.now();
    await client.query('BEGIN');
    for (let index = 0; index < rows; index++) {
      await client.query({ ...STATEMENT, values: ['bench', contentId, address(index), null] });
    }
    await client.query('COMMIT');
    return (rows * 1000) / (performance.now() - startedMs);
  } finally {
    client.release();
  }
}

/**
 * The most that such statements reach whatever the language: prepared, in one transaction per connection, over so many
 * connections at once, by a client that only writes the bytes of Bind, Execute and Sync. Returns rows/s.
 */
export async function insertAtMost(
  url: string,
  contentId: number,
  connections: number,
  rowsPerConnection: number,
): Promise<number> {
  const clients = await Promise.all(Array.from({ length: connections }, () => prepared(url)));
  const startedMs = performance.now();
  await Promise.all(
    clients.map((client, index) => insert(client, contentId, rowsPerConnection, index * rowsPerConnection)),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  for (const client of clients) client.destroy();
  return (connections * rowsPerConnection) / seconds;
}

/** A connection on which the statement is prepared, and whose bytes node-postgres no longer reads. */
async function prepared(url: string): Promise<Socket> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`PREPARE old_insert (text, int, text, timestamptz) AS ${OLD_INSERT}`);
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners();
  return stream;
}

const READY = 0x5a;
const ERROR = 0x45;

function insert(socket: Socket, contentId: number, rows: number, firstAddress: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    // The first transaction block's answer starts the rows.
    socket.write(query('BEGIN'));
    socket.on('error', reject).on('data', (chunk: Buffer) => {
      // Every answer is far smaller than a segment and ends with ReadyForQuery, six bytes.
      if (chunk[0] === ERROR) reject(new Error(chunk.toString('latin1')));
      if (chunk[chunk.length - 6] !== READY) return;
      if (sent < rows) socket.write(execution(contentId, address(firstAddress + sent++)));
      else if (sent++ === rows) socket.write(query('COMMIT'));
      else resolve();
    });
  });
}

function query(text: string): Buffer {
  return message('Q', Buffer.from(`${text}\0`));
}

/** Bind, Execute and Sync: text parameters, text results. */
function execution(contentId: number, email: string): Buffer {
  const values = ['bench', String(contentId), email].map((text) => {
    const value = Buffer.alloc(4 + text.length);
    value.writeInt32BE(text.length);
    value.write(text, 4, 'latin1');
    return value;
  });
  const parameters = [Buffer.from([0, 4]), ...values, Buffer.from([0xff, 0xff, 0xff, 0xff])];
  const bind = message(
    'B',
    Buffer.concat([Buffer.from('\0old_insert\0\0\0', 'latin1'), ...parameters, Buffer.alloc(2)]),
  );
  return Buffer.concat([bind, message('E', Buffer.alloc(5)), message('S', Buffer.alloc(0))]);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}
