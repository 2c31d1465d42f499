import { seededRandom } from './seeded-random.js';

/** Percent of all SendEmail requests; what is left is answered as usual. */
export interface FaultRates {
  /** 429 TooManyRequestsException. */
  throttlePercent: number;
  /** The connection is reset: one half before the mail is taken, the other after, so that only the answer is lost. */
  resetPercent: number;
  /** 400 MessageRejected. */
  rejectPercent: number;
}

export type Fault = 'throttled' | 'reset before' | 'reset after' | 'rejected';

export const NO_FAULTS: FaultRates = { throttlePercent: 0, resetPercent: 0, rejectPercent: 0 };

/** Draws what goes wrong with each request; the same seed draws the same again. */
export class Faults {
  private readonly random: () => number;
  rates: FaultRates;

  constructor({ seed = 1, ...rates }: Partial<FaultRates> & { seed?: number } = {}) {
    this.random = seededRandom(seed);
    this.rates = { ...NO_FAULTS, ...rates };
  }

  next(): Fault | null {
    const { throttlePercent, resetPercent, rejectPercent } = this.rates;
    const drawn = this.random() * 100;
    if (drawn < throttlePercent) return 'throttled';
    if (drawn < throttlePercent + resetPercent / 2) return 'reset before';
    if (drawn < throttlePercent + resetPercent) return 'reset after';
    if (drawn < throttlePercent + resetPercent + rejectPercent) return 'rejected';
    return null;
  }
}
