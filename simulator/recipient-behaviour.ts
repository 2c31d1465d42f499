/** What SES reports of a mail, in the order and with the waits in which it does so. */
export type SesEventKind = 'send' | 'delivery' | 'bounce' | 'suppressed' | 'automatic reply' | 'complaint' | 'reject';

export interface Step {
  event: SesEventKind;
  /** Since the step before it; since the answer to the sender for the first. */
  afterMs: number;
}

export interface Behaviour {
  /** `throttle first`: refused once per email, then accepted. */
  answer: 'at once' | 'slowly' | 'throttle first';
  steps: readonly Step[];
  /** How often SNS delivers each message, with one and the same MessageId. */
  deliveries: number;
  /** For the mailbox page. */
  text: string;
}

const SEND: Step = { event: 'send', afterMs: 20 };
const DELIVERY: Step = { event: 'delivery', afterMs: 80 };

const SUCCESS: Behaviour = {
  answer: 'at once',
  steps: [SEND, DELIVERY],
  deliveries: 1,
  text: 'Send, Delivery',
};

/** By local part. The first five are those of AWS's mailbox simulator. */
export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  success: SUCCESS,
  bounce: {
    ...SUCCESS,
    steps: [SEND, { event: 'bounce', afterMs: 100 }],
    text: 'Send, permanent Bounce (550 5.1.1 user unknown)',
  },
  complaint: {
    ...SUCCESS,
    steps: [SEND, DELIVERY, { event: 'complaint', afterMs: 200 }],
    text: 'Send, Delivery, Complaint (abuse)',
  },
  // The reply goes to the Return-Path, where SES takes it for a transient bounce without a diagnosis (its documents say so
  // under the bounce types), although the mail has been delivered.
  ooto: {
    ...SUCCESS,
    steps: [SEND, DELIVERY, { event: 'automatic reply', afterMs: 200 }],
    text: 'Send, Delivery, transient Bounce (an out-of-office reply)',
  },
  suppressionlist: {
    ...SUCCESS,
    steps: [SEND, { event: 'suppressed', afterMs: 50 }],
    text: "Send, permanent Bounce (on the account's suppression list)",
  },
  throttle: { ...SUCCESS, answer: 'throttle first', text: '429 the first time, then Send, Delivery' },
  slow: { ...SUCCESS, answer: 'slowly', text: 'answers after 3 s, then Send, Delivery' },
  reject: { ...SUCCESS, steps: [SEND, { event: 'reject', afterMs: 50 }], text: 'Send, Reject (a virus)' },
  duplicate: { ...SUCCESS, deliveries: 2, text: 'Send, Delivery, each delivered twice' },
  reorder: {
    ...SUCCESS,
    steps: [
      { event: 'delivery', afterMs: 20 },
      { event: 'send', afterMs: 80 },
    ],
    text: 'Delivery, then Send',
  },
};

/** By what stands before any `+label`, so that one behaviour has as many addresses as a test needs. */
export function behaviourOf(address: string): Behaviour {
  const local = address.slice(0, address.lastIndexOf('@')).split('+')[0].toLowerCase();
  return Object.hasOwn(BEHAVIOURS, local) ? BEHAVIOURS[local] : SUCCESS;
}
