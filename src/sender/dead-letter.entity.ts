import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A stream message that cannot be read, as it came. */
@Entity('dead_letters')
export class DeadLetter {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'dead_letters_pkey' })
  stream: string;

  @PrimaryColumn({ type: 'bigint', primaryKeyConstraintName: 'dead_letters_pkey' })
  sequence: string;

  @PrimaryColumn({ name: 'published_at', type: 'timestamptz', primaryKeyConstraintName: 'dead_letters_pkey' })
  publishedAt: Date;

  @Column({ name: 'kept_at', type: 'timestamptz', default: () => 'now()' })
  keptAt: Date;

  @Column({ type: 'text' })
  reason: string;

  @Column({ type: 'text' })
  headers: string;

  @Column({ type: 'bytea' })
  payload: Buffer;
}
