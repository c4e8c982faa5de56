-- One row: what every batch locks. `version` counts the batches; `at` is the time of the last one; `shown` is the latest
-- time as of which a reader has seen the state. Times are microseconds since 1970, UTC.
CREATE TABLE head (
    one int8 PRIMARY KEY CHECK (one = 1),
    layout int8 NOT NULL,
    farm_id text NOT NULL,
    version int8 NOT NULL,
    at int8 NOT NULL,
    shown int8 NOT NULL,
    printers int8 NOT NULL,
    last_print int8 NOT NULL,
    pruned int8 NOT NULL
);

-- As in the SQLite file, and the version of the batch that wrote the row last.
CREATE TABLE printers (
    position int8 PRIMARY KEY,
    source text NOT NULL,
    id text NOT NULL,
    label text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    version int8 NOT NULL
);

CREATE INDEX printers_by_version ON printers (version);

-- As in the SQLite file.
CREATE TABLE prints (
    number int8 PRIMARY KEY,
    printer text NOT NULL,
    source text NOT NULL,
    print_id text,
    file text,
    path text,
    origin text NOT NULL,
    owner text,
    started float8 NOT NULL,
    ended float8 NOT NULL,
    outcome text NOT NULL,
    printed_seconds float8 NOT NULL,
    paused_seconds float8 NOT NULL,
    reason text,
    filament_meters float8,
    filament_meters_basis text,
    filament_grams float8,
    filament_grams_basis text
);

CREATE INDEX prints_by_end ON prints (ended, number);

CREATE TABLE ended_print_ids (fingerprint int8 PRIMARY KEY);

CREATE TABLE notification_limits (source text PRIMARY KEY, reached int8 NOT NULL, version int8 NOT NULL);

-- What each replica has stored last: the id of its batch, when that was, and the number of the last event of its outbox that
-- is part of the state.
CREATE TABLE replicas (
    name text PRIMARY KEY,
    last_batch text NOT NULL,
    outbox int8 NOT NULL,
    at int8 NOT NULL
);
