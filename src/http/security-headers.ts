/**
 * What every answer says to browsers, whichever layer gives it. One policy for API, documents and dashboard; only Swagger's styles are
 * inline. What people alone may read is kept by nobody; files of the documents say otherwise, and may be. HSTS is the proxy's to say: TLS
 * ends there.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
