/** The states of an email, in the order of their codes: a state's index is its smallint in the schema. Append only. */
export const STATES = [
  'pending',
  'dispatched',
  'sending',
  'sent',
  'delivered',
  'bounced',
  'complained',
  'failed',
  'stopped',
  'suppressed',
  'expired',
  'uncertain',
] as const;

export type State = (typeof STATES)[number];

/** What an event may raise a state to (event-types.ts): it is evidence, also against what we had decided. */
const BY_EVENT: readonly State[] = ['sent', 'delivered', 'bounced', 'complained', 'failed'];

/**
 * What may follow what. `accepted` is how an email enters. `LedgerService.move` refuses everything else; the schema's
 * CHECKs hold what a single row can tell.
 */
export const TRANSITIONS: Record<State | 'accepted', readonly State[]> = {
  accepted: ['pending', 'suppressed'],
  pending: ['dispatched', 'stopped', 'expired', 'suppressed', 'uncertain', ...BY_EVENT],
  dispatched: ['sending', 'stopped', 'expired', 'suppressed', 'pending', 'uncertain', ...BY_EVENT],
  sending: ['pending', 'uncertain', 'suppressed', ...BY_EVENT],
  sent: ['delivered', 'bounced', 'complained', 'failed'],
  delivered: ['bounced', 'complained'],
  bounced: ['complained'],
  complained: [],
  failed: ['pending', 'delivered', 'bounced', 'complained'],
  stopped: ['pending', ...BY_EVENT],
  suppressed: BY_EVENT,
  expired: ['pending', ...BY_EVENT],
  uncertain: ['pending', ...BY_EVENT],
};

export type StateCode = number;

const codes = Object.fromEntries(STATES.map((state, code) => [state, code])) as Record<State, StateCode>;

/** The smallint of each state; SQL texts interpolate these constants and nothing else. */
export const CODE: Readonly<Record<State, StateCode>> = Object.freeze(codes);

export function stateOf(code: StateCode): State {
  const state = STATES[code];
  if (!state) throw new RangeError(`no state has the code ${code}`);
  return state;
}
