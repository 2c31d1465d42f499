import { ApiPropertyOptional } from '@nestjs/swagger';
import { STATES, type State } from '../../contracts/states.js';
import { EMPTY_TOPIC, EMPTY_TOPIC_IN_PATH, isTopicId } from '../../contracts/topic-id.js';
import { LimitQuery, parseCursor } from '../../http/page.query.js';
import { Parsed, refuse, type ParseContext, type Refused } from '../../http/parsed.decorator.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const MAX_ADDRESS_CHARACTERS = 254;
/** Printable ASCII around the one @. */
const ADDRESS = /^[!-?A-~]+@[!-?A-~]+$/;

export class EmailsQuery extends LimitQuery {
  @ApiPropertyOptional({ type: String, description: 'Of this topic; `~` is the empty one.' })
  @Parsed(parseTopicId)
  topic_id: string | null;

  @ApiPropertyOptional({ enum: STATES, description: 'In this state.' })
  @Parsed(parseState)
  state: State | null;

  @ApiPropertyOptional({ type: String, description: 'To this address, compared without case.' })
  @Parsed(parseAddress)
  address: string | null;

  @ApiPropertyOptional({ type: String, format: 'uuid', description: 'Of this message.' })
  @Parsed(parseMessageId)
  message_id: string | null;

  @ApiPropertyOptional({ type: String, description: 'The `next_cursor` of the page before.' })
  @Parsed(parseCursor(/^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/))
  cursor: [id: string] | null;
}

function parseTopicId(raw: unknown, context: ParseContext): string | null | Refused {
  if (raw === undefined) return null;
  if (raw === EMPTY_TOPIC_IN_PATH) return EMPTY_TOPIC;
  if (typeof raw === 'string' && isTopicId(raw)) return raw;
  return refuse(context, 'invalid_topic_id', 'must be "~", or 1 to 50 of the characters A-Z, a-z, 0-9, "_" and "-"');
}

function parseState(raw: unknown, context: ParseContext): State | null | Refused {
  if (raw === undefined) return null;
  return (
    STATES.find((state) => state === raw) ?? refuse(context, 'invalid_state', `must be one of ${STATES.join(', ')}`)
  );
}

function parseAddress(raw: unknown, context: ParseContext): string | null | Refused {
  if (raw === undefined) return null;
  const isPossible = typeof raw === 'string' && raw.length <= MAX_ADDRESS_CHARACTERS && ADDRESS.test(raw);
  if (isPossible) return raw;
  return refuse(context, 'invalid_email', 'must be a whole address');
}

function parseMessageId(raw: unknown, context: ParseContext): string | null | Refused {
  if (raw === undefined) return null;
  if (typeof raw === 'string' && UUID.test(raw)) return raw.toLowerCase();
  return refuse(context, 'invalid_uuid', 'must be a UUID');
}
