// @ts-check
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Of what was found instead: vitest's message has 40 characters of a text, and of an array how long it is. */
const MOST_CHARACTERS = 500;

/** Writes what tally.mjs reads. Vitest's JSON report lacks what a hook of a `describe` threw, and what no test did. */
export default class TallyReporter {
  /** @type {import('vitest/node').Vitest} */
  vitest;

  /** @param {import('vitest/node').Vitest} vitest */
  onInit(vitest) {
    this.vitest = vitest;
  }

  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly import('vitest/node').SerializedError[]} thrown outside of all tests and hooks
   */
  onTestRunEnd(modules, thrown) {
    const { root, outputFile } = this.vitest.config;
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const tests = modules.flatMap(({ children }) => [...children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const failed = tests.filter((test) => test.result().state === 'failed');
    const fileOf = (/** @type {unknown} */ path) => (typeof path === 'string' ? relative(root, path) : 'vitest');
    const failures = [
      ...suites.flatMap((suite) => suite.errors().map((error) => `${nameOf(suite)}: ${reasonOf(error)}`)),
      ...failed.map((test) => `${nameOf(test)}: ${reasonOf(test.result().errors?.[0])}`),
      ...thrown.map((error) => `${fileOf(error.VITEST_TEST_PATH)}: ${error.type}: ${reasonOf(error)}`),
    ];
    const report = { passed, skipped: tests.length - passed - failed.length, failures };
    writeFileSync(/** @type {Record<string, string>} */ (outputFile).tally, JSON.stringify(report));
  }
}

/** @param {import('vitest/node').TestModule | import('vitest/node').TestSuite | import('vitest/node').TestCase} task */
function nameOf(task) {
  return task.type === 'module' ? task.relativeModuleId : `${task.module.relativeModuleId} > ${task.fullName}`;
}

/** @param {import('vitest/node').SerializedError} [error] */
function reasonOf({ stack, message, actual } = { message: '' }) {
  const [reason] = `${stack || message}`.split('\n', 1);
  if (typeof actual !== 'string' || reason.includes(actual)) return reason;
  return `${reason} (${actual.replace(/\s+/g, ' ').trim().slice(0, MOST_CHARACTERS)})`;
}
