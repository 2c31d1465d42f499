import { describe, expect, it } from 'vitest';
import { EdgeValidationPipe } from '../../http/validation.pipe.js';
import { SubmissionQuery } from './submission.query.js';

const pipe = new EdgeValidationPipe({ defaultTimezone: 'UTC', unknownFields: 'refuse' });

function read(query: Record<string, string>): Promise<unknown> {
  return pipe.transform(query, { type: 'query', metatype: SubmissionQuery });
}

describe('SubmissionQuery', () => {
  it.each<Record<string, string>>([{}, { dry_run: 'false' }])('takes %o', async (query) => {
    await expect(read(query)).resolves.toEqual({ dry_run: false });
  });

  it.each(['true', '1', ''])('refuses a dry run asked for as "%s" instead of sending the mail', async (dry_run) => {
    await expect(read({ dry_run })).rejects.toMatchObject({ code: 'validation_failed' });
  });
});
