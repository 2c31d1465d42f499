import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Stream } from '../load/stream.js';

const BATCH_EMAILS = 1_000;
const IN_FLIGHT = 10;
const PAUSE_MS = 100;

interface Row {
  id: string;
  topic_id: string;
  email: string;
  subject: string;
  content: string;
}

const CLAIM = `
  UPDATE old_requests r SET status = 1, updated_at = now() FROM old_contents c
  WHERE r.id IN (
    SELECT id FROM old_requests WHERE status = 0 AND scheduled_at <= now()
    ORDER BY scheduled_at LIMIT ${BATCH_EMAILS} FOR UPDATE SKIP LOCKED
  ) AND c.id = r.content_id
  RETURNING r.id, r.topic_id, r.email, c.subject, c.content`;

/**
 * How the service before this one dispatched: a thousand rows are claimed with their whole content, published ten at a
 * time, each of which is awaited, marked one by one, and then it sleeps. On the claim it is treated kindly: one
 * statement for all of them.
 */
export class OldDispatch {
  private constructor(
    private readonly client: pg.Client,
    private readonly stream: Stream,
  ) {}

  static async on(databaseUrl: string, stream: Stream): Promise<OldDispatch> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(`
      CREATE TABLE IF NOT EXISTS old_contents (id serial PRIMARY KEY, subject text NOT NULL, content text NOT NULL);
      CREATE TABLE IF NOT EXISTS old_requests (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), topic_id text, content_id integer NOT NULL REFERENCES old_contents,
        email text NOT NULL, status smallint NOT NULL DEFAULT 0, message_id text, error text,
        scheduled_at timestamptz NOT NULL DEFAULT now(), created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz);
      CREATE INDEX IF NOT EXISTS old_requests_due ON old_requests (status, scheduled_at);
      CREATE INDEX IF NOT EXISTS old_requests_topic ON old_requests (topic_id);
      CREATE INDEX IF NOT EXISTS old_requests_created ON old_requests (created_at);
      CREATE INDEX IF NOT EXISTS old_requests_message ON old_requests (message_id)`);
    return new OldDispatch(client, stream);
  }

  async fill(emails: number, content: string): Promise<void> {
    await this.client.query('TRUNCATE old_contents, old_requests');
    await this.client.query(
      `WITH stored AS (INSERT INTO old_contents (subject, content) VALUES ('Benchmark', $2) RETURNING id)
       INSERT INTO old_requests (topic_id, content_id, email)
       SELECT 'bench', stored.id, 'recipient-' || n || '@example.com' FROM stored, generate_series(1, $1) AS n`,
      [emails, content],
    );
  }

  /** Returns the emails per second. */
  async dispatch(): Promise<number> {
    const jetstream = this.stream.connection.jetstream();
    const startedMs = performance.now();
    let emails = 0;
    for (;;) {
      const { rows } = await this.client.query<Row>({ name: 'claim', text: CLAIM });
      if (rows.length === 0) return emails / ((performance.now() - startedMs) / 1000);
      for (let from = 0; from < rows.length; from += IN_FLIGHT) {
        await Promise.all(
          rows
            .slice(from, from + IN_FLIGHT)
            .map((row) => jetstream.publish(this.stream.subject, JSON.stringify(row), { msgID: row.id })),
        );
      }
      for (const { id } of rows) {
        await this.client.query({
          name: 'mark',
          text: 'UPDATE old_requests SET status = 2, updated_at = now() WHERE id = $1',
          values: [id],
        });
      }
      emails += rows.length;
      await sleep(PAUSE_MS);
    }
  }

  close(): Promise<void> {
    return this.client.end();
  }
}
