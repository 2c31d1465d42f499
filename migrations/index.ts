import { Ledger1795305600000 } from './1795305600000-ledger.js';
import { IdempotencyKeys1795305600001 } from './1795305600001-idempotency-keys.js';
import { SenderClaims1795305600002 } from './1795305600002-sender-claims.js';
import { Events1795305600003 } from './1795305600003-events.js';
import { Reads1795305600004 } from './1795305600004-reads.js';
import { Sending1795305600005 } from './1795305600005-sending.js';
import { SendLimits1795305600006 } from './1795305600006-send-limits.js';
import { Control1795305600007 } from './1795305600007-control.js';
import { Growth1795305600010 } from './1795305600010-growth.js';
import { DeadLetters1795305600021 } from './1795305600021-dead-letters.js';
import { StreamState1795305600012 } from './1795305600012-stream-state.js';
import { Retention1795305600020 } from './1795305600020-retention.js';
import { DefinerSearchPath1795305600030 } from './1795305600030-definer-search-path.js';
import { LedgerState1795305600031 } from './1795305600031-ledger-state.js';

/** Classes, not a glob: TypeORM would import a glob past the test runner. `migrate:create` appends here. */
export const migrations = [
  Ledger1795305600000,
  IdempotencyKeys1795305600001,
  SenderClaims1795305600002,
  Events1795305600003,
  Reads1795305600004,
  Sending1795305600005,
  SendLimits1795305600006,
  Control1795305600007,
  Growth1795305600010,
  StreamState1795305600012,
  Retention1795305600020,
  DeadLetters1795305600021,
  DefinerSearchPath1795305600030,
  LedgerState1795305600031,
];
