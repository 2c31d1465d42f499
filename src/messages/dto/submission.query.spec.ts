import { describe, expect, it } from 'vitest';
import { EdgeValidationPipe } from '../../http/validation.pipe.js';
import { SubmissionQuery } from './submission.query.js';

const pipe = new EdgeValidationPipe({ defaultTimezone: 'UTC', unknownFields: 'refuse' });

function read(query: Record<string, unknown>): Promise<unknown> {
  return pipe.transform(query, { type: 'query', metatype: SubmissionQuery });
}

describe('SubmissionQuery', () => {
  it.each<[Record<string, string>, boolean]>([
    [{}, false],
    [{ dry_run: 'false' }, false],
    [{ dry_run: 'true' }, true],
  ])('reads %o', async (query, dry_run) => {
    await expect(read(query)).resolves.toEqual({ dry_run });
  });

  it.each(['1', '', 'TRUE', 'yes', ['true', 'true']])(
    'refuses dry_run=%j instead of sending the mail',
    async (dry_run) => {
      await expect(read({ dry_run })).rejects.toMatchObject({ code: 'validation_failed' });
    },
  );

  it('refuses the spelling of others', async () => {
    await expect(read({ dryRun: 'true' })).rejects.toMatchObject({ code: 'validation_failed' });
  });
});
