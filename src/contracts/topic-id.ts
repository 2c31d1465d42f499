const TOPIC_ID = /^[A-Za-z0-9_-]{1,50}$/;

/** The topic of a message that names none; in a path it is `~`, which no other topic can be. */
export const EMPTY_TOPIC = '';
export const EMPTY_TOPIC_IN_PATH = '~';

/** Whether a text names a topic; the empty topic has no name. */
export function isTopicId(text: string): boolean {
  return TOPIC_ID.test(text);
}
