/** The moment so many days ago; null as long as it is not known of all mail whether it had ended by then. Parameters: days. */
export const CUTOFF = `/* retention.cutoff */
  SELECT CASE WHEN since <= moment.at THEN moment.at END AS cutoff
  FROM retention, (SELECT now() - make_interval(days => $1)) AS moment (at)`;

/** Parameters: id. */
export const ADVANCE_CONTENTS = `/* retention.advance_contents */
  UPDATE retention SET contents_until = $1`;

export const ARE_MONTHS_DUE = `/* retention.are_months_due */
  SELECT months_look_at <= now() AS due FROM retention`;

/** Parameters: hours. */
export const POSTPONE_MONTHS = `/* retention.postpone_months */
  UPDATE retention SET months_look_at = now() + make_interval(hours => $1)`;
