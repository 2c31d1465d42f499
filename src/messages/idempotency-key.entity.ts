import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The stored answer to a submission that carried an `Idempotency-Key`; one API key's do not meet another's. */
@Entity('idempotency_keys')
export class IdempotencyKey {
  @PrimaryColumn({ name: 'api_key', type: 'text', primaryKeyConstraintName: 'idempotency_keys_pkey' })
  apiKey: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'idempotency_keys_pkey' })
  key: string;

  @Column({ name: 'body_sha256', type: 'bytea' })
  bodySha256: Buffer;

  /** The response body, byte for byte. */
  @Column({ type: 'text' })
  response: string;

  @Index('idempotency_keys_expires_at_idx')
  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;
}
