import { setTimeout as sleep } from 'node:timers/promises';
import type { MailStore, StoredMail } from '../../simulator/mail-store.js';
import { sesEvent } from '../../simulator/ses-events.js';
import { eventually } from './eventually.js';
import type { SnsTopic } from './sns.js';

const LANES = 8;
const IDLE_MS = 20;

/**
 * Reports the Send of each mail that SES's simulator took, and nothing else, so that a run of tens of thousands has
 * not three times as many events to sign. What is not taken is posted again, as SNS does.
 */
export class SendReports {
  private next = 1;
  private posted = 0;
  private isStopping = false;

  constructor(
    private readonly store: MailStore,
    private readonly sns: SnsTopic,
    private readonly gatewayUrl: string,
  ) {
    for (let lane = 0; lane < LANES; lane++) void this.post();
  }

  /** Resolves when the Sends of all mails so far were taken. */
  async all(timeoutMs: number): Promise<void> {
    await eventually(() => this.posted >= this.store.received, timeoutMs, `the report of ${this.store.received} sends`);
  }

  stop(): void {
    this.isStopping = true;
  }

  private async post(): Promise<void> {
    while (!this.isStopping) {
      const mail = this.store.get(this.next);
      if (!mail) {
        await sleep(IDLE_MS);
        continue;
      }
      this.next += 1;
      const body = this.sns.notification(sendOf(mail));
      while (!this.isStopping && (await this.sns.post(this.gatewayUrl, body).catch(() => 0)) !== 200) {
        await sleep(IDLE_MS);
      }
      this.posted += 1;
    }
  }
}

/** Our id of a mail. */
export function emailIdOf({ tags }: StoredMail): string {
  return tags.request_id[0];
}

function sendOf({ providerMessageId, from, to, tags, receivedAt }: StoredMail): object {
  const mail = { providerMessageId: providerMessageId!, from, to, subject: '', headers: [], tags, receivedAt };
  return sesEvent('send', mail, to[0], receivedAt);
}
