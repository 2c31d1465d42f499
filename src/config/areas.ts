import { authConfig, AuthVariables } from './auth.config.js';
import type { ProcessName } from './contradiction.js';
import { crashConfig, CrashVariables } from './crash.config.js';
import { databaseConfig, DatabaseVariables } from './database.config.js';
import { eventsConfig, EventsVariables } from './events.config.js';
import { logConfig, LogVariables } from './log.config.js';
import { natsConfig, NatsVariables } from './nats.config.js';
import { retentionConfig, RetentionVariables } from './retention.config.js';
import { schedulerConfig, SchedulerVariables } from './scheduler.config.js';
import { senderConfig, SenderVariables } from './sender.config.js';
import { serverConfig, ServerVariables } from './server.config.js';
import { trackingConfig, TrackingVariables } from './tracking.config.js';
import type { VariablesClass } from './variable.js';
import { webhooksConfig, WebhooksVariables } from './webhooks.config.js';

interface Area {
  title: string;
  variables: VariablesClass;
  namespace: () => object;
  /** A process is not stopped by a fault in what it never reads: a sender need not see the gateway's key file. */
  readBy: readonly ProcessName[];
  /** No document for those who run it shows it. */
  isForTests?: true;
}

/** The environment, in the order of the generated documents. */
export const areas: readonly Area[] = [
  { title: 'HTTP', variables: ServerVariables, namespace: serverConfig, readBy: ['gateway', 'sender'] },
  { title: 'Keys', variables: AuthVariables, namespace: authConfig, readBy: ['gateway'] },
  { title: 'Log', variables: LogVariables, namespace: logConfig, readBy: ['gateway', 'sender', 'cli'] },
  {
    title: 'PostgreSQL',
    variables: DatabaseVariables,
    namespace: databaseConfig,
    readBy: ['gateway', 'sender', 'cli'],
  },
  { title: 'NATS JetStream', variables: NatsVariables, namespace: natsConfig, readBy: ['gateway', 'sender', 'cli'] },
  { title: 'Scheduler', variables: SchedulerVariables, namespace: schedulerConfig, readBy: ['gateway'] },
  { title: 'Sender', variables: SenderVariables, namespace: senderConfig, readBy: ['sender'] },
  { title: 'Tracking', variables: TrackingVariables, namespace: trackingConfig, readBy: ['gateway', 'sender'] },
  { title: 'Events', variables: EventsVariables, namespace: eventsConfig, readBy: ['gateway'] },
  { title: 'Retention', variables: RetentionVariables, namespace: retentionConfig, readBy: ['gateway'] },
  { title: 'SNS webhook', variables: WebhooksVariables, namespace: webhooksConfig, readBy: ['gateway'] },
  {
    title: 'Crash points',
    variables: CrashVariables,
    namespace: crashConfig,
    readBy: ['gateway', 'sender'],
    isForTests: true,
  },
];
