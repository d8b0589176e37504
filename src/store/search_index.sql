-- The full-text index over the newest texts and translations; rowid is segment.key.
-- The program cuts and folds the tokens itself; the ascii tokenizer then takes every character
-- beyond ASCII as part of a token, so that no combining mark of any script is lost.
-- `bare` holds the words without diacritics of the sides that have any. `about` holds what a question
-- may be narrowed to: interview, language, speaker, status and doubts, each as one token.
CREATE VIRTUAL TABLE search USING fts5 (
    text, bare, translation, translation_bare, about,
    content = '', contentless_delete = 1, tokenize = 'ascii'
);
INSERT INTO search (search, rank) VALUES ('rank', 'bm25(10.0, 5.0, 3.0, 1.5, 0.0)');
-- Every token that was ever said or translated, by what sounds or is spelled like it.
CREATE TABLE sound (
    key   TEXT NOT NULL,
    token TEXT NOT NULL,
    PRIMARY KEY (key, token)
) STRICT, WITHOUT ROWID;
