import { setTimeout as sleep } from 'node:timers/promises';
import { recipients, type Gateway, type Stack } from '../../test/support/stack.js';
import { DISPATCH_CHANNEL } from '../../src/messages/dispatch-nudge.js';

/** Far enough that nothing is due before `release`. */
const SCHEDULE_AHEAD_MS = 24 * 60 * 60 * 1000;
const EMAILS_PER_MESSAGE = 1_000;
const MESSAGES_PER_REQUEST = 100;
const POLL_MS = 20;

export interface Drained {
  emails: number;
  /** From the moment at which all was due to the last settle, by the database's clock. */
  seconds: number;
}

/**
 * Mail that waits in the ledger, taken in over HTTP as any other, and then due all at once: a dispatcher that has been
 * running for long is measured, and nothing of its start.
 */
export class Backlog {
  private submissions = 0;
  private dueAt = '';

  constructor(
    private readonly stack: Stack,
    private readonly gateway: Gateway,
    private readonly content: string,
  ) {}

  async fill(emails: number): Promise<void> {
    const perMessage = Math.min(emails, EMAILS_PER_MESSAGE);
    for (let left = Math.ceil(emails / perMessage); left > 0; left -= MESSAGES_PER_REQUEST) {
      await this.submit(Math.min(left, MESSAGES_PER_REQUEST), perMessage);
    }
  }

  /** All of it is due from now on. */
  async release(): Promise<void> {
    const [{ at }] = await this.stack.query<{ at: string }>(
      `WITH due AS (UPDATE batches SET claim_at = now() WHERE state = 0) SELECT now()::text AS at`,
    );
    this.dueAt = at;
    await this.stack.query(`NOTIFY ${DISPATCH_CHANNEL}`);
  }

  async drained(): Promise<Drained> {
    for (;;) {
      const [{ waits }] = await this.stack.query<{ waits: boolean }>(
        'SELECT EXISTS (SELECT FROM batches WHERE state = 0) AS waits',
      );
      if (!waits) break;
      await sleep(POLL_MS);
    }
    const [drained] = await this.stack.query<Drained & Record<string, number>>(
      `SELECT sum(size)::float8 AS emails, extract(epoch FROM max(dispatched_at) - $1::timestamptz)::float8 AS seconds
       FROM batches WHERE dispatched_at >= $1::timestamptz`,
      [this.dueAt],
    );
    return drained;
  }

  /** The rates of the first and of the last so many emails of what was dispatched since the release. */
  async rates(ends: number): Promise<{ first: number; last: number }> {
    const [rates] = await this.stack.query<{ first: number; last: number }>(
      `WITH settled AS (
         SELECT dispatched_at AS at, sum(size) AS emails FROM batches WHERE dispatched_at >= $1::timestamptz GROUP BY 1
       ), summed AS (
         SELECT at, sum(emails) OVER (ORDER BY at) AS until, sum(emails) OVER () AS total FROM settled
       ), seconds AS (
         SELECT extract(epoch FROM min(at) FILTER (WHERE until >= $2) - $1::timestamptz)::float8 AS first,
           min(until) FILTER (WHERE until >= $2)::float8 AS first_emails,
           extract(epoch FROM max(at) - max(at) FILTER (WHERE until <= total - $2))::float8 AS last,
           (max(total) - max(until) FILTER (WHERE until <= total - $2))::float8 AS last_emails
         FROM summed
       )
       SELECT first_emails / first AS first, last_emails / last AS last FROM seconds`,
      [this.dueAt, ends],
    );
    return rates;
  }

  private async submit(messages: number, perMessage: number): Promise<void> {
    const scheduledAt = new Date(Date.now() + SCHEDULE_AHEAD_MS).toISOString();
    const body = {
      messages: Array.from({ length: messages }, (_, index) => ({
        topic_id: 'bench',
        subject: 'Benchmark',
        content: this.content,
        emails: recipients(perMessage, `recipient-${this.submissions}-${index}-`),
        scheduled_at: scheduledAt,
      })),
    };
    this.submissions++;
    const response = await this.stack.post(this.gateway, body);
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  }
}

/** HTML of so many bytes. */
export function contentOf(bytes: number): string {
  const frame = ['<html><body><p>', '</p></body></html>'];
  const sentence = 'The quick brown fox jumps over the lazy dog. ';
  const room = bytes - frame.join('').length;
  return frame.join(sentence.repeat(Math.ceil(room / sentence.length)).slice(0, room));
}
