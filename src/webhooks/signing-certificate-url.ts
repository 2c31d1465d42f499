/**
 * Where SNS keeps its certificates. Looser patterns have let other AWS customers' hosts in (S3 buckets can carry almost
 * any name), so the whole text has to match: no user, query, fragment, escapes or dots to resolve, nothing to normalise.
 */
const CERTIFICATE_URL =
  /^https:\/\/sns\.[a-z0-9-]{3,}\.amazonaws\.com(?:\.cn)?(?::443)?\/(SimpleNotificationService-[0-9a-f]{1,64}\.pem)$/;

/** The file's name in an acceptable URL, which is also the name of its pin; null refuses the URL. */
export function certificateFileName(url: string): string | null {
  return CERTIFICATE_URL.exec(url)?.[1] ?? null;
}
