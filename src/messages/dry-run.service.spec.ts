import { describe, expect, it } from 'vitest';
import { type Block, BlockedByTopic, type RecipientCheck } from '../suppressions/recipient-check.js';
import { DryRunService } from './dry-run.service.js';
import { readRecipients, type Recipients } from './recipients.js';

function setup(blocked: Record<string, Block> = {}): DryRunService {
  const ofTopic = new BlockedByTopic();
  for (const [address, block] of Object.entries(blocked)) ofTopic.add('', address, block);
  const check = { blocked: () => Promise.resolve(ofTopic) };
  return new DryRunService(check as unknown as RecipientCheck);
}

const message = (recipients: Recipients) => ({ topicId: '', recipients });

describe('DryRunService', () => {
  it('says of each element what would become of it, in order', async () => {
    const elements = ['a@b.cd', 'nobody', { email: 'bounced@b.cd' }, 'a@B.CD', 'other@x.yz', 7, 'bounced@b.cd'];
    const dryRun = setup({ 'bounced@b.cd': 'bounce', 'other@x.yz': 'not_allowed_here' });
    expect(await dryRun.examine([message(readRecipients(elements, '/messages/0/emails'))], false)).toEqual({
      dry_run: true,
      count: 3,
      messages: [
        {
          count: 3,
          duplicates: 2,
          suppressed: 1,
          not_allowed: 1,
          recipients: [
            { email: 'a@b.cd', verdict: 'valid' },
            { email: null, verdict: 'rejected', reason: 'has no @' },
            { email: 'bounced@b.cd', verdict: 'suppressed', reason: 'bounce' },
            { email: 'a@b.cd', verdict: 'duplicate' },
            { email: 'other@x.yz', verdict: 'not_allowed_here' },
            { email: null, verdict: 'rejected', reason: 'must be an address, or an object with one in "email"' },
            { email: 'bounced@b.cd', verdict: 'duplicate' },
          ],
        },
      ],
      rejected: [
        { pointer: '/messages/0/emails/1', code: 'invalid_email', detail: 'has no @' },
        expect.objectContaining({ pointer: '/messages/0/emails/5', code: 'invalid_type' }) as object,
      ],
    });
  });

  it('lists no recipients above 1,000, unless it is asked to', async () => {
    const many = Array.from({ length: 2 }, (_, m) =>
      message(
        readRecipients(
          Array.from({ length: 501 }, (_, i) => `user${m}-${i}@example.com`),
          '',
        ),
      ),
    );
    const counts = { count: 501, duplicates: 0, suppressed: 0, not_allowed: 0 };
    expect((await setup().examine(many, false)).messages).toEqual([counts, counts]);
    expect((await setup().examine(many, true)).messages[1].recipients).toHaveLength(501);
  });
});
