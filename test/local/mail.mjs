// @ts-check
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Posts one message to the system that .local/env names, and prints the milliseconds until it lies in the mailbox. */
const { SERVER_URL, API_KEY = '', MAILBOX_DIR = '', MAILBOX_URL } = process.env;
const TIMEOUT_MS = 10_000;

const subject = `way-${randomUUID()}`;
const startedAt = performance.now();
const response = await fetch(`${SERVER_URL}/v1/messages`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-api-key': API_KEY },
  body: JSON.stringify({ messages: [{ emails: ['you@example.com'], subject, content: '<h1>Hello</h1>' }] }),
});
if (response.status !== 200) throw new Error(`POST /v1/messages: ${response.status} ${await response.text()}`);

/** @param {string} name */
const holdsOurs = (name) => name.endsWith('.eml') && readFileSync(join(MAILBOX_DIR, name), 'utf8').includes(subject);
while (!readdirSync(MAILBOX_DIR).some(holdsOurs)) {
  if (performance.now() - startedAt > TIMEOUT_MS) throw new Error(`no mail in ${MAILBOX_DIR}`);
  await sleep(20);
}
const listed = await (await fetch(`${MAILBOX_URL}/mails?to=you@example.com`)).text();
if (!listed.includes(subject)) throw new Error(`no mail in ${MAILBOX_URL}`);
console.log(Math.round(performance.now() - startedAt));
