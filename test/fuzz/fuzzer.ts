import type { OpenApi, Route } from '../support/openapi.js';
import { readDocument, routesOf } from '../support/openapi.js';
import type { SnsTopic } from '../support/sns.js';
import type { Gateway } from '../support/stack.js';
import { disturb } from './disturb.js';
import { GoodDrafts, render } from './draft.js';
import { curlOf, Exchange, type FuzzRequest } from './exchange.js';
import { Histogram } from './histogram.js';
import { Judge } from './judge.js';
import { Known } from './known.js';
import { Memory } from './memory.js';
import { Random } from './random.js';
import { Signed } from './signed.js';

const LANES = 8;
const UNDISTURBED = 0.45;
/** Submissions are what the rest lives on, and have the most that can be wrong. */
const SUBMISSIONS = 0.25;
/** A fault comes back with every request of its kind. */
const MAX_FINDINGS = 20;
const SAMPLE_EVERY = 500;

export interface Finding {
  index: number;
  faults: string[];
  command: string;
  answer: string;
}

/** Sends requests made from the gateway's own document, good ones and disturbed ones, and judges each answer. */
export class Fuzzer {
  readonly histogram = new Histogram();
  readonly memory: Memory;
  readonly findings: Finding[] = [];
  private readonly known = new Known();
  private readonly routes: Route[];
  private readonly drafts: GoodDrafts;
  private readonly judge: Judge;

  private constructor(
    private readonly gateway: Gateway,
    private readonly seed: number,
    document: OpenApi,
    signed: Signed,
  ) {
    this.routes = routesOf(document);
    this.drafts = new GoodDrafts(document, this.known, signed);
    this.judge = new Judge(document);
    this.memory = new Memory(gateway);
  }

  static async over(gateway: Gateway, seed: number, secret: string, topic: SnsTopic): Promise<Fuzzer> {
    return new Fuzzer(gateway, seed, await readDocument(gateway.url), new Signed(secret, topic));
  }

  /** Ends early once the gateway has died or enough was found. */
  async run(requests: number): Promise<void> {
    const exchange = new Exchange(this.gateway.url, LANES);
    let next = 0;
    const lane = async () => {
      while (next < requests && this.gateway.isRunning && this.findings.length < MAX_FINDINGS) {
        const index = next++;
        if (index % SAMPLE_EVERY === 0) await this.memory.sample();
        await this.tryOne(exchange, index);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    exchange.close();
  }

  /** The routes of the document of which nothing was ever got but a refusal. */
  get unserved(): string[] {
    return this.routes.map(({ method, path }) => `${method} ${path}`).filter((name) => !this.histogram.isServed(name));
  }

  private async tryOne(exchange: Exchange, index: number): Promise<void> {
    const request = this.request(new Random(this.seed * 1_000_003 + index));
    const answer = await exchange.send(request);
    if (answer instanceof Error) {
      this.find(index, request, [`no answer: ${answer.message}`], '');
      return;
    }
    const { name, faults } = this.judge.judge(request, answer);
    this.histogram.add(name, answer.status);
    if (faults.length > 0) this.find(index, request, faults, `${answer.status} ${answer.body.slice(0, 1_000)}`);
    else this.known.learn(request, answer);
  }

  /** The same index and seed make the same request, but for ids, which the gateway chooses, and times. */
  private request(random: Random): FuzzRequest {
    const submission = this.routes.find(({ method, path }) => method === 'POST' && path === '/v1/messages');
    const route = submission && random.chance(SUBMISSIONS) ? submission : random.pick(this.routes);
    const draft = this.drafts.of(route, random);
    if (!random.chance(UNDISTURBED)) disturb(draft, random);
    return render(draft);
  }

  private find(index: number, request: FuzzRequest, faults: string[], answer: string): void {
    this.findings.push({ index, faults, command: curlOf(this.gateway.url, request), answer });
  }
}
