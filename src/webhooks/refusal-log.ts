import type { LoggerService } from '@nestjs/common';

const WINDOW_MS = 60_000;

/**
 * Says why messages were refused, which their senders are not told. The route is public and a flood must not fill the
 * disk: of each kind one warning a minute, with the number of those that were not written since the last.
 */
export class RefusalLog {
  private readonly kinds = new Map<string, { until: number; unwritten: number }>();

  constructor(
    private readonly logger: Pick<LoggerService, 'warn'>,
    private readonly now: () => number = Date.now,
  ) {}

  /** Kinds are few and ours; the reason may quote the message. */
  add(kind: string, reason: string): void {
    const now = this.now();
    const known = this.kinds.get(kind);
    if (known !== undefined && now < known.until) {
      known.unwritten++;
      return;
    }
    const more = known !== undefined && known.unwritten > 0 ? ` (and ${known.unwritten} more like it before)` : '';
    this.kinds.set(kind, { until: now + WINDOW_MS, unwritten: 0 });
    this.logger.warn(`SNS message refused: ${reason}${more}`);
  }
}
