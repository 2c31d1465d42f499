import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What one sender is sending at this moment: lives until the last of its outcomes is recorded. Without ids, a living sender. */
@Entity('sender_claims')
export class SenderClaim {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'sender_claims_pkey' })
  id: string;

  @Column({ type: 'text' })
  sender: string;

  @Column({ name: 'lease_until', type: 'timestamptz' })
  leaseUntil: Date;

  @Column({ type: 'uuid', array: true })
  ids: string[];
}
