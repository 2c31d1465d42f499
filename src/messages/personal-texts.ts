import { MAX_GROWTH_CHARACTERS } from '../compose/links.js';
import { cutAtVariables, escapeHtml, UNSUBSCRIBE_URL, type Variables, valueOf } from '../compose/variables.js';
import type { Fault } from './dto/name-value-map.js';
import { CONTROL, MAX_SUBJECT_CODE_POINTS, MAX_TEXT_CODE_POINTS, tooLong } from './dto/text.js';
import { bytesOf, MAX_VARIABLES_BYTES, TOO_LARGE } from './recipient-variables.js';

/** What the composed HTML may take. */
export const MAX_BODY_BYTES = 512 * 1024;
/** What it and the text may take together: below the 1 MB that NATS takes by default, with headers and envelope. */
const MAX_MAIL_BYTES = 768 * 1024;
/** A text that is made of the HTML is cut to 65,535 UTF-16 units. */
const MADE_TEXT_BYTES = 3 * MAX_TEXT_CODE_POINTS;
/** The pixel with its address, and room to spare. */
const PIXEL_BYTES = 4 * 1024;
/** A UTF-16 unit is at most this much in escaped HTML: a quote becomes six characters. */
const MAX_ESCAPED_BYTES = 6;

interface PersonalMessage {
  subject: string;
  content: string;
  text: string | null;
  variables: Variables | null;
}

/** A text of a message: what it takes without its variables, and how often each of them stands in it. */
interface Use {
  field: string;
  literalBytes: number;
  counts: ReadonlyMap<string, number>;
  escape: (value: string) => string;
}

/** What the texts of a message ask of the variables of each of its recipients. */
export class PersonalTexts {
  private readonly subject: readonly string[];
  private readonly uses: readonly Use[];
  private readonly html: Use;
  private readonly text: Use;
  private readonly commonBytes: number;

  /** `unsubscribeUrl` is as long as each of them will be. */
  constructor(
    private readonly message: PersonalMessage,
    private readonly unsubscribeUrl: string,
  ) {
    const { subject, content, text, variables } = message;
    this.subject = cutAtVariables(subject);
    this.html = useOf('content', content, escapeHtml, MAX_GROWTH_CHARACTERS + PIXEL_BYTES);
    this.text =
      text === null ? { ...this.html, literalBytes: MADE_TEXT_BYTES, escape: String } : useOf('text', text, String);
    this.uses = [useOf('subject', subject, String), this.html, this.text];
    this.commonBytes = variables === null ? 0 : bytesOf(variables);
  }

  /** Whether any text has a variable: without one there is nothing that a recipient could lack. */
  get hasVariables(): boolean {
    return this.uses.some(({ counts }) => counts.size > 0);
  }

  /** The field in which a recipient can unsubscribe, if any. */
  get unsubscribingField(): string | undefined {
    return this.uses.find(({ counts }) => counts.has(UNSUBSCRIBE_URL))?.field;
  }

  /** What is wrong with a recipient of these variables. */
  faultOf(own: Variables | null): Fault | null {
    return this.missing(own) ?? this.tooManyBytes(own) ?? this.subjectFault(own) ?? this.bodyFault(own);
  }

  private valueOf(name: string, own: Variables | null): string | undefined {
    return name === UNSUBSCRIBE_URL ? this.unsubscribeUrl : valueOf(name, own, this.message.variables);
  }

  private missing(own: Variables | null): Fault | null {
    for (const { field, counts } of this.uses) {
      for (const name of counts.keys()) {
        if (this.valueOf(name, own) !== undefined) continue;
        return { code: 'missing_variable', detail: `has no value for the variable "${name}" of the ${field}` };
      }
    }
    return null;
  }

  private tooManyBytes(own: Variables | null): Fault | null {
    if (own === null || this.commonBytes + bytesOf(own) <= MAX_VARIABLES_BYTES) return null;
    return bytesOf({ ...this.message.variables, ...own }) > MAX_VARIABLES_BYTES ? TOO_LARGE : null;
  }

  private subjectFault(own: Variables | null): Fault | null {
    if (this.subject.length === 1) return null;
    for (const [index, name] of this.subject.entries()) {
      if (index % 2 === 0 || !CONTROL.test(this.valueOf(name, own) ?? '')) continue;
      const detail = `has a line break or a control character in "${name}", which stands in the subject`;
      return { code: 'invalid_characters', detail };
    }
    const subject = this.subject.map((piece, index) => (index % 2 === 0 ? piece : this.valueOf(piece, own))).join('');
    if (subject.trim() === '') return { code: 'required', detail: 'has variables that leave the subject empty' };
    if (!tooLong(subject.trim(), MAX_SUBJECT_CODE_POINTS)) return null;
    const detail = `has variables that make the subject longer than ${MAX_SUBJECT_CODE_POINTS} characters`;
    return { code: 'too_long', detail };
  }

  private bodyFault(own: Variables | null): Fault | null {
    if (fits(this.mostBytes(this.html, own), this.mostBytes(this.text, own))) return null;
    if (fits(this.bytes(this.html, own), this.bytes(this.text, own))) return null;
    const detail = `has variables with which the mail could take more than ${MAX_BODY_BYTES} bytes`;
    return { code: 'body_too_large', detail };
  }

  private mostBytes({ literalBytes, counts }: Use, own: Variables | null): number {
    let bytes = literalBytes;
    for (const [name, count] of counts) bytes += count * (this.valueOf(name, own)?.length ?? 0) * MAX_ESCAPED_BYTES;
    return bytes;
  }

  private bytes({ literalBytes, counts, escape }: Use, own: Variables | null): number {
    let bytes = literalBytes;
    for (const [name, count] of counts) bytes += count * Buffer.byteLength(escape(this.valueOf(name, own) ?? ''));
    return bytes;
  }
}

function fits(htmlBytes: number, textBytes: number): boolean {
  return htmlBytes <= MAX_BODY_BYTES && htmlBytes + textBytes <= MAX_MAIL_BYTES;
}

function useOf(field: string, text: string, escape: (value: string) => string, reserveBytes = 0): Use {
  const counts = new Map<string, number>();
  let literalBytes = reserveBytes;
  for (const [index, piece] of cutAtVariables(text).entries()) {
    if (index % 2 === 0) literalBytes += Buffer.byteLength(piece);
    else counts.set(piece, (counts.get(piece) ?? 0) + 1);
  }
  return { field, literalBytes, counts, escape };
}
