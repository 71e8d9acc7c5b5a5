/**
 * Tables of wallet.db: the only truth for what leaves the box (design: wallet, privacy, borders).
 * The whole file is encrypted; the secrets in it are sealed once more. Numbered scripts for
 * host/sqlite.ts, only ever added to.
 */
import { OUTBOX_DAYS_SQL, OUTBOX_SQL } from '../../chain/outbox-store.ts';

const TABLES = `
CREATE TABLE facts (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- Sealed with AES-256-GCM under a key of its own: nonce, ciphertext, tag.
CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT;

-- One anonymous address, one grant, one offer. Retired ones are deleted when their day is over.
CREATE TABLE addresses (
  idx INTEGER PRIMARY KEY,
  address TEXT NOT NULL UNIQUE,
  request_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN
    ('reserved', 'withdrawn', 'granted', 'posted', 'settled', 'retired')),
  side TEXT NOT NULL CHECK (side IN ('sell', 'buy')),
  first_interval INTEGER NOT NULL,
  last_interval INTEGER NOT NULL,
  energy_ws INTEGER NOT NULL,
  max_power_w INTEGER NOT NULL,
  price_micro_per_kwh INTEGER NOT NULL,
  is_flexible INTEGER NOT NULL CHECK (is_flexible IN (0, 1)),
  reserved_at_ms INTEGER NOT NULL,
  post_at_ms INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  asset_id INTEGER,
  offer_id INTEGER UNIQUE,
  is_closed INTEGER NOT NULL DEFAULT 0,
  held_ws INTEGER NOT NULL DEFAULT 0,
  held_micro TEXT NOT NULL DEFAULT '0',
  granted_micro TEXT NOT NULL DEFAULT '0',
  note TEXT
) STRICT;
CREATE INDEX addresses_live ON addresses (state) WHERE state <> 'retired';

-- Final trades of own offers.
CREATE TABLE trades (
  idx INTEGER NOT NULL REFERENCES addresses(idx),
  interval INTEGER NOT NULL,
  power_w INTEGER NOT NULL,
  PRIMARY KEY (idx, interval)
) STRICT, WITHOUT ROWID;
`;

/** Sealed as in `secrets`; erased when nothing can come back to the address. */
const ADDRESS_KEYS = `
CREATE TABLE address_keys (
  idx INTEGER PRIMARY KEY REFERENCES addresses(idx),
  sealed BLOB NOT NULL
) STRICT;
`;

export const WALLET_MIGRATIONS: readonly string[] = [
  ...[TABLES, OUTBOX_SQL, OUTBOX_DAYS_SQL],
  ADDRESS_KEYS,
];
