//! The lines that take the place of others: made of what was written of those.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::chain::{text_row, translation_row};
use super::halves::{self, Cuts, Halves};
use super::interviews::insert_segment;
use super::lines::{COUNTS_FIRST, current_key, current_text, current_translations};
use super::proofs::{self, LINE};
use super::recut::SplitAt;
use super::recuts::{Place, RecutKind, place};
use super::speakers::SPEAKS;
use super::versions::{NewText, insert_text, insert_translation};
use super::{Error, NewSegment, codec};
use crate::domain::{
    Flag, InterviewId, Lang, SamplePos, SegmentId, Span, Status, Translation, Word,
};
use crate::evidence::Row;

/// A line that takes part, and where it stands from then on; `None` where it gives way.
pub(super) type Part = (i64, Option<(i64, i64)>);

/// What a change makes: its kind, what it undoes, its lines and their records.
pub(super) struct Made {
    pub kind: RecutKind,
    pub undoes: Option<u32>,
    pub parts: Vec<Part>,
    pub rows: Vec<Row>,
}

/// A line as it is stored.
struct Whole {
    key: i64,
    place: Place,
    cut: NewSegment,
    text: Option<Written>,
    translations: Vec<Translation>,
}

/// What was written of a line: of certified words, who wrote them.
struct Written {
    lang: Lang,
    text: String,
    status: Status,
    author: String,
    confidence: Option<f32>,
    words: Vec<Word>,
    flags: Vec<Flag>,
}

/// Parts a line in two.
pub(super) fn split(
    tx: &Transaction<'_>,
    interview: i64,
    id: &InterviewId,
    line: SegmentId,
    at: &SplitAt,
) -> Result<Made, Error> {
    let whole = Whole::read(tx, id, line)?;
    let cut = codec::to_integer(at.at.0)?;
    let (start, end) = (whole.place.start, whole.place.end);
    // A line of a transcript may have no length.
    if !(start < cut && cut < end) && (start, end) != (cut, cut) {
        return Err(Error::NoPart(line.0));
    }
    let no_part = || Error::NoPart(line.0);
    let text = match (&whole.text, at.text) {
        (Some(text), Some(at)) => Some((text, halves::part(&text.text, at).ok_or_else(no_part)?)),
        (None, None) => None,
        _ => return Err(no_part()),
    };
    let mut made = Made {
        kind: RecutKind::Split,
        undoes: None,
        parts: vec![(whole.key, None)],
        rows: Vec::new(),
    };
    for (second, span) in [(false, (start, cut)), (true, (cut, end))] {
        let key = made.line(tx, interview, &whole.cut, span)?;
        let Some((text, halves)) = &text else {
            continue;
        };
        let source = Cuts {
            source: halves,
            translation: None,
        };
        let [before, behind] = halves::part_words(&text.text, &text.words, halves, at.at.as_ms());
        let half = Written {
            text: side(halves, second).to_owned(),
            words: if second { behind } else { before },
            flags: halves::part_flags(&text.flags, source, second),
            author: text.author.clone(),
            lang: text.lang,
            status: text.status,
            confidence: text.confidence,
        };
        made.text(tx, key, &half)?;
        for translation in &whole.translations {
            let named = at.translations.iter().find(|(l, _)| *l == translation.lang);
            let Some((_, at)) = named else { continue };
            let parted = halves::part(&translation.text, *at).ok_or_else(no_part)?;
            let cuts = Cuts {
                translation: Some(&parted),
                ..source
            };
            let half = Translation {
                text: side(&parted, second).to_owned(),
                terms: halves::part_terms(&translation.terms, side(halves, second)),
                flags: halves::part_flags(&translation.flags, cuts, second),
                engine: translation.engine.clone(),
                of_version: 1,
                ..*translation
            };
            made.translation(tx, key, &half)?;
        }
    }
    Ok(made)
}

fn side<'a>(halves: &Halves<'a>, second: bool) -> &'a str {
    if second { halves.right } else { halves.left }
}

/// Puts an empty line at a place of a channel. It is cut out of the recording itself: of the changes that make
/// lines the one in which none gives way, so that taking it back lets the new one give way.
pub(super) fn added(
    tx: &Transaction<'_>,
    interview: i64,
    channel: u16,
    at: Option<(i64, i64)>,
    lang: Lang,
) -> Result<Made, Error> {
    let speaker: Option<String> = tx
        .prepare_cached("SELECT speaker FROM channel WHERE interview = ?1 AND position = ?2")?
        .query_row(params![interview, channel], |row| row.get(0))
        .optional()?;
    let number = next_number(tx, interview)?;
    let (span, speaker) = at.zip(speaker).ok_or(Error::BadSpan(number))?;
    let mut made = Made {
        kind: RecutKind::Split,
        undoes: None,
        parts: Vec::new(),
        rows: Vec::new(),
    };
    let cut = NewSegment {
        channel,
        speaker,
        span: Span::default(),
        lang,
        flags: Vec::new(),
    };
    made.line(tx, interview, &cut, span)?;
    Ok(made)
}

/// The number of the next line of an interview.
pub(super) fn next_number(conn: &Connection, interview: i64) -> Result<i64, Error> {
    let sql = "SELECT coalesce(max(id), 0) FROM segment WHERE interview = ?1";
    let last: i64 = conn.query_row(sql, [interview], |row| row.get(0))?;
    last.checked_add(1)
        .ok_or_else(|| Error::damaged("a line number is too high"))
}

/// Joins two lines.
pub(super) fn merge(
    tx: &Transaction<'_>,
    interview: i64,
    id: &InterviewId,
    lines: [SegmentId; 2],
) -> Result<Made, Error> {
    let apart = || Error::NotNeighbours(lines[0].0, lines[1].0);
    let [one, other] = [
        Whole::read(tx, id, lines[0])?,
        Whole::read(tx, id, lines[1])?,
    ];
    let (first, second) = if (other.place.start, other.key) < (one.place.start, one.key) {
        (other, one)
    } else {
        (one, other)
    };
    let same = first.cut.channel == second.cut.channel && first.cut.speaker == second.cut.speaker;
    let langs = |w: &Whole| w.text.as_ref().map_or(w.cut.lang, |t| t.lang);
    if !same
        || first.key == second.key
        || langs(&first) != langs(&second)
        || first.text.is_some() != second.text.is_some()
        || stands_between(tx, interview, &first, &second)?
    {
        return Err(apart());
    }
    let span = (first.place.start, first.place.end.max(second.place.end));
    let mut made = Made {
        kind: RecutKind::Merge,
        undoes: None,
        parts: vec![(first.key, None), (second.key, None)],
        rows: Vec::new(),
    };
    let cut = NewSegment {
        flags: halves::join_cut_flags(&first.cut.flags, &second.cut.flags),
        ..first.cut.clone()
    };
    let key = made.line(tx, interview, &cut, span)?;
    let (Some(a), Some(b)) = (&first.text, &second.text) else {
        return Ok(made);
    };
    let before = halves::shift(&a.text, &b.text, a.lang);
    let text = Written {
        lang: a.lang,
        text: halves::joined(&a.text, &b.text, a.lang),
        status: worked_on(a.status, b.status),
        author: halves::both(&a.author, &b.author),
        confidence: halves::lower(a.confidence, b.confidence),
        words: a.words.iter().chain(&b.words).cloned().collect(),
        flags: halves::join_flags(&a.flags, &b.flags, before, 0),
    };
    made.text(tx, key, &text)?;
    for ours in &first.translations {
        let theirs = second.translations.iter().find(|t| t.lang == ours.lang);
        let Some(theirs) = theirs else {
            continue;
        };
        let mut joined = halves::join_translations(ours, theirs, before);
        joined.status = worked_on(ours.status, theirs.status);
        made.translation(tx, key, &joined)?;
    }
    Ok(made)
}

/// What a machine and a person wrote together is no machine's.
fn worked_on(one: Status, other: Status) -> Status {
    if one == Status::Machine { other } else { one }
}

/// Whether another line of the channel begins between two.
fn stands_between(
    conn: &Connection,
    interview: i64,
    first: &Whole,
    second: &Whole,
) -> Result<bool, Error> {
    Ok(conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM line l JOIN segment s ON s.key = l.segment
             WHERE l.interview = ?1 AND l.gone = 0 AND s.channel = ?2
               AND l.segment NOT IN (?3, ?4)
               AND (l.start_sample, l.segment) > (?5, ?3) AND (l.start_sample, l.segment) < (?6, ?4))",
        )?
        .query_row(
            params![
                interview,
                first.cut.channel,
                first.key,
                second.key,
                first.place.start,
                second.place.start
            ],
            |row| row.get(0),
        )?)
}

impl Made {
    /// Adds a line that stands at `span`.
    fn line(
        &mut self,
        tx: &Transaction<'_>,
        interview: i64,
        cut: &NewSegment,
        span: (i64, i64),
    ) -> Result<i64, Error> {
        let id = next_number(tx, interview)?;
        let sample = |at: i64| SamplePos(at.unsigned_abs());
        let line = NewSegment {
            span: Span::new(sample(span.0), sample(span.1)),
            ..cut.clone()
        };
        let key = insert_segment(tx, interview, id, &line)?;
        self.rows
            .extend(proofs::select(tx, &LINE, "r.key = ?1", [key])?);
        self.parts.push((key, Some(span)));
        Ok(key)
    }

    fn text(&mut self, tx: &Transaction<'_>, key: i64, new: &Written) -> Result<(), Error> {
        let text = NewText {
            lang: new.lang,
            text: &new.text,
            status: new.status,
            author: &new.author,
            reason: None,
            confidence: new.confidence,
            words: &new.words,
            flags: &new.flags,
        };
        let version = insert_text(tx, key, &text)?;
        self.rows.extend(text_row(tx, key, version)?);
        Ok(())
    }

    fn translation(
        &mut self,
        tx: &Transaction<'_>,
        key: i64,
        new: &Translation,
    ) -> Result<(), Error> {
        let version = insert_translation(tx, key, new, None)?;
        let rows = translation_row(tx, key, new.lang.code(), version)?;
        self.rows.extend(rows);
        Ok(())
    }
}

impl Whole {
    fn read(conn: &Connection, id: &InterviewId, line: SegmentId) -> Result<Self, Error> {
        let key = current_key(conn, id, line)?;
        let (channel, speaker, lang, flags, start, end) = conn
            .prepare_cached(&format!(
                "SELECT s.channel, {SPEAKS}, s.lang, s.flags, s.start_sample, s.end_sample
                 FROM segment s WHERE s.key = ?1"
            ))?
            .query_row([key], |row| {
                let texts: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
                let [speaker, lang, flags] = texts;
                Ok((row.get(0)?, speaker, lang, flags, row.get(4)?, row.get(5)?))
            })?;
        let place = place(conn, key, Place::as_cut(start, end))?;
        let text = current_text(conn, key)?;
        let mut translations = Vec::new();
        for stored in current_translations(conn, key)? {
            let t = stored.translation;
            if text
                .as_ref()
                .is_some_and(|text| text.version == t.of_version)
            {
                translations.push(written_translation(conn, key, t)?);
            }
        }
        Ok(Self {
            key,
            place,
            cut: NewSegment {
                channel,
                speaker,
                span: Span::default(),
                lang: codec::lang(&lang)?,
                flags: codec::from_json(&flags)?,
            },
            text: text.map(|t| written(conn, key, &t.text)).transpose()?,
            translations,
        })
    }
}

/// Takes the certificate from a line that becomes another one by a change of `by`: its words are added
/// again, and so is each translation of them, without it. Nothing for a line that has none.
pub(super) fn uncertify(
    tx: &Transaction<'_>,
    key: i64,
    (by, reason): (&str, Option<&str>),
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let current = current_text(tx, key)?;
    let Some(current) = current.filter(|text| text.status == Status::Certified) else {
        return Ok(());
    };
    let words = written(tx, key, &current.text)?.words;
    let text = NewText {
        lang: current.lang,
        text: &current.text,
        // A machine's version would not count before the certified one.
        status: Status::Edited,
        author: by,
        reason,
        confidence: None,
        words: &words,
        flags: &current.flags,
    };
    let translations = current_translations(tx, key)?;
    let version = insert_text(tx, key, &text)?;
    rows.extend(text_row(tx, key, version)?);
    for stored in translations {
        let mut made = stored.translation;
        if made.of_version != current.version {
            continue;
        }
        made.of_version = version;
        if made.status == Status::Certified {
            (made.status, made.engine) = (Status::Edited, by.to_owned());
        }
        let number = insert_translation(tx, key, &made, reason)?;
        rows.extend(translation_row(tx, key, made.lang.code(), number)?);
    }
    Ok(())
}

/// The words that count as whoever wrote them left them: a certificate is for one line only.
fn written(conn: &Connection, key: i64, text: &str) -> Result<Written, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT lang, status, author, confidence, words, flags FROM text_version
         WHERE segment = ?1 AND text = ?2 AND status <> 'certified'
         ORDER BY {COUNTS_FIRST} LIMIT 1"
    ))?;
    let mut rows = statement.query(params![key, text])?;
    let row = rows
        .next()?
        .ok_or_else(|| Error::damaged("certified words have no author"))?;
    Ok(Written {
        lang: codec::lang(&row.get::<_, String>(0)?)?,
        text: text.to_owned(),
        status: codec::status(&row.get::<_, String>(1)?)?,
        author: row.get(2)?,
        confidence: row.get(3)?,
        words: codec::from_json(&row.get::<_, String>(4)?)?,
        flags: codec::from_json(&row.get::<_, String>(5)?)?,
    })
}

/// The same of a translation.
fn written_translation(
    conn: &Connection,
    key: i64,
    counts: Translation,
) -> Result<Translation, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT status, author, log_prob FROM translation
         WHERE segment = ?1 AND lang = ?2 AND text = ?3 AND status <> 'certified'
         ORDER BY {COUNTS_FIRST} LIMIT 1"
    ))?;
    let mut rows = statement.query(params![key, counts.lang.code(), counts.text])?;
    let row = rows
        .next()?
        .ok_or_else(|| Error::damaged("a certified translation has no author"))?;
    Ok(Translation {
        status: codec::status(&row.get::<_, String>(0)?)?,
        engine: row.get(1)?,
        log_prob: row.get(2)?,
        ..counts
    })
}
