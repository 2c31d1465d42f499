import { isIPv6 } from 'node:net';

/**
 * Whom a request came from, as far as it can be believed: `trustedProxies` of our own stand before us, and each has
 * added the address that it was called from to X-Forwarded-For. What stands further to the left anybody may have
 * written there.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trustedProxies: number): string {
  const hops = [...(forwardedFor ?? '').split(',').map((hop) => hop.trim()), peer].filter((hop) => hop !== '');
  return networkOf(hops[Math.max(0, hops.length - 1 - trustedProxies)] ?? '');
}

/** One subscriber has all of an IPv6 network of 64 bits. */
function networkOf(address: string): string {
  const mapped = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  if (!isIPv6(mapped)) return mapped.slice(0, MAX_CHARACTERS);
  const [left, right = ''] = mapped.split('::');
  const groups = left === '' ? [] : left.split(':');
  const missing = mapped.includes('::')
    ? 8 - groups.length - right.split(':').filter((group) => group !== '').length
    : 0;
  return [...groups, ...Array.from({ length: missing }, () => '0'), ...right.split(':')]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

/** Of what a proxy wrote that names no address: it must not fill the memory. */
const MAX_CHARACTERS = 64;
