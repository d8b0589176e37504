//! Where lines stand: how persons parted, joined and moved them, and what counts of it.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::interviews::interview_key;
use super::{Error, Store, codec};
use crate::domain::{InterviewId, SamplePos, SegmentId, Span};

/// What a person did to the cut of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecutKind {
    /// One line became two.
    Split,
    /// Two lines became one.
    Merge,
    /// A line begins or ends elsewhere.
    Retime,
    /// An earlier change was taken back.
    Undo,
}

impl RecutKind {
    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            RecutKind::Split => "split",
            RecutKind::Merge => "merge",
            RecutKind::Retime => "retime",
            RecutKind::Undo => "undo",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        [Self::Split, Self::Merge, Self::Retime, Self::Undo]
            .into_iter()
            .find(|k| k.as_str() == text)
            .ok_or_else(|| Error::damaged("an unknown change of lines is stored"))
    }
}

/// One line in a change of the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecutLine {
    /// The line.
    pub segment: SegmentId,
    /// Where it stands from then on; `None` where it gave way to the others.
    pub span: Option<Span>,
}

/// A change of the cut: who, when, and where each of its lines stood from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recut {
    /// Which one of the interview, from 1.
    pub number: u32,
    /// What was done.
    pub kind: RecutKind,
    /// The number of the change that it takes back.
    pub undoes: Option<u32>,
    /// Who did it.
    pub by: String,
    /// Why, where the person said so.
    pub reason: Option<String>,
    /// When, RFC 3339 UTC.
    pub at: String,
    /// Its lines: those that gave way first, then by time.
    pub lines: Vec<RecutLine>,
}

impl Recut {
    /// The lines that gave way to the others.
    pub fn replaced(&self) -> impl Iterator<Item = SegmentId> {
        let gone = self.lines.iter().filter(|l| l.span.is_none());
        gone.map(|l| l.segment)
    }

    /// The lines that stand.
    pub fn standing(&self) -> impl Iterator<Item = SegmentId> {
        let standing = self.lines.iter().filter(|l| l.span.is_some());
        standing.map(|l| l.segment)
    }
}

/// Where a line stands, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub start: i64,
    pub end: i64,
    /// It gave way to others; `start` and `end` tell where it stood last.
    pub gone: bool,
}

impl Place {
    /// As the line was cut.
    pub fn as_cut(start: i64, end: i64) -> Self {
        let gone = false;
        Self { start, end, gone }
    }

    /// After a change.
    pub fn then(self, start: Option<i64>, end: Option<i64>) -> Self {
        match start.zip(end) {
            Some((start, end)) => Self::as_cut(start, end),
            None => Self { gone: true, ..self },
        }
    }
}

/// The places of lines `r` with the changes `c` that put the lines `s` there. What counts is the change's number,
/// which is hashed with it, and not the key of a row.
pub(super) const PLACES: &str = "recut_line r JOIN recut c ON c.key = r.recut
     JOIN segment s ON s.key = r.segment AND s.interview = c.interview";

/// Where a line stands that was cut at `cut`.
pub(super) fn place(conn: &Connection, key: i64, cut: Place) -> Result<Place, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT r.start_sample, r.end_sample FROM {PLACES} WHERE r.segment = ?1 ORDER BY c.number"
    ))?;
    let mut rows = statement.query([key])?;
    let mut place = cut;
    while let Some(row) = rows.next()? {
        place = place.then(row.get(0)?, row.get(1)?);
    }
    Ok(place)
}

impl Store {
    /// Every change of the cut of an interview's lines, the first one first.
    ///
    /// # Errors
    /// An unknown interview.
    pub fn recuts(&self, id: &InterviewId) -> Result<Vec<Recut>, Error> {
        let key = interview_key(&self.conn, id)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT number, kind, undoes, author, reason, at, key FROM recut
             WHERE interview = ?1 ORDER BY number",
        )?;
        let mut rows = statement.query([key])?;
        let mut recuts = Vec::new();
        while let Some(row) = rows.next()? {
            recuts.push(Recut {
                number: row.get(0)?,
                kind: RecutKind::parse(&row.get::<_, String>(1)?)?,
                undoes: row.get(2)?,
                by: row.get(3)?,
                reason: row.get(4)?,
                at: row.get(5)?,
                lines: lines_of(&self.conn, row.get(6)?)?,
            });
        }
        Ok(recuts)
    }

    /// Every stretch of the sound in which a line ever stood, from its first cut on; of a line that was
    /// made of others, theirs too.
    ///
    /// # Errors
    /// An unknown interview.
    pub fn stood(&self, id: &InterviewId) -> Result<Vec<(SegmentId, Span)>, Error> {
        let recuts = self.recuts(id)?;
        let key = interview_key(&self.conn, id)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT id, start_sample, end_sample FROM segment WHERE interview = ?1",
        )?;
        let mut rows = statement.query([key])?;
        let mut stood: BTreeMap<SegmentId, Vec<Span>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let start = SamplePos(codec::from_integer(row, 1)?);
            let end = SamplePos(codec::from_integer(row, 2)?);
            let spans = stood.entry(SegmentId(row.get(0)?)).or_default();
            spans.push(Span::new(start, end));
        }
        for line in recuts.iter().flat_map(|recut| &recut.lines) {
            stood.entry(line.segment).or_default().extend(line.span);
        }
        let makes = |recut: &&Recut| matches!(recut.kind, RecutKind::Split | RecutKind::Merge);
        // In their order: what a line was made of has by then what it was made of itself.
        for recut in recuts.iter().filter(makes) {
            let gone = recut.replaced().filter_map(|line| stood.get(&line));
            let gone: Vec<Span> = gone.flatten().copied().collect();
            for line in recut.standing() {
                stood.entry(line).or_default().extend(&gone);
            }
        }
        let all = stood.into_iter();
        let all = all.flat_map(|(line, spans)| spans.into_iter().map(move |span| (line, span)));
        Ok(all.collect())
    }

    /// The lines that `line` was made of, and what those were made of, the newest first. Taken-back
    /// changes made no lines.
    ///
    /// # Errors
    /// An unknown interview.
    pub fn origins(&self, id: &InterviewId, line: SegmentId) -> Result<Vec<SegmentId>, Error> {
        let recuts = self.recuts(id)?;
        let mut found = Vec::new();
        let mut wanted = vec![line];
        for recut in recuts.iter().rev() {
            let makes = matches!(recut.kind, RecutKind::Split | RecutKind::Merge);
            if makes && recut.standing().any(|l| wanted.contains(&l)) {
                let new: Vec<_> = recut.replaced().filter(|p| !found.contains(p)).collect();
                wanted.extend(&new);
                found.extend(new);
            }
        }
        Ok(found)
    }
}

/// The lines of one change.
fn lines_of(conn: &Connection, recut: i64) -> Result<Vec<RecutLine>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT s.id, r.start_sample, r.end_sample FROM recut_line r
         JOIN segment s ON s.key = r.segment WHERE r.recut = ?1
         ORDER BY r.start_sample, s.id",
    )?;
    let mut rows = statement.query(params![recut])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let stands = row.get::<_, Option<i64>>(1)?.is_some();
        let span = if stands {
            Some(Span::new(
                SamplePos(codec::from_integer(row, 1)?),
                SamplePos(codec::from_integer(row, 2)?),
            ))
        } else {
            None
        };
        let segment = SegmentId(row.get(0)?);
        lines.push(RecutLine { segment, span });
    }
    Ok(lines)
}
