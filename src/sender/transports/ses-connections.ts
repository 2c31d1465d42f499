import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

/**
 * How far one attempt came. The SDK reports a refused connection, a broken handshake and a lost answer alike, so the agents
 * observe it:
 *
 * - `session`: credentials, DNS, connect or TLS. No byte of the request can have left.
 * - `request`: a connection stood, and the request may have reached SES.
 */
export type SesPhase = 'session' | 'request';

export interface SesAttempt {
  phase: SesPhase;
}

/**
 * An idle connection is given up before SES or a NAT between us does so: a request written into a closed one is ambiguous. Only
 * idle ones: the handler sets its own timeouts on a connection in use.
 */
const IDLE_MS = 4_000;

/** Connections to SES that know whose request each of them carries. */
export class SesConnections {
  // No limit of their own, since the sender's concurrency is one: a request that waited for a connection would be
  // answered for by somebody else's.
  readonly httpAgent = new HttpAgent({ keepAlive: true, maxSockets: Infinity, timeout: IDLE_MS });
  readonly httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets: Infinity, timeout: IDLE_MS });
  private readonly current = new AsyncLocalStorage<SesAttempt>();

  constructor() {
    this.observe(this.httpAgent, 'connect');
    this.observe(this.httpsAgent, 'secureConnect');
  }

  /** For the call that hands the request to HTTP. What comes before it, signing, has sent nothing. */
  carry<Answer>(attempt: SesAttempt, request: () => Promise<Answer>): Promise<Answer> {
    // Doubtful until a new connection shows that it is not: a request with unknown fate must not be sent twice.
    attempt.phase = 'request';
    return this.current.run(attempt, request);
  }

  close(): void {
    this.httpAgent.destroy();
    this.httpsAgent.destroy();
  }

  private observe(agent: HttpAgent, readyEvent: 'connect' | 'secureConnect'): void {
    const create = agent.createConnection.bind(agent);
    agent.createConnection = (options, callback) => {
      const socket = create(options, callback);
      const attempt = this.current.getStore();
      if (attempt && socket) {
        attempt.phase = 'session';
        socket.once(readyEvent, () => (attempt.phase = 'request'));
      }
      return socket;
    };
  }
}
