-- The full-text index over the newest texts and translations; rowid is segment.key.
-- The program cuts and folds the tokens itself; the ascii tokenizer then takes every character
-- beyond ASCII as part of a token, so that no combining mark of any script is lost.
-- `bare` holds the forms without diacritics of the tokens that have any.
CREATE VIRTUAL TABLE search USING fts5 (
    text, bare, translation, translation_bare,
    content = '', contentless_delete = 1, tokenize = 'ascii'
);
INSERT INTO search (search, rank) VALUES ('rank', 'bm25(10.0, 5.0, 3.0, 1.5)');
