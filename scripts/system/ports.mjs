// @ts-check
import { createServer } from 'node:net';

/** A port on the loopback that nothing uses. */
export async function freePort() {
  const server = await listen(0, '127.0.0.1');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await close(server);
  return port;
}

/**
 * The first port from `first` on that a server on every address can take. Each address is tried on its own, since some
 * systems let a wildcard listen beside a server on one address and then give the connection to either.
 *
 * @param {number} first
 */
export async function freePortFrom(first) {
  for (let port = first; port < 65536; port++) {
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '0.0.0.0')) && (await isFree(port, '::'))) return port;
  }
  throw new Error(`no free port from ${first} on`);
}

/**
 * @param {number} port
 * @param {string} host
 */
async function isFree(port, host) {
  try {
    await close(await listen(port, host));
    return true;
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    // No IPv6 on this machine: nothing can occupy the port there.
    return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL';
  }
}

/**
 * @param {number} port
 * @param {string} host
 * @returns {Promise<import('node:net').Server>}
 */
function listen(port, host) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

/** @param {import('node:net').Server} server */
function close(server) {
  return new Promise((resolve) => server.close(resolve));
}
