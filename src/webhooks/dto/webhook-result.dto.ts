import { ApiProperty } from '@nestjs/swagger';

const STATUSES = ['recorded', 'ignored', 'confirmed'] as const;

export class WebhookResultDto {
  @ApiProperty({ type: String, enum: STATUSES, description: '`ignored`: understood, and of no use here.' })
  status: (typeof STATUSES)[number];
}
