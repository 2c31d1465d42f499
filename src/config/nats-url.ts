export interface NatsUrl {
  /** `host:port`: the client ignores a scheme, and would take credentials for a part of the host. */
  servers: readonly string[];
  tls: boolean;
  user?: string;
  pass?: string;
  token?: string;
}

const form = 'must be one or several of nats://host:4222 or tls://host:4222, separated by commas';

/** `nats://user:pass@a:4222,b` or `tls://token@a`; the port is 4222 where it is missing, the scheme nats. */
export function natsUrl(text: string): NatsUrl {
  const urls = text.split(',').map((part) => serverUrl(part.trim()));
  const credentials = urls.flatMap((url) => (url.username ? [credentialsOf(url)] : []));
  if (new Set(credentials.map((found) => JSON.stringify(found))).size > 1) {
    throw new Error('must not hold different credentials: one connection uses one account on all servers');
  }
  return {
    servers: urls.map((url) => `${url.hostname}:${url.port || '4222'}`),
    tls: urls.some((url) => url.protocol === 'tls:'),
    ...credentials[0],
  };
}

function serverUrl(part: string): URL {
  const withScheme = part.includes('://') ? part : `nats://${part}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  const isServer = url && ['nats:', 'tls:'].includes(url.protocol) && url.hostname && !url.search && !url.hash;
  if (!isServer || !['', '/'].includes(url.pathname)) throw new Error(form);
  return url;
}

function credentialsOf(url: URL): Pick<NatsUrl, 'user' | 'pass' | 'token'> {
  try {
    const user = decodeURIComponent(url.username);
    return url.password ? { user, pass: decodeURIComponent(url.password) } : { token: user };
  } catch {
    throw new Error('must have its credentials percent-encoded');
  }
}
