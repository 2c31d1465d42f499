import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: how far retention has come. */
@Entity('retention')
@Check('retention_id_check', 'id = 1')
export class Retention {
  @PrimaryColumn({ type: 'smallint', default: 1, primaryKeyConstraintName: 'retention_pkey' })
  id: number;

  /** Since when it is known when mail ends: what ended before counts from here. */
  @Column({ type: 'timestamptz', default: () => 'now()' })
  since: Date;

  /** The content of all messages up to this id was removed, or they are postponed. */
  @Column({ name: 'contents_until', type: 'uuid', default: '00000000-0000-0000-0000-000000000000' })
  contentsUntil: string;

  @Column({ name: 'months_look_at', type: 'timestamptz', default: () => 'now()' })
  monthsLookAt: Date;
}
