/**
 * Whether an id is outside the month that is being removed, of which nobody may change anything any more. The bounds of
 * the one row are read once per statement. Asked behind the lock of an email: whoever asked before the month was sealed
 * still has that lock, and the removal waits for it.
 */
export const notSealed = (id: string) =>
  `NOT (${id} >= (SELECT first_id FROM removal_seal) AND ${id} < (SELECT behind_id FROM removal_seal))`;
