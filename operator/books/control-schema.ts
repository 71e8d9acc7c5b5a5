/** What the engineer ordered of the market, and what the contracts say of it. */
export const CONTROL_SQL = `
-- Limits of feeders as the log tells them, from an interval on.
CREATE TABLE feeder_limits (
  feeder INTEGER NOT NULL,
  from_interval INTEGER NOT NULL,
  internal_w INTEGER NOT NULL,
  external_w INTEGER NOT NULL,
  PRIMARY KEY (feeder, from_interval)
) STRICT;
-- What the owner allows: no order goes above it.
CREATE TABLE feeder_ceilings (
  feeder INTEGER PRIMARY KEY,
  internal_w INTEGER NOT NULL,
  external_w INTEGER NOT NULL
) STRICT;
-- Orders for a while; null: that limit stays as it is.
CREATE TABLE limit_orders (
  id INTEGER PRIMARY KEY,
  feeder INTEGER NOT NULL,
  internal_w INTEGER,
  external_w INTEGER,
  first_interval INTEGER NOT NULL,
  last_interval INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  removed_at_ms INTEGER
) STRICT;
`;
