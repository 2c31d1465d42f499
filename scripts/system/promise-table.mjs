// @ts-check

/** @typedef {import('../../test/support/promise-report.js').PromiseReport} PromiseReport */

const HEAD = [
  'promise',
  'under',
  'promised',
  'at the stream',
  'at the provider',
  'in the ledger',
  'measured',
  'runs',
  'recipients',
  'kills',
  'seeds',
];

/**
 * A line of Markdown per promise and fault: runs, recipients and kills added up, and whatever was seen, once.
 *
 * @param {readonly PromiseReport[]} reports
 */
export function promiseTable(reports) {
  /** @type {Map<string, PromiseReport[]>} */
  const groups = new Map();
  for (const report of reports) {
    const key = JSON.stringify([report.promise, report.under, report.promised]);
    groups.set(key, [...(groups.get(key) ?? []), report]);
  }
  const inOrder = [...groups.values()].toSorted(([a], [b]) => numberOf(a) - numberOf(b));
  return [HEAD, HEAD.map(() => '---'), ...inOrder.map(row)].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * @param {readonly PromiseReport[]} reports
 * @param {'recipients' | 'kills'} what
 */
export function sum(reports, what) {
  return reports.reduce((total, report) => total + report[what], 0);
}

/** @param {PromiseReport[]} reports of one promise under one fault */
function row(reports) {
  const [{ promise, under, promised }] = reports;
  const seen = (/** @type {'stream' | 'provider' | 'ledger' | 'measured' | 'seed'} */ what) =>
    [...new Set(reports.map((report) => report[what] ?? '–'))].join('; ');
  const cells = [
    promise,
    under,
    promised,
    seen('stream'),
    seen('provider'),
    seen('ledger'),
    seen('measured'),
    reports.length,
    sum(reports, 'recipients'),
    sum(reports, 'kills'),
    seen('seed'),
  ];
  // Such as `|t| < 6`.
  return cells.map((cell) => String(cell).replaceAll('|', '\\|'));
}

/** @param {PromiseReport} report */
function numberOf({ promise }) {
  return Number(promise.slice(1));
}
