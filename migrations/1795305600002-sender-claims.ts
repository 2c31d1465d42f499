import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SenderClaims1795305600002 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // A few rows per sender at any moment: no second index, the sweep reads them all.
    await db.query(`
      CREATE TABLE sender_claims (
        id uuid NOT NULL,
        sender text NOT NULL,
        lease_until timestamptz NOT NULL,
        ids uuid[] NOT NULL,
        CONSTRAINT sender_claims_pkey PRIMARY KEY (id)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE sender_claims`);
  }
}
