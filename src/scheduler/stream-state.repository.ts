import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { rowsOf } from '../database/statement.js';
import { StreamState } from './stream-state.entity.js';

/** A batch that was published before the setback settles within its lease of 30 s. */
const SUSPECTED = `now() + interval '1 minute'`;

/** Returns until when what was dispatched may be lost. Parameters: stream, when it was made, its last sequence. */
const RENEW = `/* stream_state.renew */
  INSERT INTO stream_state AS known (stream, created_at, last_sequence) VALUES ($1, $2, $3)
  ON CONFLICT (stream) DO UPDATE SET
    suspected_until = CASE
      WHEN known.created_at <> excluded.created_at OR known.last_sequence > excluded.last_sequence THEN ${SUSPECTED}
      ELSE known.suspected_until END,
    created_at = excluded.created_at, last_sequence = excluded.last_sequence
  RETURNING suspected_until`;

/** One that nobody has looked at yet is another than the one that the next look finds. Parameters: stream. */
const SUSPECT = `/* stream_state.suspect */
  INSERT INTO stream_state (stream, created_at, last_sequence, suspected_until) VALUES ($1, 'epoch', 0, ${SUSPECTED})
  ON CONFLICT (stream) DO UPDATE SET suspected_until = ${SUSPECTED}`;

/** Parameters: stream, the moment until which it was looked at. */
const CLEAR = `/* stream_state.clear */
  UPDATE stream_state SET suspected_until = NULL WHERE stream = $1 AND suspected_until <= $2`;

@Injectable()
export class StreamStateRepository {
  constructor(@InjectRepository(StreamState) private readonly states: Repository<StreamState>) {}

  /** By the clock that says when mail was dispatched. */
  async now(): Promise<Date> {
    const [{ now }] = await rowsOf<{ now: Date }>(this.states.manager, 'SELECT clock_timestamp() AS now', []);
    return now;
  }

  /** Until when what was dispatched may be lost; null: the stream is the one that it was. */
  async renew(stream: string, createdAt: Date, lastSequence: number): Promise<Date | null> {
    const parameters = [stream, createdAt, lastSequence];
    const [row] = await rowsOf<{ suspected_until: Date | null }>(this.states.manager, RENEW, parameters);
    return row.suspected_until;
  }

  /** Something has shown that the stream went back. */
  async suspect(stream: string): Promise<void> {
    await this.states.query(SUSPECT, [stream]);
  }

  /** All that was dispatched until then has been looked at. */
  async clear(stream: string, until: Date): Promise<void> {
    await this.states.query(CLEAR, [stream, until]);
  }
}
