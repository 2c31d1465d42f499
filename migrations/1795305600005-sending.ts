import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Sending1795305600005 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE messages
        -- null: made of the content
        ADD COLUMN text text,
        -- null: FROM_EMAIL
        ADD COLUMN from_email text,
        ADD COLUMN reply_to text,
        -- objects of name and value
        ADD COLUMN headers jsonb,
        ADD COLUMN tags jsonb,
        ADD COLUMN variables jsonb,
        ADD COLUMN unsubscribe boolean NOT NULL DEFAULT false,
        ADD COLUMN expires_at timestamptz`);
    await db.query(`
      ALTER TABLE emails
        -- this recipient's own
        ADD COLUMN variables jsonb,
        -- when a sender claimed it last
        ADD COLUMN claimed_at timestamptz`);
    await db.query(`
      ALTER TABLE batches
        -- where it is another than the message's
        ADD COLUMN scheduled_at timestamptz,
        -- the message's; null where it does not expire, or was wanted again after it had
        ADD COLUMN expires_at timestamptz`);
    await db.query(`
      ALTER TABLE topics
        -- what is pending is held until it is resumed; a held batch is to be claimed at infinity
        ADD COLUMN paused_at timestamptz,
        ADD COLUMN pause_reason text,
        -- the counters at the last resume: the breaker judges what came after
        ADD COLUMN resumed_sent bigint NOT NULL DEFAULT 0,
        ADD COLUMN resumed_bounced bigint NOT NULL DEFAULT 0,
        ADD COLUMN resumed_complained bigint NOT NULL DEFAULT 0`);
    await db.query(`
      ALTER TABLE suppressions
        -- mail of one topic alone; the empty text: all mail
        ADD COLUMN topic_id text NOT NULL DEFAULT '',
        DROP CONSTRAINT suppressions_pkey,
        ADD CONSTRAINT suppressions_pkey PRIMARY KEY (address, topic_id)`);
    await db.query(`DROP INDEX suppressions_created_at_idx`);
    // The list, newest first, by keyset.
    await db.query(`CREATE INDEX suppressions_created_at_idx ON suppressions (created_at, address, topic_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP INDEX suppressions_created_at_idx`);
    await db.query(`DELETE FROM suppressions WHERE topic_id <> ''`);
    await db.query(`
      ALTER TABLE suppressions
        DROP CONSTRAINT suppressions_pkey,
        ADD CONSTRAINT suppressions_pkey PRIMARY KEY (address),
        DROP COLUMN topic_id`);
    await db.query(`CREATE INDEX suppressions_created_at_idx ON suppressions (created_at, address)`);
    await db.query(`
      ALTER TABLE topics DROP COLUMN resumed_complained, DROP COLUMN resumed_bounced, DROP COLUMN resumed_sent,
        DROP COLUMN pause_reason, DROP COLUMN paused_at`);
    await db.query(`ALTER TABLE batches DROP COLUMN expires_at, DROP COLUMN scheduled_at`);
    await db.query(`ALTER TABLE emails DROP COLUMN claimed_at, DROP COLUMN variables`);
    await db.query(`
      ALTER TABLE messages DROP COLUMN expires_at, DROP COLUMN unsubscribe, DROP COLUMN variables, DROP COLUMN tags,
        DROP COLUMN headers, DROP COLUMN reply_to, DROP COLUMN from_email, DROP COLUMN text`);
  }
}
