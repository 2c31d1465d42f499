import type { EntityManager } from 'typeorm';
import type { Statement } from './statement.js';

/**
 * A transaction of statements none of which needs another's answer, written to the server at once, BEGIN and COMMIT
 * included: one round trip, in which neither the client's event loop nor the network is waited for. Once a statement
 * fails, the server refuses the following ones and makes the COMMIT a rollback; the first failure is thrown. The
 * statements are data, made before the first is sent: what fails while they are made leaves nothing half written.
 */
export async function commitInOneTrip(manager: EntityManager, statements: readonly Statement[]): Promise<void> {
  const runner = manager.dataSource.createQueryRunner();
  try {
    // The queries below shall find a connection, and so keep their order.
    await runner.connect();
    const answers = await Promise.allSettled([
      runner.query('BEGIN'),
      ...statements.map(({ text, parameters }) => runner.query(text, parameters)),
      runner.query('COMMIT'),
    ]);
    const failed = answers.find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  } finally {
    await runner.release();
  }
}
