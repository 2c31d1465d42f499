import type pg from 'pg';
import type { EntityManager } from 'typeorm';
import type { Statement } from './statement.js';

/**
 * A transaction whose statements wait for each other's answers only where one is needed. What is sent goes to the server at
 * once, and its answer is heard with the COMMIT's: a round trip fewer each, in which neither network nor event loop is
 * waited for. All of it keeps its order, as it is one connection, and what is sent in one turn is one write: each wakes
 * the server's process.
 */
export class Pipeline {
  private readonly answers: Promise<unknown>[] = [];

  constructor(
    /** For statements whose answers are needed. */
    readonly manager: EntityManager,
    private readonly connection: pg.Connection,
  ) {}

  send(...statements: readonly Statement[]): void {
    const { stream } = this.connection;
    stream.cork();
    // After the microtasks in which the statements reach the client.
    process.nextTick(() => stream.uncork());
    for (const { text, parameters } of statements) {
      const answer = this.manager.query(text, parameters);
      // Heard by `allAnswered`; until then it is no unhandled rejection.
      answer.catch(() => undefined);
      this.answers.push(answer);
    }
  }

  /** Throws the first failure: those after it only say that the transaction has failed. */
  async allAnswered(): Promise<void> {
    for (const answer of this.answers) await answer;
  }
}

/**
 * Runs `work` in a transaction, and returns what it does after the COMMIT. Once a statement has failed, the server refuses
 * the following ones and makes the COMMIT a rollback; the first failure is thrown.
 */
export async function inPipeline<Result>(
  manager: EntityManager,
  work: (pipeline: Pipeline) => Promise<Result> | Result,
): Promise<Result> {
  const runner = manager.dataSource.createQueryRunner();
  try {
    // The statements below shall find a connection, and so keep their order.
    const client = (await runner.connect()) as pg.Client & { readonly connection: pg.Connection };
    const pipeline = new Pipeline(runner.manager, client.connection);
    pipeline.send({ text: 'BEGIN', parameters: [] });
    let result: Result;
    try {
      result = await work(pipeline);
    } catch (error) {
      // Fails where the connection is gone, which rolls back too.
      await runner.query('ROLLBACK').catch(() => undefined);
      await pipeline.allAnswered();
      throw error;
    }
    pipeline.send({ text: 'COMMIT', parameters: [] });
    await pipeline.allAnswered();
    return result;
  } finally {
    await runner.release();
  }
}
