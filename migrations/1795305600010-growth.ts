import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When autovacuum comes. Its defaults wait for a fifth of a table, which for a month's partition is millions of rows: then
 * one long run that reads all of it, instead of many short ones that read what is new.
 */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // Each email is updated two to four times within its first hours; the room that this leaves is wanted soon again, and
  // a run reads the whole key. Inserts alone bring the visibility map and the address filter up to date.
  emails: {
    autovacuum_vacuum_scale_factor: 0.05,
    autovacuum_vacuum_insert_scale_factor: 0.05,
    autovacuum_analyze_scale_factor: 0.05,
  },
  // Claim and settle leave a dead row and a dead entry at the left edge of the claim's index, where the next claim
  // begins to read: some thousand of them at most.
  batches: { autovacuum_vacuum_scale_factor: 0.01, autovacuum_vacuum_threshold: 1000 },
  // Never updated: a run that finds nothing dead leaves the indexes alone and freezes what is new.
  events: { autovacuum_vacuum_insert_scale_factor: 0.05, autovacuum_analyze_scale_factor: 0.05 },
};

const parameters = (settings: Readonly<Record<string, number>>) =>
  Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ');

/** The line of ensure_partitions behind which a new partition gets its parameters. */
const ATTACHED = `made := made + 1;`;
const TUNE = `PERFORM tune_partition(parent, name);`;

export class Growth1795305600010 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // Storage parameters cannot stand on a partitioned table.
    await db.query(`
      CREATE FUNCTION tune_partition(parent text, name text) RETURNS void
      LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
      BEGIN
        EXECUTE format('ALTER TABLE %I SET (%s)', name, CASE parent
          ${Object.entries(SETTINGS)
            .map(([parent, settings]) => `WHEN '${parent}' THEN '${parameters(settings)}'`)
            .join('\n          ')}
        END);
      END $body$`);
    await this.replaceInEnsurePartitions(db, ATTACHED, `${TUNE}\n            ${ATTACHED}`);
    for (const { parent, name } of await this.partitions(db)) {
      await db.query(`SELECT tune_partition($1, $2)`, [parent, name]);
    }
  }

  async down(db: QueryRunner): Promise<void> {
    for (const { parent, name } of await this.partitions(db)) {
      await db.query(`ALTER TABLE "${name}" RESET (${Object.keys(SETTINGS[parent]).join(', ')})`);
    }
    await this.replaceInEnsurePartitions(db, `${TUNE}\n            ${ATTACHED}`, ATTACHED);
    await db.query(`DROP FUNCTION tune_partition(text, text)`);
  }

  private partitions(db: QueryRunner): Promise<{ parent: string; name: string }[]> {
    return db.query(`
      SELECT parent.relname AS parent, part.relname AS name
      FROM pg_inherits JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class part ON part.oid = inhrelid
      WHERE parent.relkind = 'p' AND parent.relnamespace = current_schema()::regnamespace`) as Promise<
      { parent: string; name: string }[]
    >;
  }

  private async replaceInEnsurePartitions(db: QueryRunner, text: string, by: string): Promise<void> {
    const [{ definition }] = (await db.query(
      `SELECT pg_get_functiondef('ensure_partitions(integer)'::regprocedure) AS definition`,
    )) as { definition: string }[];
    await db.query(definition.replace(text, () => by));
  }
}
