-- One row for each printer, counted from 0 in the order in which they were first seen. `state` is all else that the
-- exporter knows of it, as JSON: the open print and its clock, the counters, the last end. What is still as it begins (zero,
-- unknown, idle) is left out. Times are microseconds since 1970, UTC, spans nanoseconds. The exporter itself sees to it that
-- no label and no pair of source and id is there twice, and refuses a file in which one is.
ALTER TABLE printers RENAME TO printers_of_layout_1;
CREATE TABLE printers (
    position INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    label TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL
) STRICT;
