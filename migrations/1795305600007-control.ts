import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Control1795305600007 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE batches
        -- none of its emails was dispatched before: the generation tells it no longer, since cancelling, stopping and
        -- expiry end mail that never was
        ADD COLUMN is_first boolean NOT NULL DEFAULT true`);
    await db.query(`UPDATE batches SET is_first = false WHERE generation > 0`);

    // One row: how far the provider's events have come.
    await db.query(`
      CREATE TABLE event_channel (
        id smallint NOT NULL DEFAULT 1,
        -- an event of a mail that was claimed at this moment, and happened no earlier, has arrived
        reported_until timestamptz,
        CONSTRAINT event_channel_pkey PRIMARY KEY (id),
        CONSTRAINT event_channel_id_check CHECK (id = 1)
      )`);
    await db.query(`INSERT INTO event_channel DEFAULT VALUES`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE event_channel`);
    await db.query(`ALTER TABLE batches DROP COLUMN is_first`);
  }
}
