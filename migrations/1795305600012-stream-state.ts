import type { MigrationInterface, QueryRunner } from 'typeorm';

export class StreamState1795305600012 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // One row per stream: what was last known of it, so that one that was made anew or went back is noticed.
    await db.query(`
      CREATE TABLE stream_state (
        stream text NOT NULL,
        created_at timestamptz NOT NULL,
        -- of the last message that it ever took
        last_sequence bigint NOT NULL,
        -- what was dispatched until then may be lost; null once all of it has been looked at
        suspected_until timestamptz,
        CONSTRAINT stream_state_pkey PRIMARY KEY (stream)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE stream_state`);
  }
}
