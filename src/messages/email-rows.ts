import type { Variables } from '../compose/variables.js';
import { idAt, writeIdAt } from '../contracts/ids.js';
import { asciiArray, jsonbArray, smallintArray, textArray, uuidArray, uuidArrayOf } from '../database/binary-array.js';
import type { EncodedStatement } from '../database/statement-group.js';
import { type Block, blockText } from '../suppressions/recipient-check.js';
import { INSERT_EMAILS, INSERT_PERSONAL_EMAILS, INSERT_SUPPRESSED_EMAILS } from './messages.sql.js';

/** What few recipients have of their own. */
interface Personal {
  tracking: number | null;
  variables: Variables | null;
}

/**
 * New emails on their way into the table, in as few statements as they need and with no column that none of them has. An
 * email is the first of a range, its index in it, and its address; no object is made for one.
 */
export class EmailRows {
  private readonly firsts: Buffer[] = [];
  private readonly indexes: number[] = [];
  private readonly addresses: string[] = [];
  /** By their place among the rows. */
  private readonly personal = new Map<number, Personal>();
  private readonly suppressed: { id: Buffer; address: string; block: Block }[] = [];

  get size(): number {
    return this.addresses.length + this.suppressed.length;
  }

  add(first: Buffer, index: number, address: string): void {
    this.firsts.push(first);
    this.indexes.push(index);
    this.addresses.push(address);
  }

  addPersonal(first: Buffer, index: number, address: string, personal: Personal): void {
    this.personal.set(this.addresses.length, personal);
    this.add(first, index, address);
  }

  addSuppressed(first: Buffer, index: number, address: string, block: Block): void {
    this.suppressed.push({ id: idAt(first, index), address, block });
  }

  *statements(): Generator<EncodedStatement> {
    if (this.addresses.length > 0) yield this.insertion();
    if (this.suppressed.length === 0) return;
    yield {
      text: INSERT_SUPPRESSED_EMAILS,
      parameters: [
        uuidArray(this.suppressed.map(({ id }) => id)),
        asciiArray(this.suppressed.map(({ address }) => address)),
        textArray(this.suppressed.map(({ block }) => blockText(block))),
      ],
    };
  }

  private insertion(): EncodedStatement {
    const { firsts, indexes, addresses, personal } = this;
    const ids = uuidArrayOf(addresses.length, (place, array, offset) =>
      writeIdAt(firsts[place], indexes[place], array, offset),
    );
    const columns = [ids, asciiArray(addresses)];
    if (personal.size === 0) return { text: INSERT_EMAILS, parameters: columns };
    const tracking = addresses.map((_, place) => personal.get(place)?.tracking ?? null);
    const variables = addresses.map((_, place) => personal.get(place)?.variables ?? null);
    const texts = variables.map((own) => own && JSON.stringify(own));
    return { text: INSERT_PERSONAL_EMAILS, parameters: [...columns, smallintArray(tracking), jsonbArray(texts)] };
  }
}
