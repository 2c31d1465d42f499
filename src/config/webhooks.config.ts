import { registerAs, type ConfigType } from '@nestjs/config';
import { parseSnsTopicArn } from '../contracts/sns-topic-arn.js';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { httpBaseUrl, list, readableFolder } from './readers.js';
import { Variable } from './variable.js';

function topicArns(text: string): readonly string[] | '*' {
  const arns = list(text);
  if (arns.length === 1 && arns[0] === '*') return '*';
  const bad = arns.find((arn) => parseSnsTopicArn(arn) === null);
  if (bad !== undefined) {
    throw new Error(
      `must be ARNs such as arn:aws:sns:eu-west-1:123456789012:ses-events, or * alone; ${bad} is neither`,
    );
  }
  return arns;
}

export class WebhooksVariables {
  @Variable({
    text: 'SNS topics whose messages are believed; none refuses all, * takes any, which anybody with an AWS account can sign.',
    unit: 'comma-separated ARNs',
    read: topicArns,
  })
  readonly SNS_TOPIC_ARNS: readonly string[] | '*' | null;

  @Variable({
    text: 'Folder of pinned SNS certificates, named as in the URL, looked at before the network.',
    unit: 'path',
    read: readableFolder,
  })
  readonly SNS_CERT_DIR: string | null;

  @Variable({
    text: "Where subscriptions are confirmed; AWS's own variable.",
    unit: 'URL',
    otherwise: "SNS in the topic's region",
    read: httpBaseUrl,
  })
  readonly AWS_ENDPOINT_URL_SNS: string | null;
}

export const webhooksConfig = registerAs('webhooks', () => {
  const env = loadedVariables(WebhooksVariables);
  return deepFreeze({
    topicArns: env.SNS_TOPIC_ARNS ?? [],
    certDir: env.SNS_CERT_DIR,
    snsEndpoint: env.AWS_ENDPOINT_URL_SNS,
  });
});

export type WebhooksConfig = ConfigType<typeof webhooksConfig>;
