import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EnvironmentError } from '../config/environment-error.js';
import { readEnvironment } from '../config/environment.js';
import { configurationPage, envExample } from './variable-docs.js';

describe('.env.example', () => {
  it('is what the code declares', () => {
    expect(readFileSync('.env.example', 'utf8')).toBe(envExample());
  });

  it('has no quotes and no comments behind values', () => {
    const assignments = envExample().match(/^[A-Z_]+=.*$/gm) ?? [];
    expect(assignments.length).toBeGreaterThan(20);
    for (const assignment of assignments) expect(assignment).not.toMatch(/["'#]| $/);
  });

  it('does not show what is for tests alone', () => {
    expect(envExample()).not.toContain('CRASH_AT');
  });

  it('works as it stands but for the key, which the gateway asks for', () => {
    const copied = parseEnv(envExample());
    expect(() => readEnvironment(copied, 'gateway')).toThrow(EnvironmentError);
    expect(() => readEnvironment(copied, 'gateway')).toThrow(
      /a fault:\n {2}- API_KEY, API_KEYS: one of them must hold/,
    );
    expect(() => readEnvironment({ ...copied, API_KEY: '0123456789abcdef' }, 'gateway')).not.toThrow();
    expect(() => readEnvironment(copied, 'cli')).not.toThrow();
  });
});

describe('docs/configuration.md', () => {
  it('has the tables that the code declares', () => {
    const page = readFileSync('docs/configuration.md', 'utf8');
    expect(page).toBe(configurationPage(page));
  });

  it('shows bounds and choices as they are enforced', () => {
    const page = configurationPage(readFileSync('docs/configuration.md', 'utf8'));
    expect(page).toContain('| `BATCH_SIZE` | `1000` | emails, 1 to 1000 |');
    expect(page).toContain('| `UNKNOWN_FIELDS` | `refuse` | refuse, warn |');
  });

  it('is not written without its marks', () => {
    expect(() => configurationPage('# Configuration\n')).toThrow(/has lost/);
  });
});
