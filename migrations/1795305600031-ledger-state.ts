import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LedgerState1795305600031 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // One row per stream, whose server keeps the mark too: a ledger that is behind its own mark has gone back.
    await db.query(`
      CREATE TABLE ledger_state (
        stream text NOT NULL,
        -- counted up at every look, and then told to the stream's server
        mark bigint NOT NULL,
        marked_at timestamptz NOT NULL,
        -- of the server that was looked at; null where it does not say
        timeline text,
        -- what it committed then was on a standby too
        is_synchronous boolean NOT NULL,
        -- what happened after it is missing; null: nothing is held
        held_since timestamptz,
        -- when that was noticed
        held_at timestamptz,
        -- when an operator accepted it last
        accepted_at timestamptz,
        CONSTRAINT ledger_state_pkey PRIMARY KEY (stream),
        CONSTRAINT ledger_state_held_check CHECK ((held_since IS NULL) = (held_at IS NULL))
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE ledger_state`);
  }
}
