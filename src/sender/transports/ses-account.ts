import { GetAccountCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import type { Account } from '../../limits/limits.repository.js';
import type { AccountReader } from './account-reader.js';
import { classifySesFailure } from './ses-failure.js';

const TIMEOUT_MS = 5_000;

/** Needs the right `ses:GetAccount`. */
export class SesAccountReader implements AccountReader {
  private readonly client = new SESv2Client({ maxAttempts: 1 });

  async read(): Promise<Account> {
    try {
      const { EnforcementStatus, SendingEnabled, SendQuota } = await this.client.send(new GetAccountCommand({}), {
        abortSignal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const { Max24HourSend, MaxSendRate, SentLast24Hours } = SendQuota ?? {};
      return {
        ratePerSecond: MaxSendRate !== undefined && MaxSendRate > 0 ? MaxSendRate : null,
        // -1 stands for no quota.
        quota:
          Max24HourSend !== undefined && Max24HourSend >= 0
            ? { max24h: Math.floor(Max24HourSend), sent24h: Math.ceil(SentLast24Hours ?? 0) }
            : null,
        isSendingEnabled: SendingEnabled !== false && EnforcementStatus !== 'SHUTDOWN',
      };
    } catch (error) {
      throw classifySesFailure(error, 'session', true);
    }
  }

  close(): void {
    this.client.destroy();
  }
}
