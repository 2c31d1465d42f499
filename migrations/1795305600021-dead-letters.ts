import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DeadLetters1795305600021 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // What our sender took from the stream and could not read: as it came, with the reason.
    await db.query(`
      CREATE TABLE dead_letters (
        stream text NOT NULL,
        -- a stream that is made anew counts from 1 again: its number alone is no key
        sequence bigint NOT NULL,
        published_at timestamptz NOT NULL,
        kept_at timestamptz NOT NULL DEFAULT now(),
        reason text NOT NULL,
        headers text NOT NULL,
        payload bytea NOT NULL,
        CONSTRAINT dead_letters_pkey PRIMARY KEY (stream, sequence, published_at)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE dead_letters`);
  }
}
