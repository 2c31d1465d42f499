import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { composeMime } from '../../simulator/compose-mime.js';
import { readOutboundEmail } from '../../simulator/outbound-email.js';
import { SesError } from '../../simulator/ses-error.js';
import { SmtpSink } from '../../simulator/smtp-sink.js';
import { SesTransport } from '../../src/sender/transports/ses.transport.js';
import { SmtpTransport } from '../../src/sender/transports/smtp.transport.js';
import type { Transport } from '../../src/sender/transports/transport.js';
import { useAwsEndpoint } from './aws-environment.js';

export interface Captured {
  envelopeFrom: string;
  envelopeTo: string[];
  raw: Buffer;
}

/** A transport, and every message that a server at its other end took. */
export interface Capture {
  transport: Transport;
  captured: Captured[];
  close: () => Promise<void>;
}

export async function captureSmtp(): Promise<Capture> {
  const captured: Captured[] = [];
  const keep = ({ from, to, raw }: { from: string; to: string[]; raw: Buffer }) => {
    captured.push({ envelopeFrom: from, envelopeTo: to, raw });
    return Promise.resolve();
  };
  const sink = new SmtpSink({ isRemembering: false, keep });
  const transport = new SmtpTransport({ url: `smtp://127.0.0.1:${await sink.listen()}`, maxConnections: 8 });
  const close = async () => {
    await transport.close();
    await sink.close();
  };
  return { transport, captured, close };
}

/** A server that is as strict as SES about what it takes, and makes the message that SES would make of it. */
export async function captureSes(): Promise<Capture> {
  const captured: Captured[] = [];
  const answer = async (body: Buffer): Promise<[status: number, json: object, errorType?: string]> => {
    try {
      const { from, to, raw, content } = await readOutboundEmail(body);
      const providerMessageId = `id-${captured.length}`;
      captured.push({
        envelopeFrom: /<([^<>]*)>$/.exec(from)?.[1] ?? from,
        envelopeTo: to,
        raw: raw ?? (await composeMime(content, { providerMessageId })),
      });
      return [200, { MessageId: providerMessageId }];
    } catch (error) {
      if (!(error instanceof SesError)) throw error;
      return [error.status, { message: error.message }, error.name];
    }
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void answer(Buffer.concat(chunks)).then(([status, json, errorType]) => {
        const type = errorType === undefined ? {} : { 'x-amzn-errortype': errorType };
        response.writeHead(status, { 'content-type': 'application/json', ...type }).end(JSON.stringify(json));
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  useAwsEndpoint(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const transport = new SesTransport({ configurationSet: 'gateway', fromEmail: 'no-reply@example.com' });
  const close = async () => {
    await transport.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { transport, captured, close };
}
