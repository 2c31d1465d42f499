import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ERRORS, type FieldError } from '../runtime/errors.js';
import type { Problem } from './problem.js';

export class FieldErrorDto implements FieldError {
  @ApiProperty({ type: String, description: 'JSON Pointer into the body.', example: '/messages/0/emails/17' })
  pointer: string;

  @ApiProperty({ type: String, example: 'invalid_email' })
  code: string;

  @ApiProperty({ type: String, example: 'has no @' })
  detail: string;
}

/** The schema of every answer that is not 2xx. */
export class ProblemDto implements Problem {
  @ApiProperty({ type: String, example: 'urn:problem:validation_failed' })
  type: string;

  @ApiProperty({ type: String })
  title: string;

  @ApiProperty({ type: Number, minimum: 400, maximum: 599 })
  status: number;

  @ApiProperty({ type: String })
  detail: string;

  @ApiProperty({ enum: Object.keys(ERRORS), description: 'Stable: branch on this.' })
  code: string;

  @ApiProperty({ type: String, format: 'uuid', description: 'Also in the header x-request-id.' })
  request_id: string;

  @ApiPropertyOptional({ type: [FieldErrorDto], maxItems: 100 })
  errors?: readonly FieldError[];

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'Of the health routes: each part of the system with its state.',
  })
  details?: Record<string, unknown>;

  @ApiProperty({ type: String, description: 'The same as `detail`, for clients of the old service.' })
  error: string;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp: string;
}
