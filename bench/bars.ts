/** A figure that is asserted: a ratio to what was measured beside it, or milliseconds or MiB of one machine. */
export interface Bar {
  id: string;
  what: string;
  unit: 'ratio' | 'ms' | 's' | 'MiB';
  /** What must hold, from above or below. */
  bar: number;
  aim: number;
  better: 'higher' | 'lower';
  /** Where the bar is beyond this machine: what it must hold instead, and why; the proof is in bench/README.md. */
  limit?: Limit;
}

export interface Limit {
  held: number;
  reason: string;
}

/** Below `held` something of ours has become slower. */
export type Verdict = 'holds' | 'limited' | 'missed';

export function verdictOn({ bar, better, limit }: Bar, median: number): Verdict {
  const reaches = (figure: number) => (better === 'higher' ? median >= figure : median <= figure);
  if (reaches(bar)) return 'holds';
  return limit !== undefined && reaches(limit.held) ? 'limited' : 'missed';
}

const ratio = (id: string, what: string, bar: number, aim: number, limit?: Limit): Bar => ({
  id,
  what,
  unit: 'ratio',
  bar,
  aim,
  better: 'higher',
  limit,
});
const atMost = (id: string, what: string, unit: Bar['unit'], bar: number, aim: number, limit?: Limit): Bar => ({
  id,
  what,
  unit,
  bar,
  aim,
  better: 'lower',
  limit,
});

function growth(suffix: string, stored: string, event: Limit): Bar[] {
  const bar = (what: string, text: string, limit?: Limit) =>
    atMost(`G1-${what}${suffix}`, text, 'ratio', 1.3, 1.1, limit);
  return [
    bar('ingest', `ingest at ${stored} stored to that at 10,000, per email`),
    bar('claim', `claim at ${stored} stored to that at 10,000, per email`),
    bar('event', `an event at ${stored} stored to one at 10,000`, event),
    bar('page', `topic page at ${stored} stored to that at 10,000`),
  ];
}

const WAITING = 'four connections that wait for their commits keep little more than one core busy';
const COMPUTING = 'dispatch computes one and a half times what a publish does, and both take the two cores whole';
const COPYING = 'each mail is 20 KB of its own that are copied: bound by memory, which other machines share';

export const BARS: readonly Bar[] = [
  ratio('I1', 'ingest over HTTP, messages of 1,000, 4 connections, to COPY into our tables', 0.7, 0.9, {
    held: 0.4,
    reason: WAITING,
  }),
  ratio('I1-large', 'ingest over HTTP, 100 × 1,000 per request, to COPY into our tables', 0.7, 0.9),
  ratio('I1b', "ingest over HTTP to COPY into the old service's table", 2, 3, { held: 1.5, reason: WAITING }),
  ratio('I2', "ingest over HTTP to the old service's statements, one by one", 15, 22),
  ratio(
    'I2-ceiling',
    "ingest over HTTP to the most that the old service's statements reach over any connections",
    6,
    11,
  ),
  ratio('I3', 'single submissions, 64 connections, to a transaction per request', 4, 6.5, {
    held: 2.4,
    reason: 'two commits at a time keep little more than one core busy',
  }),
  atMost('I3-p99', 'single submissions: the 99th percentile to that of a transaction per request', 'ratio', 0.5, 0.4, {
    held: 0.8,
    reason: 'a group waits for the one before it',
  }),
  atMost('I4-wait', 'the longest wait of another request beside 100,000 recipients in one', 'ms', 60, 30),
  atMost('I4-memory', 'peak memory of the gateway that took them', 'MiB', 256, 180, {
    held: 310,
    reason: 'half of the space for young objects would hold it, and take a fifth of the dispatch',
  }),
  ratio('D1', 'dispatch of 200 bytes to a pipelined publish of the same', 0.85, 1, {
    held: 0.5,
    reason: COMPUTING,
  }),
  ratio('D2', 'dispatch of 20 KB to a pipelined publish of the same', 0.8, 0.95, {
    held: 0.5,
    reason: COPYING,
  }),
  ratio('D3', 'dispatch of 20 KB by reference to inline', 4, 6),
  ratio('D4-small', 'dispatch of 200 bytes to the old pattern', 20, 29),
  ratio('D4-large', 'dispatch of 20 KB to the old pattern', 7, 9, { held: 4, reason: COPYING }),
  ratio('D4-client', "dispatch of 200 bytes to the client's own publish", 4, 6, { held: 3, reason: COMPUTING }),
  ratio('D5', 'the last 100,000 of a backlog of 600,000 to the first', 0.9, 1),
  ratio('D5-snapshot', 'the last 100,000 of a backlog to the first, beside an open snapshot', 0.9, 1),
  atMost('D6', 'due now to acknowledged by JetStream, idle, 99th percentile', 'ms', 40, 15),
  atMost('D6-scheduled', 'scheduled time to acknowledged by JetStream, idle, 99th percentile', 'ms', 40, 15),
  atMost('D7', '10,000 emails scheduled for the same second: the last is published after', 's', 1, 0.3, {
    held: 1.2,
    reason: 'one build took 0.6 to 0.97 s at different hours of two cores that others share',
  }),
  ratio('E1', 'opens, durable before the answer, to an INSERT per request', 1.7, 2.3, {
    held: 0.7,
    reason: 'at the bar the one thread of the gateway would be busy for more than all of the time',
  }),
  ratio('E1-sns', 'SNS events, durable before the answer, to an INSERT per request', 1.7, 2.1, {
    held: 0.45,
    reason: 'the one thread of the gateway is busy all of the time, with signatures too',
  }),
  ratio('E2', 'SNS events with the signature checked to those without', 0.75, 0.85, {
    held: 0.65,
    reason: 'a signature is 24 µs of computing wherever it is done, and an event without takes 130',
  }),
  atMost('S1', 'topic page at 5,000,000 emails and events to that at 10,000', 'ratio', 1.5, 1),
  atMost('S1-time', 'topic page at 5,000,000 emails and events', 'ms', 5, 1),
  atMost('S2', '`counts/sent?hours=24` at 3,000,000 to the scan of an index', 'ratio', 1 / 100, 1 / 300),
  ...growth('', '5,000,000', {
    held: 2.3,
    reason:
      'PostgreSQL writes a page whole when it first changes after a checkpoint: four per event, where each event has pages of its own',
  }),
  ...growth('-large', '25,000,000', {
    held: 6,
    reason:
      'as at 5,000,000, and what is stored no longer fits into the memory of this machine, so that processes wait',
  }),
  ratio('W1', 'a sender whose transport does nothing to a bare consume and acknowledge', 0.3, 0.4),
  ratio('U1', 'enqueue by calls within a process to the best of pg-boss, graphile-worker and BullMQ', 6, 9, {
    held: 1.5,
    reason: 'COPY itself is about six times the best of them',
  }),
  ratio('U2-dispatch', 'dispatch to the best of their batch drains', 2, 2.8),
  ratio('U2-send', 'dispatch and sender, with claim and outcome, to the same', 0.5, 0.8),
  ratio('P1-ingest', 'two gateways on two cores to one: ingest', 0.95, 1.2),
  ratio('P1-dispatch', 'two gateways on two cores to one: dispatch', 0.95, 1.2),
  ratio('P1-sender', 'two senders on two cores to one', 0.95, 1.2, {
    held: 0.8,
    reason: 'one sender already takes both cores',
  }),
  atMost('M1-memory', 'memory of an idle gateway', 'MiB', 160, 120),
  atMost('M1-start', 'start to ready, connections included', 's', 3, 1.5),
];
