import { SmtpSink } from './smtp-sink.js';

const port = Number(process.env.SIMULATOR_SMTP_PORT ?? 1025);
const mailboxDir = process.env.MAILBOX_DIR;

if (!mailboxDir) fail('MAILBOX_DIR must name the folder for received mail');
if (!Number.isInteger(port) || port < 0 || port > 65_535) fail('SIMULATOR_SMTP_PORT must be a port');

const sink = new SmtpSink({ port, mailboxDir, isRemembering: false });
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void sink.close().then(() => process.exit(0)));
}
try {
  process.stdout.write(`simulator: smtp on 127.0.0.1:${await sink.listen()}, mailbox ${mailboxDir}\n`);
} catch (error) {
  fail((error as Error).message);
}

function fail(reason: string): never {
  process.stderr.write(`simulator: ${reason}\n`);
  process.exit(1);
}
