import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A person who is being erased; the row goes when nothing of the address is left. */
@Entity('erasures')
export class Erasure {
  /** In lower case: compared without case. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'erasures_pkey' })
  address: string;

  @Column({ name: 'requested_at', type: 'timestamptz', default: () => 'now()' })
  requestedAt: Date;
}
