import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What to do when a step is reached: answer with a line, hang up, reset the connection, or never answer. */
export type Step = string | 'close' | 'reset' | 'silence';

export interface SmtpScript {
  greeting?: Step;
  /** Extension lines of the EHLO reply. */
  extensions?: string[];
  starttls?: Step;
  auth?: Step;
  mail?: Step;
  rcpt?: Step;
  data?: Step;
  /** The answer to the end of the message. */
  message?: Step;
}

/** A TCP server that speaks just enough SMTP to fail at exactly one step. */
export class ScriptedSmtp {
  readonly commands: string[] = [];
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.converse(socket));

  constructor(public script: SmtpScript) {}

  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.hangUp();
    this.server.close();
    await once(this.server, 'close');
  }

  hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private converse(socket: Socket): void {
    this.connections++;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    const perform = (step: Step): void => {
      if (step === 'close') socket.end();
      else if (step === 'reset') socket.resetAndDestroy();
      else if (step !== 'silence') socket.write(`${step}\r\n`);
    };
    let pending = '';
    let isMessage = false;
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      for (let end = pending.indexOf('\r\n'); end >= 0; end = pending.indexOf('\r\n')) {
        const line = pending.slice(0, end);
        pending = pending.slice(end + 2);
        if (isMessage) {
          if (line !== '.') continue;
          isMessage = false;
          perform(this.script.message ?? '250 2.0.0 Ok');
          continue;
        }
        this.commands.push(line);
        const step = this.replyTo(line);
        isMessage = step.startsWith('354');
        perform(step);
      }
    });
    perform(this.script.greeting ?? '220 scripted ESMTP');
  }

  private replyTo(line: string): Step {
    const { extensions = [], starttls, auth, mail, rcpt, data } = this.script;
    switch (line.slice(0, 4).toUpperCase()) {
      case 'EHLO':
        return ['scripted', ...extensions]
          .map((text, i) => `250${i < extensions.length ? '-' : ' '}${text}`)
          .join('\r\n');
      case 'STAR':
        return starttls ?? '220 Go ahead';
      case 'AUTH':
        return auth ?? '235 2.7.0 Welcome';
      case 'MAIL':
        return mail ?? '250 2.1.0 Ok';
      case 'RCPT':
        return rcpt ?? '250 2.1.5 Ok';
      case 'DATA':
        return data ?? '354 Go on';
      case 'QUIT':
        return '221 Bye';
      default:
        return '250 Ok';
    }
  }
}
