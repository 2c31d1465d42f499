import { openToken } from '../../src/contracts/tokens.js';
import { sesEvent } from '../../test/support/ses-events.js';
import type { SnsTopic } from '../../test/support/sns.js';

const PERSON = 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0';

/** A person's look at a mail: its pixel, by the link that our mails have. */
export function pixelRequest(secret: string, emailId: string): Buffer {
  const path = `/v1/events/open?requestId=${emailId}&s=${openToken(secret, emailId)}`;
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: bench\r\nuser-agent: ${PERSON}\r\naccept: image/avif,*/*\r\n\r\n`);
}

/** A Delivery as SNS posts it, signed: 0.6 ms each. */
export function deliveryRequest(topic: SnsTopic, emailId: string, address: string): Buffer {
  const fact = { type: 'Delivery', second: 1, flag: false } as const;
  const body = topic.notification(sesEvent(emailId, address, fact));
  const head = [
    'POST /v1/events/results HTTP/1.1',
    'host: bench',
    'user-agent: Amazon Simple Notification Service Agent',
    'content-type: text/plain; charset=UTF-8',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
