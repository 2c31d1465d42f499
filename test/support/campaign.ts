import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReceivedMail } from '../../simulator/mailbox.js';
import { type Gateway, recipients, type Stack } from './stack.js';

const RETRY_MS = 50;
const GIVE_UP_MS = 60_000;

export interface Submission {
  topicId: string;
  messages: number;
  recipientsPerMessage: number;
  /** Of the addresses; without one the topic. */
  prefix?: string;
  content?: string;
  scheduledAt?: Date;
  /** Told the status of each answer, also of those after which the request is repeated. */
  answered?: (status: number) => void;
  /** Chooses a gateway for each request, also for each repetition. */
  gateway: () => Gateway;
}

/**
 * Submits messages of distinct recipients, one request each and three at a time. A request that has no answer is
 * repeated with its Idempotency-Key until it has one, as a careful client does. Returns the ids that were accepted.
 */
export async function submit(stack: Stack, submission: Submission) {
  const { topicId, messages, recipientsPerMessage, prefix = topicId, content = '<p>Hello</p>' } = submission;
  const scheduled_at = submission.scheduledAt?.toISOString();
  const accepted: string[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < messages; index = next++) {
      const emails = recipients(recipientsPerMessage, `${prefix}-${index}-`);
      const body = { messages: [{ topic_id: topicId, emails, subject: `Message ${index}`, content, scheduled_at }] };
      accepted.push(...(await submitOne(stack, body, submission)));
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  return accepted;
}

async function submitOne(stack: Stack, body: unknown, { gateway, answered }: Submission): Promise<string[]> {
  const key = randomUUID();
  const deadline = Date.now() + GIVE_UP_MS;
  for (;;) {
    const status = await stack.post(gateway(), body, { 'idempotency-key': key, prefer: 'return=representation' }).then(
      async (response) => {
        answered?.(response.status);
        const answer = (await response.json()) as { messages: { email_ids: string[] }[] };
        if (response.status === 200) return answer.messages[0].email_ids;
        return `${response.status} ${JSON.stringify(answer)}`;
      },
      (error: Error) => error.message,
    );
    if (Array.isArray(status)) return status;
    if (Date.now() > deadline) throw new Error(`not accepted within ${GIVE_UP_MS} ms: ${status}`);
    await sleep(RETRY_MS);
  }
}

/** What the mailbox got, compared with what was accepted. */
export interface Delivered {
  mails: number;
  /** Accepted ids that did not come. */
  missing: string[];
  /** Mails beyond the first of each id. */
  duplicates: number;
  /** Recipients that got more than one mail, where each was submitted once. */
  recipientsTwice: number;
  /** Ids that nobody was told were accepted. */
  unexpected: string[];
}

export function compare(mails: readonly ReceivedMail[], accepted: readonly string[]): Delivered {
  const byId = new Map<string, number>();
  const byRecipient = new Map<string, number>();
  for (const { raw, to } of mails) {
    const id = /^X-Messages-Email-ID: (\S+)/im.exec(raw.toString('latin1'))?.[1] ?? 'none';
    byId.set(id, (byId.get(id) ?? 0) + 1);
    byRecipient.set(to[0], (byRecipient.get(to[0]) ?? 0) + 1);
  }
  const wanted = new Set(accepted);
  return {
    mails: mails.length,
    missing: accepted.filter((id) => !byId.has(id)),
    duplicates: mails.length - byId.size,
    recipientsTwice: [...byRecipient.values()].filter((count) => count > 1).length,
    unexpected: [...byId.keys()].filter((id) => !wanted.has(id)),
  };
}

/** What `compare` returns when each of so many mails came exactly once. */
export function eachOnce(mails: number): Delivered {
  return { mails, missing: [], duplicates: 0, recipientsTwice: 0, unexpected: [] };
}
