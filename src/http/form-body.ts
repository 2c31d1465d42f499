import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { AppError } from '../runtime/errors.js';
import { limitedBody, refuseLargeBody } from './limited-body.js';

const MULTIPART = 'multipart/form-data';

/** What a browser's form and a mail client's one-click POST (RFC 8058, 3.2) come as. */
export const FORM_TYPES = ['application/x-www-form-urlencoded', MULTIPART];

/** The fields of a form, in either of its types; what is no field in it is left out. */
export async function readFormBody(request: FastifyRequest, body: Readable): Promise<URLSearchParams> {
  if (request.routeOptions.config.formBody !== true) {
    throw new AppError('unsupported_media_type', 'Send the body as application/json.');
  }
  refuseLargeBody(request);
  const chunks: Buffer[] = [];
  for await (const chunk of limitedBody(request, body)) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const type = request.headers['content-type'] ?? '';
  return type.toLowerCase().startsWith(MULTIPART) ? multipartFields(text, type) : new URLSearchParams(text);
}

/** The fields of a form body; none where there is no body. */
export const FormBody = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const { body } = context.switchToHttp().getRequest<FastifyRequest>();
  return body instanceof URLSearchParams ? body : new URLSearchParams();
});

/** RFC 7578 without files. */
function multipartFields(text: string, type: string): URLSearchParams {
  const fields = new URLSearchParams();
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return fields;
  for (const part of `\r\n${text}`.split(`\r\n--${boundary}`).slice(1, -1)) {
    const end = part.indexOf('\r\n\r\n');
    const name = /^content-disposition:.*;\s*name="?([^";\r\n]*)/im.exec(part.slice(0, Math.max(end, 0)))?.[1];
    if (name !== undefined) fields.append(name, part.slice(end + 4));
  }
  return fields;
}
