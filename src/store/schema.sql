-- One row per printer. `position` counts from 0 in the order in which the printers were first seen. `state` is the rest of
-- what the exporter knows, as JSON: the open print, the counters, the last end. Times are microseconds since 1970, UTC. The
-- exporter keeps labels and pairs of source and id unique, and refuses a file in which they are not.
CREATE TABLE printers (
    position INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    label TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL
) STRICT;

-- One row per ended print, in the order in which the ends were recorded. Times are seconds since 1970, UTC.
CREATE TABLE prints (
    number INTEGER PRIMARY KEY,
    printer TEXT NOT NULL,
    source TEXT NOT NULL,
    print_id TEXT,
    file TEXT,
    path TEXT,
    origin TEXT NOT NULL,
    owner TEXT,
    started REAL NOT NULL,
    ended REAL NOT NULL,
    outcome TEXT NOT NULL,
    printed_seconds REAL NOT NULL,
    paused_seconds REAL NOT NULL,
    reason TEXT,
    filament_meters REAL,
    filament_meters_basis TEXT,
    filament_grams REAL,
    filament_grams_basis TEXT
) STRICT;

CREATE INDEX prints_by_end ON prints (ended);

-- Fingerprints of the print ids that have ended, so that a late webhook does not open such a print again.
CREATE TABLE ended_print_ids (fingerprint INTEGER PRIMARY KEY) STRICT;

-- When a source last reported that its daily quota of notifications is used up: microseconds since 1970, UTC.
CREATE TABLE notification_limits (source TEXT PRIMARY KEY, reached INTEGER NOT NULL) STRICT;

-- When the exporter was last known to run, and until when readers may have seen the time counters grow, which is up to a
-- minute later: microseconds since 1970, UTC.
CREATE TABLE heartbeat (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at INTEGER NOT NULL,
    shown_until INTEGER NOT NULL
) STRICT;
