//! What is worked out from the records: the version that counts, what waits, counters, search rows.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::interviews::interview_key;
use super::lines::COUNTS_FIRST;
use super::recuts::{self, Place};
use super::speakers::SPEAKS;
use super::{Error, Store, codec, filter, lines, near, rebuild, rechecked, terms};
use crate::domain::{Flag, FlagKind, InterviewId, Lang, SegmentId};

/// `line.waits`.
pub(super) const WAITS_NOTHING: i64 = 0;
pub(super) const WAITS_RECOGNITION: i64 = 1;
pub(super) const WAITS_FAILED: i64 = 2;
pub(super) const WAITS_TRANSLATION: i64 = 3;
pub(super) const WAITS_TRANSLATION_FAILED: i64 = 4;

/// The records of one line that its state follows from.
pub(super) struct Known {
    /// The key of the interview.
    pub interview: i64,
    /// Who speaks.
    pub speaker: String,
    /// The languages of the interview.
    pub languages: Vec<Lang>,
    /// Where it stands.
    pub place: Place,
    /// Doubts about the cut.
    pub flags: Vec<Flag>,
    /// The text that counts.
    pub text: Option<lines::CurrentText>,
    /// The translations that count.
    pub translations: Vec<lines::StoredTranslation>,
    /// A recogniser failed on it.
    pub failed: bool,
    /// Languages on which a translator failed, of the text that counts.
    pub failed_languages: Vec<Lang>,
}

/// What `line` and the search index hold of one line.
pub(super) struct State {
    pub version: u32,
    pub waits: i64,
    pub flagged: bool,
    pub place: Place,
    pub speaker: String,
    /// What the index holds of it; `None` without text, and for a line that gave way.
    pub index: Option<String>,
    /// Its words and clusters, each once or twice.
    pub tokens: Vec<String>,
}

impl State {
    /// Works it out: pure, so that a rebuild does it on all cores.
    pub fn of(known: &Known) -> Self {
        let mut doubtful = has_doubt(&known.flags);
        let Some(text) = &known.text else {
            let waits = if known.failed {
                WAITS_FAILED
            } else {
                WAITS_RECOGNITION
            };
            return Self {
                version: 0,
                waits,
                flagged: doubtful || known.failed,
                place: known.place,
                speaker: known.speaker.clone(),
                index: None,
                tokens: Vec::new(),
            }
            .or_gone();
        };
        let translations = &known.translations;
        doubtful |=
            has_doubt(&text.flags) || translations.iter().any(|t| has_doubt(&t.translation.flags));
        let missing = missing_translations(
            &known.languages,
            text.lang,
            &text.text,
            text.version,
            translations,
        );
        let failed = |lang: &Lang| known.failed_languages.contains(lang);
        let waits = match (missing.is_empty(), missing.iter().all(failed)) {
            (true, _) => WAITS_NOTHING,
            (false, false) => WAITS_TRANSLATION,
            (false, true) => WAITS_TRANSLATION_FAILED,
        };
        let failed = !missing.is_empty() && missing.iter().any(failed);
        let form = terms::index_form(
            about(known, text, failed),
            &text.text,
            translations.iter().map(|t| t.translation.text.as_str()),
        );
        Self {
            version: text.version,
            waits,
            flagged: doubtful || failed,
            place: known.place,
            speaker: known.speaker.clone(),
            tokens: form.tokens.into_iter().collect(),
            index: Some(form.words),
        }
        .or_gone()
    }

    /// A line that gave way to others waits for nothing, is counted nowhere and found nowhere.
    fn or_gone(self) -> Self {
        if !self.place.gone {
            return self;
        }
        Self {
            waits: WAITS_NOTHING,
            flagged: false,
            index: None,
            tokens: Vec::new(),
            ..self
        }
    }

    /// Writes it; `fresh` where the line has no older words in the search index. Returns whether
    /// the line has text.
    pub fn write(
        &self,
        conn: &Connection,
        key: i64,
        interview: i64,
        fresh: bool,
    ) -> Result<bool, Error> {
        conn.prepare_cached(
            "INSERT INTO line (segment, interview, version, waits, flagged, start_sample,
                 end_sample, gone, speaker)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (segment) DO UPDATE SET version = excluded.version,
                 waits = excluded.waits, flagged = excluded.flagged,
                 start_sample = excluded.start_sample, end_sample = excluded.end_sample,
                 gone = excluded.gone, speaker = excluded.speaker",
        )?
        .execute(params![
            key,
            interview,
            self.version,
            self.waits,
            self.flagged,
            self.place.start,
            self.place.end,
            self.place.gone,
            self.speaker
        ])?;
        if !fresh && (self.index.is_some() || self.place.gone) {
            conn.prepare_cached("DELETE FROM search WHERE rowid = ?1")?
                .execute([key])?;
        }
        let Some(words) = &self.index else {
            return Ok(false);
        };
        conn.prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?
            .execute(params![key, words])?;
        if !fresh {
            near::remember(conn, self.tokens.iter().map(String::as_str))?;
        }
        Ok(true)
    }
}

impl Store {
    /// The first line of which another version is shown than the one that counts by the records, or
    /// that is shown at another place, with another speaker or left out against them; `None` where all
    /// fit.
    ///
    /// # Errors
    /// An unknown interview.
    pub fn wrongly_shown(&self, id: &InterviewId) -> Result<Option<SegmentId>, Error> {
        let key = interview_key(&self.conn, id)?;
        let sql = format!(
            "SELECT s.id FROM segment s LEFT JOIN line l ON l.segment = s.key
             LEFT JOIN recut_line r
                 ON r.key = (SELECT p.key FROM recut_line p JOIN recut c ON c.key = p.recut
                     WHERE p.segment = s.key AND c.interview = s.interview
                     ORDER BY c.number DESC LIMIT 1)
             WHERE s.interview = ?1 AND (
                 l.version IS NOT coalesce((SELECT version FROM text_version
                     WHERE segment = s.key ORDER BY {COUNTS_FIRST} LIMIT 1), 0)
                 OR l.speaker IS NOT {SPEAKS}
                 OR l.gone IS NOT (r.key IS NOT NULL AND r.start_sample IS NULL)
                 OR (l.gone = 0 AND (
                     l.start_sample IS NOT coalesce(r.start_sample, s.start_sample)
                     OR l.end_sample IS NOT coalesce(r.end_sample, s.end_sample))))
             ORDER BY s.id LIMIT 1"
        );
        Ok(self
            .conn
            .prepare_cached(&sql)?
            .query_row([key], |row| row.get(0).map(SegmentId))
            .optional()?)
    }
}

/// Whether the derived tables fit the records: first whether there are as many rows of each. Those of another
/// version of the program are not compared: they are made anew when the database is next opened to be written.
pub(super) fn check(conn: &Connection) -> Result<(), Error> {
    if !rebuild::index_is_current(conn)? {
        return Ok(());
    }
    let count =
        |sql: &str| -> Result<i64, Error> { Ok(conn.query_row(sql, [], |row| row.get(0))?) };
    let segments = count("SELECT count(*) FROM segment")?;
    let lines = count("SELECT count(*) FROM line")?;
    let listed = count("SELECT coalesce(sum(segments), 0) FROM tally")?;
    let gone = count("SELECT count(*) FROM line WHERE gone = 1")?;
    let written = count("SELECT count(*) FROM line WHERE version > 0 AND gone = 0")?;
    let indexed = count("SELECT count(*) FROM search_docsize").unwrap_or(-1);
    if segments == lines && segments == listed.saturating_add(gone) && written == indexed {
        rechecked::check(conn)
    } else {
        Err(Error::IndexDamaged)
    }
}

/// Works out one line again, after a record was added to it.
pub(super) fn refresh_line(conn: &Connection, key: i64) -> Result<(), Error> {
    let (interview, languages, flags, speaker, cut) = conn
        .prepare_cached(&format!(
            "SELECT s.interview, i.languages, s.flags, {SPEAKS}, s.start_sample, s.end_sample
             FROM segment s JOIN interview i ON i.key = s.interview WHERE s.key = ?1"
        ))?
        .query_row([key], |row| {
            let texts: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
            let [languages, flags, speaker] = texts;
            let cut = Place::as_cut(row.get(4)?, row.get(5)?);
            Ok((row.get(0)?, languages, flags, speaker, cut))
        })?;
    let text = lines::current_text(conn, key)?;
    let failed_languages = match &text {
        Some(text) => failed_languages(conn, key, text.version)?,
        None => Vec::new(),
    };
    let known = Known {
        interview,
        speaker,
        place: recuts::place(conn, key, cut)?,
        languages: codec::langs_from_text(&languages)?,
        flags: codec::from_json(&flags)?,
        translations: lines::current_translations(conn, key)?,
        failed: has_failed(conn, key)?,
        failed_languages,
        text,
    };
    State::of(&known).write(conn, key, interview, false)?;
    Ok(())
}

/// Counts an interview's lines again.
pub(super) fn refresh_tally(conn: &Connection, interview: i64) -> Result<(), Error> {
    conn.prepare_cached(
        "INSERT INTO tally (interview, segments, pending, flagged)
         SELECT ?1, count(*), count(CASE WHEN waits IN (?2, ?3) THEN 1 END),
                count(CASE WHEN flagged THEN 1 END)
         FROM line WHERE interview = ?1 AND gone = 0
         ON CONFLICT (interview) DO UPDATE SET segments = excluded.segments,
             pending = excluded.pending, flagged = excluded.flagged",
    )?
    .execute((interview, WAITS_RECOGNITION, WAITS_TRANSLATION))?;
    Ok(())
}

/// The languages that a text still has to be translated into: every other language of the
/// interview that has neither a person's translation nor a machine's of this version.
pub(super) fn missing_translations(
    languages: &[Lang],
    lang: Lang,
    text: &str,
    version: u32,
    translations: &[lines::StoredTranslation],
) -> Vec<Lang> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let is_there = |to: Lang| {
        translations.iter().any(|t| {
            t.translation.lang == to && (t.by_person || t.translation.of_version == version)
        })
    };
    languages
        .iter()
        .copied()
        .filter(|&to| to != lang && !is_there(to))
        .collect()
}

/// What the index says about the line.
fn about(known: &Known, text: &lines::CurrentText, failed: bool) -> String {
    let translations = known.translations.iter().map(|t| &t.translation);
    let stale = translations.clone().any(|t| t.of_version != text.version);
    let added = [(failed, FlagKind::EngineFailed), (stale, FlagKind::Stale)];
    let flags = known.flags.iter().chain(&text.flags);
    let kinds = flags
        .chain(translations.flat_map(|t| &t.flags))
        .map(|f| f.kind)
        .chain(
            added
                .into_iter()
                .filter(|(is, _)| *is)
                .map(|(_, kind)| kind),
        )
        .collect();
    filter::about(
        known.interview,
        text.lang,
        &known.speaker,
        text.status,
        &kinds,
    )
}

fn has_doubt(flags: &[Flag]) -> bool {
    flags.iter().any(|f| f.kind != FlagKind::PracticeModel)
}

fn has_failed(conn: &Connection, key: i64) -> Result<bool, Error> {
    Ok(conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM failure WHERE segment = ?1)")?
        .query_row([key], |row| row.get(0))?)
}

/// The languages on which a translator failed with this version of the text.
pub(super) fn failed_languages(
    conn: &Connection,
    key: i64,
    version: u32,
) -> Result<Vec<Lang>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT lang FROM translation_failure WHERE segment = ?1 AND of_version = ?2",
    )?;
    let mut rows = statement.query(params![key, version])?;
    let mut failed = Vec::new();
    while let Some(row) = rows.next()? {
        failed.push(codec::lang(&row.get::<_, String>(0)?)?);
    }
    Ok(failed)
}
