/** A stream that takes whatever a round publishes, and never holds a dispatcher up. */
export const ENDLESS_QUEUE = { QUEUE_HIGH_WATER: '10000000', NATS_MAX_BYTES: String(2 * 1024 ** 3) };
