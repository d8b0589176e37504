-- The register of people. These tables only ever grow: what is corrected or taken back gets a row
-- that names the one it replaces, and nothing merges two people by itself. `name_page` alone is worked
-- out from the names and may be made anew.

CREATE TABLE person (
    key       INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    case_name TEXT,
    made_by   TEXT NOT NULL,
    at        TEXT NOT NULL
) STRICT;

CREATE TABLE person_fact (
    key       INTEGER PRIMARY KEY,
    person    INTEGER NOT NULL REFERENCES person (key),
    kind      TEXT    NOT NULL, -- name, role, birth-year, phone, plate, document, place, mention, note
    value     TEXT    NOT NULL, -- as it was entered
    plain     TEXT    NOT NULL, -- the form that is compared: digits of a number, a folded place
    script    TEXT,             -- of a name
    lang      TEXT,
    source    TEXT,             -- of a name: given, alias, document, heard
    segment   INTEGER REFERENCES segment (key),   -- where it was said
    interview INTEGER REFERENCES interview (key),
    entered_by TEXT   NOT NULL,
    at        TEXT    NOT NULL,
    reason    TEXT,
    replaces  INTEGER REFERENCES person_fact (key),
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1))
) STRICT;

CREATE INDEX person_fact_by_person ON person_fact (person, kind);
CREATE INDEX person_fact_by_value ON person_fact (kind, plain);
CREATE INDEX person_fact_by_interview ON person_fact (interview) WHERE interview IS NOT NULL;
-- One row at most takes another's place: two corrections of one row would fork its history.
CREATE UNIQUE INDEX person_fact_replaced ON person_fact (replaces) WHERE replaces IS NOT NULL;

CREATE TABLE person_decision (
    key     INTEGER PRIMARY KEY,
    person  INTEGER NOT NULL REFERENCES person (key),
    other   INTEGER NOT NULL REFERENCES person (key),
    verdict TEXT    NOT NULL CHECK (verdict IN ('same', 'not-same', 'unsure')),
    made_by TEXT    NOT NULL,
    at      TEXT    NOT NULL,
    reason  TEXT,
    CHECK (person < other)
) STRICT;

CREATE INDEX person_decision_by_person ON person_decision (person, other);
CREATE INDEX person_decision_by_other ON person_decision (other, person);

-- Names and numbers that were offered from a transcript and answered, so that none is offered twice.
CREATE TABLE person_offer (
    key     INTEGER PRIMARY KEY,
    segment INTEGER NOT NULL REFERENCES segment (key),
    kind    TEXT    NOT NULL,
    value   TEXT    NOT NULL,
    answer  TEXT    NOT NULL CHECK (answer IN ('added', 'dismissed')),
    made_by TEXT    NOT NULL,
    at      TEXT    NOT NULL,
    reason  TEXT
) STRICT;

CREATE INDEX person_offer_by_segment ON person_offer (segment, kind, value);

-- Summaries of all names, twenty-four bytes each and several hundred a row, so that a question reads
-- them all at once: the key in person_fact, then the summary of one reading, big-endian.
CREATE TABLE name_page (
    key  INTEGER PRIMARY KEY,
    keys BLOB NOT NULL
) STRICT;

CREATE TRIGGER person_no_update BEFORE UPDATE ON person
BEGIN SELECT RAISE(ABORT, 'append-only: person'); END;
CREATE TRIGGER person_no_delete BEFORE DELETE ON person
BEGIN SELECT RAISE(ABORT, 'append-only: person'); END;
CREATE TRIGGER person_no_replace BEFORE INSERT ON person
WHEN EXISTS (SELECT 1 FROM person WHERE key = NEW.key OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append-only: person'); END;

CREATE TRIGGER person_fact_no_update BEFORE UPDATE ON person_fact
BEGIN SELECT RAISE(ABORT, 'append-only: person_fact'); END;
CREATE TRIGGER person_fact_no_delete BEFORE DELETE ON person_fact
BEGIN SELECT RAISE(ABORT, 'append-only: person_fact'); END;
CREATE TRIGGER person_fact_no_replace BEFORE INSERT ON person_fact
WHEN EXISTS (SELECT 1 FROM person_fact WHERE key = NEW.key)
  OR (NEW.replaces IS NOT NULL
      AND EXISTS (SELECT 1 FROM person_fact WHERE replaces = NEW.replaces))
BEGIN SELECT RAISE(ABORT, 'append-only: person_fact'); END;

CREATE TRIGGER person_decision_no_update BEFORE UPDATE ON person_decision
BEGIN SELECT RAISE(ABORT, 'append-only: person_decision'); END;
CREATE TRIGGER person_decision_no_delete BEFORE DELETE ON person_decision
BEGIN SELECT RAISE(ABORT, 'append-only: person_decision'); END;
CREATE TRIGGER person_decision_no_replace BEFORE INSERT ON person_decision
WHEN EXISTS (SELECT 1 FROM person_decision WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'append-only: person_decision'); END;

CREATE TRIGGER person_offer_no_update BEFORE UPDATE ON person_offer
BEGIN SELECT RAISE(ABORT, 'append-only: person_offer'); END;
CREATE TRIGGER person_offer_no_delete BEFORE DELETE ON person_offer
BEGIN SELECT RAISE(ABORT, 'append-only: person_offer'); END;
CREATE TRIGGER person_offer_no_replace BEFORE INSERT ON person_offer
WHEN EXISTS (SELECT 1 FROM person_offer WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'append-only: person_offer'); END;
