//! Interviews: how they enter the store, how they are found and listed.

use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior, params,
};

use super::filter::{CASES, spelled_like};
use super::proofs::{self, LINE};
use super::remake::next_number;
use super::speech_models::ALL_CHOSEN;
use super::versions::{insert_text, insert_translation};
use super::{
    Error, ImportedLine, NewAudio, NewInterview, NewSegment, Store, chain, codec, derived,
    speech_models,
};
use crate::domain::{
    AudioFile, Interview, InterviewId, InterviewSummary, SegmentId, Status, Translation,
};
use crate::evidence::{Draft, Kind, WORKING};

/// The fact of the first event that holds what was odd about a recording.
const NOTES: &str = "notes";
/// The fact that says as what the person was interviewed; a consent calls it so too.
const OF: &str = "of";
/// The longest name of an interview; it also names a folder.
const MAX_ID: usize = 100;

impl Store {
    /// Stores an interview with its recordings, channels and cut utterances, in one transaction.
    /// Lines are numbered 1, 2, 3 ... by start, then channel.
    pub fn create_interview(
        &mut self,
        new: &NewInterview,
        segments: &[NewSegment],
    ) -> Result<(), Error> {
        let tx = self.write()?;
        let key = insert_interview(&tx, new, None)?;
        insert_segments(&tx, key, 1, segments)?;
        note_import(&tx, key, new, None)?;
        derived::refresh_tally(&tx, key)?;
        Ok(tx.commit()?)
    }

    /// Adds utterances to an interview that is still going on, and the length its sound has now.
    /// Returns their numbers, which go on from the last one, in the order given.
    pub fn append_segments(
        &mut self,
        id: &InterviewId,
        segments: &[NewSegment],
        duration_ms: u64,
    ) -> Result<Vec<SegmentId>, Error> {
        let tx = self.write()?;
        let key = interview_key(&tx, id)?;
        let first = next_number(&tx, key)?;
        let ids = insert_in_order(&tx, key, first, segments.iter())?;
        tx.execute(
            "UPDATE interview SET duration_ms = max(duration_ms, ?2) WHERE key = ?1",
            params![key, codec::to_integer(duration_ms)?],
        )?;
        let added = "r.interview = ?1 AND r.id >= ?2";
        let rows = proofs::select(&tx, &LINE, added, params![key, first])?;
        chain::append(&tx, key, &Draft::of(Kind::Cut, &rows))?;
        derived::refresh_tally(&tx, key)?;
        tx.commit()?;
        Ok(ids)
    }

    /// Stores a transcript that was written elsewhere. Its lines count as edited by `source`, but for
    /// those that a machine wrote. `sha256` is that of the file, by which [`Self::holding`] knows it.
    pub fn create_from_transcript(
        &mut self,
        new: &NewInterview,
        lines: &[ImportedLine],
        source: &str,
        sha256: Option<&str>,
    ) -> Result<(), Error> {
        if source.trim().is_empty() {
            return Err(Error::NoAuthor);
        }
        let tx = self.write()?;
        let key = insert_interview(&tx, new, Some(source))?;
        let channel_of = |speaker: &str| {
            new.channels
                .iter()
                .find(|c| c.speaker == speaker)
                .map_or(0, |c| c.index)
        };
        let mut ordered: Vec<&ImportedLine> = lines.iter().collect();
        ordered.sort_by_key(|line| (line.span.start, channel_of(&line.speaker)));
        for (number, line) in (1..).zip(ordered) {
            let segment = NewSegment {
                channel: channel_of(&line.speaker),
                speaker: line.speaker.clone(),
                span: line.span,
                lang: line.lang,
                flags: Vec::new(),
            };
            insert_imported(&tx, key, number, &segment, line, source)?;
        }
        note_import(&tx, key, new, sha256)?;
        derived::refresh_tally(&tx, key)?;
        Ok(tx.commit()?)
    }

    /// One interview without its lines.
    pub fn interview(&self, id: &InterviewId) -> Result<Interview, Error> {
        let key = interview_key(&self.conn, id)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT case_name, languages, started, duration_ms, source FROM interview
             WHERE key = ?1",
        )?;
        let mut rows = statement.query([key])?;
        let row = rows
            .next()?
            .ok_or_else(|| Error::NoInterview(id.0.clone()))?;
        Ok(Interview {
            id: id.clone(),
            case: row.get(0)?,
            languages: codec::langs_from_text(&row.get::<_, String>(1)?)?,
            started: row.get(2)?,
            duration_ms: codec::from_integer(row, 3)?,
            audio: read_audio(&self.conn, key)?,
            source: row.get(4)?,
            notes: Vec::new(),
            channels: speech_models::channels(&self.conn, key)?,
        })
    }

    /// What was odd about a recording when it was taken in, by the first event of its chain; `None` of one
    /// that a program took in which kept that elsewhere.
    ///
    /// # Errors
    /// An unknown interview; a damaged row.
    pub fn notes(&self, id: &InterviewId) -> Result<Option<Vec<String>>, Error> {
        let key = interview_key(&self.conn, id)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT coalesce(json_extract(body, '$.facts.' || ?2), '[]'),
                 json_extract(body, '$.program') IN ('mekong 0.1.0')
             FROM chain WHERE subject = ?1 AND number = 1",
        )?;
        let (notes, elsewhere): (String, bool) =
            statement.query_row(params![key, NOTES], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(match elsewhere {
            true => None,
            false => Some(codec::from_json(&notes)?),
        })
    }

    /// The file name of each channel's working copy in the interview's folder, by channel index.
    pub fn working_copies(&self, id: &InterviewId) -> Result<Vec<(u16, String)>, Error> {
        let key = interview_key(&self.conn, id)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT position, working FROM channel
             WHERE interview = ?1 AND working IS NOT NULL ORDER BY position",
        )?;
        let rows = statement.query_map([key], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The interview with this name, or the only one whose name begins so.
    pub fn resolve(&self, text: &str) -> Result<InterviewId, Error> {
        let wanted = text.trim().to_lowercase();
        if wanted.is_empty() || wanted.len() > MAX_ID {
            return Err(Error::NoInterview(text.to_owned()));
        }
        // The exact name sorts before every longer one.
        let mut statement = self.conn.prepare_cached(
            "SELECT id FROM interview WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 6",
        )?;
        let found: Vec<String> = statement
            .query_map([&wanted], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        match found.as_slice() {
            [] => Err(Error::NoInterview(text.to_owned())),
            [first, ..] if *first == wanted => Ok(InterviewId(wanted)),
            [only] => Ok(InterviewId(only.clone())),
            _ => Err(Error::Ambiguous {
                typed: text.to_owned(),
                names: found,
            }),
        }
    }

    /// The interview that holds a recording with this SHA-256, or was read from a transcript with
    /// it; the first one stored.
    pub fn holding(&self, sha256: &str) -> Result<Option<InterviewId>, Error> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT id FROM interview WHERE key = (SELECT min(key) FROM (
                     SELECT interview AS key FROM audio WHERE sha256 = ?1
                     UNION ALL
                     SELECT subject FROM chain
                     WHERE kind = 'imported' AND body ->> '$.facts.transcript_sha256' = ?1))",
            )?
            .query_row([sha256], |row| row.get(0).map(InterviewId))
            .optional()?)
    }

    /// The names of all interviews, and nothing else of them: also where something else is damaged.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn ids(&self) -> Result<Vec<InterviewId>, Error> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT id FROM interview ORDER BY started_ms DESC, id")?;
        let ids = statement.query_map([], |row| row.get(0).map(InterviewId))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// All interviews, or those of one case (upper and lower case count as the same), the latest
    /// first.
    pub fn list(&self, case: Option<&str>) -> Result<Vec<InterviewSummary>, Error> {
        let case = case
            .map(|name| spelled_like(&self.conn, CASES, name))
            .transpose()?;
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT i.id, i.case_name, i.languages, i.started, i.duration_ms,
                    t.segments, t.pending, t.flagged,
                    coalesce((SELECT group_concat(original_name, ', ') FROM audio
                              WHERE interview = i.key AND original_name <> path), i.source, ''),
                    {ALL_CHOSEN}
             FROM interview i JOIN tally t ON t.interview = i.key
             WHERE ?1 IS NULL OR i.case_name IN (SELECT value FROM json_each(?1))
             ORDER BY i.started_ms DESC, i.id"
        ))?;
        let mut rows = statement.query([case])?;
        let mut list = Vec::new();
        while let Some(row) = rows.next()? {
            list.push(InterviewSummary {
                id: InterviewId(row.get(0)?),
                case: row.get(1)?,
                languages: codec::langs_from_text(&row.get::<_, String>(2)?)?,
                started: row.get(3)?,
                duration_ms: codec::from_integer(row, 4)?,
                segments: codec::from_integer(row, 5)?,
                pending: codec::from_integer(row, 6)?,
                flagged: codec::from_integer(row, 7)?,
                original: row.get(8)?,
                speech_models: speech_models::of_interview(&row.get::<_, String>(9)?)?,
            });
        }
        Ok(list)
    }

    /// Begins a write; other writers wait from here on, so nothing read inside can go stale.
    pub(super) fn write(&mut self) -> Result<Transaction<'_>, Error> {
        Ok(self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

/// The first event of an interview: everything that came in with it, and the SHA-256 of the file
/// where that was a transcript.
fn note_import(
    tx: &Transaction<'_>,
    key: i64,
    new: &NewInterview,
    transcript: Option<&str>,
) -> Result<(), Error> {
    let rows = proofs::all(tx, key)?;
    let mut draft = Draft::of(Kind::Imported, &rows).with("duration_ms", new.duration_ms);
    let working = new.working.iter();
    let working = working.filter_map(|w| Some((w.file.clone(), w.sha256.clone()?)));
    let working: Vec<(String, String)> = working.collect();
    if !working.is_empty() {
        draft = draft.with(WORKING, codec::hashes(&working));
    }
    if let Some(sha256) = transcript {
        draft = draft.with("transcript_sha256", sha256);
    }
    if !new.notes.is_empty() {
        draft = draft.with(NOTES, new.notes.clone());
    }
    if let Some(asked) = new.asked {
        draft = draft.with(OF, asked.as_str());
    }
    chain::append(tx, key, &draft)?;
    Ok(())
}

/// The database's own key of an interview.
pub(super) fn interview_key(conn: &Connection, id: &InterviewId) -> Result<i64, Error> {
    conn.prepare_cached("SELECT key FROM interview WHERE id = ?1")?
        .query_row([&id.0], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Error::NoInterview(id.0.clone()))
}

pub(super) fn insert_interview(
    tx: &Transaction<'_>,
    new: &NewInterview,
    source: Option<&str>,
) -> Result<i64, Error> {
    let id = &new.id.0;
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(fits) {
        return Err(Error::BadName(id.clone()));
    }
    if new.languages.is_empty() {
        return Err(Error::NoLanguage);
    }
    if interview_key(tx, &new.id).is_ok() {
        return Err(Error::Exists(id.clone()));
    }
    tx.execute(
        "INSERT INTO interview
             (id, case_name, languages, started, started_ms, duration_ms, source, stored_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            id,
            new.case,
            codec::langs_to_text(&new.languages),
            new.started,
            codec::millis(&new.started)?,
            codec::to_integer(new.duration_ms)?,
            source,
            codec::now()
        ],
    )
    .map_err(|e| match e.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Error::Exists(id.clone()),
        _ => e.into(),
    })?;
    let key = tx.last_insert_rowid();
    for (position, audio) in (0i64..).zip(&new.audio) {
        insert_audio(tx, key, position, audio)?;
    }
    for channel in &new.channels {
        let working = new
            .working
            .iter()
            .find(|working| working.channel == channel.index);
        tx.execute(
            "INSERT INTO channel (interview, position, speaker, languages, working)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                key,
                channel.index,
                channel.speaker,
                codec::langs_to_text(&channel.languages),
                working.map(|working| &working.file)
            ],
        )?;
        speech_models::insert(tx, key, channel)?;
    }
    Ok(key)
}

/// One recording of an interview.
pub(super) fn insert_audio(
    tx: &Transaction<'_>,
    interview: i64,
    position: i64,
    audio: &NewAudio,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO audio (interview, position, path, sha256, sample_rate, channels, bytes,
             original_name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            interview,
            position,
            audio.file.path,
            audio.file.sha256,
            audio.file.sample_rate,
            audio.file.channels,
            codec::to_integer(audio.bytes)?,
            audio.file.original_name
        ],
    )?;
    Ok(())
}

fn insert_segments(
    tx: &Transaction<'_>,
    interview: i64,
    first: i64,
    segments: &[NewSegment],
) -> Result<Vec<SegmentId>, Error> {
    let mut ordered: Vec<&NewSegment> = segments.iter().collect();
    ordered.sort_by_key(|s| (s.span.start, s.channel));
    insert_in_order(tx, interview, first, ordered.into_iter())
}

fn insert_in_order<'a>(
    tx: &Transaction<'_>,
    interview: i64,
    first: i64,
    segments: impl Iterator<Item = &'a NewSegment>,
) -> Result<Vec<SegmentId>, Error> {
    let mut ids = Vec::new();
    for (id, segment) in (first..).zip(segments) {
        let key = insert_segment(tx, interview, id, segment)?;
        derived::refresh_line(tx, key)?;
        ids.push(SegmentId(id));
    }
    Ok(ids)
}

pub(super) fn insert_segment(
    tx: &Transaction<'_>,
    interview: i64,
    id: i64,
    segment: &NewSegment,
) -> Result<i64, Error> {
    tx.prepare_cached(
        "INSERT INTO segment
             (interview, id, channel, speaker, start_sample, end_sample, lang, flags)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        interview,
        id,
        segment.channel,
        segment.speaker,
        codec::to_integer(segment.span.start.0)?,
        codec::to_integer(segment.span.end.0)?,
        segment.lang.code(),
        codec::to_json(&segment.flags)?
    ])?;
    Ok(tx.last_insert_rowid())
}

fn insert_imported(
    tx: &Transaction<'_>,
    interview: i64,
    id: i64,
    segment: &NewSegment,
    line: &ImportedLine,
    source: &str,
) -> Result<(), Error> {
    let key = insert_segment(tx, interview, id, segment)?;
    let of = |machine| match machine {
        true => Status::Machine,
        false => Status::Edited,
    };
    let text = super::versions::NewText {
        lang: line.lang,
        text: &line.text,
        status: of(line.machine),
        author: source,
        reason: None,
        confidence: None,
        words: &[],
        flags: &line.flags,
    };
    let version = insert_text(tx, key, &text)?;
    for made in &line.translations {
        let translation = Translation {
            lang: made.lang,
            text: made.text.clone(),
            engine: source.to_owned(),
            status: of(made.machine),
            log_prob: None,
            terms: Vec::new(),
            flags: made.flags.clone(),
            of_version: version,
        };
        insert_translation(tx, key, &translation, None)?;
    }
    derived::refresh_line(tx, key)?;
    Ok(())
}

fn read_audio(conn: &Connection, key: i64) -> Result<Vec<AudioFile>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT path, sha256, sample_rate, channels, original_name FROM audio
         WHERE interview = ?1 ORDER BY position",
    )?;
    let rows = statement.query_map([key], |r| {
        Ok(AudioFile {
            path: r.get(0)?,
            sha256: r.get(1)?,
            sample_rate: r.get(2)?,
            channels: r.get(3)?,
            original_name: r.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
