/** The first reason stays. In the order of the addresses, so that two transactions do not deadlock. Parameters: addresses, reasons, sources. */
export const SUPPRESS = `/* suppressions.suppress */
  INSERT INTO suppressions (address, reason, source)
  SELECT lower(address), min(reason), min(source)
  FROM unnest($1::text[], $2::text[], $3::text[]) AS new (address, reason, source)
  GROUP BY 1 ORDER BY 1
  ON CONFLICT (address, topic_id) DO NOTHING
  RETURNING address`;

/**
 * Those of the addresses that are suppressed. One index lookup each, which OFFSET 0 insists on: for 100,000 addresses in
 * ten statements 0.18 s beside a list of 200,000 and beside one of a million, where `= ANY` (a hashed scan of the whole
 * list) took 0.39 s and 2.5 s, and a plain join 1.2 s and 5.8 s. Parameters: addresses in lower case.
 */
export const REASONS_AMONG = `/* suppressions.reasons_among */
  SELECT found.address, found.reason
  FROM unnest($1::text[]) AS wanted (address)
  CROSS JOIN LATERAL (SELECT address, reason FROM suppressions WHERE address = wanted.address OFFSET 0) AS found`;

/** The suppression of each email `e`, as a join; by the index, as above. */
export const SUPPRESSION_OF_EMAIL = `
  LEFT JOIN LATERAL (
    SELECT address, reason FROM suppressions WHERE address = lower(e.address) OFFSET 0
  ) AS suppression ON true`;

/** Who is released starts anew: the transient bounces that led to it are forgotten too. Parameters: addresses in lower case. */
export const RELEASE = `/* suppressions.release */
  WITH forgotten AS (
    DELETE FROM soft_bounces WHERE address = ANY ($1::text[])
  )
  DELETE FROM suppressions WHERE address = ANY ($1::text[]) RETURNING address`;

/** Parameters: addresses. Returns the counts after. */
export const COUNT_SOFT_BOUNCES = `/* suppressions.count_soft_bounces */
  INSERT INTO soft_bounces AS row (address, count, last_at)
  SELECT lower(address), count(*), now() FROM unnest($1::text[]) AS new (address) GROUP BY 1 ORDER BY 1
  ON CONFLICT (address) DO UPDATE SET count = row.count + excluded.count, last_at = excluded.last_at
  RETURNING address, count`;

/** Parameters: addresses in lower case. */
export const CLEAR_SOFT_BOUNCES = `/* suppressions.clear_soft_bounces */
  DELETE FROM soft_bounces WHERE address = ANY ($1::text[])`;
