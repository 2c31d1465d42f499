/** Parameters: moment. */
export const RAISE_CHANNEL = `/* event_channel.raise */
  UPDATE event_channel SET reported_until = $1::timestamptz
  WHERE reported_until IS NULL OR reported_until < $1::timestamptz`;
