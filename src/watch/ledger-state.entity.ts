import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** What was last known of the ledger itself, so that it notices when it has gone back. */
@Entity('ledger_state')
@Check('ledger_state_held_check', '(held_since IS NULL) = (held_at IS NULL)')
export class LedgerState {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'ledger_state_pkey' })
  stream: string;

  @Column({ type: 'bigint' })
  mark: string;

  @Column({ name: 'marked_at', type: 'timestamptz' })
  markedAt: Date;

  /** Of the server; null where it does not say. */
  @Column({ type: 'text', nullable: true })
  timeline: string | null;

  @Column({ name: 'is_synchronous', type: 'boolean' })
  isSynchronous: boolean;

  /** What happened after it is missing; null: nothing is held. */
  @Column({ name: 'held_since', type: 'timestamptz', nullable: true })
  heldSince: Date | null;

  /** When that was noticed. */
  @Column({ name: 'held_at', type: 'timestamptz', nullable: true })
  heldAt: Date | null;

  /** When an operator accepted it last. */
  @Column({ name: 'accepted_at', type: 'timestamptz', nullable: true })
  acceptedAt: Date | null;
}
