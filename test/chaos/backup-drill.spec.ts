import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { compare, eachOnce, submit } from '../support/campaign.js';
import { ofFullRun } from '../support/chaos-scale.js';
import { eventually } from '../support/eventually.js';
import { PostgresBackup } from '../support/postgres-backup.js';
import { PostgresServer } from '../support/postgres-server.js';
import { type Gateway, required, Stack } from '../support/stack.js';
import { withClient } from '../support/with-client.js';

const MESSAGES = ofFullRun(25);
const SIZE = 20;
const SOON_MS = 30_000;
const HOUR_MS = 3_600_000;

const SAID = /npm run ledger -- accept --since ([-\d:.TZ]+)/;

const run = promisify(execFile);

interface Loss {
  /** While mail is accepted and sent. */
  backUp: () => Promise<void>;
  /** Once nothing of ours runs. */
  loseAndRestore: () => Promise<void>;
  /** Whether what comes back shows that it did. */
  isNoticed: boolean;
}

/** docs/backup.md from its beginning to its end. */
async function drill(stack: Stack, { backUp, loseAndRestore, isNoticed }: Loss): Promise<void> {
  const gateway = await stack.gateway();
  const sender = await stack.sender();
  const accepted = await accept(stack, gateway, 'before');
  await Promise.all([backUp(), accept(stack, gateway, 'during').then((ids) => accepted.push(...ids))]);
  await areSent(stack, gateway, ['before', 'during']);
  const scheduled_at = new Date(Date.now() + HOUR_MS).toISOString();
  const later = {
    topic_id: 'later',
    emails: ['later@example.com'],
    subject: 'Later',
    content: '<p>x</p>',
    scheduled_at,
  };
  expect((await stack.post(gateway, { messages: [later] })).status).toBe(200);
  await fetch(`${gateway.url}/v1/events/open?requestId=${accepted[0]}`);
  const opened = async () => (await readsOf(stack, gateway, accepted)).email.events.length > 0;
  await eventually(opened, SOON_MS, 'the open');
  const known = await readsOf(stack, gateway, accepted);
  expect(await Promise.all([sender.stop(), gateway.stop()])).toEqual([0, 0]);

  await loseAndRestore();

  const restored = await stack.gateway();
  expect(await stack.recount()).toBe('');
  expect(await readsOf(stack, restored, accepted)).toEqual(known);
  if (isNoticed) await acceptLedger(stack, restored);
  await stack.sender();
  accepted.push(...(await accept(stack, restored, 'after')));
  await areSent(stack, restored, ['after']);
  expect(compare(stack.sink.mails, accepted)).toEqual(eachOnce(accepted.length));
  expect((await stack.topic(restored, 'later')).states.pending).toBe(1);
  expect(await stack.recount()).toBe('');
}

/** With the time that the log names. */
async function acceptLedger(stack: Stack, gateway: Gateway): Promise<void> {
  const said = () => SAID.exec(gateway.output)?.[1];
  const since = await eventually(said, SOON_MS, 'the word that the ledger went back');
  expect(await stack.run('dist/src/cli/ledger.js', {}, ['accept', '--since', since])).toMatchObject({ code: 0 });
}

function accept(stack: Stack, gateway: Gateway, topicId: string): Promise<string[]> {
  return submit(stack, { topicId, messages: MESSAGES, recipientsPerMessage: SIZE, gateway: () => gateway });
}

async function areSent(stack: Stack, gateway: Gateway, topicIds: readonly string[]): Promise<void> {
  for (const topicId of topicIds) {
    const isSent = async () => (await stack.topic(gateway, topicId)).states.sent === MESSAGES * SIZE;
    await eventually(isSent, SOON_MS, `the state sent of ${topicId}`);
  }
}

/** What people and programs read. */
async function readsOf(stack: Stack, gateway: Gateway, [emailId]: readonly string[]) {
  const email = await stack.get<{ message_id: string; events: object[] }>(gateway, `/v1/emails/${emailId}`);
  return {
    email,
    message: await stack.get(gateway, `/v1/messages/${email.message_id}`),
    log: await stack.get(gateway, '/v1/emails?limit=100'),
    topics: await Promise.all(['before', 'during', 'later'].map((topicId) => stack.topic(gateway, topicId))),
  };
}

it('a base backup and the WAL give the ledger back to the last mail, and it goes on', async ({ onTestFinished }) => {
  const server = await PostgresServer.create({ settings: ['archive_mode=on'] });
  onTestFinished(() => server.remove());
  await server.start();
  const backup = await PostgresBackup.begin(server);
  const stack = await Stack.start({ adminUrl: server.url });
  onTestFinished(() => stack.stop());
  await drill(stack, {
    backUp: () => backup.take(),
    loseAndRestore: async () => {
      await backup.flush();
      await server.kill();
      await backup.restore();
      await server.start();
    },
    // The server goes on under a new timeline.
    isNoticed: true,
  });
});

it('a dump gives back the ledger of its moment, and it goes on', async ({ onTestFinished, skip }) => {
  const admin = required('TEST_DATABASE_URL');
  const reason = await whyNoDump(admin);
  skip(reason !== null, reason ?? '');
  const stack = await Stack.start();
  onTestFinished(() => stack.stop());
  const folder = await mkdtemp(join(tmpdir(), 'messages-dump-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'messages.dump');
  await drill(stack, {
    backUp: () => Promise.resolve(),
    loseAndRestore: async () => {
      await run('pg_dump', ['--format=custom', `--file=${file}`, stack.databaseUrl]);
      await withClient(admin, async (client) => {
        await client.query(`DROP DATABASE ${stack.name} WITH (FORCE)`);
        await client.query(`CREATE DATABASE ${stack.name}`);
      });
      await run('pg_restore', ['--exit-on-error', `--dbname=${stack.databaseUrl}`, file]);
    },
    // Nothing is missing, and the server is the same.
    isNoticed: false,
  });
});

/** Null where there is a pg_dump that can read this server; what comes with npm has none. */
async function whyNoDump(url: string): Promise<string | null> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ major: number }>(`SELECT current_setting('server_version_num')::int / 10000 AS major`),
  );
  const [{ major }] = rows;
  const output = await run('pg_dump', ['--version']).then(
    ({ stdout }) => stdout,
    () => null,
  );
  if (output === null) return 'there is no pg_dump';
  const own = Number(/\(PostgreSQL\) (\d+)/.exec(output)?.[1]);
  return own >= major ? null : `pg_dump ${own} cannot read a server of version ${major}`;
}
