import { registerAs, type ConfigType } from '@nestjs/config';
import { IsIn, Max, Min } from 'class-validator';
import type { Contradiction } from './contradiction.js';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { httpBaseUrl, lowerCase, addressesAndDomains, timeZone } from './readers.js';
import { Variable } from './variable.js';

export class ServerVariables {
  @Variable({ text: 'Port of the HTTP server; 0 takes any free one.', default: '3000' })
  @Min(0)
  @Max(65535)
  readonly SERVER_PORT: number;

  @Variable({
    text: 'Public base URL: what stands before /v1 in the links and pixels of sent mail.',
    unit: 'URL',
    default: 'http://localhost:3000',
    read: httpBaseUrl,
  })
  readonly SERVER_HOST: string;

  @Variable({ text: 'A longer request body is answered 413.', unit: 'bytes', default: '33554432' })
  @Min(1024)
  @Max(1073741824)
  readonly MAX_BODY_BYTES: number;

  @Variable({
    text: 'Unknown fields of a request are refused, or (for the first week after a move) accepted and logged.',
    default: 'refuse',
    read: lowerCase,
  })
  @IsIn(['refuse', 'warn'])
  readonly UNKNOWN_FIELDS: 'refuse' | 'warn';

  @Variable({
    text: 'Zone in which a scheduled_at without an offset is read.',
    unit: 'IANA time zone',
    default: 'UTC',
    read: timeZone,
  })
  readonly DEFAULT_TIMEZONE: string;

  @Variable({
    text: "Port of the sender's health routes and, in a later version, of /metrics; 0 turns it off.",
    default: '9464',
  })
  @Min(0)
  @Max(65535)
  readonly METRICS_PORT: number;

  @Variable({
    text: 'The only addresses and domains (each without its subdomains) that are written to, for staging; none means all.',
    unit: 'comma-separated list',
    read: addressesAndDomains,
  })
  readonly ALLOWED_RECIPIENTS: readonly string[] | null;

  @Variable({
    text: 'Addresses and domains (each without its subdomains) that a message may name as its from; none means that none may.',
    unit: 'comma-separated list',
    read: addressesAndDomains,
  })
  readonly FROM_DOMAINS: readonly string[] | null;

  @Variable({
    text: 'What one client address may ask of pixels, links and pages to unsubscribe, with ten times as much at once. Beyond it pixels and links are answered and not recorded; 0 is no limit.',
    unit: 'per second',
    default: '1000',
  })
  @Min(0)
  @Max(1000000)
  readonly PUBLIC_RATE_PER_SECOND: number;

  @Variable({
    text: 'How much of one client address is refused for its key or its signature, with ten times as much at once, before it is answered 429; 0 is no limit.',
    unit: 'per second',
    default: '100',
  })
  @Min(0)
  @Max(1000000)
  readonly REFUSALS_PER_SECOND: number;

  @Variable({
    text: 'How many proxies of yours stand before the gateway, each of which adds to X-Forwarded-For: by it clients are told apart. 0 where clients reach it themselves.',
    default: '1',
  })
  @Min(0)
  @Max(10)
  readonly TRUSTED_PROXIES: number;

  @Variable({
    text: 'How long a gateway serves on after SIGTERM or SIGINT, until nothing more is sent to it.',
    unit: 'seconds',
    default: '5',
  })
  @Min(0)
  // A process ends 28 s after the signal; requests take up to 15 of them.
  @Max(10)
  readonly SHUTDOWN_DELAY: number;

  contradictions(): Contradiction[] {
    if (this.METRICS_PORT === 0 || this.SERVER_PORT !== this.METRICS_PORT) return [];
    return [{ of: ['SERVER_PORT', 'METRICS_PORT'], text: 'must be different ports' }];
  }
}

export const serverConfig = registerAs('server', () => {
  const env = loadedVariables(ServerVariables);
  return deepFreeze({
    port: env.SERVER_PORT,
    publicUrl: env.SERVER_HOST,
    maxBodyBytes: env.MAX_BODY_BYTES,
    unknownFields: env.UNKNOWN_FIELDS,
    defaultTimezone: env.DEFAULT_TIMEZONE,
    metricsPort: env.METRICS_PORT,
    allowedRecipients: env.ALLOWED_RECIPIENTS ?? [],
    fromDomains: env.FROM_DOMAINS ?? [],
    publicRatePerSecond: env.PUBLIC_RATE_PER_SECOND,
    refusalsPerSecond: env.REFUSALS_PER_SECOND,
    trustedProxies: env.TRUSTED_PROXIES,
    shutdownDelaySeconds: env.SHUTDOWN_DELAY,
  });
});

export type ServerConfig = ConfigType<typeof serverConfig>;
