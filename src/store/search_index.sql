-- The full-text index over the newest texts and translations; rowid is segment.key.
-- The program cuts and folds the tokens itself; the ascii tokenizer then takes every character
-- beyond ASCII as part of a token, so that no combining mark of any script is lost. What was said, its
-- translations, the words without diacritics and what a question may be narrowed to (interview,
-- language, speaker, status, doubts) lie in one column, each kind with its own tokens: FTS5 writes two
-- bytes with every token of a second column, a fifth of the index.
CREATE VIRTUAL TABLE search USING fts5 (
    words, content = '', contentless_delete = 1, tokenize = 'ascii'
);
-- Every token that was ever said or translated, by what sounds or is spelled like it.
CREATE TABLE sound (
    key   TEXT NOT NULL,
    token TEXT NOT NULL,
    PRIMARY KEY (key, token)
) STRICT, WITHOUT ROWID;
