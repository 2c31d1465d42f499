import fastify from 'fastify';
import pg from 'pg';
import { allocateRange, formatId, newId } from '../../src/contracts/ids.js';

/**
 * What one would write first, and write well: a bare Fastify, a transaction per request with a prepared statement per
 * table, on as many connections as the gateway may have. It stores the rows that the gateway stores, of one recipient,
 * and checks nothing. A process of its own, as the gateway is.
 */
const CONNECTIONS = 25;

interface Body {
  messages: [{ topic_id: string; subject: string; content: string; emails: [string] }];
}

const INSERT_MESSAGE = {
  name: 'message',
  text: `INSERT INTO messages (id, topic_id, subject, content, first_email_id, count, track_opens, api_key)
    VALUES ($1, $2, $3, $4, $5, 1, false, 'bench')`,
};
const INSERT_BATCH = {
  name: 'batch',
  text: `INSERT INTO batches (id, last_id, message_id, topic_id, lane, size, claim_at) VALUES ($1, $1, $2, $3, 0, 1, now())`,
};
const INSERT_EMAIL = { name: 'email', text: 'INSERT INTO emails (id, address) VALUES ($1, $2)' };
const COUNT = {
  name: 'count',
  text: `INSERT INTO topic_counters AS counters (topic_id, total, pending) VALUES ($1, 1, 1)
    ON CONFLICT (topic_id) DO UPDATE SET total = counters.total + 1, pending = counters.pending + 1`,
};

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS });
const server = fastify();

server.get('/health/ready', () => ({}));
server.post<{ Body: Body }>('/v1/messages', async ({ body }) => {
  const [message] = body.messages;
  const id = newId();
  const email = formatId(allocateRange());
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query({
      ...INSERT_MESSAGE,
      values: [id, message.topic_id, message.subject, message.content, email],
    });
    await client.query({ ...INSERT_BATCH, values: [email, id, message.topic_id] });
    await client.query({ ...INSERT_EMAIL, values: [email, message.emails[0]] });
    await client.query({ ...COUNT, values: [message.topic_id] });
    await client.query('COMMIT');
  } finally {
    client.release();
  }
  return { count: 1, messages: [{ id, count: 1, email_ids: [email] }] };
});

await server.listen({ host: '127.0.0.1', port: Number(process.env.SERVER_PORT) });
