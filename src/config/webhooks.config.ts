import { registerAs, type ConfigType } from '@nestjs/config';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { list } from './readers.js';
import { Variable } from './variable.js';

export class WebhooksVariables {
  @Variable({
    text: 'SNS topics whose messages are believed; none refuses all, * takes any.',
    unit: 'comma-separated ARNs',
    read: list,
  })
  readonly SNS_TOPIC_ARNS: readonly string[] | null;

  @Variable({ text: 'Folder of pinned SNS certificates, looked at before the network.', unit: 'path' })
  readonly SNS_CERT_DIR: string | null;
}

export const webhooksConfig = registerAs('webhooks', () => {
  const env = loadedVariables(WebhooksVariables);
  return deepFreeze({ topicArns: env.SNS_TOPIC_ARNS ?? [], certDir: env.SNS_CERT_DIR });
});

export type WebhooksConfig = ConfigType<typeof webhooksConfig>;
