-- One row for each printer, in the order in which they were first seen. `state` is all that the exporter knows of it,
-- as JSON: the open print and its clock, the counters, the last end. The other columns are there for people.
CREATE TABLE printers (
    position INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    label TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    UNIQUE (source, id)
) STRICT;

-- One row for each print that has ended, in the order of the ends. Times are seconds since 1970, UTC.
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
    paused_seconds REAL NOT NULL
) STRICT;

CREATE INDEX prints_by_end ON prints (ended);

-- Fingerprints of the print ids that have ended, so that no late webhook opens a print anew.
CREATE TABLE ended_print_ids (fingerprint INTEGER PRIMARY KEY) STRICT;

-- When a source last said that its webhooks of the day are used up: microseconds since 1970, UTC.
CREATE TABLE notification_limits (source TEXT PRIMARY KEY, reached INTEGER NOT NULL) STRICT;

-- Until when the counters of time may have been seen to grow, told a little ahead: microseconds since 1970, UTC.
CREATE TABLE heartbeat (one INTEGER PRIMARY KEY CHECK (one = 1), shown_until INTEGER NOT NULL) STRICT;
