//! Adding versions: what machines wrote, what people corrected, and the history of both.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction, params};

use super::certify::work_on;
use super::chain::{self, text_row, translation_row};
use super::interviews::interview_key;
use super::lines::{
    current_key, current_text, current_translations, insist_on_reason, segment_key,
};
use super::proofs::{self, FAILURE, UNTRANSLATED};
use super::{
    Corrected, Correction, Error, NewRecord, Record, Store, TextVersion, codec, derived, heads,
};
use crate::domain::{
    Flag, FlagKind, Hypothesis, InterviewId, Lang, SegmentId, Status, Translation, Word,
};
use crate::evidence::{Draft, Kind, Row};
use crate::text::{from_zawgyi, is_zawgyi};

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
    /// Stores what machines made of lines, all of it in one transaction: one wait for the disk,
    /// however many lines there are.
    pub fn record(&mut self, records: &[NewRecord<'_>]) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        let provenance = self.provenance.clone();
        let tx = self.write()?;
        let mut interviews = BTreeSet::new();
        for new in records {
            let key = segment_key(&tx, new.interview, new.segment)?;
            let interview = interview_key(&tx, new.interview)?;
            let (kind, rows) = insert_record(&tx, key, &new.what)?;
            let draft = provenance.name(Draft::of(kind, &rows), &new.what);
            chain::append(&tx, interview, &draft)?;
            derived::refresh_line(&tx, key)?;
            interviews.insert(interview);
        }
        for interview in interviews {
            derived::refresh_tally(&tx, interview)?;
            heads::note_end_of_work(&tx, interview)?;
        }
        Ok(tx.commit()?)
    }

    /// Stores what a recogniser wrote.
    pub fn record_hypothesis(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        h: &Hypothesis,
    ) -> Result<(), Error> {
        self.record_one(id, segment, Record::Heard(h))
    }

    /// Stores that the recogniser failed on a line, and why.
    pub fn record_failure(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        reason: &str,
    ) -> Result<(), Error> {
        self.record_one(id, segment, Record::NotHeard(reason))
    }

    /// Stores what a translator wrote.
    pub fn record_translation(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        t: &Translation,
    ) -> Result<(), Error> {
        self.record_one(id, segment, Record::Translated(t))
    }

    fn record_one(
        &mut self,
        interview: &InterviewId,
        segment: SegmentId,
        what: Record<'_>,
    ) -> Result<(), Error> {
        self.record(&[NewRecord {
            interview,
            segment,
            what,
        }])
    }

    /// Adds a person's versions of a line's text and of its translation, both or neither. The
    /// line's language stays; a translation is of the text as it is after the correction. Who signs may
    /// keep the same words again where nobody signed for them.
    pub fn edit(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        new: &Correction<'_>,
    ) -> Result<Corrected, Error> {
        if new.by.trim().is_empty() {
            return Err(Error::NoAuthor);
        }
        let hand = self.hand_of(new.by);
        let tx = self.write()?;
        let key = current_key(&tx, id, segment)?;
        insist_on_reason(&tx, key, segment, new.reason)?;
        let interview = interview_key(&tx, id)?;
        let again = match hand.signer() {
            Some(_) => work_on(&tx, interview)?.is_open_of(segment.0.unsigned_abs(), new.by),
            None => false,
        };
        let mut done = Corrected::default();
        let mut rows = Vec::new();
        if let Some(text) = new.text {
            let version = correct_text(&tx, key, text, new, again)?;
            rows.extend(text_row(&tx, key, version)?);
            done.text = Some(version);
        }
        if let Some((lang, text)) = new.translation {
            let version = correct_translation(&tx, key, lang, text, new, again)?;
            rows.extend(translation_row(&tx, key, lang.code(), version)?);
            done.translation = Some(version);
        }
        let mut draft = Draft::of(Kind::Edited, &rows);
        draft.signer = hand.signer();
        chain::append(&tx, interview, &draft)?;
        derived::refresh_line(&tx, key)?;
        derived::refresh_tally(&tx, interview)?;
        tx.commit()?;
        Ok(done)
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
}

/// Adds a person's words; the same ones as before only `again`, to sign for them.
pub(super) fn correct_text(
    tx: &Transaction<'_>,
    key: i64,
    text: &str,
    new: &Correction<'_>,
    again: bool,
) -> Result<u32, Error> {
    let lang = match current_text(tx, key)? {
        Some(current) => current.lang,
        None => first_guess(tx, key)?,
    };
    let (text, flags) = in_unicode(lang, text);
    if !again && current_text(tx, key)?.is_some_and(|current| current.text == *text) {
        return Err(Error::Unchanged);
    }
    let version = NewText {
        lang,
        text: &text,
        status: Status::Edited,
        author: new.by,
        reason: new.reason,
        confidence: None,
        words: &[],
        flags: &flags,
    };
    insert_text(tx, key, &version)
}

/// Adds a person's translation; the same one as before only `again`, to sign for it.
pub(super) fn correct_translation(
    tx: &Transaction<'_>,
    key: i64,
    lang: Lang,
    text: &str,
    new: &Correction<'_>,
    again: bool,
) -> Result<u32, Error> {
    let of_version = current_text(tx, key)?.ok_or(Error::NoText)?.version;
    let (text, flags) = in_unicode(lang, text);
    let same = |t: &Translation| t.lang == lang && t.text == text && t.of_version == of_version;
    if !again
        && current_translations(tx, key)?
            .iter()
            .any(|t| t.by_person && same(&t.translation))
    {
        return Err(Error::Unchanged);
    }
    let translation = Translation {
        lang,
        text: text.into_owned(),
        engine: new.by.to_owned(),
        status: Status::Edited,
        log_prob: None,
        terms: Vec::new(),
        flags,
        of_version,
    };
    insert_translation(tx, key, &translation, new.reason)
}

/// Burmese that a person typed in Zawgyi as Unicode, which search and covering read; the letters as
/// they came stay with the version. What may be either stays as it is.
pub(super) fn in_unicode(lang: Lang, typed: &str) -> (Cow<'_, str>, Vec<Flag>) {
    if lang != Lang::My || !is_zawgyi(typed) {
        return (typed.into(), Vec::new());
    }
    let flags = vec![Flag::with(FlagKind::Zawgyi, typed)];
    (from_zawgyi(typed).into(), flags)
}

/// Adds a record; what kind of event that is, and the record as it is hashed.
fn insert_record(
    tx: &Transaction<'_>,
    key: i64,
    record: &Record<'_>,
) -> Result<(Kind, Vec<Row>), Error> {
    match record {
        Record::Heard(h) | Record::HeardAgain(h, _) => {
            let text = NewText {
                lang: h.lang,
                text: &h.text,
                status: Status::Machine,
                author: &h.engine,
                reason: match record {
                    Record::HeardAgain(_, reason) => Some(*reason),
                    _ => None,
                },
                confidence: Some(h.confidence),
                words: &h.words,
                flags: &h.flags,
            };
            let version = insert_text(tx, key, &text)?;
            Ok((Kind::Recognised, text_row(tx, key, version)?))
        }
        Record::NotHeard(reason) => {
            tx.prepare_cached("INSERT INTO failure (segment, reason, at) VALUES (?1, ?2, ?3)")?
                .execute(params![key, reason, codec::now()])?;
            let rows = proofs::select(tx, &FAILURE, "r.key = ?1", [tx.last_insert_rowid()])?;
            Ok((Kind::Failed, rows))
        }
        Record::Translated(t) | Record::TranslatedAgain(t, _) => {
            let reason = match record {
                Record::TranslatedAgain(_, reason) => Some(*reason),
                _ => None,
            };
            let version = insert_translation(tx, key, t, reason)?;
            let rows = translation_row(tx, key, t.lang.code(), version)?;
            Ok((Kind::Translated, rows))
        }
        Record::NotTranslated {
            lang,
            of_version,
            reason,
        } => {
            tx.prepare_cached(
                "INSERT INTO translation_failure (segment, lang, of_version, reason, at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![key, lang.code(), of_version, reason, codec::now()])?;
            let rows = proofs::select(tx, &UNTRANSLATED, "r.key = ?1", [tx.last_insert_rowid()])?;
            Ok((Kind::Failed, rows))
        }
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
                new.status.as_str(),
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
