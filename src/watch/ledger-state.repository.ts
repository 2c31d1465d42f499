import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import { LedgerState } from './ledger-state.entity.js';

/** A standby that is promoted counts its log under a new timeline. Not every service that speaks PostgreSQL says which. */
const TIMELINE = 'SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline';

/** A COMMIT that was answered is on a standby, whichever of them is promoted. */
const IS_SYNCHRONOUS = `current_setting('synchronous_standby_names') <> ''
  AND current_setting('synchronous_commit') NOT IN ('off', 'local')`;

/** Another server knew a later mark, or a standby took over that may not have had all. */
const HAS_GONE_BACK = `known.mark < $2 OR (known.timeline <> excluded.timeline AND NOT known.is_synchronous)`;

/** A ledger that never knew this stream has nothing that it could have forgotten. Parameters: stream, mark, timeline. */
const LOOK = `/* ledger_state.look */
  INSERT INTO ledger_state AS known (stream, mark, marked_at, timeline, is_synchronous)
  VALUES ($1, $2::bigint + 1, now(), $3, ${IS_SYNCHRONOUS})
  ON CONFLICT (stream) DO UPDATE SET
    held_since = CASE WHEN known.held_since IS NULL AND (${HAS_GONE_BACK}) THEN known.marked_at ELSE known.held_since END,
    held_at = CASE WHEN ${HAS_GONE_BACK} THEN now() ELSE known.held_at END,
    mark = greatest(known.mark, $2) + 1, marked_at = now(),
    timeline = coalesce(excluded.timeline, known.timeline), is_synchronous = excluded.is_synchronous
  RETURNING mark::float8, held_since, accepted_at`;

/** Whatever timeline the server has by now: the word may come before anybody has looked. */
const ACCEPT = `/* ledger_state.accept */
  UPDATE ledger_state SET held_since = NULL, held_at = NULL, accepted_at = now(), timeline = NULL`;

export interface Look {
  /** To be told to the stream's server, after this look's commit. */
  mark: number;
  heldSince: Date | null;
  acceptedAt: Date | null;
}

@Injectable()
export class LedgerStateRepository {
  constructor(@InjectRepository(LedgerState) private readonly states: Repository<LedgerState>) {}

  /** Compares the ledger with the latest mark that the stream's server knows, and counts on. */
  async look(stream: string, mark: number): Promise<Look> {
    const timeline = await this.timeline();
    const [row] = await rowsOf<{ mark: number; held_since: Date | null; accepted_at: Date | null }>(
      this.states.manager,
      LOOK,
      [stream, mark, timeline],
    );
    return { mark: row.mark, heldSince: row.held_since, acceptedAt: row.accepted_at };
  }

  all(): Promise<LedgerState[]> {
    return this.states.find({ order: { stream: 'ASC' } });
  }

  /** Lets mail move again. */
  async accept(): Promise<void> {
    await this.states.query(ACCEPT);
  }

  private async timeline(): Promise<string | null> {
    try {
      const [{ timeline }] = await rowsOf<{ timeline: string }>(this.states.manager, TIMELINE, []);
      return timeline;
    } catch {
      // If it is because the server is away, the look fails too.
      return null;
    }
  }
}
