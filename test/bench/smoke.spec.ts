import { afterAll, expect, it } from 'vitest';
import { BARS } from '../../bench/bars.js';
import { run } from '../../bench/run.js';
import { SCENARIOS } from '../../bench/scenarios.js';
import { Workbench } from '../../bench/workbench.js';
import { required } from '../support/stack.js';

/** So small that nothing is measured: it shows that every scenario still runs, and asserts no time. */
const workbench = new Workbench({
  scale: 0.005,
  postgresPid: Number(required('TEST_POSTGRES_PID')),
  natsPid: Number(required('TEST_NATS_PID')),
  say: () => undefined,
});

afterAll(() => workbench.closeAll());

it.each(SCENARIOS.filter(({ isOnRequest }) => !isOnRequest).map((scenario) => [scenario.name, scenario] as const))(
  '%s gives a figure for each of its rows',
  async (_name, scenario) => {
    const { rows } = await run(scenario, workbench, 1, 0);
    for (const { id, values } of rows) {
      expect(BARS.map((bar) => bar.id)).toContain(id);
      expect(values.map(Number.isFinite), id).toEqual([true]);
    }
  },
);
