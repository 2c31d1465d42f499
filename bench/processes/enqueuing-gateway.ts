import { ShutdownSignal } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createServer } from 'node:http';
import { AppModule } from '../../src/app.module.js';
import { serverConfig, type ServerConfig } from '../../src/config/server.config.js';
import { DatabaseService } from '../../src/database/database.service.js';
import { MessagesService } from '../../src/messages/messages.service.js';
import { readRecipients } from '../../src/messages/recipients.js';
import { messageOf } from '../../src/runtime/message-of.js';
import { JOBS_PER_CALL } from '../baselines/peer.js';
import { address, CONTENT, SUBJECT } from '../load/submissions.js';

const LANES = 4;

/**
 * The gateway's own service, called within its process as a job queue's library is: GET /?count=… takes in so many emails and
 * answers with the seconds. Their addresses are checked and merged, suppressions looked up, and counters moved as for any.
 */
const app = await NestFactory.createApplicationContext(AppModule, { abortOnError: false, logger: false });
app.enableShutdownHooks([ShutdownSignal.SIGTERM], { useProcessExit: true });
await app.get(DatabaseService, { strict: false }).ready;
const messages = app.get(MessagesService, { strict: false });

/** Scheduled, so that it waits until it is released. */
function submit(addresses: readonly string[], scheduledAt: Date): Promise<unknown> {
  const recipients = readRecipients(addresses, '/emails');
  const message = { topicId: 'bench', subject: SUBJECT, content: CONTENT, recipients, scheduledAt };
  const extras = { text: null, fromEmail: null, replyTo: null, headers: null, tags: null, variables: null };
  const settings = { trackOpens: null, trackClicks: null, unsubscribe: false, expiresAt: null };
  const submission = { messages: [{ ...message, ...extras, ...settings }], listsIds: false, idempotency: undefined };
  return messages.submit({ apiKey: 'bench', ...submission });
}

async function enqueue(count: number): Promise<number> {
  const scheduledAt = new Date(Date.now() + 24 * 60 * 60 * 1000);
  const calls = Array.from({ length: count / JOBS_PER_CALL }, (_, call) =>
    Array.from({ length: JOBS_PER_CALL }, (_, index) => address(call * JOBS_PER_CALL + index)),
  );
  let next = 0;
  const lane = async () => {
    while (next < calls.length) await submit(calls[next++], scheduledAt);
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: LANES }, lane));
  return (performance.now() - startedMs) / 1000;
}

createServer((request, response) => {
  const count = new URL(request.url!, 'http://localhost').searchParams.get('count');
  enqueue(Number(count ?? 0)).then(
    (seconds) => response.end(String(seconds)),
    (error: unknown) => response.writeHead(500).end(messageOf(error)),
  );
}).listen(app.get<ServerConfig>(serverConfig.KEY).port, '127.0.0.1');
