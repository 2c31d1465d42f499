import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { clientAddress, networkOf } from './client-address.js';

function requestFrom(peer: string, forwardedFor?: string | string[]): FastifyRequest {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return { socket: { remoteAddress: peer }, headers } as unknown as FastifyRequest;
}

describe('clientAddress', () => {
  it.each<[string, string | string[] | undefined, number, string]>([
    ['192.0.2.1', undefined, 0, '192.0.2.1'],
    ['::ffff:192.0.2.1', undefined, 0, '192.0.2.1'],
    ['192.0.2.1', '198.51.100.7', 0, '192.0.2.1'],
    ['10.0.0.1', '198.51.100.7', 1, '198.51.100.7'],
    ['10.0.0.1', 'forged, 203.0.113.9, 198.51.100.7', 1, '198.51.100.7'],
    ['10.0.0.1', ['forged', '198.51.100.7'], 1, '198.51.100.7'],
    ['10.0.0.1', 'forged, 198.51.100.7 ,10.0.0.2', 2, '198.51.100.7'],
    ['10.0.0.1', undefined, 2, '10.0.0.1'],
    ['10.0.0.1', ' , ,', 1, '10.0.0.1'],
    ['10.0.0.1', 'x'.repeat(1_000), 1, 'x'.repeat(64)],
    ['10.0.0.1', '2001:0DB8::1', 1, '2001:0db8::1'],
    ['', undefined, 0, ''],
  ])('of %s with %s behind %i proxies is %s', (peer, forwardedFor, proxies, client) => {
    expect(clientAddress(requestFrom(peer, forwardedFor), proxies)).toBe(client);
  });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0db8:0001:0002::1', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8:1:2:3:4:5::', '2001:db8:1:2'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
