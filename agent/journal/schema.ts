/**
 * Tables of journal.db: readings, forecasts, plans, commitments, switches. Never an address, a
 * transaction or a hash (design: wallet, privacy, borders). Powers in W and energies in Ws,
 * positive into the home; moments in ms of market time.
 *
 * Numbered scripts for host/sqlite.ts: only ever added to (design: storage).
 */
import { BILL_TABLE } from './bill-records.ts';
import { CONTROLLED_TABLE } from './controlled.ts';
import { FORECAST_TABLES } from './forecast-records.ts';
import { GENERATED_TABLE } from './generated.ts';
import { LOAD_TABLES } from './load-records.ts';
import { MARKET_TABLE } from './market-records.ts';
import { WEATHER_TABLE } from './weather-records.ts';

const TABLES = `
-- One row per closed interval. Energy is NULL where it is not known: never 0 for unknown.
CREATE TABLE readings (
  interval INTEGER PRIMARY KEY,
  imported_ws INTEGER CHECK (imported_ws >= 0),
  exported_ws INTEGER CHECK (exported_ws >= 0),
  quality TEXT NOT NULL
    CHECK (quality IN ('measured', 'counter-filled', 'reconstructed', 'incomplete')),
  acknowledged INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX readings_open ON readings (interval) WHERE acknowledged = 0;

CREATE TABLE forecasts (
  made_in INTEGER NOT NULL,
  interval INTEGER NOT NULL,
  p10_w INTEGER NOT NULL,
  p50_w INTEGER NOT NULL,
  p90_w INTEGER NOT NULL,
  method TEXT NOT NULL,
  PRIMARY KEY (made_in, interval)
) STRICT, WITHOUT ROWID;

-- The latest plan of each interval, with the reason in words of what was offered for it.
CREATE TABLE plans (
  interval INTEGER PRIMARY KEY,
  made_in INTEGER NOT NULL,
  battery_w INTEGER NOT NULL,
  loads_w INTEGER NOT NULL,
  planned_w INTEGER NOT NULL,
  code TEXT,
  sentence TEXT
) STRICT;

-- Written before the interval starts and never changed: what the follower holds.
CREATE TABLE schedule (
  interval INTEGER PRIMARY KEY,
  committed_w INTEGER NOT NULL,
  untraded_w INTEGER NOT NULL,
  decided_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE switches (
  at_ms INTEGER NOT NULL,
  load TEXT NOT NULL,
  on_off INTEGER NOT NULL CHECK (on_off IN (0, 1)),
  why TEXT NOT NULL
) STRICT;
CREATE INDEX switches_of_load ON switches (load, at_ms);

-- One row: where metering stood, for the restart in the middle of an interval. Counters are those
-- of the meter; running energies those of the interval so far, NULL where its start was not seen.
CREATE TABLE checkpoints (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at_ms INTEGER NOT NULL,
  imported_counter_ws INTEGER NOT NULL,
  exported_counter_ws INTEGER NOT NULL,
  interval INTEGER NOT NULL,
  running_imported_ws INTEGER,
  running_exported_ws INTEGER,
  quality TEXT NOT NULL
) STRICT;
`;

export const JOURNAL_MIGRATIONS: readonly string[] = [
  TABLES,
  CONTROLLED_TABLE,
  LOAD_TABLES,
  FORECAST_TABLES,
  MARKET_TABLE,
  BILL_TABLE,
  GENERATED_TABLE,
  WEATHER_TABLE,
];
