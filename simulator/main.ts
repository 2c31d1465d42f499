import { Simulator } from './simulator.js';

const {
  MAILBOX_DIR: mailboxDir,
  SIMULATOR_WEBHOOK_URL: webhookUrl,
  SIMULATOR_TOPIC_ARN: topicArn = 'arn:aws:sns:us-east-1:000000000000:simulator',
  SNS_CERT_DIR: certDir,
} = process.env;

if (!mailboxDir) fail('MAILBOX_DIR must name the folder for received mail');
if (!/^arn:aws(-cn)?:sns:[a-z0-9-]+:\d{12}:[\w-]+$/.test(topicArn))
  fail('SIMULATOR_TOPIC_ARN must be the ARN of a topic');
if (webhookUrl && !certDir)
  fail('SNS_CERT_DIR must name the folder for the certificate that signs what goes to the webhook');

const simulator = new Simulator({
  smtpPort: port('SIMULATOR_SMTP_PORT', 1025),
  httpPort: port('SIMULATOR_HTTP_PORT', 8025),
  mailboxDir,
  limits: {
    maxSendRate: number('SIMULATOR_MAX_SEND_RATE', 10_000),
    max24HourSend: number('SIMULATOR_MAX_24_HOUR_SEND', 10_000_000),
  },
  faults: {
    seed: number('SIMULATOR_SEED', 1),
    throttlePercent: number('SIMULATOR_THROTTLE_PERCENT', 0),
    resetPercent: number('SIMULATOR_RESET_PERCENT', 0),
    rejectPercent: number('SIMULATOR_REJECT_PERCENT', 0),
  },
  ...(webhookUrl && certDir ? { sns: { webhookUrl, topicArn, certDir } } : {}),
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void simulator.close().then(() => process.exit(0)));
}
try {
  const { smtpPort, httpPort } = await simulator.listen();
  const addresses = `smtp on 127.0.0.1:${smtpPort}, ses and mailbox on http://127.0.0.1:${httpPort}`;
  process.stdout.write(`simulator: ${addresses}, mail files in ${mailboxDir}\n`);
} catch (error) {
  fail((error as Error).message);
}

function port(name: string, otherwise: number): number {
  const value = Number(process.env[name] || otherwise);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) fail(`${name} must be a port`);
  return value;
}

function number(name: string, otherwise: number): number {
  const value = Number(process.env[name] || otherwise);
  if (!(value >= 0)) fail(`${name} must be a number from 0`);
  return value;
}

function fail(reason: string): never {
  process.stderr.write(`simulator: ${reason}\n`);
  process.exit(1);
}
