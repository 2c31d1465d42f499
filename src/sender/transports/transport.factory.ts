import type { SenderConfig } from '../../config/sender.config.js';
import { LogTransport } from './log.transport.js';
import { parseMailbox } from './mailbox.js';
import { SesTransport } from './ses.transport.js';
import { SmtpTransport } from './smtp.transport.js';
import { type Transport } from './transport.js';

export type TransportConfig = Pick<
  SenderConfig,
  'transport' | 'smtpUrl' | 'mailboxDir' | 'fromEmail' | 'concurrency' | 'sesConfigurationSet'
>;

/** Fails at start for what would otherwise fail with every mail. */
export function transportFor(config: TransportConfig): Transport {
  const { transport, smtpUrl, mailboxDir, fromEmail, concurrency, sesConfigurationSet } = config;
  if (!parseMailbox(fromEmail)) throw new Error('FROM_EMAIL must be one address, or Name <address>');
  switch (transport) {
    case 'smtp':
      if (!smtpUrl) throw new Error('SENDER_TRANSPORT=smtp needs SMTP_URL');
      return new SmtpTransport({ url: smtpUrl, maxConnections: concurrency });
    case 'log':
      if (!mailboxDir) throw new Error('SENDER_TRANSPORT=log needs MAILBOX_DIR');
      return new LogTransport(mailboxDir);
    case 'ses':
      return new SesTransport({ configurationSet: sesConfigurationSet, fromEmail });
  }
}
