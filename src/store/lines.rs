//! Reading lines: the version of each text and translation that counts.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::interviews::interview_key;
use super::{Error, Store, codec, derived};
use crate::domain::{
    Flag, FlagKind, InterviewId, Lang, SamplePos, Segment, SegmentId, Span, Status, Translation,
    Word,
};

/// The version of a line's text that counts.
pub(super) struct CurrentText {
    pub version: u32,
    pub lang: Lang,
    pub text: String,
    pub flags: Vec<Flag>,
    pub status: Status,
}

/// A translation that counts, and whether a person wrote it.
pub(super) struct StoredTranslation {
    pub translation: Translation,
    pub by_person: bool,
}

/// The columns of [`read_text`].
pub(super) const TEXT_COLUMNS: &str = "version, lang, text, flags, status";
/// The columns of [`read_translation`].
pub(super) const TRANSLATION_COLUMNS: &str =
    "t.lang, t.text, t.author, t.log_prob, t.terms, t.flags, t.of_version, t.status";
/// A person's version stands before every machine's, then the newest: the first row counts.
pub(super) const COUNTS_FIRST: &str = "(status <> 'machine') DESC, version DESC";
const SEGMENT_SQL: &str =
    "SELECT s.key, s.id, l.start_sample, l.end_sample, s.channel, l.speaker, s.lang, s.flags,
            l.version, l.waits, v.lang, v.text, v.confidence, v.words, v.flags, v.status, v.author
     FROM segment s JOIN line l ON l.segment = s.key
     LEFT JOIN text_version v ON v.segment = s.key AND v.version = l.version";

impl Store {
    /// All lines of an interview by time, without those that gave way to others, each with the texts that count. The flags of a line are
    /// those of its cut and those of its text together.
    pub fn segments(&self, id: &InterviewId) -> Result<Vec<Segment>, Error> {
        let key = interview_key(&self.conn, id)?;
        let mut segments = self.read_segments(
            &format!(
                "{SEGMENT_SQL} WHERE s.interview = ?1 AND l.gone = 0
                 ORDER BY l.start_sample, s.channel, s.id"
            ),
            [key],
        )?;
        let by_key: std::collections::HashMap<i64, usize> = segments
            .iter()
            .enumerate()
            .map(|(at, (key, _))| (*key, at))
            .collect();
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {TRANSLATION_COLUMNS}, t.segment FROM segment s
             JOIN translation t ON t.segment = s.key WHERE s.interview = ?1
             ORDER BY t.segment, t.lang, {COUNTS_FIRST}"
        ))?;
        let mut rows = statement.query([key])?;
        while let Some(row) = rows.next()? {
            let segment = by_key
                .get(&row.get(8)?)
                .and_then(|&at| segments.get_mut(at));
            let lang = codec::lang(&row.get::<_, String>(0)?)?;
            if let Some((_, segment)) = segment
                && segment.translations.last().is_none_or(|t| t.lang != lang)
            {
                segment
                    .translations
                    .push(read_translation(row)?.translation);
            }
        }
        Ok(segments
            .into_iter()
            .map(|(_, segment)| mark_stale(segment))
            .collect())
    }

    /// One line, also one that gave way to others.
    pub fn segment(&self, id: &InterviewId, segment: SegmentId) -> Result<Segment, Error> {
        let key = segment_key(&self.conn, id, segment)?;
        let found = self.read_segments(&format!("{SEGMENT_SQL} WHERE s.key = ?1"), [key])?;
        let (_, mut segment) = found
            .into_iter()
            .next()
            .ok_or_else(|| Error::damaged("a line has no state"))?;
        segment.translations = current_translations(&self.conn, key)?
            .into_iter()
            .map(|t| t.translation)
            .collect();
        Ok(mark_stale(segment))
    }

    fn read_segments(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<(i64, Segment)>, Error> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut segments = Vec::new();
        while let Some(row) = rows.next()? {
            segments.push((row.get(0)?, read_segment(&self.conn, row)?));
        }
        Ok(segments)
    }
}

/// Flags the translations of another version than the one that counts.
fn mark_stale(mut segment: Segment) -> Segment {
    for t in &mut segment.translations {
        if t.of_version != segment.version {
            let detail = "of an earlier version of the line";
            t.flags.push(Flag::with(FlagKind::Stale, detail));
        }
    }
    segment
}

/// The database's own key of a line.
pub(super) fn segment_key(
    conn: &Connection,
    id: &InterviewId,
    segment: SegmentId,
) -> Result<i64, Error> {
    let interview = interview_key(conn, id)?;
    conn.prepare_cached("SELECT key FROM segment WHERE interview = ?1 AND id = ?2")?
        .query_row([interview, segment.0], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Error::NoSegment {
            interview: id.0.clone(),
            segment: segment.0,
        })
}

/// The database's own key of a line that is not replaced by others.
pub(super) fn current_key(
    conn: &Connection,
    id: &InterviewId,
    segment: SegmentId,
) -> Result<i64, Error> {
    let key = segment_key(conn, id, segment)?;
    let gone: bool = conn
        .prepare_cached("SELECT gone FROM line WHERE segment = ?1")?
        .query_row([key], |row| row.get(0))?;
    if gone {
        return Err(Error::Replaced(segment.0));
    }
    Ok(key)
}

/// A certified line stays as it is unless a person says why not.
pub(super) fn insist_on_reason(
    conn: &Connection,
    key: i64,
    line: SegmentId,
    reason: Option<&str>,
) -> Result<(), Error> {
    let given = reason.is_some_and(|reason| !reason.trim().is_empty());
    match current_text(conn, key)? {
        Some(text) if text.status == Status::Certified && !given => {
            Err(Error::CertifiedLine(line.0))
        }
        _ => Ok(()),
    }
}

/// The text of a line that counts: a person's newest, else a machine's newest.
pub(super) fn current_text(conn: &Connection, key: i64) -> Result<Option<CurrentText>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {TEXT_COLUMNS} FROM text_version WHERE segment = ?1
         ORDER BY {COUNTS_FIRST} LIMIT 1"
    ))?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(read_text).transpose()
}

/// The recognised words of a version of a line's text.
pub(super) fn words_of(conn: &Connection, key: i64, version: u32) -> Result<Vec<Word>, Error> {
    let words: String = conn
        .prepare_cached("SELECT words FROM text_version WHERE segment = ?1 AND version = ?2")?
        .query_row((key, version), |row| row.get(0))?;
    codec::from_json(&words)
}

/// A text from a row of [`TEXT_COLUMNS`].
pub(super) fn read_text(row: &Row<'_>) -> Result<CurrentText, Error> {
    Ok(CurrentText {
        version: row.get(0)?,
        lang: codec::lang(&row.get::<_, String>(1)?)?,
        text: row.get(2)?,
        flags: codec::from_json(&row.get::<_, String>(3)?)?,
        status: codec::status(&row.get::<_, String>(4)?)?,
    })
}

/// The translation of a line into each language that counts.
pub(super) fn current_translations(
    conn: &Connection,
    key: i64,
) -> Result<Vec<StoredTranslation>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {TRANSLATION_COLUMNS} FROM translation t WHERE t.segment = ?1
         ORDER BY t.lang, {COUNTS_FIRST}"
    ))?;
    let mut rows = statement.query([key])?;
    let mut found: Vec<StoredTranslation> = Vec::new();
    while let Some(row) = rows.next()? {
        keep_first(&mut found, &mut Some(read_translation(row)?));
    }
    Ok(found)
}

/// Takes `next` where it is the first of its language; rows come by language.
pub(super) fn keep_first(found: &mut Vec<StoredTranslation>, next: &mut Option<StoredTranslation>) {
    let lang = |t: &StoredTranslation| t.translation.lang;
    if found.last().map(lang) != next.as_ref().map(lang) {
        found.extend(next.take());
    }
}

/// A translation from a row of [`TRANSLATION_COLUMNS`].
pub(super) fn read_translation(row: &Row<'_>) -> Result<StoredTranslation, Error> {
    let status = codec::status(&row.get::<_, String>(7)?)?;
    Ok(StoredTranslation {
        translation: Translation {
            lang: codec::lang(&row.get::<_, String>(0)?)?,
            text: row.get(1)?,
            engine: row.get(2)?,
            log_prob: row.get(3)?,
            terms: codec::from_json(&row.get::<_, String>(4)?)?,
            flags: codec::from_json(&row.get::<_, String>(5)?)?,
            of_version: row.get(6)?,
            status,
        },
        by_person: status != Status::Machine,
    })
}

fn read_segment(conn: &Connection, row: &Row<'_>) -> Result<Segment, Error> {
    let mut flags: Vec<Flag> = codec::from_json(&row.get::<_, String>(7)?)?;
    let mut segment = Segment {
        channel: row.get(4)?,
        speaker: row.get(5)?,
        version: row.get(8)?,
        ..Segment::new(
            SegmentId(row.get(1)?),
            Span::new(
                SamplePos(codec::from_integer(row, 2)?),
                SamplePos(codec::from_integer(row, 3)?),
            ),
            codec::lang(&row.get::<_, String>(6)?)?,
        )
    };
    let waits: i64 = row.get(9)?;
    if segment.version > 0 {
        segment.lang = codec::lang(&row.get::<_, String>(10)?)?;
        segment.text = row.get(11)?;
        segment.confidence = row.get(12)?;
        segment.words = codec::from_json(&row.get::<_, String>(13)?)?;
        for flag in codec::from_json(&row.get::<_, String>(14)?)? {
            if !flags.contains(&flag) {
                flags.push(flag);
            }
        }
        segment.status = codec::status(&row.get::<_, String>(15)?)?;
        segment.author = row.get(16)?;
        if matches!(
            waits,
            derived::WAITS_TRANSLATION | derived::WAITS_TRANSLATION_FAILED
        ) {
            flags.extend(translation_failures(conn, row.get(0)?, segment.version)?);
        }
    } else if waits == derived::WAITS_FAILED {
        segment.status = Status::Failed;
        flags.push(Flag::with(
            FlagKind::EngineFailed,
            last_failure(conn, row.get(0)?)?,
        ));
    }
    segment.flags = flags;
    Ok(segment)
}

fn last_failure(conn: &Connection, key: i64) -> Result<String, Error> {
    Ok(conn
        .prepare_cached("SELECT reason FROM failure WHERE segment = ?1 ORDER BY key DESC LIMIT 1")?
        .query_row([key], |row| row.get(0))?)
}

/// A flag for each language on which a translator failed and that still has no translation of this
/// version of the text.
fn translation_failures(conn: &Connection, key: i64, version: u32) -> Result<Vec<Flag>, Error> {
    let there = current_translations(conn, key)?;
    let mut statement = conn.prepare_cached(
        "SELECT lang, reason, max(key) FROM translation_failure
         WHERE segment = ?1 AND of_version = ?2 GROUP BY lang ORDER BY lang",
    )?;
    let mut rows = statement.query(rusqlite::params![key, version])?;
    let mut flags = Vec::new();
    while let Some(row) = rows.next()? {
        let lang = codec::lang(&row.get::<_, String>(0)?)?;
        let made = |t: &StoredTranslation| {
            t.translation.lang == lang && (t.by_person || t.translation.of_version == version)
        };
        if !there.iter().any(made) {
            let reason: String = row.get(1)?;
            flags.push(Flag::with(
                FlagKind::EngineFailed,
                format!("{lang}: {reason}"),
            ));
        }
    }
    Ok(flags)
}
