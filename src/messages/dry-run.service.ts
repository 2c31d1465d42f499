import { Injectable } from '@nestjs/common';
import { RecipientCheck } from '../suppressions/recipient-check.js';
import type { DryRunDto, DryRunMessageDto, DryRunRecipientDto } from './dto/dry-run.dto.js';
import type { Blocked } from './messages.repository.js';
import { MAX_LISTED_IDS, type SubmittedMessage } from './messages.service.js';
import { NO_RECIPIENT, type Recipients } from './recipients.js';

type ExaminedMessage = Pick<SubmittedMessage, 'topicId' | 'recipients'>;

/** What a submission would do, without doing it: it goes through the same reader and the same check. */
@Injectable()
export class DryRunService {
  constructor(private readonly recipients: RecipientCheck) {}

  /** `listsRecipients`: however many there are. */
  async examine(messages: readonly ExaminedMessage[], listsRecipients: boolean): Promise<DryRunDto> {
    const blocked = await this.recipients.blocked(
      messages.map(({ topicId, recipients }) => ({ topicId, addresses: recipients.addresses })),
    );
    const count = messages.reduce((sum, { recipients }) => sum + recipients.addresses.length, 0);
    const rejected = messages.flatMap(({ recipients }) => recipients.rejected);
    const isListed = listsRecipients || count <= MAX_LISTED_IDS;
    return {
      dry_run: true,
      count,
      messages: messages.map(({ topicId, recipients }) => ({
        ...countsOf(recipients, blocked.of(topicId)),
        ...(isListed && { recipients: verdictsOf(recipients, blocked.of(topicId)) }),
      })),
      ...(rejected.length > 0 && { rejected }),
    };
  }
}

function countsOf({ addresses, duplicates }: Recipients, blocked: Blocked): DryRunMessageDto {
  const blocks = addresses.flatMap((address) => blocked.get(address) ?? []);
  const not_allowed = blocks.filter((block) => block === 'not_allowed_here').length;
  return { count: addresses.length, duplicates, suppressed: blocks.length - not_allowed, not_allowed };
}

function verdictsOf({ addresses, positions, rejected }: Recipients, blocked: Blocked): DryRunRecipientDto[] {
  let refusals = 0;
  let next = 0;
  return Array.from(positions, (position): DryRunRecipientDto => {
    if (position === NO_RECIPIENT) return { email: null, verdict: 'rejected', reason: rejected[refusals++].detail };
    const email = addresses[position];
    // Addresses stand in the order of their first appearance.
    if (position < next) return { email, verdict: 'duplicate' };
    next = position + 1;
    const block = blocked.get(email);
    if (block === undefined) return { email, verdict: 'valid' };
    if (block === 'not_allowed_here') return { email, verdict: block };
    return { email, verdict: 'suppressed', reason: block };
  });
}
