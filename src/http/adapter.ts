import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, type ErrorCode } from '../runtime/errors.js';
import { admitCsvBody } from './csv-body.js';
import { FORM_TYPES, readFormBody } from './form-body.js';
import { parseJsonBody, type DefaultParser } from './json-body.js';
import { problemHeaders, problemOf } from './problem.js';
import { translateError } from './translate-error.js';

/** What a route takes that does not say otherwise. */
export const DEFAULT_BODY_BYTES = 16 * 1024;

/**
 * Node looks for late connections this often, so a limit is kept to within it: headers are cut off after at most 15 s
 * and bodies after at most 60 s. Fastify would set `requestTimeout` to 0 and so remove Node's own guard.
 */
const CHECK_INTERVAL_MS = 2_000;
const HEADERS_TIMEOUT_MS = 15_000 - CHECK_INTERVAL_MS;
const REQUEST_TIMEOUT_MS = 60_000 - CHECK_INTERVAL_MS;

/** Above the request timeout, so that a slow body is answered 408 rather than cut. */
const CONNECTION_TIMEOUT_MS = 65_000;

/**
 * Longer than a load balancer keeps an idle connection, 60 s as a rule: whoever ends it first must not be we, while the next
 * request is on its way. A shutdown does not wait for it (draining.ts).
 */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** Long-lived clients come back through the load balancer now and then. */
const MAX_REQUESTS_PER_SOCKET = 10_000;

/** An address of 254 bytes, percent-encoded, is the longest part of a path. */
const MAX_PARAM_LENGTH = 1_024;

/** The HTTP server. Nest's body parsers are left out: only what `parseJsonBody` takes is a body. */
export class EdgeAdapter extends FastifyAdapter {
  override registerParserMiddleware(): void {}
}

export function createAdapter(): EdgeAdapter {
  const adapter = new EdgeAdapter({
    bodyLimit: DEFAULT_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    maxRequestsPerSocket: MAX_REQUESTS_PER_SOCKET,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      // Node would answer without a problem; the first hook does it with one.
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    trustProxy: false,
    // A request on a connection that was open before the shutdown is served, and its connection then closed.
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      const refused = translateError(error) ?? new AppError('bad_request');
      void reply.code(refused.status).headers(problemHeaders(refused, request.id)).send(problemOf(refused, request.id));
    },
    clientErrorHandler: answerParserError,
  });
  const fastify = adapter.getInstance();
  const defaultParser = fastify.getDefaultJsonParser('error', 'error') as DefaultParser;
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      const isRaw = request.routeOptions.config.rawBody === true;
      return isRaw ? body : parseJsonBody(request, body as Buffer, defaultParser);
    },
  );
  fastify.addContentTypeParser('text/csv', (request, body, done) => {
    admitCsvBody(request);
    done(null, body);
  });
  fastify.addContentTypeParser(FORM_TYPES, readFormBody);
  deferContinue(adapter);
  // Without a listener Node closes the connection without a word.
  fastify.server.on('connect', (_request, socket) => refuse(socket, new AppError('bad_request')));
  return adapter;
}

/**
 * Node answers `Expect: 100-continue` before anyone has seen the key. The hook that precedes the body's reading asks for
 * it instead. Other expectations are ignored, which RFC 9110 allows.
 */
function deferContinue(adapter: EdgeAdapter): void {
  const server = adapter.getInstance().server;
  for (const event of ['checkContinue', 'checkExpectation']) {
    server.on(event, (request, response) => server.emit('request', request, response));
  }
}

const PARSER_ERRORS: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Answers what never became a whole request: there is no reply to use, only the socket. */
function answerParserError(
  fault: Error & { code?: string; rawPacket?: unknown },
  socket: Duplex & { _httpMessage?: ServerResponse },
): void {
  // Bytes written into a response that has begun would be taken for its body. Node's own handler looks there too.
  if (fault.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent === true) {
    socket.destroy();
    return;
  }
  // To a HEAD a body would be taken for the beginning of another answer. The packet is what could not be parsed.
  const { rawPacket: packet } = fault;
  const isHead = Buffer.isBuffer(packet) && packet.subarray(0, HEAD.length).equals(HEAD);
  refuse(socket, new AppError(PARSER_ERRORS[fault.code ?? ''] ?? 'bad_request'), isHead);
}

const HEAD = Buffer.from('HEAD ');

function refuse(socket: Duplex, error: AppError, isHead = false): void {
  const requestId = randomUUID();
  const body = JSON.stringify(problemOf(error, requestId));
  const headers = {
    ...problemHeaders(error, requestId),
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n${lines.join('')}\r\n`;
  socket.end(isHead ? head : head + body, () => socket.destroy());
}
