import type { Child } from './child.js';
import type { Stack } from './stack.js';

/**
 * A lease ends by the database's clock 30 s after it was given; so that a test does not wait for that, it ends those
 * of one dead process in the table that holds them. What follows is what follows a lease that ran out: the owner's
 * name is `<host>:<pid>:<random>`, and a process that runs is left alone. Without a process those of
 * all: of what a dispatcher claims, it knows only if the COMMIT was answered.
 */
export async function endDispatchLeases(stack: Stack, dead?: Child): Promise<number> {
  const ended = await stack.query(
    `UPDATE batches SET claim_at = now()
     WHERE state = 0 AND split_part(lease_owner, ':', 2) = coalesce($1, split_part(lease_owner, ':', 2)) RETURNING id`,
    [dead ? String(dead.pid) : null],
  );
  // The dispatchers' timers stand at the end of the lease as it was.
  await stack.query('NOTIFY messages_due');
  return ended.length;
}

/** The same for what a dead sender had claimed; the sweep, every 10 s, finds them. Returns the ids in doubt. */
export async function endSendClaims(stack: Stack, dead: Child): Promise<string[]> {
  const inDoubt = await stack.query<{ id: string }>(
    `WITH ended AS (
       UPDATE sender_claims SET lease_until = now() - interval '1 second'
       WHERE split_part(sender, ':', 2) = $1 RETURNING ids
     )
     SELECT id FROM emails
     WHERE state = 2 AND id IN (SELECT unnest(ids) FROM ended)`,
    [String(dead.pid)],
  );
  return inDoubt.map(({ id }) => id);
}

/**
 * The same for what dead senders had taken from the stream, which delivers it again after 30 s. Nobody may live that takes
 * from it: a sender that comes makes the consumer anew, and what was not acknowledged is not delivered to that one yet.
 */
export async function endAckWaits(stack: Stack): Promise<void> {
  const manager = await stack.nats.jetstreamManager();
  await manager.consumers.delete(stack.name, 'messages-sender');
}
