import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many emails all senders were given leave for, by minute, for a day. */
@Entity('send_usage')
export class SendUsage {
  @PrimaryColumn({ type: 'timestamptz', primaryKeyConstraintName: 'send_usage_pkey' })
  minute: Date;

  @Column({ type: 'bigint' })
  count: string;
}
