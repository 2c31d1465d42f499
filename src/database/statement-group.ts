import pg from 'pg';
import { type EntityManager, QueryFailedError } from 'typeorm';
import { inPipeline } from './pipeline.js';
import { nameOf } from './preparing-client.js';
import type { Statement } from './statement.js';

/** As the protocol takes them: binary, text or null. */
export type EncodedParameter = Buffer | string | null;

export interface EncodedStatement extends Statement {
  parameters: EncodedParameter[];
}

interface Member {
  name: string;
  statement: EncodedStatement;
}

/** What node-postgres knows of the statements that a connection has prepared; its types leave it out. */
interface PreparingConnection extends pg.Connection {
  readonly parsedStatements: Readonly<Record<string, string>>;
  readonly submittedNamedStatements: Record<string, string>;
}

type Callback = (error: Error | undefined) => void;

/** Prepares a statement and does not run it. The client keeps in mind what it has prepared by the name and text of a query. */
class Preparation extends pg.Query {
  constructor({ name, statement: { text } }: Member, callback: Callback) {
    super({ name, text }, callback);
    this.submit = (connection) => {
      (connection as PreparingConnection).submittedNamedStatements[name] = text;
      connection.parse({ name, text, types: [] }, true);
      connection.sync();
    };
  }
}

class Group extends pg.Query {
  constructor(members: readonly Member[], callback: Callback) {
    super({ text: '' }, callback);
    this.submit = (connection) => {
      try {
        for (const { name, statement } of members) {
          connection.bind({ statement: name, values: statement.parameters }, true);
          connection.execute(null, true);
        }
        connection.sync();
      } catch (error) {
        // The next Sync on this connection would commit what it has of the group.
        connection.stream.destroy(error as Error);
        throw error;
      }
    };
  }
}

/**
 * Runs statements that have no rows in answer as one transaction: in one write, with a single Sync behind them, which
 * PostgreSQL answers once. Without a BEGIN all that stands before a Sync is one transaction, and the Sync commits it
 * (protocol-flow, "Pipelining"). With a Sync per statement, BEGIN and COMMIT included, client and server wake each other for
 * each of them. Throws the first failure; then nothing was stored, unless the connection was lost.
 */
export async function runTogether(manager: EntityManager, statements: readonly EncodedStatement[]): Promise<void> {
  const members = membersOf(statements);
  if (members === null) return inPipeline(manager, (pipeline) => pipeline.send(...statements));
  const runner = manager.dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as pg.Client;
    await sendTogether(client, members);
  } finally {
    await runner.release();
  }
}

/** Null where one has no name, and so cannot be prepared. */
function membersOf(statements: readonly EncodedStatement[]): Member[] | null {
  const members: Member[] = [];
  for (const statement of statements) {
    const name = nameOf(statement.text);
    if (name === null) return null;
    members.push({ name, statement });
  }
  return members;
}

async function sendTogether(client: pg.Client, members: readonly Member[]): Promise<void> {
  const { connection } = client as unknown as { connection: PreparingConnection };
  const { parsedStatements, submittedNamedStatements, stream } = connection;
  const answers: Promise<void>[] = [];
  stream.cork();
  for (const member of members) {
    if (parsedStatements[member.name] !== undefined || submittedNamedStatements[member.name] !== undefined) continue;
    answers.push(answered((callback) => client.query(new Preparation(member, callback)), member.statement));
  }
  answers.push(answered((callback) => client.query(new Group(members, callback)), members[0].statement));
  stream.uncork();
  // Each is heard, and the first failure is the cause: what is not prepared cannot run.
  const failure = (await Promise.allSettled(answers)).find(({ status }) => status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
}

/** The failure as TypeORM would give it. */
function answered(send: (callback: Callback) => void, { text, parameters }: EncodedStatement): Promise<void> {
  return new Promise((resolve, reject) => {
    send((error) => (error ? reject(new QueryFailedError(text, parameters, error)) : resolve()));
  });
}
