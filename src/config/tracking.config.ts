import { registerAs, type ConfigType } from '@nestjs/config';
import { deepFreeze, loadedVariables } from './loaded-variables.js';
import { Variable } from './variable.js';

function hmacSecret(text: string): string {
  if (Buffer.byteLength(text) < 16) throw new Error('must have at least 16 bytes');
  return text;
}

export class TrackingVariables {
  @Variable({
    text: 'Whether opens are tracked where a message does not say.',
    unit: 'true, false',
    default: 'true',
  })
  readonly TRACK_OPENS: boolean;

  @Variable({
    text: 'Signs our links, at least 16 bytes; without it track_clicks and unsubscribe are refused.',
    secret: true,
    read: hmacSecret,
  })
  readonly TRACKING_SECRET: string | null;

  @Variable({
    text: 'Whether IP address and user agent of who opens or clicks are stored with the event; else only the verdict is.',
    unit: 'true, false',
    default: 'false',
  })
  readonly STORE_CLIENT_DETAILS: boolean;
}

export const trackingConfig = registerAs('tracking', () => {
  const env = loadedVariables(TrackingVariables);
  return deepFreeze({
    trackOpens: env.TRACK_OPENS,
    secret: env.TRACKING_SECRET,
    storeClientDetails: env.STORE_CLIENT_DETAILS,
  });
});

export type TrackingConfig = ConfigType<typeof trackingConfig>;
