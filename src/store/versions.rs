//! Adding versions: what machines wrote, what people corrected, and the history of both.

use rusqlite::{Connection, Transaction, params};

use super::interviews::interview_key;
use super::lines::{current_text, current_translations, segment_key};
use super::{Error, PendingTranslation, Store, TextVersion, codec, derived};
use crate::domain::{Flag, Hypothesis, InterviewId, Lang, SegmentId, Status, Translation, Word};

/// A version of a line's text on its way into the store.
pub(super) struct NewText<'a> {
    pub lang: Lang,
    pub text: &'a str,
    pub status: Status,
    pub author: &'a str,
    pub reason: Option<&'a str>,
    pub confidence: Option<f32>,
    pub words: &'a [Word],
    pub flags: &'a [Flag],
}

impl Store {
    /// Stores what a recogniser wrote. Where a person has already written the line, the machine's
    /// version is kept in the history and the person's goes on to count.
    pub fn record_hypothesis(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        h: &Hypothesis,
    ) -> Result<(), Error> {
        self.change(id, segment, |tx, key| {
            let text = NewText {
                lang: h.lang,
                text: &h.text,
                status: Status::Machine,
                author: &h.engine,
                reason: None,
                confidence: Some(h.confidence),
                words: &h.words,
                flags: &h.flags,
            };
            insert_text(tx, key, &text).map(|_| ())
        })
    }

    /// Stores that the recogniser failed on a line, and why. The line can be tried again.
    pub fn record_failure(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        reason: &str,
    ) -> Result<(), Error> {
        self.change(id, segment, |tx, key| {
            tx.execute(
                "INSERT INTO failure (segment, reason, at) VALUES (?1, ?2, ?3)",
                params![key, reason, codec::now()],
            )?;
            Ok(())
        })
    }

    /// Stores what a translator wrote. Where a person has already translated the line into that
    /// language, the machine's version is kept in the history and the person's goes on to count.
    pub fn record_translation(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        t: &Translation,
    ) -> Result<(), Error> {
        self.change(id, segment, |tx, key| {
            insert_translation(tx, key, t, Status::Machine, None).map(|_| ())
        })
    }

    /// Stores that a translator failed on a text, and why. It is tried again only when asked.
    pub fn record_translation_failure(
        &mut self,
        row: &PendingTranslation,
        reason: &str,
    ) -> Result<(), Error> {
        self.change(&row.interview, row.segment, |tx, key| {
            tx.execute(
                "INSERT INTO translation_failure (segment, lang, of_version, reason, at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![key, row.pair.to.code(), row.version, reason, codec::now()],
            )?;
            Ok(())
        })
    }

    /// Adds a person's version of a line's text and returns its number. The language stays.
    pub fn edit_text(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        text: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<u32, Error> {
        need_author(by)?;
        self.change(id, segment, |tx, key| {
            let lang = match current_text(tx, key)? {
                Some(current) if current.text == text => return Err(Error::Unchanged),
                Some(current) => current.lang,
                None => first_guess(tx, key)?,
            };
            let new = NewText {
                lang,
                text,
                status: Status::Edited,
                author: by,
                reason,
                confidence: None,
                words: &[],
                flags: &[],
            };
            insert_text(tx, key, &new)
        })
    }

    /// Adds a person's translation of a line into `lang` and returns its version number.
    pub fn edit_translation(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        lang: Lang,
        text: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<u32, Error> {
        need_author(by)?;
        self.change(id, segment, |tx, key| {
            let of_version = current_text(tx, key)?.ok_or(Error::NoText)?.version;
            let same =
                |t: &Translation| t.lang == lang && t.text == text && t.of_version == of_version;
            if current_translations(tx, key)?
                .iter()
                .any(|t| t.by_person && same(&t.translation))
            {
                return Err(Error::Unchanged);
            }
            let translation = Translation {
                lang,
                text: text.to_owned(),
                engine: by.to_owned(),
                log_prob: None,
                terms: Vec::new(),
                flags: Vec::new(),
                of_version,
            };
            insert_translation(tx, key, &translation, Status::Edited, reason)
        })
    }

    /// All versions of a line's text, the first one first.
    pub fn history(&self, id: &InterviewId, segment: SegmentId) -> Result<Vec<TextVersion>, Error> {
        let key = segment_key(&self.conn, id, segment)?;
        read_history(
            &self.conn,
            "SELECT version, lang, text, status, author, reason, at FROM text_version
             WHERE segment = ?1 ORDER BY version",
            params![key],
        )
    }

    /// All versions of a line's translation into `lang`, the first one first.
    pub fn translation_history(
        &self,
        id: &InterviewId,
        segment: SegmentId,
        lang: Lang,
    ) -> Result<Vec<TextVersion>, Error> {
        let key = segment_key(&self.conn, id, segment)?;
        read_history(
            &self.conn,
            "SELECT version, lang, text, status, author, reason, at FROM translation
             WHERE segment = ?1 AND lang = ?2 ORDER BY version",
            params![key, lang.code()],
        )
    }

    /// One write to one line: the records first, then everything worked out from them.
    fn change<T>(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        write: impl FnOnce(&Transaction<'_>, i64) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let tx = self.write()?;
        let key = segment_key(&tx, id, segment)?;
        let done = write(&tx, key)?;
        derived::refresh_line(&tx, key)?;
        derived::refresh_tally(&tx, interview_key(&tx, id)?)?;
        tx.commit()?;
        Ok(done)
    }
}

/// Adds a version of a line's text and returns its number.
pub(super) fn insert_text(tx: &Transaction<'_>, key: i64, new: &NewText<'_>) -> Result<u32, Error> {
    Ok(tx
        .prepare_cached(
            "INSERT INTO text_version (segment, version, lang, text, status, author, reason,
                 confidence, words, flags, at)
             VALUES (?1,
                 (SELECT coalesce(max(version), 0) + 1 FROM text_version WHERE segment = ?1),
                 ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             RETURNING version",
        )?
        .query_row(
            params![
                key,
                new.lang.code(),
                new.text,
                new.status.as_str(),
                new.author,
                new.reason,
                new.confidence.filter(|c| c.is_finite()),
                codec::to_json(new.words)?,
                codec::to_json(new.flags)?,
                codec::now()
            ],
            |row| row.get(0),
        )?)
}

/// Adds a version of a line's translation and returns its number.
pub(super) fn insert_translation(
    tx: &Transaction<'_>,
    key: i64,
    new: &Translation,
    status: Status,
    reason: Option<&str>,
) -> Result<u32, Error> {
    Ok(tx
        .prepare_cached(
            "INSERT INTO translation (segment, lang, version, of_version, text, status, author,
                 reason, log_prob, terms, flags, at)
             VALUES (?1, ?2, (SELECT coalesce(max(version), 0) + 1 FROM translation
                              WHERE segment = ?1 AND lang = ?2),
                 ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             RETURNING version",
        )?
        .query_row(
            params![
                key,
                new.lang.code(),
                new.of_version,
                new.text,
                status.as_str(),
                new.engine,
                reason,
                new.log_prob.filter(|p| p.is_finite()),
                codec::to_json(&new.terms)?,
                codec::to_json(&new.flags)?,
                codec::now()
            ],
            |row| row.get(0),
        )?)
}

fn first_guess(conn: &Connection, key: i64) -> Result<Lang, Error> {
    let code: String = conn.query_row("SELECT lang FROM segment WHERE key = ?1", [key], |row| {
        row.get(0)
    })?;
    codec::lang(&code)
}

fn need_author(by: &str) -> Result<(), Error> {
    if by.trim().is_empty() {
        Err(Error::NoAuthor)
    } else {
        Ok(())
    }
}

fn read_history(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<TextVersion>, Error> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        versions.push(TextVersion {
            version: row.get(0)?,
            lang: codec::lang(&row.get::<_, String>(1)?)?,
            text: row.get(2)?,
            status: codec::status(&row.get::<_, String>(3)?)?,
            author: row.get(4)?,
            reason: row.get(5)?,
            at: row.get(6)?,
        });
    }
    Ok(versions)
}
