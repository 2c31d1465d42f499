import { Injectable } from '@nestjs/common';
import { type Erased, ErasuresRepository } from './erasures.repository.js';

/** Locked and erased in one transaction, some ten milliseconds. */
const EMAILS_PER_STEP = 500;

/**
 * Erases persons. The wish is stored first, so that no sender takes up their mail any more; what is in somebody's hands at
 * that moment is erased when it is out of them, by a job, whichever process dies meanwhile.
 */
@Injectable()
export class ErasureService {
  constructor(private readonly erasures: ErasuresRepository) {}

  async erase(address: string): Promise<Erased> {
    const lower = address.toLowerCase();
    await this.erasures.request(lower);
    return this.pass(lower);
  }

  /** What was in somebody's hands before. */
  async finish(): Promise<void> {
    for (const address of await this.erasures.requested()) await this.pass(address);
  }

  private async pass(address: string): Promise<Erased> {
    const sum: Erased = { erased: 0, stopped: 0, inFlight: 0 };
    const ids = await this.erasures.emailsOf(address);
    for (let from = 0; from < ids.length; from += EMAILS_PER_STEP) {
      const { erased, stopped, inFlight } = await this.erasures.erase(address, ids.slice(from, from + EMAILS_PER_STEP));
      sum.erased += erased;
      sum.stopped += stopped;
      sum.inFlight += inFlight;
    }
    await this.erasures.removeTraces(address);
    if (sum.inFlight === 0) await this.erasures.complete(address);
    return sum;
  }
}
