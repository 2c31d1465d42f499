import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { migrate } from '../../src/database/migrator.js';
import { LedgerMarks } from '../../src/jetstream/ledger-marks.js';
import { LedgerState } from '../../src/watch/ledger-state.entity.js';
import { LedgerStateRepository } from '../../src/watch/ledger-state.repository.js';
import { ownStream } from '../support/own-stream.js';
import { TestDatabase } from '../support/test-database.js';

describe('the mark that NATS keeps', () => {
  it('is the last one that was written, and none before', async () => {
    const { service, name, manager } = await ownStream();
    const marks = new LedgerMarks(service);
    expect(await marks.read()).toBe(0);
    expect(await marks.read()).toBe(0);
    for (const mark of [1, 2, 40]) await marks.write(mark);
    expect(await new LedgerMarks(service).read()).toBe(40);
    expect((await manager.streams.info(`${name}-ledger`)).state.messages).toBe(1);
  });

  it('is none where its stream was deleted, which is made anew', async () => {
    const { service, name, manager } = await ownStream();
    const marks = new LedgerMarks(service);
    await marks.read();
    await marks.write(7);
    await manager.streams.delete(`${name}-ledger`);
    expect(await marks.read()).toBe(0);
    await marks.write(8);
    expect(await marks.read()).toBe(8);
  });

  it('is none where somebody has written something else', async () => {
    const { service, name, beside } = await ownStream();
    const marks = new LedgerMarks(service);
    await marks.read();
    await beside.jetstream().publish(`${name}-ledger`, 'nonsense');
    expect(await marks.read()).toBe(0);
  });
});

describe('the state of the ledger', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let states: LedgerStateRepository;

  beforeAll(async () => {
    database = await TestDatabase.create();
    dataSource = await database.connect([LedgerState]);
    await migrate(dataSource);
    states = new LedgerStateRepository(dataSource.getRepository(LedgerState));
  });

  beforeEach(() => dataSource.query('TRUNCATE ledger_state'));

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const change = (what: string) => dataSource.query(`UPDATE ledger_state SET ${what}`);

  it('counts on from look to look, from the mark of a stream that it does not know', async () => {
    expect(await states.look('own', 500)).toMatchObject({ mark: 501, heldSince: null });
    expect(await states.look('own', 501)).toMatchObject({ mark: 502, heldSince: null });
    // A mark that did not arrive, or a NATS that lost some.
    expect(await states.look('own', 0)).toMatchObject({ mark: 503, heldSince: null });
    expect(await states.look('other', 0)).toMatchObject({ mark: 1, heldSince: null });
  });

  it('is held from its last look on where a later one is known, until it is accepted', async () => {
    await states.look('own', 0);
    await change(`marked_at = '2026-01-01T00:00:00Z'`);
    const since = new Date('2026-01-01T00:00:00Z');
    expect(await states.look('own', 2)).toEqual({ mark: 3, heldSince: since, acceptedAt: null });
    expect(await states.look('own', 3)).toMatchObject({ mark: 4, heldSince: since });
    // Restored once more: what is missing began at the first time.
    expect(await states.look('own', 9)).toMatchObject({ mark: 10, heldSince: since });
    await states.accept();
    const { heldSince, acceptedAt } = await states.look('own', 10);
    expect(heldSince).toBeNull();
    expect(acceptedAt).toBeInstanceOf(Date);
  });

  it('is held where a server of another timeline took over that may not have had all', async () => {
    await states.look('own', 0);
    await change(`timeline = '0000002A'`);
    expect((await states.look('own', 1)).heldSince).toBeInstanceOf(Date);
    await states.accept();
    expect((await states.look('own', 2)).heldSince).toBeNull();
  });

  it('is not held again where it was accepted before anybody looked', async () => {
    await states.look('own', 0);
    await change(`timeline = '0000002A'`);
    await states.accept();
    expect((await states.look('own', 1)).heldSince).toBeNull();
  });

  it('is not held where that server had all, nor where none says its timeline', async () => {
    await states.look('own', 0);
    await change(`timeline = '0000002A', is_synchronous = true`);
    expect((await states.look('own', 1)).heldSince).toBeNull();
    await change('timeline = NULL');
    expect((await states.look('own', 2)).heldSince).toBeNull();
  });
});
