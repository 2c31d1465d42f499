import type { OpenApi, Schema } from '../support/openapi.js';
import { resolve } from '../support/openapi.js';
import { EDGES_OF_TIME } from './hostile.js';
import type { Random } from './random.js';

const OPTIONAL_MEMBER = 0.25;
/** Or nearly every email would be dispatched before it could be cancelled. */
const SCHEDULE = 0.5;
const TOPICS = 40;
const ADDRESSES = 3_000;
const DAY_MS = 86_400_000;

/** What a schema cannot say, or says in words: values by the name of their member or parameter. */
const BY_NAME: Readonly<Record<string, (random: Random) => unknown>> = {
  topic_id: (random) => `fuzz-${random.below(TOPICS)}`,
  email: addressOf,
  address: addressOf,
  emails: (random) =>
    listOf(random, random.chance(0.003) ? 1_000 : 1 + Math.floor(random.next() ** 3 * 12), recipientOf),
  addresses: (random) => listOf(random, random.integer(1, 20), addressOf),
  subject: (random) => textOf(random, random.integer(1, 255)),
  content: (random) => `<p>${textOf(random, random.pick([1, 20, 200, 2_000]))}</p><a href="https://example.com/">x</a>`,
  text: (random) => textOf(random, random.integer(1, 300)),
  from: (random) => random.pick(['news@example.com', 'Ada Lovelace <news@example.com>', '"Doe, J" <a@example.com>']),
  reply_to: (random) => random.pick(['help@example.com', 'Help <help@example.com>']),
  headers: (random) => ({ [`X-Fuzz-${random.below(9)}`]: textOf(random, 20), Precedence: 'bulk' }),
  tags: (random) => ({ [`tag_${random.below(9)}`]: `v-${random.below(99)}` }),
  variables: (random) => ({ name: textOf(random, random.integer(1, 20)), count: random.below(1_000), isNew: true }),
  scheduled_at: (random) => dateTimeOf(random, 1, 360),
  expires_at: (random) => dateTimeOf(random, 361, 700),
  from_moment: (random) => momentOf(random, -20, -1),
  to: (random) => momentOf(random, -1, 1),
  prefer: (random) =>
    random.pick(['handling=lenient', 'return=representation', 'handling=lenient, return=representation']),
  'idempotency-key': (random) => `key-${random.below(5_000)}`,
  'List-Unsubscribe': () => 'One-Click',
};

function listOf<T>(random: Random, length: number, element: (random: Random) => T): T[] {
  return Array.from({ length }, () => element(random));
}

export function addressOf(random: Random): string {
  return `user${random.below(ADDRESSES)}@${random.pick(['example.com', 'Example.ORG', 'münchen.example'])}`;
}

function recipientOf(random: Random): unknown {
  const address = random.chance(0.05) ? ` ${addressOf(random)} ` : addressOf(random);
  if (random.chance(0.8)) return address;
  return { email: address, ...(random.chance(0.5) && { track_opens: random.chance(0.5) }) };
}

function textOf(random: Random, length: number): string {
  return (
    Array.from({ length }, () => random.pick([...'abc xyz-019 .é']))
      .join('')
      .trim() || 'x'
  );
}

function dateTimeOf(random: Random, fromDay: number, toDay: number): string {
  const iso = new Date(Date.now() + (fromDay + random.next() * (toDay - fromDay)) * DAY_MS).toISOString();
  return random.pick([iso, iso.slice(0, 19), iso.slice(0, 16) + '+00:00', iso.slice(0, 19) + '-00:30']);
}

/** Of a period, which may lie anywhere. */
function momentOf(random: Random, fromDay: number, toDay: number): string {
  return random.chance(0.3) ? random.pick(EDGES_OF_TIME) : dateTimeOf(random, fromDay, toDay);
}

/** A value that a schema allows, of a member or parameter with this name. */
export function goodValue(document: OpenApi, given: Schema, random: Random, name: string): unknown {
  const schema = resolve(document, given);
  if (schema.enum) return random.pick(schema.enum);
  const named = BY_NAME[name];
  if (named) return named(random);
  if (schema.oneOf) return goodValue(document, random.pick(schema.oneOf), random, name);
  const [type] = [schema.type ?? 'object'].flat();
  switch (type) {
    case 'boolean':
      return random.chance(0.5);
    case 'integer':
    case 'number':
      return random.integer(schema.minimum ?? 0, Math.min(schema.maximum ?? 1_000, 1_000));
    case 'array': {
      const element = schema.items ?? {};
      const count = Math.max(schema.minItems ?? 0, 1 + Math.floor(random.next() ** 4 * 3));
      return listOf(random, count, () => goodValue(document, element, random, ''));
    }
    case 'string':
      return schema.example ?? textOf(random, random.integer(1, 20));
    default:
      return goodObject(document, schema, random);
  }
}

function goodObject(document: OpenApi, { properties = {}, required = [] }: Schema, random: Random): object {
  const isGiven = (name: string) =>
    required.includes(name) || random.chance(name === 'scheduled_at' ? SCHEDULE : OPTIONAL_MEMBER);
  const given = Object.entries(properties).filter(([name]) => isGiven(name));
  return Object.fromEntries(given.map(([name, member]) => [name, goodValue(document, member, random, name)]));
}
