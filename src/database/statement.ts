import type { EntityManager } from 'typeorm';

/** A named statement with its parameters, not yet sent. */
export interface Statement {
  text: string;
  parameters: unknown[];
}

/** One after the other, each once the one before was answered; a generator makes the next one only then. */
export async function runAll(manager: EntityManager, statements: Iterable<Statement>): Promise<void> {
  for (const { text, parameters } of statements) await manager.query(text, parameters);
}

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
