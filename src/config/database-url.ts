import { readableFile } from './readers.js';

const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

export type SslMode = (typeof sslModes)[number];

export interface DatabaseUrl {
  /** Without the TLS parameters: node-postgres reads them otherwise than libpq (its `require` is libpq's `verify-full`). */
  url: string;
  /** null where the URL names none. */
  sslMode: SslMode | null;
  /** A file, or `system` for the certificates that come with Node.js. */
  sslRootCert: string | null;
}

const form = 'must be a URL such as postgresql://user:password@host:5432/database (percent-encode special characters)';

/** Reads a connection URL as libpq does, as far as TLS is concerned; the rest of it is left to node-postgres, byte for byte. */
export function databaseUrl(text: string): DatabaseUrl {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) throw new Error(form);
  const [base, query = ''] = text.split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const sslMode = sslModeIn(parameters);
  const sslRootCert = parameters.get('sslrootcert') || null;

  for (const name of parameters.keys()) {
    if (name.startsWith('ssl') && !['sslmode', 'sslrootcert', 'ssl'].includes(name)) {
      throw new Error(`must not hold ${name}: of the TLS parameters, sslmode and sslrootcert are supported`);
    }
  }
  requireRootCert(sslMode, sslRootCert);

  const kept = query.split('&').filter((pair) => pair !== '' && !/^ssl/.test(pair));
  return { url: kept.length > 0 ? `${base}?${kept.join('&')}` : base!, sslMode, sslRootCert };
}

function sslModeIn(parameters: URLSearchParams): SslMode | null {
  // libpq takes JDBC's spelling too.
  const given = parameters.get('sslmode') || (parameters.get('ssl') === 'true' ? 'require' : null);
  if (given === null) return null;
  const sslMode = sslModes.find((mode) => mode === given);
  if (!sslMode) throw new Error(`must have one of ${sslModes.join(', ')} as its sslmode`);
  return sslMode;
}

function requireRootCert(sslMode: SslMode | null, sslRootCert: string | null): void {
  if (sslMode === 'verify-ca' && sslRootCert === null) {
    throw new Error('must name the certificate authority in sslrootcert with sslmode=verify-ca');
  }
  if (sslRootCert === 'system') {
    // As in libpq: anybody can get a certificate from a public authority, so only the host name proves anything.
    if (sslMode !== 'verify-full') throw new Error('must have sslmode=verify-full with sslrootcert=system');
    return;
  }
  if (sslRootCert === null) return;
  try {
    readableFile(sslRootCert);
  } catch {
    throw new Error('must name in sslrootcert a file that can be read');
  }
}
