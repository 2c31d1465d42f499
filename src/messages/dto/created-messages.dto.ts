import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { FieldError } from '../../runtime/errors.js';
import { FieldErrorDto } from '../../http/problem.dto.js';

export class CreatedMessageDto {
  @ApiProperty({ type: String, format: 'uuid' })
  id: string;

  @ApiProperty({ type: Number, description: 'Emails accepted, suppressed ones among them.' })
  count: number;

  @ApiProperty({ type: Number, description: 'Elements whose address had come before in the same message.' })
  duplicates: number;

  @ApiProperty({ type: Number, description: 'Emails that will not be sent, because their address is suppressed.' })
  suppressed: number;

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', format: 'uuid', nullable: true },
    description:
      'One per element of `emails`, in order; a duplicate repeats the id of its first, a rejected element has null. Left out above 1,000 emails in all unless `Prefer: return=representation` is sent.',
  })
  email_ids?: (string | null)[];
}

export class CreatedMessagesDto {
  @ApiProperty({ type: Number, description: 'Emails accepted in all.' })
  count: number;

  @ApiProperty({ type: String, example: '3.2ms' })
  elapsed: string;

  @ApiProperty({ type: [CreatedMessageDto] })
  messages: CreatedMessageDto[];

  @ApiPropertyOptional({ type: [FieldErrorDto], description: 'What `Prefer: handling=lenient` left out.' })
  rejected?: readonly FieldError[];
}
