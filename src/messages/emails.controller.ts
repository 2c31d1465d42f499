import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IdParam } from '../http/params.dto.js';
import { AppError } from '../runtime/errors.js';
import { EmailDto, emailDto } from './dto/email.dto.js';
import { EmailsRepository } from './emails.repository.js';

@ApiTags('emails')
@Controller('v1/emails')
export class EmailsController {
  constructor(private readonly emails: EmailsRepository) {}

  @Get(':id')
  @ApiOperation({ summary: 'One email: its state, and why' })
  @ApiOkResponse({ type: EmailDto })
  async find(@Param() { id }: IdParam): Promise<EmailDto> {
    const email = await this.emails.find(id);
    if (!email) throw new AppError('not_found', 'There is no email with this id.');
    return emailDto(email);
  }
}
