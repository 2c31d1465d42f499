import { ApiProperty } from '@nestjs/swagger';
import type { Erased } from '../erasures.repository.js';

export class ErasedRecipientDto {
  @ApiProperty({ type: 'integer', description: 'Emails that no longer have the address and their events.' })
  erased: number;

  @ApiProperty({ type: 'integer', description: 'Of these: emails that had not left, and are stopped.' })
  stopped: number;

  @ApiProperty({
    type: 'integer',
    description: 'Emails that are being dispatched or sent at this moment. They follow within seconds, unasked.',
  })
  in_flight: number;
}

export function erasedRecipientDto({ erased, stopped, inFlight }: Erased): ErasedRecipientDto {
  return { erased, stopped, in_flight: inFlight };
}
