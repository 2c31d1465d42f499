import type { EntityManager } from 'typeorm';

/**
 * Runs a named statement in the manager's transaction, if it has one, and returns its rows. TypeORM answers
 * `[rows, count]` for a statement whose command is UPDATE or DELETE and bare rows for the others.
 */
export async function rowsOf<Row>(manager: EntityManager, statement: string, parameters: unknown[]): Promise<Row[]> {
  const answer: unknown = await manager.query(statement, parameters);
  if (!Array.isArray(answer)) return [];
  const isPair = answer.length === 2 && Array.isArray(answer[0]) && typeof answer[1] === 'number';
  return (isPair ? answer[0] : answer) as Row[];
}
