import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runAll } from '../../src/database/statement.js';
import { LedgerService } from '../../src/ledger/ledger.service.js';
import { Batch } from '../../src/messages/batch.entity.js';
import { BatchesRepository } from '../../src/messages/batches.repository.js';
import { Email } from '../../src/messages/email.entity.js';
import { EmailsRepository, type Outcome, type Result } from '../../src/messages/emails.repository.js';
import type { ClaimedEmail } from '../../src/messages/judging.js';
import { JudgingRepository } from '../../src/messages/judging.repository.js';
import { identify, MessagesRepository } from '../../src/messages/messages.repository.js';
import { HoldsRepository } from '../../src/messages/holds.repository.js';
import { Message } from '../../src/messages/message.entity.js';
import { RetriesRepository } from '../../src/messages/retries.repository.js';
import { TopicBucket } from '../../src/ledger/topic-bucket.entity.js';
import { BlockedByTopic } from '../../src/suppressions/recipient-check.js';
import { Suppression } from '../../src/suppressions/suppression.entity.js';
import { NO_EXTRAS } from '../support/messages.js';
import { recipientCheck } from '../support/recipient-check.js';
import { recipients, Stack } from '../support/stack.js';

const LEASE_SECONDS = 30;

/** Interleavings that processes meet once in a million mails, made on purpose against the real ledger. */
const sendAgain = (): Result => ({ state: 'pending', reason: 'the sender died', delayMs: 0, isAttempt: true });

describe('the ledger', () => {
  let stack: Stack;
  let dataSource: DataSource;
  let batches: BatchesRepository;
  let emails: EmailsRepository;
  let messages: MessagesRepository;
  let ledger: LedgerService;
  let retries: RetriesRepository;
  let holds: HoldsRepository;

  beforeAll(async () => {
    stack = await Stack.start();
    const { code, output } = await stack.run('dist/src/cli/migrate.js');
    expect(code, output).toBe(0);
    const entities = [Message, Batch, Email, Suppression, TopicBucket];
    dataSource = await new DataSource({ type: 'postgres', url: stack.databaseUrl, entities }).initialize();
    ledger = new LedgerService(dataSource.getRepository(TopicBucket));
    batches = new BatchesRepository(dataSource.getRepository(Batch), ledger);
    retries = new RetriesRepository(dataSource.getRepository(Email), batches, ledger);
    holds = new HoldsRepository(dataSource.getRepository(Batch), batches);
    const judging = new JudgingRepository(recipientCheck(dataSource));
    emails = new EmailsRepository(dataSource.getRepository(Email), batches, holds, judging, ledger);
    messages = new MessagesRepository(dataSource.getRepository(Message));
  });

  beforeEach(() => stack.query('TRUNCATE messages, batches, emails, topic_counters, topic_buckets, sender_claims'));

  afterEach(async () => {
    expect(await stack.recount()).toBe('');
  });

  afterAll(async () => {
    await dataSource.destroy();
    await stack.stop();
  });

  it('renews nothing where nothing can be written, also for a sender that has nothing open', async () => {
    const presence = { id: randomUUID(), sender: 'idle' };
    await emails.renewClaims(presence, [], LEASE_SECONDS);
    expect(await stack.query('SELECT id, ids FROM sender_claims')).toEqual([{ id: presence.id, ids: [] }]);
    await stack.query(`
      CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE disk_full; END$$;
      CREATE TRIGGER no_space BEFORE INSERT OR UPDATE ON sender_claims FOR EACH ROW EXECUTE FUNCTION no_space()`);
    await expect(emails.renewClaims(presence, [], LEASE_SECONDS)).rejects.toThrow('disk_full');
    await stack.query('DROP TRIGGER no_space ON sender_claims');
    await emails.renewClaims(presence, [], LEASE_SECONDS);
    await expire('idle');
    expect(await emails.sweepExpiredClaims(sendAgain)).toBe(0);
    expect(await stack.query('SELECT 1 FROM sender_claims')).toEqual([]);
  });

  it('leaves a mail to the sender that has it now when the claim of an earlier sender expires', async () => {
    const [first, second] = await dispatched('two-claims', 2);
    const mine = await claim('died', [first, second], 0);
    // The first attempt of one mail failed for now, so it was dispatched again and is with another sender.
    await emails.record([outcomeOf(mine.get(first)!, 'pending')], []);
    expect(await dispatch()).toEqual([first]);
    const theirs = await claim('lives', [first], 1);
    expect(theirs.get(first)!.verdict).toBe('send');

    await expire('died');
    expect(await emails.sweepExpiredClaims(sendAgain)).toBe(1);
    expect(await emails.find(second)).toMatchObject({ state: 'pending' });
    expect(await emails.find(first)).toMatchObject({ state: 'sending' });
    expect(await emails.record([outcomeOf(theirs.get(first)!, 'sent')], [])).toEqual(new Set([first]));
    expect(await dispatch()).toEqual([second]);
  });

  it('takes an outcome once, also when it is recorded again after the attempt was given back', async () => {
    const [id] = await dispatched('given-back', 1);
    const mine = (await claim('repeats', [id], 0)).get(id)!;
    const throttled: Outcome = {
      ...outcomeOf(mine, 'pending'),
      result: { state: 'pending', reason: 'throttled', delayMs: 0, isAttempt: false },
    };
    expect(await emails.record([throttled], [])).toEqual(new Set([id]));
    expect(await dispatch()).toEqual([id]);
    // The same number of attempt again, since the first one did not count.
    const theirs = (await claim('sends', [id], 1)).get(id)!;
    expect(theirs.attempt).toBe(mine.attempt);

    // The connection broke after its COMMIT: the recorder could not know, and repeats.
    expect(await emails.record([throttled], [])).toEqual(new Set());
    expect(await emails.record([outcomeOf(theirs, 'sent')], [])).toEqual(new Set([id]));
    expect(await emails.find(id)).toMatchObject({ state: 'sent', attempts: 1 });
  });

  it('gives each mail to one of two senders that claim the same ones in opposite order', async () => {
    const ROUNDS = 10;
    const SIZE = 1_000;
    for (let round = 0; round < ROUNDS; round++) {
      const ids = await dispatched('opposite', SIZE);
      const [forwards, backwards] = await Promise.all([
        claim('forwards', ids, 0),
        claim('backwards', ids.toReversed(), 0),
      ]);
      const winners = ids.map(
        (id) => [forwards, backwards].filter((taken) => taken.get(id)!.verdict === 'send').length,
      );
      expect(winners).toEqual(ids.map(() => 1));
    }
  });

  it('lets a late outcome and the sweep of its claim wait for each other without a deadlock', async () => {
    const [first, second] = await dispatched('late-outcome', 2);
    const done = (await claim('late', [first], 0)).get(first)!;
    const open = (await claim('late', [second], 0)).get(second)!;
    await emails.record([outcomeOf(done, 'sent')], []);
    const finished = await stack.query<{ id: string }>(`SELECT id FROM sender_claims WHERE ids = ARRAY[$1::uuid]`, [
      first,
    ]);
    await expire('late');
    await stack.query(`
      CREATE FUNCTION slow_delete() RETURNS trigger LANGUAGE plpgsql AS $body$
      BEGIN PERFORM pg_sleep(0.3); RETURN OLD; END $body$`);
    await stack.query(`
      CREATE TRIGGER slow_delete BEFORE DELETE ON sender_claims FOR EACH ROW EXECUTE FUNCTION slow_delete()`);

    const sweeping = emails.sweepExpiredClaims(() => ({ state: 'uncertain', reason: 'the sender died' }));
    await sleep(100);
    const recording = emails.record([outcomeOf(open, 'sent')], [finished[0].id]);
    expect(await Promise.all([sweeping, recording])).toEqual([1, new Set([second])]);
    expect(await emails.find(second)).toMatchObject({ state: 'sent' });
    await stack.query('DROP TRIGGER slow_delete ON sender_claims');
  });

  it('sends a mail in doubt again only if it is old and an event of a later one has come', async () => {
    const [id, settled] = await dispatched('in-doubt', 2);
    const claimed = await claim('died', [id, settled], 0);
    const unknown = (email: ClaimedEmail): Outcome => ({
      ...outcomeOf(email, 'sent'),
      result: { state: 'uncertain', reason: 'the connection was cut' },
    });
    await emails.record([unknown(claimed.get(id)!), unknown(claimed.get(settled)!)], []);
    const channel = (age: string) => stack.query(`UPDATE event_channel SET reported_until = now() - interval '${age}'`);
    expect(await retries.retryUnconfirmed()).toBe(0);
    await channel('0');
    expect(await retries.retryUnconfirmed()).toBe(0);
    expect(await retries.countUncertain()).toBe(0);
    await stack.query(`UPDATE emails SET claimed_at = now() - interval '3 minutes'`);
    expect(await retries.countUncertain()).toBe(2);
    await channel('4 minutes');
    expect(await retries.retryUnconfirmed()).toBe(0);
    await channel('1 minute');
    // Its sender was alive after all.
    await emails.record([outcomeOf(claimed.get(settled)!, 'sent')], []);
    expect(await retries.retryUnconfirmed()).toBe(1);
    expect(await retries.retryUnconfirmed()).toBe(0);
    expect(await dispatch()).toEqual([id]);
    expect((await claim('late', [id], 0)).get(id)!.verdict).toBe('done');
    expect((await claim('lives', [id], 1)).get(id)).toMatchObject({ verdict: 'send', attempt: 2 });
    expect(await emails.find(settled)).toMatchObject({ state: 'sent' });
  });

  it('holds what is in the stream of a paused topic, and asks again while that is being decided', async () => {
    const [first, second] = await dispatched('paused', 2);
    await stack.query(`INSERT INTO topics (topic_id, paused_at) VALUES ('paused', now())`);
    const resuming = await stack.pool.connect();
    await resuming.query('BEGIN');
    await resuming.query(`UPDATE topics SET paused_at = NULL WHERE topic_id = 'paused'`);
    expect((await claim('asks', [first], 0)).get(first)!.verdict).toBe('not_settled');
    await resuming.query('ROLLBACK');
    resuming.release();
    expect((await claim('holds', [first], 0)).get(first)!.verdict).toBe('hold');
    expect(await emails.find(first)).toMatchObject({ state: 'pending', attempts: 0 });
    expect(await batches.msUntilNextClaim()).toBeNull();
    expect((await claim('again', [first], 0)).get(first)!.verdict).toBe('done');
    await dataSource.transaction(async (transaction) => {
      await transaction.query(`UPDATE topics SET paused_at = NULL WHERE topic_id = 'paused'`);
      await holds.release(transaction, 'paused');
    });
    expect(await dispatch()).toEqual([first]);
    expect((await claim('sends', [first, second], 0)).get(second)!.verdict).toBe('send');
    expect((await claim('sends', [first], 1)).get(first)!.verdict).toBe('send');
  });

  /** Accepts and dispatches so many mails; returns their ids. */
  async function dispatched(topicId: string, count: number): Promise<string[]> {
    const message = identify({
      ...NO_EXTRAS,
      recipientVariables: null,
      apiKey: 'test',
      topicId,
      subject: 'Hello',
      content: '<p>Hello</p>',
      trackOpens: false,
      trackClicks: false,
      tracking: null,
      scheduledAt: null,
      recipients: recipients(count),
    });
    await messages.transaction(async (transaction) => {
      await runAll(transaction, messages.insertions([message], new BlockedByTopic(), 1_000));
      await ledger.move(transaction, [{ topicId, from: 'accepted', to: 'pending', count }]);
    });
    return dispatch();
  }

  /** What a dispatcher does with all that is due. */
  async function dispatch(): Promise<string[]> {
    const claimed = [
      ...(await batches.claimDue(0, 100, 1_000, 'test', LEASE_SECONDS)),
      ...(await batches.claimDue(1, 100, 100_000, 'test', LEASE_SECONDS)),
    ];
    const loaded = await batches.emailsOf(claimed, true);
    await batches.settle(
      claimed.map((batch) => ({
        batch,
        acknowledged: loaded.get(batch.id)!.ids,
        unacknowledged: [],
        tooLarge: [],
        suppressed: [],
        delayMs: 0,
        error: null,
      })),
    );
    return [...loaded.values()].flatMap(({ ids }) => ids);
  }

  async function claim(sender: string, ids: string[], generation: number): Promise<Map<string, ClaimedEmail>> {
    const wanted = ids.map((id) => ({ id, generation }));
    const claimed = await emails.claimForSending(wanted, randomUUID(), sender, LEASE_SECONDS);
    return new Map(claimed.map((email) => [email.id, email]));
  }

  function outcomeOf({ id, attempt, batchId, topicId }: ClaimedEmail, state: 'sent' | 'pending'): Outcome {
    const identity = { id, attempt, batchId, topicId };
    if (state === 'sent') return { ...identity, result: { state, providerMessageId: 'x' } };
    return { ...identity, result: { state, reason: 'refused for now', delayMs: 0, isAttempt: true } };
  }

  /** A lease that ran out, without the wait. */
  async function expire(sender: string): Promise<void> {
    await stack.query(`UPDATE sender_claims SET lease_until = now() - interval '1 second' WHERE sender = $1`, [sender]);
  }
});
