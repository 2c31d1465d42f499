import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A message that was old enough by its id, and not finished or not for long enough. */
@Entity('retention_postponed')
@Index('retention_postponed_look_at_idx', ['lookAt'])
export class PostponedMessage {
  @PrimaryColumn({ name: 'message_id', type: 'uuid', primaryKeyConstraintName: 'retention_postponed_pkey' })
  messageId: string;

  @Column({ name: 'look_at', type: 'timestamptz' })
  lookAt: Date;
}
