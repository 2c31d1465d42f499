import type { Stack } from './stack.js';

/**
 * Makes one kind of statement take longer, from inside the database, so that the processes under test run unchanged.
 * The claim is the only statement that sets a batch's epoch, and the settle the only one of a dispatcher's usual run
 * that sets its state. The statement's rows are locked while it waits, and are committed or not as ever afterwards.
 */
export type SlowStatement = 'claim' | 'settle';

/** The claim of an idle lane updates no row and shall not be slow, so the claim sleeps for each row. */
const TRIGGER: Readonly<Record<SlowStatement, string>> = {
  claim: 'AFTER UPDATE OF epoch ON batches FOR EACH ROW',
  settle: 'AFTER UPDATE OF state ON batches FOR EACH STATEMENT',
};

/** The tables must exist: call it once a gateway is ready. */
export async function slowDown(stack: Stack, statement: SlowStatement, seconds: number): Promise<void> {
  await stack.query(`
    CREATE OR REPLACE FUNCTION slow_${statement}() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      PERFORM pg_sleep(${seconds});
      RETURN NULL;
    END $body$`);
  await stack.query(`
    CREATE OR REPLACE TRIGGER slow_${statement} ${TRIGGER[statement]} EXECUTE FUNCTION slow_${statement}()`);
}

/** Waits for those that run. */
export async function speedUp(stack: Stack, statement: SlowStatement): Promise<void> {
  await stack.query(`DROP TRIGGER slow_${statement} ON batches`);
}

/** Resolves when a statement sleeps in the trigger at this moment. */
export async function isSlowNow(stack: Stack): Promise<boolean> {
  const sleepers = await stack.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
  );
  return sleepers.length > 0;
}
