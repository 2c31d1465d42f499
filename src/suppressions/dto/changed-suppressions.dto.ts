import { ApiProperty } from '@nestjs/swagger';

export class RejectedLineDto {
  @ApiProperty({ type: 'integer', minimum: 1, example: 17 })
  line: number;

  @ApiProperty({ type: String, example: 'has no @' })
  detail: string;
}

export class AddedSuppressionsDto {
  @ApiProperty({ type: 'integer', description: 'Addresses that were not on the list.' })
  added: number;

  @ApiProperty({ type: 'integer', description: 'Addresses that were; their reason and date stay.' })
  already: number;

  @ApiProperty({
    type: [RejectedLineDto],
    maxItems: 100,
    description: 'Lines of a CSV that were left out, the first 100.',
  })
  rejected: RejectedLineDto[];

  @ApiProperty({ type: 'integer', description: 'Lines that were left out in all.' })
  rejected_count: number;
}

export class ReleasedSuppressionsDto {
  @ApiProperty({ type: 'integer', description: 'Addresses that were on the list.' })
  removed: number;
}
