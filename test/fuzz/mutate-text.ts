import type { Random } from './random.js';

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/g;

/** What no JSON value says, in place of one of them. */
const SPLICES: readonly (() => string)[] = [
  () => '['.repeat(5_001) + ']'.repeat(5_001),
  () => '{"a":'.repeat(40) + '1' + '}'.repeat(40),
  () => '9'.repeat(5_000),
  () => '1e999',
  () => '-',
  () => 'NaN',
  () => 'undefined',
  () => "'x'",
  () => '"\\ud800"',
  () => '"\\u0000"',
  () => '"\\x41"',
  () => '"unended',
  () => `{${Array.from({ length: 1_001 }, (_, i) => `"k${i}":1`).join(',')}}`,
];

/** The JSON text of a body with a fault that a serialiser would not make; perhaps no JSON any more. */
export function mutateText(text: string, random: Random): Buffer {
  switch (random.below(9)) {
    case 0:
      return Buffer.from(text.slice(0, random.below(text.length + 1)));
    case 1:
      return Buffer.from(`\ufeff${text}`);
    case 2:
      return Buffer.from(text, 'utf16le');
    case 3:
      return Buffer.from(text + random.pick([text, ',', '\0', ' ', '\n// x']));
    case 4:
      return withByte(Buffer.from(text), random);
    case 5:
      return Buffer.from(withDuplicateKey(text, random));
    default:
      return Buffer.from(spliced(text, random));
  }
}

function withByte(bytes: Buffer, random: Random): Buffer {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.pick([0x00, 0x80, 0xc0, 0xff, 0x22, 0x5c, 0x0a]);
  return bytes;
}

/** JSON.parse takes the last of two. */
function withDuplicateKey(text: string, random: Random): string {
  const keys = [...text.matchAll(/"(\w+)":/g)];
  if (keys.length === 0) return text;
  const { index, 0: key } = random.pick(keys);
  return `${text.slice(0, index)}${key}${random.pick(['null', '7', '"x"', '[]', '{}'])},${text.slice(index)}`;
}

function spliced(text: string, random: Random): string {
  const tokens = [...text.matchAll(TOKEN)];
  const splice = random.pick(SPLICES)();
  if (tokens.length === 0) return splice;
  const { index, 0: token } = random.pick(tokens);
  return text.slice(0, index) + splice + text.slice(index + token.length);
}
