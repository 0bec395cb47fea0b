-- Version 1. Read by `stats` (sites, counts, months, hours) and, later, by sinks; written by the ledger's one writer.

CREATE TABLE sites(
  id INTEGER PRIMARY KEY,
  name TEXT UNIQUE NOT NULL,
  timezone TEXT NOT NULL
) STRICT;

-- How long raw rows of a site stay. Kept here, so that a site that left the configuration still has its ceiling.
CREATE TABLE retention(
  site INTEGER PRIMARY KEY REFERENCES sites(id),
  days INTEGER NOT NULL
) STRICT;

-- Raw rows, in the order in which they were committed. Absent is NULL. A seq is never given twice, also not after a row
-- with it is gone: cursors rely on it, so the last one given stands in `state`.
CREATE TABLE events(
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,               -- UUIDv7, 16 bytes
  ts INTEGER NOT NULL,            -- arrival, milliseconds since 1970
  site INTEGER NOT NULL,
  kind INTEGER NOT NULL,          -- 0 view
  source INTEGER NOT NULL,        -- 0 proxy
  view_id BLOB,                   -- 16 bytes
  host TEXT,
  path TEXT,
  status INTEGER,
  origin_us INTEGER,              -- microseconds
  referrer TEXT,
  referrer_host TEXT,
  utm_source TEXT,
  utm_medium TEXT,
  utm_campaign TEXT,
  utm_term TEXT,
  utm_content TEXT,
  language TEXT,
  bot TEXT
) STRICT;

-- Where the rows of an hour (hours since 1970, UTC, by `ts`) stand: none of them outside these seqs, others may be among
-- them. Rows come nearly in the order of time, so this finds a time's rows at a thousandth of an index's cost, which was a
-- third of the cost of a row. `bytes`: about what its rows take, each the bytes of its texts and 80 more, added when it is
-- appended and not taken away when a row expires; the span goes when all its rows have. Sinks bound by it what they hold back.
CREATE TABLE spans(
  hour INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE state(
  name TEXT PRIMARY KEY,          -- 'last_seq'; 'gpc_json SITE': since when, milliseconds since 1970, that site says so
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO state(name, value) VALUES('last_seq', 0);

-- `day`: the site's day as days since 1970-01-01. `dimension`: see `counts/dimension.rs`.
CREATE TABLE counts(
  site INTEGER NOT NULL,
  dimension INTEGER NOT NULL,
  day INTEGER NOT NULL,
  value TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY(site, dimension, day, value)
) STRICT, WITHOUT ROWID;

-- The same counts by `month` (year * 12 + month - 1), so that a year is read in few rows.
CREATE TABLE months(
  site INTEGER NOT NULL,
  dimension INTEGER NOT NULL,
  month INTEGER NOT NULL,
  value TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY(site, dimension, month, value)
) STRICT, WITHOUT ROWID;

-- `hour`: hours since 1970, UTC.
CREATE TABLE hours(
  site INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  views INTEGER NOT NULL,
  bots INTEGER NOT NULL,
  PRIMARY KEY(site, hour)
) STRICT, WITHOUT ROWID;

-- A sink has got, or given up, every event up to and with its cursor.
CREATE TABLE sinks(
  id INTEGER PRIMARY KEY,
  name TEXT UNIQUE NOT NULL,
  cursor INTEGER NOT NULL,
  sites TEXT,                     -- JSON: ids of the sites whose events it gets; NULL: all
  kinds TEXT,                     -- JSON: numbers of the kinds of events that it gets; NULL: all
  created INTEGER NOT NULL,       -- milliseconds since 1970
  paused INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '', -- a backend's own position, written with the cursor
  delivered INTEGER NOT NULL DEFAULT 0, -- events, of all time
  given_up INTEGER NOT NULL DEFAULT 0,  -- events, of all time: expired, or beyond a bound
  stopped TEXT                    -- why, in words; NULL while it runs
) STRICT;

-- The events that each sink wants, delivered or not.
CREATE VIEW wanted(sink, seq, ts, site) AS
  SELECT sinks.id, seq, ts, site FROM sinks JOIN events
  WHERE (sites IS NULL OR site IN (SELECT value FROM json_each(sites)))
    AND (kinds IS NULL OR kind IN (SELECT value FROM json_each(kinds)));

-- A batch's range is written before its first attempt, so that a repeated attempt, also after a crash, is the same batch
-- under the same key. The row goes with the move of the cursor. Expiry does not wait for an open batch: when the batch's range
-- loses a row, its digest no longer fits, and it gets a new key. One key never goes with two bodies.
CREATE TABLE batches(
  id INTEGER PRIMARY KEY,
  sink INTEGER NOT NULL REFERENCES sinks(id) ON DELETE CASCADE,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  key TEXT UNIQUE NOT NULL,       -- the idempotency key that is sent
  digest BLOB NOT NULL,           -- SHA-256 of the body that goes with the key
  events INTEGER NOT NULL,        -- how many it has
  alive INTEGER NOT NULL,         -- what had expired at this time (milliseconds since 1970) was left out
  skipped INTEGER NOT NULL,       -- how many behind the cursor and up to its last seq it leaves out, as about to expire; less
                                  -- those that it has and that went before it was written down
  created INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  retry_at INTEGER,               -- not before, milliseconds since 1970
  UNIQUE(sink)
) STRICT;

-- Events that a sink refused for good, with the answer it gave. No copy of the event: when its row goes, this goes.
CREATE TABLE dead_letters(
  seq INTEGER NOT NULL REFERENCES events(seq) ON DELETE CASCADE,
  sink INTEGER NOT NULL REFERENCES sinks(id) ON DELETE CASCADE,
  died INTEGER NOT NULL,          -- milliseconds since 1970
  status INTEGER,                 -- of the answer, where it had one
  answer TEXT NOT NULL,
  retry INTEGER NOT NULL DEFAULT 0, -- its owner wants it to be tried again
  PRIMARY KEY(seq, sink)
) STRICT, WITHOUT ROWID;
CREATE INDEX dead_letters_by_sink ON dead_letters(sink, seq);

-- Access tokens of the owner's side. Only the SHA-256 is kept.
CREATE TABLE tokens(
  name TEXT PRIMARY KEY,
  hash BLOB UNIQUE NOT NULL,
  created INTEGER NOT NULL,       -- milliseconds since 1970
  revoked INTEGER                 -- milliseconds since 1970; NULL while in force
) STRICT, WITHOUT ROWID;

-- Scripts that pages in caches may still name.
CREATE TABLE scripts(
  hash8 TEXT PRIMARY KEY,
  body BLOB NOT NULL,
  last_current INTEGER            -- milliseconds since 1970; NULL while current
) STRICT;
