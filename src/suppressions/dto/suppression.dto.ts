import { ApiProperty } from '@nestjs/swagger';
import type { ListedSuppression } from '../suppressions.repository.js';
import { type Suppression, SUPPRESSION_REASONS, type SuppressionReason } from '../suppression.entity.js';
import { cursorOf } from './suppressions.query.js';

export class SuppressionDto {
  @ApiProperty({ type: String, description: 'In lower case: compared without case.', example: 'user@example.com' })
  address: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Mail of this topic alone; null: all mail.',
    example: null,
  })
  topic_id: string | null;

  @ApiProperty({ enum: SUPPRESSION_REASONS, example: 'bounce' })
  reason: SuppressionReason;

  @ApiProperty({ type: String, description: 'The email whose event it was, or the name of the API key that added it.' })
  source: string;

  @ApiProperty({ type: Date })
  created_at: Date;
}

export class SuppressionsDto {
  @ApiProperty({ type: [SuppressionDto] })
  data: SuppressionDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Give it as `cursor` for the next page; null on the last.',
  })
  next_cursor: string | null;
}

/** What came later stands at the end: some read columns by their place. */
export const CSV_HEADER = ['address', 'reason', 'source', 'created_at', 'topic_id'] as const;

export function csvFieldsOf({ address, reason, source, createdAt, topicId }: Suppression): string[] {
  return [address, reason, source, createdAt.toISOString(), topicId];
}

/** One row more than `limit` was asked for: whether there is one says whether there is a next page. */
export function suppressionsDto(rows: readonly ListedSuppression[], limit: number): SuppressionsDto {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    data: shown.map(({ address, topicId, reason, source, createdAt }) => ({
      address,
      topic_id: topicId || null,
      reason,
      source,
      created_at: createdAt,
    })),
    next_cursor: last !== undefined && rows.length > limit ? cursorOf(last) : null,
  };
}
