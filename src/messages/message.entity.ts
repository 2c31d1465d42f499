import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One element of a submission: content, topic, schedule. Its emails are a range of ids. */
@Entity('messages')
@Index('messages_topic_idx', ['topicId', 'firstEmailId'])
@Check('messages_count_check', 'count BETWEEN 1 AND 1000')
export class Message {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'messages_pkey' })
  id: string;

  @Column({ name: 'topic_id', type: 'text' })
  topicId: string;

  /** Empty once the content was removed, as are `content` and all that the emails were made of. */
  @Column({ type: 'text' })
  subject: string;

  @Column({ type: 'text' })
  content: string;

  @Column({ name: 'first_email_id', type: 'uuid' })
  firstEmailId: string;

  @Column({ type: 'integer' })
  count: number;

  @Column({ name: 'track_opens', type: 'boolean' })
  trackOpens: boolean;

  @Column({ name: 'track_clicks', type: 'boolean', default: false })
  trackClicks: boolean;

  /** Null: made of the content. */
  @Column({ type: 'text', nullable: true })
  text: string | null;

  /** Null: FROM_EMAIL. */
  @Column({ name: 'from_email', type: 'text', nullable: true })
  fromEmail: string | null;

  @Column({ name: 'reply_to', type: 'text', nullable: true })
  replyTo: string | null;

  @Column({ type: 'jsonb', nullable: true })
  headers: Record<string, string> | null;

  @Column({ type: 'jsonb', nullable: true })
  tags: Record<string, string> | null;

  @Column({ type: 'jsonb', nullable: true })
  variables: Record<string, string> | null;

  @Column({ type: 'boolean', default: false })
  unsubscribe: boolean;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt: Date | null;

  /** The name of the key that submitted it. */
  @Column({ name: 'api_key', type: 'text' })
  apiKey: string;

  @Column({ name: 'scheduled_at', type: 'timestamptz', nullable: true })
  scheduledAt: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;
}
