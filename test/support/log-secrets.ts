/** Of the domains that are nobody's, which all recipients of the tests have. */
const ADDRESS = /[\w.+-]+@(?:[\w-]+\.)*example\.(?:com|net|org)/g;

/** What a log shows that no log may: keys, secrets and passwords of the process whose log it is, and addresses. */
export function secretsIn(log: string, env: Readonly<Record<string, string>>): string[] {
  const keys = [env.API_KEY, ...(env.API_KEYS ?? '').split(',').map((entry) => entry.split('=')[1])];
  const urls = [env.DATABASE_URL, env.MIGRATE_DATABASE_URL, env.NATS_URL, env.SMTP_URL];
  const passwords = urls.map((url) => /^\w+:\/\/[^/@]*?(:[^/@]+@)/.exec(url ?? '')?.[1]);
  const secrets = [...keys.flatMap((entry) => entry?.split(',')), env.TRACKING_SECRET, ...passwords];
  const shown = secrets.filter((secret) => secret !== undefined && secret !== '' && log.includes(secret)) as string[];
  return [...shown, ...(log.match(ADDRESS) ?? [])];
}
