import { ApiProperty } from '@nestjs/swagger';
import { Parsed, refuse, type ParseContext, type Refused } from '../../http/parsed.decorator.js';
import { RETRYABLE_STATES, type RetryableState } from '../../messages/retries.repository.js';

export class RetryTopicDto {
  @ApiProperty({
    type: 'array',
    minItems: 1,
    items: { type: 'string', enum: [...RETRYABLE_STATES] },
    description: 'Of which states; nothing else is sent again.',
    example: ['failed'],
  })
  @Parsed(parseStates)
  states: RetryableState[];
}

export class RetriedTopicDto {
  /** Emails that are pending again. */
  retried: number;
}

function parseStates(raw: unknown, context: ParseContext): RetryableState[] | Refused {
  if (raw === undefined) return refuse(context, 'required', 'is required');
  if (!Array.isArray(raw)) return refuse(context, 'invalid_type', 'must be an array of states');
  const states = RETRYABLE_STATES.filter((state) => raw.includes(state));
  if (states.length > 0 && raw.every((state) => RETRYABLE_STATES.includes(state as RetryableState))) return states;
  return refuse(context, 'invalid_state', `must name one or more of ${RETRYABLE_STATES.join(', ')}`);
}
