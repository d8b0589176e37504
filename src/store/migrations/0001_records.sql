-- What was recorded, recognised, translated and corrected. These tables only ever grow:
-- a correction is a new row, and triggers refuse every change and every removal.
-- Lists (languages) are codes parted by spaces; flags, words and terms are JSON arrays.

CREATE TABLE interview (
    key         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    case_name   TEXT,
    languages   TEXT    NOT NULL,
    started     TEXT    NOT NULL, -- RFC 3339, as it was given
    started_ms  INTEGER NOT NULL, -- the same moment, milliseconds since 1970 UTC
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    source      TEXT,             -- where an imported transcript came from
    stored_at   TEXT    NOT NULL
) STRICT;

CREATE INDEX interview_by_time ON interview (started_ms);
CREATE INDEX interview_by_case ON interview (case_name, started_ms);

CREATE TABLE audio (
    interview     INTEGER NOT NULL REFERENCES interview (key),
    position      INTEGER NOT NULL,
    path          TEXT    NOT NULL,
    sha256        TEXT    NOT NULL,
    sample_rate   INTEGER NOT NULL,
    channels      INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    original_name TEXT    NOT NULL,
    PRIMARY KEY (interview, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel (
    interview INTEGER NOT NULL REFERENCES interview (key),
    position  INTEGER NOT NULL,
    speaker   TEXT    NOT NULL,
    languages TEXT    NOT NULL,
    working   TEXT,               -- file name of the 16 kHz working copy
    PRIMARY KEY (interview, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE segment (
    key          INTEGER PRIMARY KEY,
    interview    INTEGER NOT NULL REFERENCES interview (key),
    id           INTEGER NOT NULL, -- 1, 2, 3 ... inside the interview
    channel      INTEGER NOT NULL,
    speaker      TEXT    NOT NULL,
    start_sample INTEGER NOT NULL CHECK (start_sample >= 0),
    end_sample   INTEGER NOT NULL CHECK (end_sample >= start_sample),
    lang         TEXT    NOT NULL,
    flags        TEXT    NOT NULL,
    UNIQUE (interview, id)
) STRICT;

CREATE TABLE text_version (
    segment    INTEGER NOT NULL REFERENCES segment (key),
    version    INTEGER NOT NULL CHECK (version >= 1),
    lang       TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('machine', 'edited', 'certified')),
    author     TEXT    NOT NULL,
    reason     TEXT,
    confidence REAL,
    words      TEXT    NOT NULL,
    flags      TEXT    NOT NULL,
    at         TEXT    NOT NULL,
    PRIMARY KEY (segment, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE translation (
    segment    INTEGER NOT NULL REFERENCES segment (key),
    lang       TEXT    NOT NULL,
    version    INTEGER NOT NULL CHECK (version >= 1),
    of_version INTEGER NOT NULL, -- version of the text that it translates
    text       TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('machine', 'edited', 'certified')),
    author     TEXT    NOT NULL,
    reason     TEXT,
    log_prob   REAL,
    terms      TEXT    NOT NULL,
    flags      TEXT    NOT NULL,
    at         TEXT    NOT NULL,
    PRIMARY KEY (segment, lang, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE failure (
    key     INTEGER PRIMARY KEY,
    segment INTEGER NOT NULL REFERENCES segment (key),
    reason  TEXT    NOT NULL,
    at      TEXT    NOT NULL
) STRICT;

CREATE INDEX failure_by_segment ON failure (segment, key);

-- An interview's row may change in one way: its sound may grow.
CREATE TRIGGER interview_no_update BEFORE UPDATE ON interview
WHEN NEW.key IS NOT OLD.key OR NEW.id IS NOT OLD.id OR NEW.case_name IS NOT OLD.case_name
  OR NEW.languages IS NOT OLD.languages OR NEW.started IS NOT OLD.started
  OR NEW.started_ms IS NOT OLD.started_ms OR NEW.source IS NOT OLD.source
  OR NEW.stored_at IS NOT OLD.stored_at OR NEW.duration_ms < OLD.duration_ms
BEGIN SELECT RAISE(ABORT, 'append-only: interview'); END;
CREATE TRIGGER interview_no_delete BEFORE DELETE ON interview
BEGIN SELECT RAISE(ABORT, 'append-only: interview'); END;

CREATE TRIGGER audio_no_update BEFORE UPDATE ON audio
BEGIN SELECT RAISE(ABORT, 'append-only: audio'); END;
CREATE TRIGGER audio_no_delete BEFORE DELETE ON audio
BEGIN SELECT RAISE(ABORT, 'append-only: audio'); END;

CREATE TRIGGER channel_no_update BEFORE UPDATE ON channel
BEGIN SELECT RAISE(ABORT, 'append-only: channel'); END;
CREATE TRIGGER channel_no_delete BEFORE DELETE ON channel
BEGIN SELECT RAISE(ABORT, 'append-only: channel'); END;

CREATE TRIGGER segment_no_update BEFORE UPDATE ON segment
BEGIN SELECT RAISE(ABORT, 'append-only: segment'); END;
CREATE TRIGGER segment_no_delete BEFORE DELETE ON segment
BEGIN SELECT RAISE(ABORT, 'append-only: segment'); END;

CREATE TRIGGER text_version_no_update BEFORE UPDATE ON text_version
BEGIN SELECT RAISE(ABORT, 'append-only: text_version'); END;
CREATE TRIGGER text_version_no_delete BEFORE DELETE ON text_version
BEGIN SELECT RAISE(ABORT, 'append-only: text_version'); END;

CREATE TRIGGER translation_no_update BEFORE UPDATE ON translation
BEGIN SELECT RAISE(ABORT, 'append-only: translation'); END;
CREATE TRIGGER translation_no_delete BEFORE DELETE ON translation
BEGIN SELECT RAISE(ABORT, 'append-only: translation'); END;

CREATE TRIGGER failure_no_update BEFORE UPDATE ON failure
BEGIN SELECT RAISE(ABORT, 'append-only: failure'); END;
CREATE TRIGGER failure_no_delete BEFORE DELETE ON failure
BEGIN SELECT RAISE(ABORT, 'append-only: failure'); END;

-- INSERT OR REPLACE removes a row without firing its delete trigger, so it is refused here.
CREATE TRIGGER interview_no_replace BEFORE INSERT ON interview
WHEN EXISTS (SELECT 1 FROM interview WHERE key = NEW.key OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append-only: interview'); END;
CREATE TRIGGER audio_no_replace BEFORE INSERT ON audio
WHEN EXISTS (SELECT 1 FROM audio WHERE interview = NEW.interview AND position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'append-only: audio'); END;
CREATE TRIGGER channel_no_replace BEFORE INSERT ON channel
WHEN EXISTS (SELECT 1 FROM channel WHERE interview = NEW.interview AND position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'append-only: channel'); END;
CREATE TRIGGER segment_no_replace BEFORE INSERT ON segment
WHEN EXISTS (SELECT 1 FROM segment WHERE key = NEW.key)
  OR EXISTS (SELECT 1 FROM segment WHERE interview = NEW.interview AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append-only: segment'); END;
CREATE TRIGGER text_version_no_replace BEFORE INSERT ON text_version
WHEN EXISTS (SELECT 1 FROM text_version WHERE segment = NEW.segment AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'append-only: text_version'); END;
CREATE TRIGGER translation_no_replace BEFORE INSERT ON translation
WHEN EXISTS (SELECT 1 FROM translation
             WHERE segment = NEW.segment AND lang = NEW.lang AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'append-only: translation'); END;
CREATE TRIGGER failure_no_replace BEFORE INSERT ON failure
WHEN EXISTS (SELECT 1 FROM failure WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'append-only: failure'); END;
