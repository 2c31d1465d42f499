/** Makes a sender take the simulator at this port for SES. */
export function simulatedSes(httpPort: number): Record<string, string> {
  return {
    SENDER_TRANSPORT: 'ses',
    SES_CONFIGURATION_SET: 'simulator',
    AWS_ENDPOINT_URL_SESV2: `http://127.0.0.1:${httpPort}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'simulator',
    AWS_SECRET_ACCESS_KEY: 'simulator',
  };
}
