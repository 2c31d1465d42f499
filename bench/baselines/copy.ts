import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from } from 'pg-copy-streams';
import { allocateRange, formatId, idAt, newId } from '../../src/contracts/ids.js';
import { address, CONTENT, SUBJECT } from '../load/submissions.js';
import { OLD_COPY } from './old-service.js';

/** One COPY and its text, cut as a file stream would be. */
export interface Copy {
  statement: string;
  chunks: readonly Buffer[];
}

const CHUNK_BYTES = 64 * 1024;
const RECIPIENTS_PER_MESSAGE = 1_000;

/** What ingest stores of so many messages of 1,000: messages, batches, emails. */
export function ourRows(messages: number): Copy[] {
  const now = new Date().toISOString();
  const rows = { messages: [] as string[], batches: [] as string[], emails: [] as string[] };
  for (let message = 0; message < messages; message++) {
    const id = newId();
    const first = allocateRange();
    const last = formatId(idAt(first, RECIPIENTS_PER_MESSAGE - 1));
    const start = formatId(first);
    rows.messages.push([id, 'bench', SUBJECT, CONTENT, start, RECIPIENTS_PER_MESSAGE, 't', 'bench', '\\N'].join('\t'));
    rows.batches.push([start, last, id, 'bench', 1, RECIPIENTS_PER_MESSAGE, now].join('\t'));
    for (let index = 0; index < RECIPIENTS_PER_MESSAGE; index++) {
      const email = formatId(idAt(first, index));
      rows.emails.push(`${email}\t${address(message * RECIPIENTS_PER_MESSAGE + index)}`);
    }
  }
  return [
    copyOf(
      'messages (id, topic_id, subject, content, first_email_id, count, track_opens, api_key, scheduled_at)',
      rows.messages,
    ),
    copyOf('batches (id, last_id, message_id, topic_id, lane, size, claim_at)', rows.batches),
    copyOf('emails (id, address)', rows.emails),
  ];
}

/** The same recipients as rows of the service before. */
export function oldRows(recipients: number, contentId: number): Copy[] {
  const rows = Array.from({ length: recipients }, (_, index) => `bench\t${contentId}\t${address(index)}\t\\N\t0`);
  return [{ statement: OLD_COPY, chunks: chunksOf(rows) }];
}

/** In one transaction on one connection; returns the seconds to its COMMIT. */
export async function copy(pool: pg.Pool, copies: readonly Copy[]): Promise<number> {
  const client = await pool.connect();
  try {
    const startedMs = performance.now();
    await client.query('BEGIN');
    for (const { statement, chunks } of copies) {
      await pipeline(
        Readable.from(chunks, { objectMode: false, highWaterMark: 1 << 20 }),
        client.query(from(statement)),
      );
    }
    await client.query('COMMIT');
    return (performance.now() - startedMs) / 1000;
  } finally {
    client.release();
  }
}

function copyOf(target: string, rows: readonly string[]): Copy {
  return { statement: `COPY ${target} FROM STDIN`, chunks: chunksOf(rows) };
}

function chunksOf(rows: readonly string[]): Buffer[] {
  const text = Buffer.from(rows.map((row) => `${row}\n`).join(''));
  const chunks: Buffer[] = [];
  for (let start = 0; start < text.length; start += CHUNK_BYTES) chunks.push(text.subarray(start, start + CHUNK_BYTES));
  return chunks;
}
