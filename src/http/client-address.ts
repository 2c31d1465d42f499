import type { FastifyRequest } from 'fastify';
import { isIPv6 } from 'node:net';

/** Of what a proxy wrote that names no address: it must not fill the memory. */
const MAX_CHARACTERS = 64;

/**
 * Whom a request came from, as far as it can be believed: `trustedProxies` of our own stand before us, and each has
 * added the address that it was called from to X-Forwarded-For. What stands further to the left anybody may have
 * written there.
 */
export function clientAddress(
  { socket, headers }: Pick<FastifyRequest, 'socket' | 'headers'>,
  trustedProxies: number,
): string {
  const given = trustedProxies === 0 ? [] : [headers['x-forwarded-for'] ?? []].flat();
  const hops = [...given.flatMap((hop) => hop.split(',')), socket.remoteAddress ?? ''].map((hop) => hop.trim());
  const known = hops.filter((hop) => hop !== '');
  const address = known[Math.max(0, known.length - 1 - trustedProxies)] ?? '';
  return address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
    .slice(0, MAX_CHARACTERS);
}

/** What counts as one client: one subscriber has all of an IPv6 network of 64 bits. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [left, right = ''] = address.split('::');
  const groups = left === '' ? [] : left.split(':');
  const missing = address.includes('::')
    ? 8 - groups.length - right.split(':').filter((group) => group !== '').length
    : 0;
  return [...groups, ...Array.from({ length: missing }, () => '0'), ...right.split(':')]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
