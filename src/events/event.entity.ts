import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An immutable fact about an email. */
@Entity('events')
export class Event {
  @PrimaryColumn({ name: 'email_id', type: 'uuid', primaryKeyConstraintName: 'events_pkey' })
  emailId: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'events_pkey' })
  id: string;

  @Column({ type: 'text' })
  type: string;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt: Date;

  @Column({ name: 'recorded_at', type: 'timestamptz', default: () => 'now()' })
  recordedAt: Date;

  @Column({ name: 'is_machine', type: 'boolean', nullable: true })
  isMachine: boolean | null;

  @Column({ type: 'jsonb', nullable: true })
  detail: Record<string, unknown> | null;

  /** The JSON that it came as, where that is kept. */
  @Column({ type: 'jsonb', nullable: true })
  raw: object | null;
}
