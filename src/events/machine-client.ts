/** Why a fetch of a pixel or a link was no person's. */
export type MachineSign = 'no_agent' | 'apple_privacy' | 'image_proxy' | 'prefetch' | 'scanner' | 'program';

/** Programs that fetch pixels and links on nobody's behalf, by what their user agents say. */
const MACHINE_AGENTS: readonly (readonly [MachineSign, RegExp])[] = [
  ['image_proxy', /GoogleImageProxy|ggpht\.com|YahooMailProxy|YahooCacheSystem|DuckDuckGo-Email|ImageProxy/i],
  ['scanner', /Barracuda|Mimecast|Proofpoint|SafeLinks|Symantec|Trend ?Micro|Cisco|Forcepoint|FireEye|Trellix/i],
  ['scanner', /Sophos|Zscaler|Fortinet|FortiGuard|Check ?Point|Cloudmark|Vade ?Secure|Avanan|IronPort|MessageLabs/i],
  ['scanner', /bot\b|crawler|spider|preview|scanner|monitor|urlscan|facebookexternalhit|HeadlessChrome|PhantomJS/i],
  ['program', /curl\/|wget\/|python-requests|python-urllib|Go-http-client|okhttp|node-fetch|undici|libwww/i],
  ['program', /aiohttp|httpx\/|axios\/|Apache-HttpClient|^Java\/|^node$|PostmanRuntime|^Ruby$|GuzzleHttp/i],
];

/** Apple's Mail Privacy Protection fetches everything at delivery and says this much and nothing more. */
const APPLE_PRIVACY_AGENT = 'Mozilla/5.0';

/** Browsers say with one of these that they look ahead (`Purpose` and `X-Purpose` of older ones). */
const PREFETCH_HEADERS = ['purpose', 'sec-purpose', 'x-purpose', 'x-moz'];
const PREFETCH = /prefetch|prerender|preview/i;

/** Sooner after its sending nobody has received, noticed and opened a mail. */
export const FASTEST_PERSON_MS = 2_000;

/** Whether a program, not a person, fetched: from its user agent alone. */
export function isMachineAgent(userAgent: string | null): boolean {
  return signOfAgent(userAgent ?? '') !== null;
}

/** What in a request's headers says that a program, not a person, fetched; null for nothing. */
export function machineSignOf(headers: Readonly<Record<string, string | string[] | undefined>>): MachineSign | null {
  if (PREFETCH_HEADERS.some((name) => PREFETCH.test(String(headers[name] ?? '')))) return 'prefetch';
  return signOfAgent(String(headers['user-agent'] ?? ''));
}

function signOfAgent(userAgent: string): MachineSign | null {
  const agent = userAgent.trim();
  if (agent === '') return 'no_agent';
  if (agent === APPLE_PRIVACY_AGENT) return 'apple_privacy';
  return MACHINE_AGENTS.find(([, pattern]) => pattern.test(agent))?.[0] ?? null;
}
