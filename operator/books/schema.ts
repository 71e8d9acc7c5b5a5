/**
 * books.db: what the utility knows. Amounts of money are TEXT, because they may exceed 2^53.
 * Scripts are only ever added to.
 */
import { OUTBOX_DAYS_SQL, OUTBOX_SQL } from '../../chain/outbox-store.ts';
import { CONTROL_SQL } from './control-schema.ts';
import { FLEET_SQL } from './fleet-schema.ts';

const BOOKS_SQL = `
CREATE TABLE facts (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE meters (
  meter_id TEXT PRIMARY KEY,
  feeder INTEGER NOT NULL,
  max_power_w INTEGER NOT NULL,
  balance_micro TEXT NOT NULL,
  suspended INTEGER NOT NULL DEFAULT 0,
  added_at_ms INTEGER NOT NULL
) STRICT;

-- Every change of a balance, once for each reason and reference.
CREATE TABLE ledger (
  id INTEGER PRIMARY KEY,
  meter_id TEXT NOT NULL REFERENCES meters(meter_id),
  amount_micro TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('opening', 'granted', 'returned', 'deposited')),
  ref TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  UNIQUE (reason, ref)
) STRICT;
CREATE INDEX ledger_meter ON ledger(meter_id);

CREATE TABLE withdrawals (
  request_id TEXT PRIMARY KEY,
  meter_id TEXT NOT NULL REFERENCES meters(meter_id),
  address TEXT NOT NULL,
  digest TEXT NOT NULL,
  amount_micro TEXT NOT NULL,
  money TEXT NOT NULL CHECK (money IN ('none', 'waiting', 'granted', 'refused')),
  state TEXT NOT NULL CHECK (state IN ('accepted', 'granted', 'failed')),
  code TEXT,
  sentence TEXT,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX withdrawals_open ON withdrawals(state) WHERE state = 'accepted';
CREATE INDEX withdrawals_meter ON withdrawals(meter_id);

-- Which address belongs to which meter: nobody else knows. Never taken away.
CREATE TABLE addresses (
  address TEXT PRIMARY KEY,
  request_id TEXT NOT NULL REFERENCES withdrawals(request_id),
  meter_id TEXT NOT NULL REFERENCES meters(meter_id)
) STRICT;

CREATE TABLE grants (
  request_id TEXT NOT NULL REFERENCES withdrawals(request_id),
  position INTEGER NOT NULL,
  meter_id TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('sell', 'buy')),
  first_interval INTEGER NOT NULL,
  last_interval INTEGER NOT NULL,
  energy_ws INTEGER NOT NULL,
  max_power_w INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'granted', 'refused', 'returned')),
  asset_id INTEGER UNIQUE,
  PRIMARY KEY (request_id, position)
) STRICT;
CREATE INDEX grants_meter ON grants(meter_id, last_interval);

-- Offers of addresses that belong to meters, and their final trades, voided ones taken out.
CREATE TABLE offers (
  offer_id INTEGER PRIMARY KEY,
  meter_id TEXT NOT NULL,
  side TEXT NOT NULL
) STRICT;
CREATE TABLE trades (
  interval INTEGER NOT NULL,
  position INTEGER NOT NULL,
  offer_id INTEGER NOT NULL REFERENCES offers(offer_id),
  meter_id TEXT NOT NULL,
  side TEXT NOT NULL,
  power_w INTEGER NOT NULL,
  PRIMARY KEY (interval, position, offer_id)
) STRICT;
CREATE INDEX trades_meter ON trades(meter_id, interval);

-- What came back from addresses; credited once for each place in the log.
CREATE TABLE deposits (
  transaction_hash TEXT NOT NULL,
  log_index INTEGER NOT NULL,
  meter_id TEXT NOT NULL,
  address TEXT NOT NULL,
  amount_micro TEXT,
  asset_id INTEGER,
  energy_ws INTEGER,
  PRIMARY KEY (transaction_hash, log_index)
) STRICT;

CREATE TABLE readings (
  meter_id TEXT NOT NULL REFERENCES meters(meter_id),
  interval INTEGER NOT NULL,
  imported_ws INTEGER NOT NULL,
  exported_ws INTEGER NOT NULL,
  quality TEXT NOT NULL,
  meter_signature TEXT NOT NULL,
  dso_signature TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (meter_id, interval)
) STRICT;
`;

const CARRIERS_SQL = `
-- The transaction that carries the grants of a withdrawal; null while none was signed. Alone: it
-- was among several that the contract refused together, and gets a transaction of its own.
ALTER TABLE withdrawals ADD COLUMN carrier TEXT REFERENCES outbox(hash);
ALTER TABLE withdrawals ADD COLUMN is_alone INTEGER NOT NULL DEFAULT 0;
-- Each grant had a transaction of its own before: the last one stands for all of them.
UPDATE withdrawals SET carrier = (
  SELECT hash FROM outbox WHERE ref LIKE 'withdrawal:' || request_id || ':%'
  ORDER BY nonce DESC LIMIT 1
) WHERE state = 'accepted';
CREATE INDEX withdrawals_carrier ON withdrawals(carrier) WHERE carrier IS NOT NULL;
`;

export const BOOKS_MIGRATIONS: readonly string[] = [
  OUTBOX_SQL,
  BOOKS_SQL,
  CARRIERS_SQL,
  OUTBOX_DAYS_SQL,
  CONTROL_SQL,
  FLEET_SQL,
];

/** solver.db holds an outbox and nothing else. */
export const SOLVER_MIGRATIONS: readonly string[] = [OUTBOX_SQL, OUTBOX_DAYS_SQL];
