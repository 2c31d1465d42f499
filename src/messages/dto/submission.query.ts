import { ApiHideProperty } from '@nestjs/swagger';
import { Parsed, refuse, type ParseContext, type Refused } from '../../http/parsed.decorator.js';

/** Not available in this version: refused, because whoever asks for a dry run does not want mail to be sent. */
export class SubmissionQuery {
  @ApiHideProperty()
  @Parsed(parseDryRun)
  dry_run: false;
}

function parseDryRun(raw: unknown, context: ParseContext): false | Refused {
  if (raw === undefined || raw === 'false') return false;
  return refuse(context, 'unknown_field', 'is not available in this version');
}
