import { connect } from 'nats';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';

it('gives the tests a PostgreSQL in which they may create databases', async () => {
  const client = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
  onTestFinished(() => client.end());
  await client.connect();
  const { rows } = await client.query(
    'SELECT rolcreatedb OR rolsuper AS may FROM pg_roles WHERE rolname = current_user',
  );
  expect(rows).toEqual([{ may: true }]);
});

it('gives the tests a NATS server with JetStream that takes 8 MB', async () => {
  const connection = await connect({ servers: process.env.TEST_NATS_URL });
  onTestFinished(() => connection.close());
  const manager = await connection.jetstreamManager();
  expect((await manager.getAccountInfo()).streams).toBeTypeOf('number');
  expect(connection.info?.max_payload).toBe(8 * 1024 * 1024);
});
