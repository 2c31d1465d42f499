import type pg from 'pg';
import { CONTENT, SUBJECT } from '../load/submissions.js';

/**
 * The table of the service before this one: a row per recipient under a serial key, a foreign key to the content, and
 * the five further indexes that an insert feeds.
 */
const SCHEMA = `
  CREATE TABLE old_contents (
    id serial PRIMARY KEY,
    subject varchar(255) NOT NULL,
    content text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE old_requests (
    id serial PRIMARY KEY,
    topic_id varchar(50) NOT NULL DEFAULT '',
    content_id integer NOT NULL REFERENCES old_contents (id),
    email varchar(255) NOT NULL,
    scheduled_at timestamptz,
    status smallint NOT NULL DEFAULT 0,
    error text,
    message_id varchar(100),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX ON old_requests (topic_id);
  CREATE INDEX ON old_requests (status);
  CREATE INDEX ON old_requests (scheduled_at);
  CREATE INDEX ON old_requests (created_at);
  CREATE INDEX ON old_requests (status, scheduled_at)`;

export const OLD_COPY = `COPY old_requests (topic_id, content_id, email, scheduled_at, status) FROM STDIN`;
export const OLD_INSERT = `INSERT INTO old_requests (topic_id, content_id, email, scheduled_at, status)
  VALUES ($1, $2, $3, $4, 0) RETURNING id`;

export async function createOldTables(pool: pg.Pool): Promise<void> {
  await pool.query(SCHEMA);
}

/** Empties the table; returns the id of a content for what follows. */
export async function emptyOldTables(pool: pg.Pool): Promise<number> {
  await pool.query('TRUNCATE old_requests, old_contents');
  const { rows } = await pool.query<{ id: number }>(
    'INSERT INTO old_contents (subject, content) VALUES ($1, $2) RETURNING id',
    [SUBJECT, CONTENT],
  );
  return rows[0].id;
}
