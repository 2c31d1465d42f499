import { Injectable } from '@nestjs/common';
import { csvFields, type Line, linesOf } from './csv.js';
import type { AddedSuppressionsDto } from './dto/changed-suppressions.dto.js';
import { type Entry, entryOf, Fault } from './suppression-entry.js';
import { SuppressionsRepository } from './suppressions.repository.js';

/** One statement's worth, and what is in memory at a time. */
const ROWS_PER_STATEMENT = 5_000;
const MAX_LISTED_LINES = 100;
/** What other providers call it in their exports. */
const ADDRESS_COLUMNS = ['address', 'email', 'recipient'];

interface Columns {
  address: number;
  reason: number;
  topic: number;
}

/**
 * A CSV read line by line. Each few thousand lines are committed by themselves: one transaction over the whole upload
 * would hold up every event that suppresses one of its addresses for as long as the client takes. An import that breaks
 * off is simply repeated.
 */
@Injectable()
export class SuppressionsImport {
  constructor(private readonly suppressions: SuppressionsRepository) {}

  async run(chunks: AsyncIterable<Uint8Array>, source: string): Promise<AddedSuppressionsDto> {
    const result: AddedSuppressionsDto = { added: 0, already: 0, rejected: [], rejected_count: 0 };
    let entries: Entry[] = [];
    let columns: Columns | null = null;
    const flush = async () => {
      const added = await this.suppressions.suppress(entries.map((entry) => ({ ...entry, source })));
      result.added += added;
      result.already += entries.length - added;
      entries = [];
    };
    for await (const line of linesOf(chunks)) {
      if (line.text.trim() === '') continue;
      if (columns === null) {
        const header = headerOf(line);
        columns = header ?? { address: 0, reason: 1, topic: -1 };
        if (header !== null) continue;
      }
      const entry = readLine(line, columns);
      if (!(entry instanceof Fault)) entries.push(entry);
      else if (++result.rejected_count <= MAX_LISTED_LINES) {
        result.rejected.push({ line: line.number, detail: entry.detail });
      }
      if (entries.length === ROWS_PER_STATEMENT) await flush();
    }
    await flush();
    return result;
  }
}

/** Where the columns stand, if the line is a header: no address is called "address". */
function headerOf({ text }: Line): Columns | null {
  const names = csvFields(text)?.map((name) => name.toLowerCase()) ?? [];
  const address = names.findIndex((name) => ADDRESS_COLUMNS.includes(name));
  return address === -1 ? null : { address, reason: names.indexOf('reason'), topic: names.indexOf('topic_id') };
}

function readLine({ text }: Line, columns: Columns): Entry | Fault {
  const fields = csvFields(text);
  if (fields === null) return new Fault('invalid_csv', 'has quotes that do not match');
  return entryOf(fields[columns.address] ?? '', fields[columns.reason] ?? '', fields[columns.topic]);
}
