/** Meters in the place of others, what meters report of themselves, and strays of the log. */
export const FLEET_SQL = `
-- The meter that took its place: account, feeder and limits went there, and what still comes back
-- to addresses of the old one goes there too.
ALTER TABLE meters ADD COLUMN replaced_by TEXT REFERENCES meters(meter_id);

-- Once more, for the reason 'moved'.
CREATE TABLE ledger_next (
  id INTEGER PRIMARY KEY,
  meter_id TEXT NOT NULL REFERENCES meters(meter_id),
  amount_micro TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('opening', 'granted', 'returned', 'deposited', 'moved')),
  ref TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  UNIQUE (reason, ref)
) STRICT;
INSERT INTO ledger_next SELECT id, meter_id, amount_micro, reason, ref, at_ms FROM ledger;
DROP TABLE ledger;
ALTER TABLE ledger_next RENAME TO ledger;
CREATE INDEX ledger_meter ON ledger(meter_id);

-- The last report of each meter. Codes: a list in JSON.
CREATE TABLE health (
  meter_id TEXT PRIMARY KEY REFERENCES meters(meter_id),
  session TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  version TEXT NOT NULL,
  clock_proven INTEGER NOT NULL,
  clock_source TEXT NOT NULL,
  codes TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  -- When a board spoke again that another one had followed: two boards have one key.
  two_boards_at_ms INTEGER
) STRICT;
-- Runs of the program that ended: none of them speaks again.
CREATE TABLE health_sessions (
  id INTEGER PRIMARY KEY,
  meter_id TEXT NOT NULL REFERENCES meters(meter_id),
  session TEXT NOT NULL,
  UNIQUE (meter_id, session)
) STRICT;

-- What the log says of addresses that no meter is known for: granted by somebody else, or by this
-- DSO after the backup that its books were restored from. Amounts: decimal digits.
CREATE TABLE strays (
  transaction_hash TEXT NOT NULL,
  log_index INTEGER NOT NULL,
  block INTEGER NOT NULL,
  address TEXT NOT NULL,
  kind TEXT NOT NULL,
  event TEXT NOT NULL,
  last_interval INTEGER,
  PRIMARY KEY (transaction_hash, log_index)
) STRICT;
CREATE INDEX strays_address ON strays(address);
`;
