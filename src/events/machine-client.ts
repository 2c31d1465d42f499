/** Programs that fetch pixels and links on nobody's behalf, by what their user agents say. */
const MACHINE_AGENTS: readonly RegExp[] = [
  /GoogleImageProxy/i,
  /YahooMailProxy/i,
  /bot\b|crawler|spider|preview|scanner|monitor/i,
  /curl\/|wget\/|python-requests|python-urllib|Go-http-client|okhttp|node-fetch|undici|libwww/i,
  /Barracuda|Mimecast|Proofpoint|SafeLinks|Symantec|TrendMicro|Cisco/i,
];

/** Apple's Mail Privacy Protection fetches everything at delivery and says this much and nothing more. */
const APPLE_PRIVACY_AGENT = 'Mozilla/5.0';

/** Sooner after its sending nobody has received, noticed and opened a mail. */
export const FASTEST_PERSON_MS = 2_000;

/** Whether a program, not a person, fetched: from its user agent alone. */
export function isMachineAgent(userAgent: string | null): boolean {
  const agent = userAgent?.trim() ?? '';
  return agent === '' || agent === APPLE_PRIVACY_AGENT || MACHINE_AGENTS.some((pattern) => pattern.test(agent));
}
