import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Which email a provider's message id is: for feedback that carries no tag of ours. */
@Entity('provider_messages')
export class ProviderMessage {
  @PrimaryColumn({ name: 'provider_message_id', type: 'text', primaryKeyConstraintName: 'provider_messages_pkey' })
  providerMessageId: string;

  @Column({ name: 'email_id', type: 'uuid' })
  emailId: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;
}
