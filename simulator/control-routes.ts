import type { AcceptedLog } from './accepted-log.js';
import type { FaultRates, Faults } from './faults.js';
import { type Answer, json, type Request, type Route } from './http-server.js';
import type { SendingAccount, SendLimits } from './sending-account.js';

export interface ControlRoutesOptions {
  account: SendingAccount;
  faults: Faults;
  accepted: AcceptedLog;
}

const LIMITS: Readonly<Record<string, keyof SendLimits>> = {
  max_send_rate: 'maxSendRate',
  max_24_hour_send: 'max24HourSend',
  sent_last_24_hours: 'sentLast24Hours',
  sending_enabled: 'isSendingEnabled',
  enforcement_status: 'enforcementStatus',
};
const RATES: Readonly<Record<string, keyof FaultRates>> = {
  throttle_percent: 'throttlePercent',
  reset_percent: 'resetPercent',
  reject_percent: 'rejectPercent',
};

const PAGE_LIMIT = 10_000;

/** For tests and for whoever tries things out: limits and faults can be changed at any time. */
export class ControlRoutes {
  readonly routes: readonly Route[] = [
    { method: 'GET', path: /^\/limits$/, answer: () => json(outside(this.options.account.limits, LIMITS)) },
    { method: 'PUT', path: /^\/limits$/, answer: (request) => this.putLimits(request) },
    { method: 'GET', path: /^\/faults$/, answer: () => json(outside(this.options.faults.rates, RATES)) },
    { method: 'PUT', path: /^\/faults$/, answer: (request) => this.putFaults(request) },
    { method: 'GET', path: /^\/accepted$/, answer: (request) => this.listAccepted(request) },
  ];

  constructor(private readonly options: ControlRoutesOptions) {}

  private putLimits({ body }: Request): Answer {
    const { account } = this.options;
    account.limits = inside(body, account.limits, LIMITS);
    return json(outside(account.limits, LIMITS));
  }

  private putFaults({ body }: Request): Answer {
    const { faults } = this.options;
    faults.rates = inside(body, faults.rates, RATES);
    return json(outside(faults.rates, RATES));
  }

  private listAccepted({ url: { searchParams } }: Request): Answer {
    const { accepted } = this.options;
    const after = Number(searchParams.get('after')) || 0;
    const page = accepted.page(after, PAGE_LIMIT);
    return json({
      data: page.map(({ at, requestId, recipient }) => ({ at, request_id: requestId, recipient })),
      accepted: accepted.length,
    });
  }
}

/** The settings under their outside names. */
function outside<Settings extends object>(settings: Settings, names: Readonly<Record<string, keyof Settings>>): object {
  return Object.fromEntries(Object.entries(names).map(([name, key]) => [name, settings[key]]));
}

/** The settings with those that the request names; a value of another type is refused. */
function inside<Settings extends object>(
  body: Buffer,
  settings: Settings,
  names: Readonly<Record<string, keyof Settings>>,
): Settings {
  const changed = { ...settings };
  for (const [name, value] of Object.entries(JSON.parse(body.toString()) as Record<string, unknown>)) {
    const key = names[name];
    if (key === undefined || typeof value !== typeof settings[key]) throw new Error(`cannot set ${name}`);
    changed[key] = value as Settings[typeof key];
  }
  return changed;
}
