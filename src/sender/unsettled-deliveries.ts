import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { PeriodicJobs } from '../database/periodic-jobs.js';
import {
  type BatchEmails,
  BatchesRepository,
  type LeasedBatch,
  type Settlement,
} from '../messages/batches.repository.js';
import type { ClaimedEmail } from '../messages/judging.js';
import { crashPoint } from '../runtime/crash-point.js';
import { LedgerWatchService } from '../watch/ledger-watch.service.js';

/** After 2.5 s of asking again the dispatcher's COMMIT is not merely late. */
const LEAST_DELIVERIES = 8;
/** Long enough for most of a batch to have come once more: what is settled of one cuts it in two. */
const SETTLE_SECONDS = 5;
const LEASE_SECONDS = 30;

/** Emails of one batch, and the generation of their deliveries. */
interface Delivered {
  readonly generation: number;
  readonly ids: Set<string>;
}

/**
 * Emails that are delivered and whose batch is pending, with nobody at it: their publish was stored and not acknowledged. The
 * dispatcher publishes them again, which a stream that is full of them refuses; so a delivery counts as the acknowledgement.
 *
 * If we die after the lease, it ends as a dispatcher's does. The deliveries come again and are found dispatched.
 */
@Injectable()
export class UnsettledDeliveries {
  private readonly logger = new Logger('UnsettledDeliveries');
  private readonly owner = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  /** By batch. */
  private delivered = new Map<string, Delivered>();

  constructor(
    private readonly batches: BatchesRepository,
    private readonly watch: LedgerWatchService,
    private readonly jobs: PeriodicJobs,
  ) {}

  start(): void {
    this.jobs.add({ name: 'unsettled', everySeconds: SETTLE_SECONDS, once: false, run: () => this.settle() });
  }

  note({ id, batchId }: ClaimedEmail, generation: number, deliveries: number): void {
    if (deliveries < LEAST_DELIVERIES) return;
    const ofBatch = this.delivered.get(batchId);
    if (ofBatch?.generation === generation) ofBatch.ids.add(id);
    else this.delivered.set(batchId, { generation, ids: new Set([id]) });
  }

  private async settle(): Promise<void> {
    const { delivered } = this;
    this.delivered = new Map();
    if (delivered.size === 0) return;
    const leased = await this.batches.leasePending([...delivered.keys()], this.owner, LEASE_SECONDS);
    if (leased.length === 0) return;
    crashPoint('sender.lease');
    if (!(await this.watch.isTrusted())) return;
    const emails = await this.batches.emailsOf(leased, false);
    const settlements = leased.map((batch) => settlementOf(batch, emails.get(batch.id), delivered.get(batch.id)!));
    await this.batches.settle(settlements);
    const count = settlements.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
    this.logger.warn(`${count} emails are in the stream, though their publish was not acknowledged`);
  }
}

/** A batch that was put back meanwhile is of another generation, and what was delivered is not of it any more. */
function settlementOf(batch: LeasedBatch, emails: BatchEmails | undefined, delivered: Delivered): Settlement {
  const ids = emails?.ids ?? [];
  const isStored = (id: string) => batch.generation === delivered.generation && delivered.ids.has(id);
  return {
    batch,
    acknowledged: ids.filter((id) => isStored(id)),
    unacknowledged: ids.filter((id) => !isStored(id)),
    tooLarge: [],
    suppressed: [],
    delayMs: 0,
    error: null,
  };
}
