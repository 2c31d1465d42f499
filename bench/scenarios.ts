import type { Scenario } from './scenario.js';
import { backlog } from './scenarios/backlog.js';
import { dispatch } from './scenarios/dispatch.js';
import { idle } from './scenarios/idle.js';
import { lateness } from './scenarios/lateness.js';
import { twoGatewaysDispatch } from './scenarios/two-gateways-dispatch.js';

/** In the order in which they run. */
const ALL: readonly Scenario[] = [idle, dispatch, backlog, lateness, twoGatewaysDispatch];

export function scenariosNamed(names: readonly string[]): readonly Scenario[] {
  const unknown = names.filter((name) => !ALL.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    throw new Error(`no scenario ${unknown.join(', ')}; there are ${ALL.map(({ name }) => name).join(', ')}`);
  }
  return names.length === 0 ? ALL : ALL.filter(({ name }) => names.includes(name));
}
