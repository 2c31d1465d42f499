/** A `uuid[]` as PostgreSQL reads it. Every id was checked or made by us, so none needs quotes. */
export function idList(ids: readonly string[]): string {
  return `{${ids.join()}}`;
}
