// @ts-check
// Forked by test/chaos/ids.spec.ts: waits for the word, then allocates ranges in one and the same millisecond and
// writes the first id of each, 16 bytes after 16 bytes.
import { once } from 'node:events';

// Computed, so that the type check does not follow it into dist/.
const { allocateRange } = await import(new URL('../../dist/src/contracts/ids.js', import.meta.url).href);
const [count, nowMs] = process.argv.slice(2).map(Number);
process.send?.('ready');
await once(process, 'message');
const firsts = Buffer.concat(Array.from({ length: count }, () => allocateRange(nowMs)));
await new Promise((resolve) => process.stdout.write(firsts, resolve));
process.disconnect?.();
