-- A person says who speaks in a line. The line itself stays as it was cut: the newest row of a line
-- counts, and a line without one has the speaker it was cut with. Rows only ever grow.

CREATE TABLE speaker_version (
    key     INTEGER PRIMARY KEY,
    segment INTEGER NOT NULL REFERENCES segment (key),
    version INTEGER NOT NULL CHECK (version >= 1), -- 1, 2, 3 ... of the line
    speaker TEXT    NOT NULL,
    author  TEXT    NOT NULL,
    reason  TEXT,
    at      TEXT    NOT NULL,
    UNIQUE (segment, version)
) STRICT;

CREATE TRIGGER speaker_version_no_update BEFORE UPDATE ON speaker_version
BEGIN SELECT RAISE(ABORT, 'append-only: speaker_version'); END;
CREATE TRIGGER speaker_version_no_delete BEFORE DELETE ON speaker_version
BEGIN SELECT RAISE(ABORT, 'append-only: speaker_version'); END;
CREATE TRIGGER speaker_version_no_replace BEFORE INSERT ON speaker_version
WHEN EXISTS (SELECT 1 FROM speaker_version WHERE key = NEW.key)
  OR EXISTS (SELECT 1 FROM speaker_version WHERE segment = NEW.segment AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'append-only: speaker_version'); END;

-- Derived: who speaks in a line now.
ALTER TABLE line ADD COLUMN speaker TEXT NOT NULL DEFAULT '';
UPDATE line SET speaker = (SELECT speaker FROM segment WHERE key = line.segment);
