import type { FuzzAnswer, FuzzRequest } from './exchange.js';
import type { Random } from './random.js';

/** Old ones make room: what is remembered must not grow with the run. */
const REMEMBERED = 2_000;

/** What earlier answers named, so that later requests ask for something that is there. */
export class Known {
  readonly emails = new Recent();
  readonly messages = new Recent();
  /** By the path of the list that gave them. */
  private readonly cursors = new Map<string, Recent>();

  cursorsOf(path: string): Recent {
    const known = this.cursors.get(path) ?? new Recent();
    this.cursors.set(path, known);
    return known;
  }

  learn(request: FuzzRequest, answer: FuzzAnswer): void {
    if (answer.status !== 200 || !answer.mediaType.endsWith('json') || answer.body === '') return;
    const body = JSON.parse(answer.body) as { next_cursor?: string | null; messages?: Created[] };
    if (typeof body.next_cursor === 'string') this.cursorsOf(request.route.path).add(body.next_cursor);
    for (const { id, email_ids } of body.messages ?? []) {
      // A dry run has no ids.
      if (id !== undefined) this.messages.add(id);
      for (const emailId of email_ids ?? []) if (emailId !== null) this.emails.add(emailId);
    }
  }
}

interface Created {
  id?: string;
  email_ids?: (string | null)[];
}

/** The last texts that were added. */
export class Recent {
  private readonly texts: string[] = [];
  private added = 0;

  add(text: string): void {
    this.texts[this.added++ % REMEMBERED] = text;
  }

  pick(random: Random): string | undefined {
    return this.texts.length === 0 ? undefined : random.pick(this.texts);
  }
}
