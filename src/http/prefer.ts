import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The preferences of RFC 7240 that we know; others are ignored, as it asks. */
export interface Preferences {
  /** `handling=lenient`: store the good recipients, list the bad ones. */
  readonly lenient: boolean;
  /** `return=representation`: list `email_ids` however many there are. */
  readonly representation: boolean;
}

const NONE: Preferences = { lenient: false, representation: false };

/** A header this long is no preference of ours. */
const MAX_HEADER_CHARACTERS = 1024;

/** Of a preference given twice the first counts (RFC 7240, section 2). */
export function parsePrefer(header: string | string[] | undefined): Preferences {
  if (header === undefined) return NONE;
  const text = Array.isArray(header) ? header.join(',') : header;
  const values = new Map<string, string>();
  if (text.length <= MAX_HEADER_CHARACTERS) {
    for (const preference of text.split(',')) {
      const [name = '', value = ''] = (preference.split(';')[0] ?? '').split('=', 2).map((part) => part.trim());
      const key = name.toLowerCase();
      if (!values.has(key)) values.set(key, value.replaceAll('"', '').toLowerCase());
    }
  }
  return { lenient: values.get('handling') === 'lenient', representation: values.get('return') === 'representation' };
}

/** The preferences of the request in hand. */
export const Prefer = createParamDecorator((_data: unknown, context: ExecutionContext): Preferences =>
  parsePrefer(context.switchToHttp().getRequest<FastifyRequest>().headers.prefer),
);
