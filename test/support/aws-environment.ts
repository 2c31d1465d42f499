import { vi } from 'vitest';

/** What the AWS client finds in the environment; `vi.unstubAllEnvs()` takes it back. */
export function useAwsEndpoint(url: string): void {
  vi.stubEnv('AWS_ENDPOINT_URL_SESV2', url);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  // The settings of whoever runs the tests stay out of it.
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
}
