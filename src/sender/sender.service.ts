import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { senderConfig, type SenderConfig } from '../config/sender.config.js';
import { isReference } from '../contracts/payload.js';
import { DatabaseService } from '../database/database.service.js';
import { type Delivery, QueueConsumer } from '../jetstream/consumer.js';
import { ACK_WAIT_MS } from '../jetstream/topology.js';
import type { Outcome, Result } from '../messages/emails.repository.js';
import type { ClaimedEmail } from '../messages/judging.js';
import { LedgerWatchService } from '../watch/ledger-watch.service.js';
import { backoffMs } from '../runtime/backoff.js';
import { crashPoint } from '../runtime/crash-point.js';
import { DeadLettersService } from './dead-letters.service.js';
import { AccountRefresh } from './account-refresh.js';
import { ClaimsService, type OpenClaim } from './claims.service.js';
import { resultOf } from './failure-policy.js';
import { type Contents, mailOf } from './mail-of.js';
import { MessageContents } from './message-contents.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { Pace } from './pace.js';
import { type Task, taskOf, UnknownVersionError } from './task.js';
import { type Transport, TRANSPORT, TransportError } from './transports/transport.js';
import { UnsettledDeliveries } from './unsettled-deliveries.js';
import { messageOf } from '../runtime/message-of.js';

/** Published, its settle not yet committed: that is a matter of milliseconds, or of a lease if a dispatcher died. */
const NOT_SETTLED_NAK = { baseMs: 20, capMs: 2_000 };
/** Another claim has it: its outcome or its sweep comes within a lease. */
const IN_FLIGHT_NAK_MS = 10_000;
/** Not ours to judge (another version, another ledger): kept in the stream for whoever can. */
const FOREIGN_NAK_MS = 60_000;
/** Two of three may be lost before the stream delivers again. */
const WORKING_MS = ACK_WAIT_MS / 3;
/** Of all places: the others are claimed while the outcomes of these are written. */
const LARGEST_CLAIM = 0.5;
const RETRY_MS = 500;
/** Claimed on a connection to a ledger that went back, which may have forgotten that it was sent. */
const FORGOTTEN: Result = { state: 'uncertain', reason: 'the ledger went back before it was sent' };
/** What is in flight at SIGTERM has this long; afterwards its claim expires and the sweep settles it. */
const STOP_TIMEOUT_MS = 20_000;

/** A task that the provider answered for, or refused to. */
interface Finished {
  task: Task;
  claim: OpenClaim;
  outcome: Outcome;
}

/**
 * Takes deliveries from the stream, asks the ledger for each, sends what it says, records the outcome, acknowledges.
 *
 * A delivery is `waiting` (here, unclaimed) → `busy` (being claimed, sent or recorded) → `answering`. If we die while
 * waiting, the stream delivers it again. While busy before the claim, the same; after it, the claim expires and the
 * sweep decides, and every later delivery of this generation is answered by the ledger. After the outcome and before
 * the acknowledgement, it is delivered again, found done, and acknowledged: so what is being answered takes no place.
 */
@Injectable()
export class SenderService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Sender');
  private readonly waiting: Task[] = [];
  private readonly busy = new Set<Task>();
  /** Of this turn of the event loop; their outcomes are recorded together. */
  private readonly finished: Finished[] = [];
  private answering = 0;
  private isClaiming = false;
  private isStopping = false;
  private resumeDeliveries: (() => void) | null = null;

  constructor(
    @Inject(senderConfig.KEY) private readonly config: SenderConfig,
    @Inject(TRANSPORT) private readonly transport: Transport,
    private readonly database: DatabaseService,
    private readonly queue: QueueConsumer,
    private readonly claims: ClaimsService,
    private readonly unsettled: UnsettledDeliveries,
    private readonly contents: MessageContents,
    private readonly deadLetters: DeadLettersService,
    private readonly outcomes: OutcomeRecorder,
    private readonly account: AccountRefresh,
    private readonly pace: Pace,
    private readonly watch: LedgerWatchService,
  ) {}

  onApplicationBootstrap(): void {
    void this.database.ready.then(async () => {
      this.claims.start();
      this.unsettled.start();
      await this.account.start();
      setInterval(() => this.stillWorking(), WORKING_MS).unref();
      return this.consume();
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    this.queue.stop();
    this.resumeDeliveries?.();
    for (const { delivery } of this.waiting.splice(0)) delivery.nak(0);
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    while (this.busy.size + this.answering > 0 && performance.now() < deadline) await sleep(20);
    await this.outcomes.drain();
    await this.transport.close();
  }

  private async consume(): Promise<void> {
    while (!this.isStopping) {
      if (this.queue.isReady) {
        try {
          await this.queue.deliver(
            () => this.room(),
            (delivery) => this.accept(delivery),
          );
        } catch (error) {
          this.logger.warn(`cannot consume: ${messageOf(error)}`);
        }
      }
      await sleep(RETRY_MS);
    }
  }

  /** How many deliveries may come: asked for are many at a time. 0 when none shall come any more. */
  private async room(): Promise<number> {
    const { concurrency } = this.config;
    while (this.waiting.length > concurrency / 2 && !this.isStopping) {
      await new Promise<void>((resolve) => (this.resumeDeliveries = resolve));
    }
    return this.isStopping ? 0 : concurrency - this.waiting.length;
  }

  private accept(delivery: Delivery): void {
    if (this.isStopping) return delivery.nak(0);
    try {
      this.waiting.push(taskOf(delivery));
    } catch (error) {
      if (!(error instanceof UnknownVersionError)) return void this.deadLetters.keep(delivery, messageOf(error));
      this.logger.error(`stream message ${delivery.sequence} cannot be read: ${error.message}`);
      return delivery.nak(FOREIGN_NAK_MS);
    }
    void this.claimWaiting();
  }

  /** Claims as many as have a token and a free place, in one statement, until nothing waits or all places are taken. */
  private async claimWaiting(): Promise<void> {
    if (this.isClaiming) return;
    this.isClaiming = true;
    try {
      while (this.waiting.length > 0 && this.freePlaces > 0 && !this.isStopping) {
        // All that came and all that became free in this turn of the event loop go into one claim.
        await immediate();
        if (!(await this.isTrusted())) {
          await sleep(RETRY_MS);
          continue;
        }
        const most = Math.ceil(this.config.concurrency * LARGEST_CLAIM);
        const wanted = Math.min(this.waiting.length, this.freePlaces, most);
        const count = await this.pace.take(wanted, this.waiting.length);
        if (count === 0 || this.waiting.length === 0) continue;
        crashPoint('sender.token');
        await this.claim(this.waiting.splice(0, count));
      }
    } finally {
      this.isClaiming = false;
    }
  }

  private get freePlaces(): number {
    return (this.pace.isProbing ? 1 : this.config.concurrency) - this.busy.size;
  }

  private async claim(taken: readonly Task[]): Promise<void> {
    const tasks = new Map<string, Task>();
    for (const task of taken) {
      // The same email twice in one claim would be claimed once and sent twice.
      if (tasks.has(task.id)) task.delivery.nak(IN_FLIGHT_NAK_MS);
      else tasks.set(task.id, task);
    }
    for (const task of tasks.values()) this.busy.add(task);
    this.resumeDeliveries?.();
    let contents: Contents;
    let claim: OpenClaim;
    let emails: ClaimedEmail[];
    try {
      // Before the claim, so that nothing is in doubt if this fails or we die meanwhile.
      contents = await this.contents.load(referencedBy(tasks.values()));
      ({ claim, emails } = await this.claims.claim([...tasks.values()]));
    } catch (error) {
      this.logger.warn(`cannot claim: ${messageOf(error)}`);
      for (const task of tasks.values()) this.busy.delete(task);
      this.waiting.unshift(...tasks.values());
      this.pace.giveBack(taken.length);
      await sleep(RETRY_MS);
      return;
    }
    // The claim itself may have met another server.
    const isTrusted = await this.isTrusted();
    this.pace.giveBack(isTrusted ? taken.length - claim.open : taken.length);
    const done: Task[] = [];
    for (const email of emails) {
      const task = tasks.get(email.id)!;
      if (email.verdict === 'send' && isTrusted) void this.send(task, email, claim, contents);
      else if (email.verdict === 'send') this.finish(task, email, claim, FORGOTTEN);
      else if (this.isDone(task, email)) done.push(task);
      else this.busy.delete(task);
    }
    if (done.length > 0) void this.acknowledge(done);
  }

  /** Whether the ledger is done with it; else it is told when to come again. */
  private isDone({ id, generation, delivery }: Task, email: ClaimedEmail): boolean {
    switch (email.verdict) {
      case 'not_settled':
        this.unsettled.note(email, generation, delivery.deliveries);
        delivery.nak(backoffMs(delivery.deliveries, NOT_SETTLED_NAK));
        return false;
      case 'in_flight':
        delivery.nak(IN_FLIGHT_NAK_MS);
        return false;
      case 'unknown':
        this.logger.error(`email ${id} (generation ${generation}) is not in the ledger`);
        if (this.isForgotten(delivery))
          void this.deadLetters.keep(delivery, 'the ledger went back and does not know it');
        else delivery.nak(FOREIGN_NAK_MS);
        return false;
      default:
        return true;
    }
  }

  /** Whether mail may be sent; waits for as long as nobody can tell. */
  private async isTrusted(): Promise<boolean> {
    for (;;) {
      try {
        return await this.watch.isTrusted();
      } catch (error) {
        this.logger.warn(`cannot look at the ledger: ${messageOf(error)}`);
        await sleep(RETRY_MS);
      }
    }
  }

  /** An operator has accepted that the ledger does not know it. */
  private isForgotten({ publishedAt }: Delivery): boolean {
    const { acceptedAt } = this.watch;
    return acceptedAt !== null && publishedAt < acceptedAt;
  }

  private async send(task: Task, email: ClaimedEmail, claim: OpenClaim, contents: Contents): Promise<void> {
    let result: Result;
    try {
      const mail = mailOf(task.payload, email, contents, this.config.fromEmail);
      const { providerMessageId } = await this.transport.send(mail);
      crashPoint('sender.send');
      this.pace.answered();
      result = { state: 'sent', providerMessageId };
    } catch (cause) {
      // A fault of our own after the hand-over began says as little about the mail as a lost connection.
      const error =
        cause instanceof TransportError ? cause : new TransportError('ambiguous', messageOf(cause), { cause });
      this.slowDownFor(error);
      result = resultOf(error, email.attempt, this.config.ambiguousSends);
    }
    this.finish(task, email, claim, result);
  }

  private finish(task: Task, { id, attempt, batchId, topicId }: ClaimedEmail, claim: OpenClaim, result: Result): void {
    if (this.finished.length === 0) setImmediate(() => void this.settle(this.finished.splice(0)));
    this.finished.push({ task, claim, outcome: { id, attempt, batchId, topicId, result } });
  }

  /** Records what became of all that finished in a turn, and then answers the deliveries. */
  private async settle(finished: readonly Finished[]): Promise<void> {
    const outcomes = finished.map(({ outcome }) => outcome);
    const claims = finished.map(({ claim }) => claim);
    const ending = this.claims.endingWith(claims);
    while (!(await this.outcomes.record(outcomes, ending))) {
      // None waits any longer for another's fault.
      if (finished.length > 1) return finished.forEach((one) => void this.settle([one]));
    }
    crashPoint('sender.record');
    this.claims.close(claims, ending);
    await this.acknowledge(finished.map(({ task }) => task));
  }

  /** Their places are free at once: were we to die now, they would be delivered again and found done. */
  private async acknowledge(tasks: readonly Task[]): Promise<void> {
    for (const task of tasks) this.busy.delete(task);
    void this.claimWaiting();
    this.answering += tasks.length;
    try {
      await this.queue.ack(tasks.map(({ delivery }) => delivery));
      crashPoint('sender.ack');
    } catch (error) {
      // The outcome is recorded: the stream delivers once more and finds it done.
      this.logger.warn(`cannot acknowledge: ${messageOf(error)}`);
    } finally {
      this.answering -= tasks.length;
    }
  }

  private slowDownFor(error: TransportError): void {
    if (error.kind !== 'ambiguous') this.pace.refused();
    switch (error.kind) {
      case 'unavailable':
        return this.pace.pause(error);
      case 'throttled':
        return this.pace.throttled(error);
      case 'permanent':
      case 'temporary':
        return this.pace.answered();
      case 'ambiguous':
    }
  }

  private stillWorking(): void {
    for (const { delivery } of [...this.waiting, ...this.busy]) delivery.working();
  }
}

function referencedBy(tasks: Iterable<Task>): string[] {
  return [...tasks].flatMap(({ payload }) => (isReference(payload) ? [payload.message_id] : []));
}
