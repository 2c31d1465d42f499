import { ApiPropertyOptional } from '@nestjs/swagger';
import { Parsed, refuse, type ParseContext, type Refused } from '../../http/parsed.decorator.js';

export class SubmissionQuery {
  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: 'Store and send nothing; answer what would become of each recipient.',
  })
  @Parsed(parseDryRun)
  dry_run: boolean;
}

/** Nothing but the two words: whoever asks for a dry run in another spelling does not want mail to be sent. */
function parseDryRun(raw: unknown, context: ParseContext): boolean | Refused {
  if (raw === undefined || raw === 'false') return false;
  if (raw === 'true') return true;
  return refuse(context, 'invalid_boolean', 'must be true or false');
}
