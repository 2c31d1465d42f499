import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Transient bounces of an address since its last delivery. */
@Entity('soft_bounces')
export class SoftBounce {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'soft_bounces_pkey' })
  address: string;

  @Column({ type: 'integer' })
  count: number;

  @Column({ name: 'last_at', type: 'timestamptz' })
  lastAt: Date;
}
