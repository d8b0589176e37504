-- A person parts a line, joins two, or moves where a line begins and ends. Nothing is changed in the
-- lines themselves: a row says where each line stands from then on, or that it gave way to others.
-- The newest row of a line counts; a line without one stands as it was cut. Rows only ever grow:
-- to undo is to say the former places again.

CREATE TABLE recut (
    key       INTEGER PRIMARY KEY,
    interview INTEGER NOT NULL REFERENCES interview (key),
    number    INTEGER NOT NULL CHECK (number >= 1), -- 1, 2, 3 ... inside the interview
    kind      TEXT    NOT NULL CHECK (kind IN ('split', 'merge', 'retime', 'undo')),
    undoes    INTEGER,                              -- the number of the one it takes back
    author    TEXT    NOT NULL,
    reason    TEXT,
    at        TEXT    NOT NULL,
    UNIQUE (interview, number)
) STRICT;

CREATE TABLE recut_line (
    key          INTEGER PRIMARY KEY,
    recut        INTEGER NOT NULL REFERENCES recut (key),
    segment      INTEGER NOT NULL REFERENCES segment (key),
    start_sample INTEGER CHECK (start_sample >= 0), -- none: the line gave way
    end_sample   INTEGER CHECK (end_sample >= start_sample),
    CHECK ((start_sample IS NULL) = (end_sample IS NULL)),
    UNIQUE (recut, segment)
) STRICT;

CREATE INDEX recut_line_by_segment ON recut_line (segment);

CREATE TRIGGER recut_no_update BEFORE UPDATE ON recut
BEGIN SELECT RAISE(ABORT, 'append-only: recut'); END;
CREATE TRIGGER recut_no_delete BEFORE DELETE ON recut
BEGIN SELECT RAISE(ABORT, 'append-only: recut'); END;
CREATE TRIGGER recut_no_replace BEFORE INSERT ON recut
WHEN EXISTS (SELECT 1 FROM recut WHERE key = NEW.key)
  OR EXISTS (SELECT 1 FROM recut WHERE interview = NEW.interview AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'append-only: recut'); END;
CREATE TRIGGER recut_sealed BEFORE INSERT ON recut
WHEN EXISTS (SELECT 1 FROM chain WHERE kind = 'sealed' AND subject = NEW.interview)
BEGIN SELECT RAISE(ABORT, 'sealed'); END;

CREATE TRIGGER recut_line_no_update BEFORE UPDATE ON recut_line
BEGIN SELECT RAISE(ABORT, 'append-only: recut_line'); END;
CREATE TRIGGER recut_line_no_delete BEFORE DELETE ON recut_line
BEGIN SELECT RAISE(ABORT, 'append-only: recut_line'); END;
CREATE TRIGGER recut_line_no_replace BEFORE INSERT ON recut_line
WHEN EXISTS (SELECT 1 FROM recut_line WHERE key = NEW.key)
  OR EXISTS (SELECT 1 FROM recut_line WHERE recut = NEW.recut AND segment = NEW.segment)
BEGIN SELECT RAISE(ABORT, 'append-only: recut_line'); END;
CREATE TRIGGER recut_line_sealed BEFORE INSERT ON recut_line
WHEN EXISTS (SELECT 1 FROM chain c JOIN recut r ON r.interview = c.subject
             WHERE c.kind = 'sealed' AND r.key = NEW.recut)
BEGIN SELECT RAISE(ABORT, 'sealed'); END;

-- Derived: where a line stands now, and whether it gave way to others.
ALTER TABLE line ADD COLUMN start_sample INTEGER NOT NULL DEFAULT 0;
ALTER TABLE line ADD COLUMN end_sample INTEGER NOT NULL DEFAULT 0;
ALTER TABLE line ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
UPDATE line SET (start_sample, end_sample) =
    (SELECT start_sample, end_sample FROM segment WHERE key = line.segment);
DROP INDEX line_counts;
CREATE INDEX line_counts ON line (interview, gone, waits, flagged);
CREATE INDEX line_by_time ON line (interview, start_sample);
