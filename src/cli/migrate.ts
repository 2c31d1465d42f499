import type { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { migrate, revert } from '../database/migrator.js';
import { runCommand } from './command.js';

/** `node dist/src/cli/migrate.js [run | revert | status]` */
const actions: Record<string, (dataSource: DataSource) => Promise<number>> = {
  async run(dataSource) {
    const names = await migrate(dataSource);
    for (const name of names) print(`migrated ${name}`);
    if (names.length === 0) print('nothing to migrate');
    return 0;
  },

  async revert(dataSource) {
    const name = await revert(dataSource);
    print(name ? `reverted ${name}` : 'nothing to revert');
    return 0;
  },

  async status(dataSource) {
    const [{ table }] = await dataSource.query<{ table: string | null }[]>(`SELECT to_regclass('migrations') AS table`);
    const done = table ? await dataSource.query<{ name: string }[]>('SELECT name FROM migrations') : [];
    const names = new Set(done.map(({ name }) => name));
    for (const { name } of migrations) print(`${names.has(name) ? 'done   ' : 'pending'} ${name}`);
    return 0;
  },
};

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const action = actions[process.argv[2] ?? 'run'];
if (!action) {
  process.stderr.write(`usage: migrate [${Object.keys(actions).join(' | ')}]\n`);
  process.exit(2);
}
await runCommand('messages-migrate', ({ migrateUrl }) => migrateUrl, action);
