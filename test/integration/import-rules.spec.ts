import { describe, expect, it } from 'vitest';
import { readSources, violations } from '../support/import-rules.js';

describe('the import rules', () => {
  it('hold in the whole of src/', () => {
    const sources = readSources('.');
    expect(sources.length).toBeGreaterThan(50);
    expect(violations(sources)).toEqual([]);
  });

  it.each([
    ['src/contracts/planted.ts', `import 'typeorm';`, /node's own modules only/],
    ['src/contracts/planted.ts', `import { rowsOf } from '../database/statement.js';`, /may not import database/],
    ['src/ledger/planted.ts', `export { Batch } from '../messages/batch.entity.js';`, /may not import messages/],
    ['src/messages/planted.ts', `const late = import('../scheduler/dispatcher.js');`, /may not import scheduler/],
    ['src/sender/planted.ts', `import { Public } from '../http/public.decorator.js';`, /may not import http/],
    ['src/sender/planted.ts', `import '../messages/emails.controller.js';`, /imports a controller/],
    ['src/scheduler/planted.ts', `import { connect } from 'nats';`, /outside/],
    ['src/messages/planted.ts', `import { createTransport } from 'nodemailer';`, /outside/],
    ['src/messages/planted.ts', `const url = process.env.DATABASE_URL;`, /process\.env/],
    ['src/messages/planted.ts', `import '../app.module.js';`, /composition root/],
    ['src/messages/index.ts', `export {};`, /barrel/],
    ['src/messages/dto/deep/planted.ts', `export {};`, /two folders deep/],
  ])('fail on a violation planted in %s: %s', (path, text, message) => {
    expect(violations([{ path, text }]).join('\n')).toMatch(message);
  });
});
