import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SnsTopic } from '../support/sns.js';
import { API_KEY, type Gateway, Stack } from '../support/stack.js';
import { Fuzzer } from './fuzzer.js';
import { COLLECT_ON_SIGNAL } from './memory.js';

const TRACKING_SECRET = 'fuzz-secret-0123456789abcdef';

/** `npm run fuzz -- --requests 100000 --seed 7` */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 3_000);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 1e6));
const MS_PER_REQUEST = 30;

describe('fuzzed requests', () => {
  const topic = new SnsTopic();
  let stack: Stack;
  let gateway: Gateway;

  beforeAll(async () => {
    const env = { ...topic.env, TRACKING_SECRET, FROM_DOMAINS: 'example.com', MAX_BODY_BYTES: '262144' };
    stack = await Stack.start({ env });
    gateway = await stack.gateway(COLLECT_ON_SIGNAL);
  });

  afterAll(async () => {
    await stack.stop();
    topic.close();
  });

  it(
    'are answered as the document says, and none of them is a fault of ours',
    async () => {
      const fuzzer = await Fuzzer.over(gateway, SEED, TRACKING_SECRET, topic);
      const start = performance.now();
      await fuzzer.run(REQUESTS);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      const share = fuzzer.histogram.shareOfSuccess;
      console.log(`${REQUESTS} requests, seed ${SEED}, ${seconds} s, ${(share * 100).toFixed(1)} % answered 2xx`);
      console.log(`${fuzzer.histogram}\n${fuzzer.memory}`);
      for (const { index, faults, command, answer } of fuzzer.findings) {
        console.log(`request ${index}: ${faults.join('; ')}\n${command}\n${answer}\n`);
      }
      expect(gateway.isRunning, gateway.output.slice(-2_000)).toBe(true);
      expect(fuzzer.findings.map(({ index, faults }) => `request ${index}: ${faults.join('; ')}`)).toEqual([]);
      expect(fuzzer.memory.fault()).toBeNull();
      expect(fuzzer.unserved).toEqual([]);
      expect(share).toBeGreaterThanOrEqual(0.3);
    },
    60_000 + REQUESTS * MS_PER_REQUEST,
  );

  it('leave a ledger in which every counter is what the facts say', async () => {
    expect(await stack.recount()).toBe('');
  }, 120_000);

  it('leave no fault and no secret in the log', () => {
    expect(gateway.output).not.toMatch(/internal_error|request \S+ failed|unhandled/i);
    for (const secret of [API_KEY, TRACKING_SECRET]) expect(gateway.output).not.toContain(secret);
  });
});
