import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { AppError } from '../runtime/errors.js';
import { ApiKeyVerifier } from './api-key.verifier.js';
import { DEFAULT_BODY_BYTES } from './adapter.js';
import type { ClientLimits } from './client-limits.js';
import { Draining } from './draining.js';
import { FORM_TYPES } from './form-body.js';
import { Overload } from './overload.js';
import { SECURITY_HEADERS } from './security-headers.js';

const ROUTABLE_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * What happens to a request before Nest sees it, and before its body is read:
 * 1. it gets an id (one sent by the client is not taken: it would let a caller write our logs);
 * 2. where no route matched, it is answered 404, or 405 to those who hold a key;
 * 3. on a protected route, which is every route that is not marked public, it is answered 401 without a key, or 429 where
 *    there were too many of these; on a public one it is held to what its client may ask for;
 * 4. a body in another encoding or charset is refused;
 * 5. on a route that sheds load it is answered 503 where too much is in hand.
 * Hooks apply to every route whatever the order; the limits of bodies only to routes added after this call.
 */
export function addEdgeHooks(
  app: NestFastifyApplication,
  maxBodyBytes: number,
  isPublicPath: (url: string) => boolean,
  limits: ClientLimits,
) {
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const verifier = app.get(ApiKeyVerifier);
  const draining = app.get(Draining);
  const overload = new Overload();

  fastify.decorateRequest('apiKey', undefined);
  fastify.decorateRequest('bodySha256', undefined);
  fastify.decorateRequest('isOverLimit', false);

  fastify.addHook('onRoute', (route: RouteOptions) => {
    const limit = route.config?.bodyLimit ?? DEFAULT_BODY_BYTES;
    route.bodyLimit = limit === 'max' ? maxBodyBytes : limit;
    if (isPublicPath(route.url)) route.config = { ...route.config, public: true } as RouteOptions['config'];
    if (route.config?.shedsLoad === true) overload.shed(route);
  });

  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
    try {
      admit(fastify, verifier, limits, request, reply);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  });

  // The last moment before the body: now a client that asked may send it.
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    if (/100-continue/i.test(request.headers.expect ?? '')) reply.raw.writeContinue();
    done();
  });

  fastify.addHook('onResponse', (request, reply, done) => {
    limits.settle(request, reply);
    done();
  });

  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (isBodyUnread(request)) closeUnread(request, reply);
    else if (draining.isDraining) void reply.header('connection', 'close');
    done();
  });
}

function admit(
  fastify: FastifyInstance,
  verifier: ApiKeyVerifier,
  limits: ClientLimits,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  // RFC 9112, 3.2: what came for nobody may have been meant for another server.
  if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) {
    throw new AppError('bad_request', 'Send the header Host.');
  }
  if (request.is404) throw noSuchRoute(fastify, verifier, request, reply);
  if (request.routeOptions.config.public === true) limits.admit(request, reply);
  else authenticate(verifier, limits, request, reply);
  refuseEncodedBody(request);
  if (request.routeOptions.config.rawBody === true) takeTextAsJson(request);
  if (request.routeOptions.config.formBody === true) takeAnythingAsForm(request);
}

function authenticate(
  verifier: ApiKeyVerifier,
  limits: ClientLimits,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  try {
    verifier.authenticate(request);
  } catch (error) {
    // A key that may only read is a live one.
    if (error instanceof AppError && error.code === 'unauthorized') limits.countRefusal(request, reply);
    throw error;
  }
}

/**
 * Fastify knows parsers by content type, not by route: with one for `text/plain` every route would read such a body before
 * it could refuse it. So the type is changed where it is wanted.
 */
function takeTextAsJson({ headers }: FastifyRequest): void {
  if (/^text\/plain\s*(;|$)/i.test(headers['content-type'] ?? 'text/plain'))
    headers['content-type'] = 'application/json';
}

/** Forms are taken from programs of all kinds, which may call an empty body anything. */
function takeAnythingAsForm({ headers }: FastifyRequest): void {
  const type = headers['content-type']?.toLowerCase() ?? '';
  if (!FORM_TYPES.some((known) => type.startsWith(known))) headers['content-type'] = FORM_TYPES[0];
}

/** Without a key, what exists under another method is not told apart from what does not exist. */
function noSuchRoute(
  fastify: FastifyInstance,
  verifier: ApiKeyVerifier,
  request: FastifyRequest,
  reply: FastifyReply,
): AppError {
  const allowed = ROUTABLE_METHODS.filter(
    (method) => fastify.findRoute({ method, url: request.raw.url ?? '/' }) !== null,
  );
  if (allowed.length === 0 || verifier.find(request) === undefined) {
    return new AppError('not_found', 'There is nothing at this URL.');
  }
  const methods = allowed.join(', ');
  void reply.header('allow', methods);
  return new AppError('method_not_allowed', `Allowed here: ${methods}.`);
}

/** `identity` is no encoding; a compressed body could be a thousand times its limit once unpacked. */
function refuseEncodedBody(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    throw new AppError('unsupported_encoding', 'Send the body without Content-Encoding.');
  }
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw new AppError('unsupported_media_type', 'Send the body in UTF-8.');
  }
}

function isBodyUnread({ raw, headers }: FastifyRequest): boolean {
  // Destroyed: the client has left, and there is no connection to linger on.
  if (raw.complete || raw.destroyed) return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** A client in the middle of its body needs this long to look at the answer. */
const LINGER_MS = 1_000;

/**
 * And so much of the rest is read, for one that looks only after it has written. It costs memory, as what was read waits
 * for the garbage collector: behind a body above the limit of 32 MiB, 62 were seen at once without a bound, and 40 with it.
 */
const LINGER_BYTES = 8 * 1024 * 1024;

/**
 * Ends a connection whose client is still sending. Closed at once, with bytes unread, the kernel would reset it, and the
 * reset overtakes the answer. Of 15 clients that read only after they had written 5 MB, all saw their 401 this way, and
 * none when closed at once.
 */
function closeUnread(request: FastifyRequest, reply: FastifyReply): void {
  void reply.header('connection', 'close');
  const { socket } = request.raw;
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
    let bytes = 0;
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > LINGER_BYTES) socket.pause();
    };
    // In place of the parser, once that goes on reading: it may have waited for somebody to take the body.
    setImmediate(() => socket.removeAllListeners('data').on('data', count));
  };
}
