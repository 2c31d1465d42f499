import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IdempotencyKeys1795305600001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE idempotency_keys (
        api_key text NOT NULL,
        key text NOT NULL,
        body_sha256 bytea NOT NULL,
        response text NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (api_key, key)
      )`);
    // The hourly purge of what has expired.
    await db.query(`CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE idempotency_keys`);
  }
}
