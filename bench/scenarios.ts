import type { Scenario } from './scenario.js';
import { backlog } from './scenarios/backlog.js';
import { dispatch } from './scenarios/dispatch.js';
import { events } from './scenarios/events.js';
import { growth, large } from './scenarios/growth.js';
import { idle } from './scenarios/idle.js';
import { ingest } from './scenarios/ingest.js';
import { largeRequest } from './scenarios/large-request.js';
import { lateness } from './scenarios/lateness.js';
import { peers } from './scenarios/peers.js';
import { sender } from './scenarios/sender.js';
import { singles } from './scenarios/singles.js';
import { twoGatewaysDispatch } from './scenarios/two-gateways-dispatch.js';
import { twoGateways } from './scenarios/two-gateways.js';

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  idle,
  ingest,
  singles,
  largeRequest,
  twoGateways,
  dispatch,
  backlog,
  lateness,
  twoGatewaysDispatch,
  sender,
  events,
  growth,
  large,
  peers,
];

export function scenariosNamed(names: readonly string[]): readonly Scenario[] {
  const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    throw new Error(`no scenario ${unknown.join(', ')}; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`);
  }
  return SCENARIOS.filter(({ name, isOnRequest }) => (names.length === 0 ? !isOnRequest : names.includes(name)));
}
