import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The one row that all senders lease from. `migrations/` says what each column holds. */
@Entity('send_limits')
@Check('send_limits_single_check', 'id = 1')
@Check('send_limits_rate_check', 'provider_rate > 0 AND configured_rate > 0 AND lowered_rate > 0')
@Check('send_limits_lowered_check', 'lowered_rate IS NULL OR throttled_at IS NOT NULL')
@Check('send_limits_quota_check', '(max_24h IS NULL) = (sent_24h IS NULL)')
@Check('send_limits_pause_check', '(paused_until IS NULL) = (pause_reason IS NULL)')
export class SendLimits {
  @PrimaryColumn({ type: 'smallint', default: 1, primaryKeyConstraintName: 'send_limits_pkey' })
  id: number;

  @Column({ name: 'next_at', type: 'timestamptz', default: () => 'now()' })
  nextAt: Date;

  @Column({ name: 'provider_rate', type: 'double precision', nullable: true })
  providerRate: number | null;

  @Column({ name: 'configured_rate', type: 'double precision', nullable: true })
  configuredRate: number | null;

  @Column({ name: 'lowered_rate', type: 'double precision', nullable: true })
  loweredRate: number | null;

  @Column({ name: 'throttled_at', type: 'timestamptz', nullable: true })
  throttledAt: Date | null;

  @Column({ name: 'max_24h', type: 'bigint', nullable: true })
  max24h: string | null;

  @Column({ name: 'sent_24h', type: 'bigint', nullable: true })
  sent24h: string | null;

  @Column({ type: 'bigint', default: 0 })
  granted: string;

  @Column({ name: 'is_sending_enabled', type: 'boolean', default: true })
  isSendingEnabled: boolean;

  @Column({ name: 'refreshed_at', type: 'timestamptz', nullable: true })
  refreshedAt: Date | null;

  @Column({ name: 'paused_until', type: 'timestamptz', nullable: true })
  pausedUntil: Date | null;

  @Column({ name: 'pause_reason', type: 'text', nullable: true })
  pauseReason: string | null;
}
