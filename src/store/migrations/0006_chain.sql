-- What happened to an interview, each event sealed to the one before by its SHA-256; only ever grows.
-- Subject 0 is the workspace itself: its keys, and what was received from elsewhere.

CREATE TABLE chain (
    subject INTEGER NOT NULL,                      -- the interview's key, or 0
    number  INTEGER NOT NULL CHECK (number >= 1),
    kind    TEXT    NOT NULL,                      -- as in the body, for the triggers below
    body    TEXT    NOT NULL,                      -- canonical JSON
    hash    TEXT    NOT NULL,                      -- SHA-256 of the body
    PRIMARY KEY (subject, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX chain_by_kind ON chain (kind, subject);

CREATE TRIGGER chain_no_update BEFORE UPDATE ON chain
BEGIN SELECT RAISE(ABORT, 'append-only: chain'); END;
CREATE TRIGGER chain_no_delete BEFORE DELETE ON chain
BEGIN SELECT RAISE(ABORT, 'append-only: chain'); END;
CREATE TRIGGER chain_in_order BEFORE INSERT ON chain
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM chain WHERE subject = NEW.subject)
BEGIN SELECT RAISE(ABORT, 'append-only: chain'); END;

-- Once an interview is sealed its sound, its lines and the entries of its session are complete.
-- Texts may still be added: every one stands behind the seal in the chain, where all can see it.
CREATE TRIGGER audio_sealed BEFORE INSERT ON audio
WHEN EXISTS (SELECT 1 FROM chain WHERE kind = 'sealed' AND subject = NEW.interview)
BEGIN SELECT RAISE(ABORT, 'sealed'); END;
CREATE TRIGGER segment_sealed BEFORE INSERT ON segment
WHEN EXISTS (SELECT 1 FROM chain WHERE kind = 'sealed' AND subject = NEW.interview)
BEGIN SELECT RAISE(ABORT, 'sealed'); END;
CREATE TRIGGER event_sealed BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM chain WHERE kind = 'sealed' AND subject = NEW.interview)
BEGIN SELECT RAISE(ABORT, 'sealed'); END;
CREATE TRIGGER interview_sealed BEFORE UPDATE ON interview
WHEN NEW.duration_ms IS NOT OLD.duration_ms
 AND EXISTS (SELECT 1 FROM chain WHERE kind = 'sealed' AND subject = NEW.key)
BEGIN SELECT RAISE(ABORT, 'sealed'); END;
