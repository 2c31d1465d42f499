import { readdirSync, readFileSync } from 'node:fs';

/** CPU seconds, user and system together. */
export interface Cpu {
  node: number;
  postgres: number;
  nats: number;
}

/** CPU seconds at a moment, in seconds, with those of the client that makes the load. */
export interface CpuReading extends Cpu {
  client: number;
  at: number;
}

/** What an email costs, in microseconds of CPU, and how many cores were busy, the client's included. */
export type CpuFigures = Readonly<Record<`${keyof Cpu}_us` | 'cores', number>>;

/** Linux counts CPU time in hundredths of a second, whatever its own clock: proc(5), USER_HZ. */
const TICKS_PER_SECOND = 100;

/** `nodes`: our own processes. A server process that has ended counts with its parent. */
export function cpuOf(postgresPid: number, natsPid: number, nodes: readonly number[]): CpuReading {
  const backends = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat !== null && stat.parent === postgresPid);
  const postgres = secondsOf(postgresPid, true) + backends.reduce((sum, stat) => sum + (stat?.seconds ?? 0), 0);
  return {
    node: nodes.reduce((sum, pid) => sum + secondsOf(pid), 0),
    postgres,
    nats: secondsOf(natsPid),
    client: nodes.includes(process.pid) ? 0 : secondsOf(process.pid),
    at: performance.now() / 1000,
  };
}

/** Microseconds of each per item, as figures of a variant. */
export function cpuPerItem(before: CpuReading, after: CpuReading, items: number): CpuFigures {
  const spent = (engine: keyof CpuReading) => after[engine] - before[engine];
  const per = (engine: keyof Cpu) => (spent(engine) * 1e6) / items;
  const cores = (spent('node') + spent('postgres') + spent('nats') + spent('client')) / spent('at');
  return { node_us: per('node'), postgres_us: per('postgres'), nats_us: per('nats'), cores };
}

/** Resident memory in MiB: now, and at its peak. */
export function memoryOf(pid: number): { rss: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) / 1024;
  return { rss: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
}

function secondsOf(pid: number, withEndedChildren = false): number {
  const stat = statOf(pid);
  if (stat === null) return 0;
  return stat.seconds + (withEndedChildren ? stat.endedChildren : 0);
}

/** proc(5): the name may hold spaces and parentheses, so fields are counted from the last one. */
function statOf(pid: number): { parent: number; seconds: number; endedChildren: number } | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const seconds = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / TICKS_PER_SECOND;
  return { parent: Number(fields[1]), seconds: seconds(11), endedChildren: seconds(13) };
}
