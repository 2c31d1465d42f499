import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresServer } from './postgres-server.js';
import { makeStandby, promote, waitForStandby } from './postgres-standby.js';
import { TcpGate } from './tcp-gate.js';

/** What is answered while the standby is cut off would be lost with the primary. */
const CUT_OFF_MS = 300;

/** A PostgreSQL server and its synchronous standby behind one address, which may take each other's place. */
export class PostgresPair {
  /** Between the two. */
  private line: TcpGate | null = null;

  private constructor(
    private primary: PostgresServer,
    private standby: PostgresServer,
    private readonly gate: TcpGate,
  ) {}

  static async create(): Promise<PostgresPair> {
    const primary = await PostgresServer.create();
    await primary.start();
    const gate = await TcpGate.before(primary.url);
    await gate.open();
    return new PostgresPair(primary, await PostgresServer.create(), gate);
  }

  /** The address of both. */
  get url(): string {
    return this.gate.url;
  }

  /** Makes the other server, whatever it was, the synchronous standby of the primary. */
  async join(): Promise<void> {
    this.line = await TcpGate.before(this.primary.url);
    await this.line.open();
    await makeStandby(this.standby, this.primary, this.line.port);
    await this.standby.start();
    await waitForStandby(this.primary);
  }

  /** The primary loses first its standby and then its power, and the standby takes its place. */
  async failOver(): Promise<void> {
    await this.line?.close();
    await sleep(CUT_OFF_MS);
    await this.primary.killAll();
    await promote(this.standby);
    this.gate.switchTo(this.standby.url);
    [this.primary, this.standby] = [this.standby, this.primary];
  }

  async remove(): Promise<void> {
    await Promise.all([this.gate.close(), this.line?.close()]);
    await Promise.all([this.primary.remove(), this.standby.remove()]);
  }
}
