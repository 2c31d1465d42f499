import { hostileText, hostileValue } from './hostile.js';
import type { Random } from './random.js';

type Container = Record<string, unknown> | unknown[];

/** The value with something changed at one random place of it. The value given is not touched. */
export function mutateValue(value: unknown, random: Random): unknown {
  const root = { value: structuredClone(value) };
  const places = placesOf(root);
  const [container, key] = random.pick(places);
  change(container, key, random);
  return root.value;
}

/** Every member and element below the root, each as its container and its key. */
function placesOf(root: Container): [Container, string][] {
  const places: [Container, string][] = [];
  const open: Container[] = [root];
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    for (const [key, value] of Object.entries(container)) {
      places.push([container, key]);
      if (typeof value === 'object' && value !== null) open.push(value as Container);
    }
  }
  return places;
}

function change(container: Container, key: string, random: Random): void {
  const members = container as Record<string, unknown>;
  const value = members[key];
  switch (random.below(8)) {
    case 0:
      if (Array.isArray(container)) container.splice(Number(key), 1);
      else delete members[key];
      return;
    case 1:
      if (Array.isArray(container)) container.push(...Array.from({ length: random.pick([1, 10, 1_001]) }, () => value));
      else Object.defineProperty(members, hostileText(random), { value, enumerable: true, configurable: true });
      return;
    case 2:
      members[key] = [value];
      return;
    case 3:
      members[key] = { [key]: value };
      return;
    case 4:
      members[key] = typeof value === 'string' ? damaged(value, random) : String(value);
      return;
    case 5:
      if (!Array.isArray(container)) members[respelt(key, random)] = value;
      return;
    default:
      members[key] = hostileValue(random);
  }
}

/** A text with something put into it, or taken out of it. */
function damaged(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const insert = random.chance(0.7) ? hostileText(random) : '';
  return text.slice(0, at) + insert + text.slice(at + random.below(3));
}

function respelt(name: string, random: Random): string {
  return random.pick([name.toUpperCase(), `${name} `, name.slice(1), `${name}s`, name.replace('_', ''), `$${name}`]);
}
