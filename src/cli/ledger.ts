import type { DataSource } from 'typeorm';
import { LedgerService } from '../ledger/ledger.service.js';
import { TopicBucket } from '../ledger/topic-bucket.entity.js';
import { DispatchedRepository } from '../messages/dispatched.repository.js';
import { DoubtsRepository } from '../messages/doubts.repository.js';
import { Email } from '../messages/email.entity.js';
import { LedgerState } from '../watch/ledger-state.entity.js';
import { LedgerStateRepository } from '../watch/ledger-state.repository.js';
import { runCommand } from './command.js';

const USAGE = 'usage: ledger [status | accept --since <time>]';

/**
 * `node dist/src/cli/ledger.js`: what is known of a ledger that went back, and an operator's word that it may be used as it is. The time is that of the
 * backup, or the one that log and status name: whoever gives it has looked at what is missing.
 */
const actions: Record<string, (states: LedgerStateRepository, dataSource: DataSource) => Promise<number>> = {
  async status(states) {
    const held = await heldBy(states);
    if (held === null) print('nothing is held');
    else print(`mail is held: what happened after ${held.since.toISOString()} is missing`);
    return held === null ? 0 : 1;
  },

  async accept(states, dataSource) {
    const [flag, value = ''] = process.argv.slice(3);
    const since = new Date(value);
    if (flag !== '--since' || Number.isNaN(since.getTime())) return refuse(USAGE, 2);
    const held = await heldBy(states);
    const until = held?.at ?? new Date();
    if (since > until) {
      return refuse(
        `the ledger cannot have come back to a time after ${until.toISOString()}, when it was looked at`,
        1,
      );
    }
    const emails = dataSource.getRepository(Email);
    const ledger = new LedgerService(dataSource.getRepository(TopicBucket));
    const doubts = new DoubtsRepository(emails, new DispatchedRepository(emails), ledger);
    let total = 0;
    for await (const count of doubts.raise(until)) total += count;
    await states.accept();
    print(`${total} emails are uncertain: they may have been sent. Everything else is sent as usual`);
    return 0;
  },
};

/** All streams together: since when something is missing, and until when mail may have moved. */
async function heldBy(states: LedgerStateRepository): Promise<{ since: Date; at: Date } | null> {
  const held = (await states.all()).flatMap(({ heldSince, heldAt }) =>
    heldSince && heldAt ? [{ heldSince, heldAt }] : [],
  );
  if (held.length === 0) return null;
  return {
    since: new Date(Math.min(...held.map(({ heldSince }) => heldSince.getTime()))),
    at: new Date(Math.max(...held.map(({ heldAt }) => heldAt.getTime()))),
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function refuse(line: string, code: number): number {
  process.stderr.write(`${line}\n`);
  return code;
}

const action = actions[process.argv[2] ?? 'status'];
if (!action) process.exit(refuse(USAGE, 2));
await runCommand(
  'messages-ledger',
  ({ url }) => url,
  (dataSource) => action(new LedgerStateRepository(dataSource.getRepository(LedgerState)), dataSource),
  [Email, TopicBucket, LedgerState],
);
