-- Where an interview is begun a person may choose a speech model for a language of a channel. What has no
-- row here is recognised by the model of the settings. The rows belong to the interview's first event:
-- later ones are refused, so that a line is never heard by another model than the record says.

CREATE TABLE speech_model (
    key       INTEGER PRIMARY KEY,
    interview INTEGER NOT NULL REFERENCES interview (key),
    channel   INTEGER NOT NULL,
    lang      TEXT    NOT NULL,
    model     TEXT    NOT NULL CHECK (model <> ''),
    UNIQUE (interview, channel, lang),
    FOREIGN KEY (interview, channel) REFERENCES channel (interview, position)
) STRICT;

CREATE TRIGGER speech_model_no_update BEFORE UPDATE ON speech_model
BEGIN SELECT RAISE(ABORT, 'append-only: speech_model'); END;
CREATE TRIGGER speech_model_no_delete BEFORE DELETE ON speech_model
BEGIN SELECT RAISE(ABORT, 'append-only: speech_model'); END;
CREATE TRIGGER speech_model_at_first BEFORE INSERT ON speech_model
WHEN EXISTS (SELECT 1 FROM chain WHERE subject = NEW.interview)
BEGIN SELECT RAISE(ABORT, 'append-only: speech_model'); END;
CREATE TRIGGER speech_model_no_replace BEFORE INSERT ON speech_model
WHEN EXISTS (SELECT 1 FROM speech_model WHERE key = NEW.key)
  OR EXISTS (SELECT 1 FROM speech_model
             WHERE interview = NEW.interview AND channel = NEW.channel AND lang = NEW.lang)
BEGIN SELECT RAISE(ABORT, 'append-only: speech_model'); END;
