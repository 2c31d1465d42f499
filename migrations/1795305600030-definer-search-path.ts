import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the run-time role may have done for it by the schema's owner. */
const FUNCTIONS = [
  'ensure_partitions(integer)',
  'summarize_addresses()',
  'wait_for_writers(text)',
  'drop_month(text, uuid)',
];

export class DefinerSearchPath1795305600030 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // PostgreSQL looks for tables among the caller's temporary ones first, unless told to do so last: a temporary table
    // `emails` with an index on a function would have had that function run with the owner's rights.
    await db.query(`SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true)`);
    await this.takeCurrentPath(db);
  }

  async down(db: QueryRunner): Promise<void> {
    await this.takeCurrentPath(db);
  }

  private async takeCurrentPath(db: QueryRunner): Promise<void> {
    for (const name of FUNCTIONS) await db.query(`ALTER FUNCTION ${name} SET search_path FROM CURRENT`);
  }
}
