import { randomBytes } from 'node:crypto';
import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { onTestFinished } from 'vitest';
import type { NatsConfig } from '../../src/config/nats.config.js';
import { JetStreamService } from '../../src/jetstream/jetstream.service.js';
import { eventually } from './eventually.js';
import { required } from './stack.js';

interface OwnStream {
  name: string;
  config: NatsConfig;
  service: JetStreamService;
  /** A connection that is not the service's. */
  beside: NatsConnection;
  manager: JetStreamManager;
}

/** A service on a stream of the test's own, once that is ready. */
export async function ownStream(servers = required('TEST_NATS_URL')): Promise<OwnStream> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const config = {
    servers: [servers],
    stream: name,
    subject: `${name}.email`,
    consumer: 'sender',
    maxBytes: 64 * 1024 * 1024,
    replicas: 1,
    payload: 'inline',
    payloadFormat: 'json',
    tls: false,
    caFile: null,
    credsFile: null,
  } as unknown as NatsConfig;
  const service = new JetStreamService(config);
  service.onApplicationBootstrap();
  onTestFinished(() => service.onApplicationShutdown());
  await eventually(() => service.state.ready, 10_000, 'the stream');
  const beside = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  const manager = await beside.jetstreamManager();
  onTestFinished(async () => {
    for (const stream of [name, `${name}-ledger`]) await manager.streams.delete(stream).catch(() => false);
    await beside.close();
  });
  return { name, config, service, beside, manager };
}
