-- What can be worked out again from the records, kept so that lists and the backlog need no scan.
-- The full-text index belongs here too; it is made by search_index.sql, which has its own version.

CREATE TABLE line (
    segment   INTEGER PRIMARY KEY REFERENCES segment (key),
    interview INTEGER NOT NULL REFERENCES interview (key),
    version   INTEGER NOT NULL, -- the text version that counts, 0 for none
    waits     INTEGER NOT NULL, -- 0 nothing, 1 recognition, 2 failed, 3 translation
    flagged   INTEGER NOT NULL  -- 1 where a flag other than practice-model stands
) STRICT;

CREATE INDEX line_counts ON line (interview, waits, flagged);
CREATE INDEX line_waiting ON line (waits, interview) WHERE waits > 0;

CREATE TABLE tally (
    interview INTEGER PRIMARY KEY REFERENCES interview (key),
    segments  INTEGER NOT NULL,
    pending   INTEGER NOT NULL,
    flagged   INTEGER NOT NULL
) STRICT;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
