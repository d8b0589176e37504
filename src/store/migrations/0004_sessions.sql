-- Live sessions: where the sound came from, and what happened while it was recorded. These tables
-- only ever grow, like the records beside them: an entry that is over gets a second row.

CREATE TABLE session (
    interview        INTEGER PRIMARY KEY REFERENCES interview (key),
    device           TEXT    NOT NULL, -- identity of the microphone, or the practice file's name
    practice         INTEGER NOT NULL CHECK (practice IN (0, 1)),
    max_utterance_ms INTEGER NOT NULL, -- how the sound is cut, so that a recovery cuts alike
    started_at       TEXT    NOT NULL
) STRICT;

CREATE TABLE session_end (
    interview INTEGER PRIMARY KEY REFERENCES session (interview),
    how       TEXT    NOT NULL, -- asked, source-ended, disk-full, disk-failed, recovered
    at        TEXT    NOT NULL
) STRICT;

CREATE TABLE event (
    key          INTEGER PRIMARY KEY,
    interview    INTEGER NOT NULL REFERENCES session (interview),
    kind         TEXT    NOT NULL,
    label        TEXT    NOT NULL, -- what kind of marker, which reason: a word or a sentence
    channel      INTEGER,
    start_sample INTEGER NOT NULL CHECK (start_sample >= 0),
    end_sample   INTEGER,          -- none while it lasts
    closes       INTEGER REFERENCES event (key), -- the row whose end this one tells
    journal      INTEGER,          -- its number in the recorder's journal, where it comes from there
    at           TEXT    NOT NULL
) STRICT;

CREATE INDEX event_by_interview ON event (interview, start_sample);
CREATE UNIQUE INDEX event_by_journal ON event (interview, journal) WHERE journal IS NOT NULL;

CREATE TRIGGER session_no_update BEFORE UPDATE ON session
BEGIN SELECT RAISE(ABORT, 'append-only: session'); END;
CREATE TRIGGER session_no_delete BEFORE DELETE ON session
BEGIN SELECT RAISE(ABORT, 'append-only: session'); END;
CREATE TRIGGER session_end_no_update BEFORE UPDATE ON session_end
BEGIN SELECT RAISE(ABORT, 'append-only: session_end'); END;
CREATE TRIGGER session_end_no_delete BEFORE DELETE ON session_end
BEGIN SELECT RAISE(ABORT, 'append-only: session_end'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'append-only: event'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'append-only: event'); END;

CREATE TRIGGER session_no_replace BEFORE INSERT ON session
WHEN EXISTS (SELECT 1 FROM session WHERE interview = NEW.interview)
BEGIN SELECT RAISE(ABORT, 'append-only: session'); END;
CREATE TRIGGER session_end_no_replace BEFORE INSERT ON session_end
WHEN EXISTS (SELECT 1 FROM session_end WHERE interview = NEW.interview)
BEGIN SELECT RAISE(ABORT, 'append-only: session_end'); END;
CREATE TRIGGER event_no_replace BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM event WHERE key = NEW.key)
  OR (NEW.journal IS NOT NULL AND EXISTS (
      SELECT 1 FROM event WHERE interview = NEW.interview AND journal = NEW.journal))
BEGIN SELECT RAISE(ABORT, 'append-only: event'); END;
