//! Parting, joining and moving lines. The lines themselves stay: new ones take their place, with
//! what was written of them, and a row says since when, by whom and why.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::chain;
use super::interviews::interview_key;
use super::lines::{COUNTS_FIRST, current_key, current_translations, insist_on_reason};
use super::proofs::{self, RECUT, RECUT_LINE};
use super::provenance::Hand;
use super::recuts::{PLACES, Place, RecutKind, place};
use super::remake::{Made, added, merge, split, uncertify};
use super::{Error, Recut, Store, codec, derived};
use crate::domain::{InterviewId, Lang, SamplePos, SegmentId, Span, Status};
use crate::evidence::{Draft, Kind};

/// Where a line is parted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitAt {
    /// In the recording, inside the line.
    pub at: SamplePos,
    /// Characters of the text that the first line keeps; inside a letter, the letter goes to the
    /// second. `None` only for a line without words.
    pub text: Option<usize>,
    /// The same of translations. One that is not named is left to be made anew.
    pub translations: Vec<(Lang, usize)>,
}

/// What is to be done to the cut of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recutting {
    /// Part a line in two.
    Split(SegmentId, SplitAt),
    /// Join a line with the one that follows it on its channel.
    Merge(SegmentId, SegmentId),
    /// Move where a line begins and ends.
    Retime(SegmentId, Span),
    /// Put an empty line where nobody heard anything: on this channel, here, in this language.
    Add(u16, Span, Lang),
    /// Take back the change with this number.
    Undo(u32),
}

impl Store {
    /// Parts, joins or moves lines, or takes such a change back. Returns the change as it is stored.
    ///
    /// # Errors
    /// An unknown or replaced line; a place that is none; a sealed interview, a running session;
    /// nobody's name.
    pub fn recut(
        &mut self,
        id: &InterviewId,
        what: &Recutting,
        by: &str,
        reason: Option<&str>,
    ) -> Result<Recut, Error> {
        if by.trim().is_empty() {
            return Err(Error::NoAuthor);
        }
        if self.session(id)?.is_some_and(|s| s.in_progress) {
            return Err(Error::StillRecorded);
        }
        let hand = self.hand_of(by);
        let tx = self.write()?;
        let interview = interview_key(&tx, id)?;
        if is_sealed(&tx, interview)? {
            return Err(Error::SealedLines);
        }
        let touched = match what {
            Recutting::Split(line, _) | Recutting::Retime(line, _) => vec![*line],
            Recutting::Merge(first, second) => vec![*first, *second],
            // A new line touches none; what a person has worked on is not taken back.
            Recutting::Add(..) | Recutting::Undo(_) => Vec::new(),
        };
        for line in touched {
            let key = current_key(&tx, id, line)?;
            insist_on_reason(&tx, key, line, reason)?;
        }
        let mut made = match what {
            Recutting::Split(line, at) => split(&tx, interview, id, *line, at)?,
            Recutting::Merge(first, second) => merge(&tx, interview, id, [*first, *second])?,
            Recutting::Retime(line, span) => retime(&tx, interview, id, *line, *span)?,
            Recutting::Add(channel, span, lang) => {
                let at = bounds(&tx, interview, *span)?;
                added(&tx, interview, *channel, at, *lang)?
            }
            Recutting::Undo(number) => undo(&tx, interview, *number)?,
        };
        moved(&tx, &mut made, (by.trim(), reason))?;
        let number = store(&tx, interview, made, (by.trim(), reason), &hand)?;
        derived::refresh_tally(&tx, interview)?;
        tx.commit()?;
        let all = self.recuts(id)?;
        let done = all.into_iter().find(|r| r.number == number);
        done.ok_or_else(|| Error::damaged("a change of lines was not stored"))
    }
}

fn is_sealed(conn: &Connection, interview: i64) -> Result<bool, Error> {
    Ok(conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM chain WHERE kind = 'sealed' AND subject = ?1)",
        )?
        .query_row([interview], |row| row.get(0))?)
}

/// Lines that stand and go to other sound: a certificate was for the sound that they had.
fn moved(
    tx: &Transaction<'_>,
    made: &mut Made,
    (by, reason): (&str, Option<&str>),
) -> Result<(), Error> {
    for (key, span) in &made.parts {
        let now = place(tx, *key, as_cut(tx, *key)?)?;
        if now.gone || span.is_none_or(|span| span == (now.start, now.end)) {
            continue;
        }
        let line = tx.query_row("SELECT id FROM segment WHERE key = ?1", [key], |row| {
            row.get(0).map(SegmentId)
        })?;
        insist_on_reason(tx, *key, line, reason)?;
        uncertify(tx, *key, (by, reason), &mut made.rows)?;
    }
    Ok(())
}

/// Stores a change and its event, and works its lines out again.
fn store(
    tx: &Transaction<'_>,
    interview: i64,
    made: Made,
    (by, reason): (&str, Option<&str>),
    hand: &Hand,
) -> Result<u32, Error> {
    let number: u32 = tx
        .prepare_cached(
            "INSERT INTO recut (interview, number, kind, undoes, author, reason, at)
             VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM recut WHERE interview = ?1),
                 ?2, ?3, ?4, ?5, ?6)
             RETURNING number",
        )?
        .query_row(
            params![
                interview,
                made.kind.as_str(),
                made.undoes,
                by,
                reason,
                codec::now()
            ],
            |row| row.get(0),
        )?;
    let recut: i64 = tx.query_row(
        "SELECT key FROM recut WHERE interview = ?1 AND number = ?2",
        params![interview, number],
        |row| row.get(0),
    )?;
    for (key, span) in &made.parts {
        let (start, end) = span.unzip();
        tx.prepare_cached(
            "INSERT INTO recut_line (recut, segment, start_sample, end_sample)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![recut, key, start, end])?;
    }
    let mut rows = made.rows;
    rows.extend(proofs::select(tx, &RECUT, "r.key = ?1", [recut])?);
    rows.extend(proofs::select(tx, &RECUT_LINE, "r.recut = ?1", [recut])?);
    let mut draft = Draft::of(Kind::Recut, &rows).with("change", made.kind.as_str());
    draft.signer = hand.signer();
    chain::append(tx, interview, &draft)?;
    for (key, _) in &made.parts {
        derived::refresh_line(tx, *key)?;
    }
    Ok(number)
}

fn retime(
    tx: &Transaction<'_>,
    interview: i64,
    id: &InterviewId,
    line: SegmentId,
    span: Span,
) -> Result<Made, Error> {
    let key = current_key(tx, id, line)?;
    let now = place(tx, key, as_cut(tx, key)?)?;
    let (start, end) = bounds(tx, interview, span)?.ok_or(Error::BadSpan(line.0))?;
    if (now.start, now.end) == (start, end) {
        return Err(Error::Unchanged);
    }
    Ok(Made {
        kind: RecutKind::Retime,
        undoes: None,
        parts: vec![(key, Some((start, end)))],
        rows: Vec::new(),
    })
}

/// The two ends of a line, in samples; `None` where no line can stand there.
fn bounds(conn: &Connection, interview: i64, span: Span) -> Result<Option<(i64, i64)>, Error> {
    let (start, end) = (
        codec::to_integer(span.start.0)?,
        codec::to_integer(span.end.0)?,
    );
    let (length, sound): (i64, bool) = conn.query_row(
        "SELECT duration_ms, EXISTS (SELECT 1 FROM audio WHERE interview = key)
         FROM interview WHERE key = ?1",
        [interview],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let length = SamplePos::from_ms(length.unsigned_abs()).0;
    Ok((start < end && !(sound && span.end.0 > length)).then_some((start, end)))
}

/// Says again where the lines of a change stood before it, if they stand now as it left them. Lines
/// that it made give way.
fn undo(tx: &Transaction<'_>, interview: i64, number: u32) -> Result<Made, Error> {
    let not = || Error::NotUndone(number);
    let found: Option<(i64, String)> = tx
        .prepare_cached("SELECT key, kind FROM recut WHERE interview = ?1 AND number = ?2")?
        .query_row(params![interview, number], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (recut, kind) = found.ok_or_else(not)?;
    let kind = RecutKind::parse(&kind)?;
    let mut statement = tx.prepare_cached(&format!(
        "SELECT r.segment, r.start_sample, r.end_sample FROM {PLACES} WHERE r.recut = ?1 ORDER BY s.id"
    ))?;
    let mut rows = statement.query([recut])?;
    let mut parts = Vec::new();
    while let Some(row) = rows.next()? {
        let segment: i64 = row.get(0)?;
        let now = place(tx, segment, as_cut(tx, segment)?)?;
        let after = now.then(row.get(1)?, row.get(2)?);
        if now != after {
            return Err(not());
        }
        let stands = !after.gone;
        let before = state_before(tx, segment, number, kind, stands)?;
        // Words that a person wrote since must not leave the transcript with the line.
        if before.is_none() && holds_work(tx, interview, number, segment)? {
            return Err(not());
        }
        parts.push((segment, before));
    }
    Ok(Made {
        kind: RecutKind::Undo,
        undoes: Some(number),
        parts,
        rows: Vec::new(),
    })
}

/// Where a line stood before the change of this number.
fn state_before(
    conn: &Connection,
    segment: i64,
    number: u32,
    kind: RecutKind,
    stands: bool,
) -> Result<Option<(i64, i64)>, Error> {
    let earlier: Option<(Option<i64>, Option<i64>)> = conn
        .prepare_cached(&format!(
            "SELECT r.start_sample, r.end_sample FROM {PLACES}
             WHERE r.segment = ?1 AND c.number < ?2 ORDER BY c.number DESC LIMIT 1"
        ))?
        .query_row(params![segment, number], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    if let Some((start, end)) = earlier {
        return Ok(start.zip(end));
    }
    if stands && matches!(kind, RecutKind::Split | RecutKind::Merge) {
        return Ok(None); // it was made by that change
    }
    let cut = as_cut(conn, segment)?;
    Ok(Some((cut.start, cut.end)))
}

/// Whether something of a person counts in a line that did not count there when the change of this number
/// was made: words, a translation, who speaks; or a certificate. What was taken back since counts no more.
fn holds_work(conn: &Connection, interview: i64, number: u32, segment: i64) -> Result<bool, Error> {
    let line: i64 = conn
        .prepare_cached("SELECT id FROM segment WHERE key = ?1")?
        .query_row([segment], |row| row.get(0))?;
    let Some(since) = records_since(conn, interview, &format!("recut {number}.{line}"))? else {
        return Ok(true); // what it cannot be told apart from stays
    };
    // Each the version that counts first: its record, what it says, whose it is.
    let texts = format!(
        "SELECT 'text {line}.' || version, lang || text, status FROM text_version
         WHERE segment = ?1 ORDER BY {COUNTS_FIRST}"
    );
    let speakers = format!(
        "SELECT 'speaker {line}.' || version AS name, speaker, 'edited', version
             FROM speaker_version WHERE segment = ?1
         UNION ALL SELECT '', speaker, 'edited', 0 FROM segment WHERE key = ?1
         ORDER BY version DESC"
    );
    if is_worked_on(conn, &texts, segment, &since)?
        || is_worked_on(conn, &speakers, segment, &since)?
    {
        return Ok(true);
    }
    for stored in current_translations(conn, segment)? {
        let lang = stored.translation.lang.code();
        let translations = format!(
            "SELECT 'translation {line}.{lang}.' || version, text, status FROM translation
             WHERE segment = ?1 AND lang = '{lang}' ORDER BY {COUNTS_FIRST}"
        );
        if is_worked_on(conn, &translations, segment, &since)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the first version is certified, or a person's that says something else than the first one that
/// there was before.
fn is_worked_on(
    conn: &Connection,
    versions: &str,
    segment: i64,
    since: &HashSet<String>,
) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached(versions)?;
    let mut rows = statement.query([segment])?;
    let mut now: Option<String> = None;
    while let Some(row) = rows.next()? {
        let (record, says): (String, String) = (row.get(0)?, row.get(1)?);
        if now.is_none() {
            match codec::status(&row.get::<_, String>(2)?)? {
                Status::Certified => return Ok(true),
                Status::Edited => now = Some(says.clone()),
                _ => return Ok(false),
            }
        }
        if !since.contains(&record) {
            return Ok(now.as_ref() != Some(&says));
        }
    }
    Ok(now.is_some())
}

/// The records that were added behind the one of this name, which a change of the cut made; none where the
/// chain does not have it.
fn records_since(
    conn: &Connection,
    interview: i64,
    record: &str,
) -> Result<Option<HashSet<String>>, Error> {
    let made: Option<u32> = conn
        .prepare_cached(
            "SELECT max(c.number) FROM chain c, json_each(c.body, '$.rows') AS own
             WHERE c.subject = ?1 AND c.kind = 'recut' AND own.key = ?2",
        )?
        .query_row(params![interview, record], |row| row.get(0))?;
    let Some(made) = made else {
        return Ok(None);
    };
    let mut statement = conn.prepare_cached(
        "SELECT made.key FROM chain, json_each(chain.body, '$.rows') AS made
         WHERE chain.subject = ?1 AND chain.number > ?2",
    )?;
    let rows = statement.query_map(params![interview, made], |row| row.get(0))?;
    Ok(Some(rows.collect::<Result<_, _>>()?))
}

fn as_cut(conn: &Connection, segment: i64) -> Result<Place, Error> {
    Ok(conn
        .prepare_cached("SELECT start_sample, end_sample FROM segment WHERE key = ?1")?
        .query_row([segment], |row| Ok(Place::as_cut(row.get(0)?, row.get(1)?)))?)
}
