import { AsyncLocalStorage } from 'node:async_hooks';

/** What belongs to the request in hand, for code that is not given the request: log lines, and the validation pipe. */
export interface RequestContext {
  readonly requestId: string;
  /** `Prefer: handling=lenient`: good recipients are taken although others are bad. */
  readonly lenient: boolean;
}

/** Entered by the first hook of every HTTP request; empty outside of one. */
export const requestContext = new AsyncLocalStorage<RequestContext>();
