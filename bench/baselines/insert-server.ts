import fastify from 'fastify';
import pg from 'pg';
import { eventId } from '../../src/events/email-event.js';
import { PIXEL_IMAGE, PIXEL_MEDIA_TYPE } from '../../src/tracking/pixel-image.js';

/**
 * What one would write first, and write well: a bare Fastify, one prepared INSERT per request into a table like ours, on
 * as many connections as the gateway may have. No state, no counter, no signature. A process of its own, as the gateway is.
 */
const CONNECTIONS = 25;

interface SesEvent {
  eventType: string;
  mail: { tags: { request_id: [string] } };
  delivery: { timestamp: string; smtpResponse: string };
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS });
const server = fastify();
server.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, body));

async function insert(emailId: string, type: string, occurredAt: string, detail: object | null): Promise<void> {
  const id = eventId({ emailId, type, identity: occurredAt });
  await pool.query({
    name: 'insert',
    text: `INSERT INTO bare_events (email_id, id, type, occurred_at, detail) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    values: [emailId, id, type, occurredAt, detail],
  });
}

server.get('/health/ready', () => ({}));
server.get<{ Querystring: { requestId: string } }>('/v1/events/open', async ({ query }, reply) => {
  await insert(query.requestId, 'Open', new Date().toISOString(), null);
  return reply.header('cache-control', 'no-store').type(PIXEL_MEDIA_TYPE).send(PIXEL_IMAGE);
});
server.post<{ Body: string }>('/v1/events/results', async ({ body }) => {
  const { Message: message } = JSON.parse(body) as { Message: string };
  const { eventType, mail, delivery } = JSON.parse(message) as SesEvent;
  await insert(mail.tags.request_id[0], eventType, delivery.timestamp, { smtp_response: delivery.smtpResponse });
  return { status: 'recorded' };
});

await server.listen({ host: '127.0.0.1', port: Number(process.env.SERVER_PORT) });
