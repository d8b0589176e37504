-- Why a translator failed on a line, so that the line is shown as such and is tried again only when
-- somebody asks. `line.waits` knows a fourth state from here on: 4, a translation failed.

CREATE TABLE translation_failure (
    key        INTEGER PRIMARY KEY,
    segment    INTEGER NOT NULL REFERENCES segment (key),
    lang       TEXT    NOT NULL,
    of_version INTEGER NOT NULL, -- version of the text that was to be translated
    reason     TEXT    NOT NULL,
    at         TEXT    NOT NULL
) STRICT;

CREATE INDEX translation_failure_by_segment ON translation_failure (segment, of_version, lang, key);

CREATE TRIGGER translation_failure_no_update BEFORE UPDATE ON translation_failure
BEGIN SELECT RAISE(ABORT, 'append-only: translation_failure'); END;
CREATE TRIGGER translation_failure_no_delete BEFORE DELETE ON translation_failure
BEGIN SELECT RAISE(ABORT, 'append-only: translation_failure'); END;
CREATE TRIGGER translation_failure_no_replace BEFORE INSERT ON translation_failure
WHEN EXISTS (SELECT 1 FROM translation_failure WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'append-only: translation_failure'); END;
