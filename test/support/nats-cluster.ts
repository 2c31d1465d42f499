import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { freePort } from './child.js';
import { eventually } from './eventually.js';
import { required } from './stack.js';

const NODES = ['a', 'b', 'c'] as const;
type NodeName = (typeof NODES)[number];

/** Three nats-servers whose streams have a replica on each; each of them may be killed and started again. */
export class NatsCluster {
  private readonly processes = new Map<NodeName, ChildProcess>();

  private constructor(
    private readonly folder: string,
    private readonly ports: Readonly<Record<NodeName, number>>,
  ) {}

  static async create(): Promise<NatsCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'messages-nats-cluster-'));
    const [ports, routes] = [await portsOf(), await portsOf()];
    for (const node of NODES) {
      const lines = [
        `server_name: ${node}`,
        `listen: "127.0.0.1:${ports[node]}"`,
        'max_payload: 8MB',
        `jetstream { store_dir: ${JSON.stringify(join(folder, node))} }`,
        `cluster { name: test, listen: "127.0.0.1:${routes[node]}", routes: [${NODES.map((other) => `"nats://127.0.0.1:${routes[other]}"`).join(', ')}] }`,
        '',
      ];
      await writeFile(join(folder, `${node}.conf`), lines.join('\n'));
    }
    return new NatsCluster(folder, ports);
  }

  /** Of all, separated by commas. */
  get url(): string {
    return NODES.map((node) => `nats://127.0.0.1:${this.ports[node]}`).join(',');
  }

  async start(): Promise<void> {
    for (const node of NODES) this.startNode(node);
    await eventually(() => this.hasLeader(), 30_000, 'a leader of JetStream');
  }

  startNode(node: NodeName): void {
    const binary = required('TEST_NATS_SERVER_BIN');
    this.processes.set(node, spawn(binary, ['-c', join(this.folder, `${node}.conf`)], { stdio: 'ignore' }));
  }

  /** The node that leads a stream. */
  async leaderOf(connection: NatsConnection, stream: string): Promise<NodeName> {
    const leader = async () => {
      const manager = await connection.jetstreamManager({ checkAPI: false });
      const info = await manager.streams.info(stream).catch(() => null);
      return info?.cluster?.leader as NodeName | undefined;
    };
    return eventually(leader, 30_000, `a leader of ${stream}`);
  }

  /** Resolves when each node has what the leader of a stream has: from then on any of them may be lost. */
  async isWhole(connection: NatsConnection, stream: string): Promise<void> {
    const isWhole = async () => {
      const manager = await connection.jetstreamManager({ checkAPI: false });
      const info = await manager.streams.info(stream).catch(() => null);
      const followers = info?.cluster?.replicas ?? [];
      return followers.length === NODES.length - 1 && followers.every(({ current, offline }) => current && !offline);
    };
    await eventually(isWhole, 60_000, `three replicas of ${stream}`);
  }

  /** `kill -9`. */
  async kill(node: NodeName): Promise<void> {
    const process = this.processes.get(node);
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }

  async remove(): Promise<void> {
    for (const node of NODES) await this.kill(node);
    await rm(this.folder, { recursive: true, force: true });
  }

  private async hasLeader(): Promise<boolean> {
    try {
      const connection = await connect({ servers: this.url.split(','), timeout: 1_000, reconnect: false });
      try {
        await (await connection.jetstreamManager()).getAccountInfo();
        return true;
      } finally {
        await connection.close();
      }
    } catch {
      return false;
    }
  }
}

async function portsOf(): Promise<Record<NodeName, number>> {
  const [a, b, c] = [await freePort(), await freePort(), await freePort()];
  return { a, b, c };
}
