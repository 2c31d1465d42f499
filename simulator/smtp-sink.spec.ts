import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SmtpTransport } from '../src/sender/transports/smtp.transport.js';
import { aMail } from '../test/support/mails.js';
import { SmtpSink, type SmtpSinkOptions } from './smtp-sink.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setup(options: SmtpSinkOptions = {}) {
  const sink = new SmtpSink(options);
  const port = await sink.listen();
  const transport = new SmtpTransport({ url: `smtp://127.0.0.1:${port}`, maxConnections: 16 });
  closers.push(
    () => sink.close(),
    () => transport.close(),
  );
  return { sink, port, transport };
}

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sink-'));
  closers.push(() => rm(dir, { recursive: true }));
  return dir;
}

describe('the SMTP sink', () => {
  it('writes one whole file per mail, with its envelope, before it answers', async () => {
    const mailboxDir = await folder();
    const { transport } = await setup({ mailboxDir });
    await transport.send(aMail({ to: 'ada@example.net', html: '<p>\n.dot</p>' }));
    const [name, ...others] = await readdir(mailboxDir);
    expect(others).toEqual([]);
    expect(name).toMatch(/^\d{4}-\d\d-\d\dT[\d-]+Z-0000001-ada@example\.net\.eml$/);
    const text = await readFile(join(mailboxDir, name), 'utf8');
    expect(text).toMatch(/^X-Envelope-From: no-reply@example\.com\r\nX-Envelope-To: ada@example\.net\r\n/);
    expect(text).toContain('\r\n.dot</p>');
  });

  it('keeps names inside the folder, whatever the recipient is called', async () => {
    const mailboxDir = await folder();
    const { transport } = await setup({ mailboxDir });
    await transport.send(aMail({ to: '/etc/a~b@example.net' }));
    expect((await readdir(mailboxDir))[0]).toMatch(/-_etc_a_b@example\.net\.eml$/);
  });

  it('finds a mail that came, and one that comes later', async () => {
    const { sink, transport } = await setup();
    const early = sink.waitFor(({ to }) => to[0] === 'b@example.net', 2_000);
    await transport.send(aMail({ to: 'a@example.net' }));
    await transport.send(aMail({ to: 'b@example.net' }));
    expect((await early).to).toEqual(['b@example.net']);
    expect((await sink.waitFor(({ to }) => to[0] === 'a@example.net', 0)).to).toEqual(['a@example.net']);
  });

  it('says how many others came when the awaited mail does not', async () => {
    const { sink, transport } = await setup();
    await transport.send(aMail());
    await expect(sink.waitFor(() => false, 10)).rejects.toThrow('no such mail within 10 ms; 1 others came');
  });

  it('keeps no mail that it refuses', async () => {
    const mailboxDir = await folder();
    const { sink, transport } = await setup({ mailboxDir, respond: () => ({ status: 451, text: '4.3.0 later' }) });
    await expect(transport.send(aMail())).rejects.toMatchObject({ kind: 'temporary', reason: 'smtp; 451 4.3.0 later' });
    expect([sink.mails, await readdir(mailboxDir)]).toEqual([[], []]);
  });

  it('answers after the delay', async () => {
    const { transport } = await setup({ delayMs: 80 });
    const start = performance.now();
    await transport.send(aMail());
    expect(performance.now() - start).toBeGreaterThanOrEqual(79);
  });

  it('refuses to listen on a port that is taken', async () => {
    const { port } = await setup();
    await expect(new SmtpSink({ port }).listen()).rejects.toThrow('EADDRINUSE');
  });
});
