import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { expect, it, type TestContext } from 'vitest';
import { eventually } from '../support/eventually.js';
import { recipients, required, Stack } from '../support/stack.js';
import { withClient } from '../support/with-client.js';

const EMAILS = 3;
const SOON_MS = 20_000;
const PASSWORD = 'a-password-of-the-tests';
const INSUFFICIENT_PRIVILEGE = '42501';
const LOCK_NOT_AVAILABLE = '55P03';
/** As src/retention/month-removal.ts: each try waits for 0.1 s, and a vacuum may hold the lock for longer. */
const LOCK_TRIES = 10;

/** The statements that the document gives: for new roles, and for a schema that one role has had so far. */
const [NEW_ROLES, CHANGE_HANDS] = [
  ...readFileSync('docs/configuration.md', 'utf8').matchAll(/```sql\n([^]*?)```/g),
].map(([, statements]) => statements);

const REFUSED = [
  'CREATE TABLE mine (id integer)',
  'CREATE TEMPORARY TABLE mine (id integer)',
  'CREATE SCHEMA mine',
  'CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$',
  'CREATE INDEX ON emails (address)',
  'ALTER TABLE emails ADD COLUMN mine integer',
  'ALTER FUNCTION drop_month(text, uuid) SECURITY INVOKER',
  'DROP TABLE messages',
  'DROP FUNCTION drop_month(text, uuid)',
  'TRUNCATE messages',
  `COPY messages TO PROGRAM 'true'`,
  'ALTER SYSTEM SET fsync = off',
];

/** A database without a schema, and the two roles under names of their own: roles belong to the whole server. */
async function setup({ skip, onTestFinished }: TestContext) {
  const admin = required('TEST_DATABASE_URL');
  const mayMakeRoles = await withClient(admin, async (client) => {
    const { rows } = await client.query<{ rolsuper: boolean }>(
      'SELECT rolsuper FROM pg_roles WHERE rolname = current_user',
    );
    return rows[0].rolsuper;
  });
  skip(!mayMakeRoles, 'the role of DATABASE_URL may not make roles');
  const stack = await Stack.start();
  const [owner, runtime] = [`${stack.name}_owner`, `${stack.name}_runtime`];
  onTestFinished(async () => {
    await stack.stop();
    await withClient(admin, (client) => client.query(`DROP ROLE IF EXISTS ${owner}, ${runtime}`));
  });
  const named = (statements: string) =>
    statements
      .replaceAll('messages_owner', owner)
      .replaceAll('messages_runtime', runtime)
      .replaceAll('DATABASE messages', `DATABASE ${stack.name}`)
      .replaceAll('change me', PASSWORD);
  const urlOf = (role: string) =>
    Object.assign(new URL(stack.databaseUrl), { username: role, password: PASSWORD }).href;
  return {
    stack,
    administer: (statements: string) => stack.query(named(statements)),
    named,
    ownerUrl: urlOf(owner),
    runtimeUrl: urlOf(runtime),
  };
}

/** What the jobs of a gateway do that the role itself may not. */
async function makeAndDropMonth(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rows: made } = await client.query<{ partitions: number }>('SELECT ensure_partitions(4) AS partitions');
    expect(made).toEqual([{ partitions: 3 }]);
    await client.query('SELECT summarize_addresses()');
    const month = `date_trunc('month', now() AT TIME ZONE 'UTC') + interval '4 months'`;
    const { rows: sealed } = await client.query<{ name: string; token: string }>(
      `UPDATE removal_seal SET first_id = uuid_floor(${month}), behind_id = uuid_floor(${month} + interval '1 month'),
         token = gen_random_uuid()
       RETURNING token, to_char(${month}, 'YYYY_MM') AS name`,
    );
    const [{ name, token }] = sealed;
    await insist(client, 'SELECT wait_for_writers($1)', [name]);
    await insist(client, 'SELECT drop_month($1, $2)', [name, token]);
    const { rows: left } = await client.query('SELECT to_regclass($1) AS emails', [`emails_${name}`]);
    expect(left).toEqual([{ emails: null }]);
  });
}

async function insist(client: pg.Client, statement: string, values: string[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return void (await client.query(statement, values));
    } catch (error) {
      if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE || tries === LOCK_TRIES) throw error;
    }
  }
}

async function expectRefusals(url: string, statements: readonly string[]): Promise<void> {
  await withClient(url, async (client) => {
    for (const statement of statements) {
      await expect(client.query(statement), statement).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
    }
  });
}

it('accepts, sends and records with a role that may not change the schema', async (context) => {
  const { stack, administer, named, ownerUrl, runtimeUrl } = await setup(context);
  await administer(NEW_ROLES);
  const gateway = await stack.gateway({ DATABASE_URL: runtimeUrl, MIGRATE_DATABASE_URL: ownerUrl });
  await stack.sender({ DATABASE_URL: runtimeUrl, MIGRATE_ON_BOOT: 'false' });

  const message = { topic_id: 'least', emails: recipients(EMAILS), subject: 'Hello', content: '<p>Hello</p>' };
  const response = await stack.post(gateway, { messages: [message] }, { prefer: 'return=representation' });
  expect(response.status).toBe(200);
  const { messages } = (await response.json()) as { messages: { email_ids: string[] }[] };
  const [emailId] = messages[0].email_ids;
  await eventually(async () => (await stack.countOf('sent')) === EMAILS, SOON_MS, 'the state sent of all mails');
  await fetch(`${gateway.url}/v1/events/open?requestId=${emailId}`);
  const eventsOf = () => stack.get<{ events: { type: string }[] }>(gateway, `/v1/emails/${emailId}`);
  await eventually(async () => (await eventsOf()).events.some(({ type }) => type === 'Open'), SOON_MS, 'the open');

  await makeAndDropMonth(runtimeUrl);
  await expectRefusals(runtimeUrl, [...REFUSED, named('SET ROLE messages_owner')]);
  const { code, output } = await stack.run('dist/src/cli/recount.js', { DATABASE_URL: runtimeUrl });
  expect(code, output).toBe(0);
  expect(gateway.output).not.toMatch(/permission denied|must be owner/);
});

it('leaves a role the rows alone where it has had the schema so far', async (context) => {
  const { stack, administer, named, ownerUrl, runtimeUrl } = await setup(context);
  const [CREATE_RUNTIME] = /^CREATE ROLE messages_runtime.*\n/m.exec(NEW_ROLES) ?? [''];
  await administer(`${CREATE_RUNTIME} ALTER DATABASE messages OWNER TO messages_runtime`);
  const migrated = await stack.run('dist/src/cli/migrate.js', { DATABASE_URL: runtimeUrl });
  expect(migrated.code, migrated.output).toBe(0);

  await administer(NEW_ROLES.replace(CREATE_RUNTIME, ''));
  await administer(CHANGE_HANDS);
  const again = await stack.run('dist/src/cli/migrate.js', {
    DATABASE_URL: runtimeUrl,
    MIGRATE_DATABASE_URL: ownerUrl,
  });
  expect(again.code, again.output).toBe(0);
  await makeAndDropMonth(runtimeUrl);
  await expectRefusals(runtimeUrl, [...REFUSED, named('SET ROLE messages_owner')]);
  await withClient(runtimeUrl, (client) => client.query('UPDATE retention SET months_look_at = now()'));
});
