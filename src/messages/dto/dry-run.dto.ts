import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { FieldErrorDto } from '../../http/problem.dto.js';
import type { FieldError } from '../../runtime/errors.js';
import { SUPPRESSION_REASONS } from '../../suppressions/suppression.entity.js';

export const VERDICTS = ['valid', 'duplicate', 'suppressed', 'not_allowed_here', 'rejected'] as const;
export type RecipientVerdict = (typeof VERDICTS)[number];

export class DryRunRecipientDto {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The address as it would be stored; null for a rejected element.',
    example: 'user@example.com',
  })
  email: string | null;

  @ApiProperty({
    enum: VERDICTS,
    description: '`duplicate`: had come before in the same message, under which it has its verdict.',
    example: 'suppressed',
  })
  verdict: RecipientVerdict;

  @ApiPropertyOptional({
    type: String,
    description: `Of a suppressed one its reason (${SUPPRESSION_REASONS.join(', ')}); of a rejected one what is wrong.`,
    example: 'bounce',
  })
  reason?: string;
}

export class DryRunMessageDto {
  @ApiProperty({
    type: 'integer',
    description: 'Emails that would be accepted, those that would not be sent among them.',
  })
  count: number;

  @ApiProperty({ type: 'integer' })
  duplicates: number;

  @ApiProperty({ type: 'integer', description: 'Emails whose address is suppressed.' })
  suppressed: number;

  @ApiProperty({ type: 'integer', description: 'Emails whose address ALLOWED_RECIPIENTS does not name.' })
  not_allowed: number;

  @ApiPropertyOptional({
    type: [DryRunRecipientDto],
    description:
      'One per element of `emails`, in order. Left out above 1,000 emails in all unless `Prefer: return=representation` is sent.',
  })
  recipients?: DryRunRecipientDto[];
}

export class DryRunDto {
  @ApiProperty({ type: Boolean, enum: [true] })
  dry_run: true;

  @ApiProperty({ type: 'integer', description: 'Emails that would be accepted in all.' })
  count: number;

  @ApiProperty({ type: [DryRunMessageDto] })
  messages: DryRunMessageDto[];

  @ApiPropertyOptional({ type: [FieldErrorDto], description: 'What `Prefer: handling=lenient` would leave out.' })
  rejected?: readonly FieldError[];
}
