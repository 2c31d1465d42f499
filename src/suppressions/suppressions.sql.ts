/** The first reason stays. In the order of the key, so that two transactions do not deadlock. Parameters: addresses, topics, reasons, sources. */
export const SUPPRESS = `/* suppressions.suppress */
  INSERT INTO suppressions (address, topic_id, reason, source)
  SELECT lower(address), topic_id, min(reason), min(source)
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS new (address, topic_id, reason, source)
  GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (address, topic_id) DO NOTHING
  RETURNING address`;

/**
 * What is said of those of the addresses that stand in the list, for all mail and for single topics. One index lookup each,
 * which OFFSET 0 insists on: for 100,000 addresses in ten statements `= ANY` (a hashed scan of the whole list) took 0.39 s and
 * 2.5 s beside a list of 200,000 and of a million, and a plain join 1.2 s and 5.8 s. An address takes 0.9 µs of PostgreSQL's
 * CPU; 1.7 µs with its place in the list and a topic for each. Where the list is empty nobody is looked up: 0.15 µs.
 * Parameters: addresses in lower case.
 */
export const REASONS_AMONG = `/* suppressions.reasons_among */
  SELECT found.address, found.topic_id, found.reason
  FROM (SELECT unnest($1::text[]) AS address WHERE EXISTS (SELECT FROM suppressions)) AS wanted
  CROSS JOIN LATERAL (
    SELECT address, topic_id, reason FROM suppressions WHERE address = wanted.address OFFSET 0
  ) AS found`;

/** The suppression of each email `e` of a batch `b`, as a join; by the index, on which LIMIT insists. That of all mail comes first. */
export const SUPPRESSION_OF_EMAIL = `
  LEFT JOIN LATERAL (
    SELECT address, reason FROM suppressions
    WHERE address = lower(e.address) AND topic_id IN ('', b.topic_id)
    ORDER BY topic_id LIMIT 1
  ) AS suppression ON true`;

/**
 * Who is released for all mail starts anew: the transient bounces that led to it are forgotten too. Parameters: addresses
 * in lower case, topics.
 */
export const RELEASE = `/* suppressions.release */
  WITH released AS (
    SELECT DISTINCT address, topic_id FROM unnest($1::text[], $2::text[]) AS given (address, topic_id)
  ), forgotten AS (
    DELETE FROM soft_bounces WHERE address IN (SELECT address FROM released WHERE topic_id = '')
  )
  DELETE FROM suppressions s USING released r WHERE s.address = r.address AND s.topic_id = r.topic_id
  RETURNING s.address`;

/** Parameters: addresses. Returns the counts after. */
export const COUNT_SOFT_BOUNCES = `/* suppressions.count_soft_bounces */
  INSERT INTO soft_bounces AS row (address, count, last_at)
  SELECT lower(address), count(*), now() FROM unnest($1::text[]) AS new (address) GROUP BY 1 ORDER BY 1
  ON CONFLICT (address) DO UPDATE SET count = row.count + excluded.count, last_at = excluded.last_at
  RETURNING address, count`;

/** Parameters: addresses in lower case. */
export const CLEAR_SOFT_BOUNCES = `/* suppressions.clear_soft_bounces */
  DELETE FROM soft_bounces WHERE address = ANY ($1::text[])`;
