// @ts-check
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { requests: { type: 'string' }, seed: { type: 'string' } } });
for (const [name, value] of Object.entries(values)) {
  if (!/^\d{1,9}$/.test(value))
    throw new Error(`--${name} takes a whole number: npm run fuzz -- --requests 100000 --seed 7`);
  process.env[`FUZZ_${name.toUpperCase()}`] = value;
}
process.argv.splice(2, process.argv.length, 'fuzz');
await import('./test.mjs');
