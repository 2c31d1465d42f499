import type { Variables } from '../compose/variables.js';
import { textArray, uuidArray } from '../database/binary-array.js';
import type { Statement } from '../database/statement.js';
import { type Block, blockText } from '../suppressions/recipient-check.js';
import { INSERT_EMAILS, INSERT_PERSONAL_EMAILS, INSERT_SUPPRESSED_EMAILS } from './messages.sql.js';

/** New emails on their way into the table, in as few statements as they need and with no column that none of them has. */
export class EmailRows {
  private readonly ids: Buffer[] = [];
  private readonly addresses: string[] = [];
  private readonly tracking: (number | null)[] = [];
  private readonly variables: (string | null)[] = [];
  private readonly suppressed: { id: Buffer; address: string; block: Block }[] = [];
  private isPersonal = false;

  get size(): number {
    return this.ids.length + this.suppressed.length;
  }

  add(id: Buffer, address: string, tracking: number | null, variables: Variables | null): void {
    this.ids.push(id);
    this.addresses.push(address);
    this.tracking.push(tracking);
    this.variables.push(variables && JSON.stringify(variables));
    if (tracking !== null || variables !== null) this.isPersonal = true;
  }

  addSuppressed(id: Buffer, address: string, block: Block): void {
    this.suppressed.push({ id, address, block });
  }

  *statements(): Generator<Statement> {
    if (this.ids.length > 0) {
      const columns = [uuidArray(this.ids), textArray(this.addresses)];
      if (this.isPersonal) {
        yield { text: INSERT_PERSONAL_EMAILS, parameters: [...columns, this.tracking, this.variables] };
      } else {
        yield { text: INSERT_EMAILS, parameters: columns };
      }
    }
    if (this.suppressed.length === 0) return;
    yield {
      text: INSERT_SUPPRESSED_EMAILS,
      parameters: [
        uuidArray(this.suppressed.map(({ id }) => id)),
        textArray(this.suppressed.map(({ address }) => address)),
        textArray(this.suppressed.map(({ block }) => blockText(block))),
      ],
    };
  }
}
