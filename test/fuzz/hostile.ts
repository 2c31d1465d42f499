import type { Random } from './random.js';

/** They exist, and few programs can bear them all. */
export const EDGES_OF_TIME: readonly string[] = [
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00+14:00',
  '1970-01-01T00:00:00Z',
  '9999-12-31T23:59:59-14:00',
];

/** None of them reads like SQL, a path or a stack that we would have leaked: answers may repeat what was given. */
export const HOSTILE_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  'x\0y',
  '\ud800',
  '\udfff',
  '\ufeff',
  '\ufffd',
  '\u202etxt',
  '\u2028',
  '\u0085',
  'é',
  '😀',
  '\u{10ffff}',
  'x\r\nBcc: e@v.il',
  'a\n',
  "'",
  "' OR 1=1--",
  "a'; DROP TABLE emails--",
  '\\',
  '"',
  '%',
  '%00',
  '%zz',
  '..',
  '../x',
  '~',
  '~/x',
  'a/b',
  'null',
  'true',
  'NaN',
  '-1',
  '0',
  '1e309',
  '99999999999999999999',
  '0x10',
  '１２',
  '{{name}}',
  '{{#if}}',
  '${7*7}',
  '__proto__',
  'constructor',
  'toString',
  'a@b',
  'a@b.cd,x@y.zz',
  '"a b"@c.de',
  'a@[127.0.0.1]',
  `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(57)}.ee`,
  'a@xn--a.cd',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '{00000000-0000-7000-8000-000000000000}',
  ...EDGES_OF_TIME,
  '2026-02-30T00:00:00Z',
  '2026-12-31T23:59:60Z',
  '+99999-01-01T00:00:00Z',
];

const LENGTHS = [1, 50, 51, 64, 65, 126, 127, 254, 255, 256, 257, 870, 871, 1_000, 1_001, 10_000, 65_535, 65_536];
const NUMBERS = [0, -0, -1, 1, 0.5, 1e-7, 255, 256, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e21, -1e308, 1.7e308];
const UNITS = ['x', '\u00e9', '😀', '.', '-', 'a.', '@', ' ', '<', '{{', '%41'];

export function hostileText(random: Random): string {
  if (random.chance(0.7)) return random.pick(HOSTILE_TEXTS);
  if (random.chance(0.2)) return hostileCursor(random);
  return random.pick(UNITS).repeat(random.pick(LENGTHS));
}

/** A text that decodes to something like the cursors of our lists. */
export function hostileCursor(random: Random): string {
  const moments = ['2026-02-30T00:00:00.000000Z', '0000-01-01T00:00:00.000000Z', '9999-12-31T23:59:60.000000Z'];
  const first = random.pick([...moments, '9'.repeat(17), '-1', '00000000-0000-0000-0000-000000000000', '']);
  const rest = random.pick([
    '',
    'fuzz-1',
    'user1@example.com ',
    'user1@example.com fuzz-1',
    random.pick(HOSTILE_TEXTS),
  ]);
  return Buffer.from(`${first} ${rest}`).toString('base64url');
}

/** Any JSON value but what a schema asks for. */
export function hostileValue(random: Random): unknown {
  switch (random.below(9)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick(NUMBERS);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return Array.from({ length: random.pick([1, 2, 101, 1_001]) }, () => hostileText(random).slice(0, 300));
    case 6:
      return { [random.pick(HOSTILE_TEXTS)]: hostileText(random), length: 1, 0: {} };
    default:
      return hostileText(random);
  }
}
