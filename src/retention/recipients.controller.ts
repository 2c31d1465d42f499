import { Controller, Delete, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AddressParam } from '../suppressions/dto/change-suppressions.dto.js';
import { ErasedRecipientDto, erasedRecipientDto } from './dto/erased-recipient.dto.js';
import { ErasureService } from './erasure.service.js';

@ApiTags('recipients')
@Controller('v1/recipients')
export class RecipientsController {
  constructor(private readonly erasure: ErasureService) {}

  @Delete(':address')
  @ApiOperation({
    summary: 'Erase a person: stop what is pending, remove the address and its events, keep the counters',
    description:
      'Without regard to case. Content that was made for this person alone goes too. A suppression stays, so that nobody ' +
      'is written to again who did not want it; `DELETE /v1/suppressions/{address}` removes it. It may be asked again at any time.',
  })
  @ApiOkResponse({ type: ErasedRecipientDto })
  async erase(@Param() { address }: AddressParam): Promise<ErasedRecipientDto> {
    return erasedRecipientDto(await this.erasure.erase(address));
  }
}
