import { registerAs, type ConfigType } from '@nestjs/config';
import { IsEmail, IsIn, Matches, Max, Min } from 'class-validator';
import type { Contradiction, ProcessName } from './contradiction.js';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { lowerCase } from './readers.js';
import { Variable } from './variable.js';

function smtpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['smtp:', 'smtps:'].includes(url.protocol) || !url.hostname) {
    throw new Error('must be a URL such as smtp://user:password@host:587 or smtps://host:465');
  }
  return text;
}

export class SenderVariables {
  @Variable({
    text: 'How the sender hands mail over; it does not start without one. log writes each mail to MAILBOX_DIR and sends nothing.',
    read: lowerCase,
  })
  @IsIn(['smtp', 'ses', 'log'])
  readonly SENDER_TRANSPORT: 'smtp' | 'ses' | 'log' | null;

  @Variable({
    text: 'SMTP server of the smtp transport; smtps:// is TLS from the start.',
    unit: 'URL',
    secret: true,
    read: smtpUrl,
  })
  readonly SMTP_URL: string | null;

  @Variable({ text: 'Folder of the log transport.', unit: 'path' })
  readonly MAILBOX_DIR: string | null;

  @Variable({ text: 'Sender address of mail that names none.', unit: 'address', default: 'no-reply@localhost' })
  @IsEmail({ require_tld: false }, { message: '$property must be an e-mail address without a display name' })
  readonly FROM_EMAIL: string;

  @Variable({ text: 'Mails that one sender hands over at the same time.', default: '64' })
  @Min(1)
  @Max(10000)
  readonly SENDER_CONCURRENCY: number;

  @Variable({
    text: "Mails that all senders together hand over; 0 = the provider's own limit.",
    unit: 'mails per second',
    default: '0',
  })
  @Min(0)
  readonly SENDER_RATE_PER_SECOND: number;

  @Variable({ text: 'SES configuration set, whose events settle what became of a mail.' })
  @Matches(/^[\w-]{1,64}$/, { message: '$property must be letters, digits, _ and -, at most 64' })
  readonly SES_CONFIGURATION_SET: string | null;

  @Variable({
    text: 'What happens to a mail whose hand-over was cut off: wait for the event that proves it, or send it again.',
    otherwise: 'confirm with ses and a configuration set, else resend',
    read: lowerCase,
  })
  @IsIn(['confirm', 'resend'])
  readonly AMBIGUOUS_SENDS: 'confirm' | 'resend' | null;

  /** Whether the provider reports what became of a mail that we know nothing of. */
  get isConfirmable(): boolean {
    return this.SENDER_TRANSPORT === 'ses' && this.SES_CONFIGURATION_SET !== null;
  }

  contradictions(process: ProcessName): Contradiction[] {
    const needs = { smtp: 'SMTP_URL', log: 'MAILBOX_DIR', ses: null } as const;
    if (process !== 'sender') return [];
    if (this.SENDER_TRANSPORT === null) {
      return [{ of: ['SENDER_TRANSPORT'], text: 'is required by the sender: smtp, ses or log' }];
    }
    const faults: Contradiction[] = [];
    const needed = needs[this.SENDER_TRANSPORT];
    if (needed && this[needed] === null) {
      faults.push({ of: [needed], text: `is required with SENDER_TRANSPORT=${this.SENDER_TRANSPORT}` });
    }
    if (this.AMBIGUOUS_SENDS === 'confirm' && !this.isConfirmable) {
      const text = 'confirm waits for events, which only ses with SES_CONFIGURATION_SET reports: use resend';
      faults.push({ of: ['AMBIGUOUS_SENDS'], text });
    }
    return faults;
  }
}

export const senderConfig = registerAs('sender', () => {
  const env = loadedVariables(SenderVariables);
  return deepFreeze({
    // The namespace exists in the sender alone, and there contradictions() refuses an absent transport.
    transport: env.SENDER_TRANSPORT!,
    smtpUrl: env.SMTP_URL,
    mailboxDir: env.MAILBOX_DIR,
    fromEmail: env.FROM_EMAIL,
    concurrency: env.SENDER_CONCURRENCY,
    ratePerSecond: env.SENDER_RATE_PER_SECOND,
    sesConfigurationSet: env.SES_CONFIGURATION_SET,
    ambiguousSends: env.AMBIGUOUS_SENDS ?? (env.isConfirmable ? 'confirm' : 'resend'),
  });
});

export type SenderConfig = ConfigType<typeof senderConfig>;
