import { TopicCounters } from '../ledger/topic-counters.entity.js';
import { recount } from '../ledger/recount.js';
import { runCommand } from './command.js';

/** `node dist/src/cli/recount.js`: exits 1 where a counter disagrees with the facts. */
await runCommand(
  'messages-recount',
  ({ url }) => url,
  async (dataSource) => {
    const differences = await recount(dataSource);
    for (const difference of differences) process.stdout.write(`${difference}\n`);
    process.stdout.write(`${differences.length} differences\n`);
    return differences.length === 0 ? 0 : 1;
  },
  [TopicCounters],
);
