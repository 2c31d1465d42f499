import { Injectable } from '@nestjs/common';
import { csvLine } from './csv.js';
import { CSV_HEADER, csvFieldsOf } from './dto/suppression.dto.js';
import { type Filter, type Position, SuppressionsRepository } from './suppressions.repository.js';

/** What is in memory at a time. */
const ROWS_PER_PAGE = 2_000;

/** The list as CSV, which can be imported again as it is. */
@Injectable()
export class SuppressionsExport {
  constructor(private readonly suppressions: SuppressionsRepository) {}

  async *lines(filter: Filter, from: Position | null): AsyncGenerator<string> {
    yield csvLine(CSV_HEADER);
    for await (const rows of this.suppressions.pages(filter, from, ROWS_PER_PAGE)) {
      yield rows.map((row) => csvLine(csvFieldsOf(row))).join('');
    }
  }
}

/** Whether an Accept header ranks `text/csv`, by name, above `application/json`. */
export function prefersCsv(accept: string | undefined): boolean {
  const weights = new Map<string, number>();
  for (const range of (accept ?? '').slice(0, 1_024).split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(type, weight === undefined ? 1 : Number(weight) || 0);
  }
  const csv = weights.get('text/csv') ?? 0;
  return csv > 0 && csv > (weights.get('application/json') ?? 0);
}
