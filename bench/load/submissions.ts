import { API_KEY } from '../../test/support/stack.js';

export const SUBJECT = 'Measured';
/** 200 bytes. */
export const CONTENT = `<p>${'Hello. '.repeat(27)}</p>`;

/** 28 bytes, as an address has on average. */
export function address(index: number): string {
  return `user${String(index).padStart(12, '0')}@example.com`;
}

/** The bytes of a POST of so many messages of so many recipients; the addresses count up from `from`. */
export function submission(
  messages: number,
  recipients: number,
  from: number,
  topicId = 'bench',
  headers: readonly string[] = [],
): Buffer {
  const elements = Array.from({ length: messages }, (_, message) => ({
    topic_id: topicId,
    subject: SUBJECT,
    content: CONTENT,
    emails: Array.from({ length: recipients }, (_, index) => address(from + message * recipients + index)),
  }));
  return request('POST', '/v1/messages', JSON.stringify({ messages: elements }), headers);
}

export function request(method: string, path: string, body = '', headers: readonly string[] = []): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `x-api-key: ${API_KEY}`,
    ...headers,
    ...(body === '' ? [] : ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`]),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
