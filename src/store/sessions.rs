//! Live sessions: begun, added to while they run, ended; and what happened in them.

use rusqlite::{OptionalExtension as _, Row, params};

use super::interviews::{insert_audio, insert_interview, interview_key};
use super::proofs::{self, AUDIO, ENTRY, SESSION_END};
use super::{Error, NewAudio, NewEvent, NewInterview, NewSession, Store, chain, codec, derived};
use crate::domain::{EventKind, InterviewId, SamplePos, SessionEvent, SessionState, Span};
use crate::evidence::{Draft, Kind, SoundHead, WORKING};

impl Store {
    /// Stores an interview that is about to be recorded, marked as in progress.
    pub fn begin_session(&mut self, new: &NewInterview, session: &NewSession) -> Result<(), Error> {
        let tx = self.write()?;
        let key = insert_interview(&tx, new, None)?;
        tx.execute(
            "INSERT INTO session (interview, device, practice, max_utterance_ms, started_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                key,
                session.device,
                session.practice,
                codec::to_integer(session.max_utterance_ms)?,
                new.started
            ],
        )?;
        let rows = proofs::all(&tx, key)?;
        chain::append(&tx, key, &Draft::of(Kind::Recording, &rows))?;
        derived::refresh_tally(&tx, key)?;
        Ok(tx.commit()?)
    }

    /// The session is over; `how` is a stable word, `sound` where the chain of its sound ends, and
    /// `working` its working copies by name with their SHA-256.
    pub fn end_session(
        &mut self,
        id: &InterviewId,
        how: &str,
        sound: Option<&SoundHead>,
        working: &[(String, String)],
    ) -> Result<(), Error> {
        let tx = self.write()?;
        let key = interview_key(&tx, id)?;
        tx.execute(
            "INSERT INTO session_end (interview, how, at) VALUES (?1, ?2, ?3)",
            params![key, how, codec::now()],
        )?;
        let duration_ms: i64 = tx.query_row(
            "SELECT duration_ms FROM interview WHERE key = ?1",
            [key],
            |row| row.get(0),
        )?;
        let rows = proofs::select(&tx, &SESSION_END, "r.interview = ?1", [key])?;
        let mut draft = Draft::of(Kind::Ended, &rows).with("duration_ms", duration_ms);
        if let Some(sound) = sound {
            draft = draft.with("sound_head", sound.head.as_str());
            draft = draft.with("sound_links", sound.links);
        }
        if !working.is_empty() {
            draft = draft.with(WORKING, codec::hashes(working));
        }
        chain::append(&tx, key, &draft)?;
        Ok(tx.commit()?)
    }

    /// Lets the length of the sound grow.
    pub fn grow(&mut self, id: &InterviewId, duration_ms: u64) -> Result<(), Error> {
        let tx = self.write()?;
        let key = interview_key(&tx, id)?;
        tx.execute(
            "UPDATE interview SET duration_ms = ?2 WHERE key = ?1 AND duration_ms < ?2",
            params![key, codec::to_integer(duration_ms)?],
        )?;
        Ok(tx.commit()?)
    }

    /// Adds a complete part of the recording. One that is there already stays.
    pub fn add_audio(&mut self, id: &InterviewId, audio: &NewAudio) -> Result<(), Error> {
        let tx = self.write()?;
        let key = interview_key(&tx, id)?;
        let there: bool = tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM audio WHERE interview = ?1 AND path = ?2)",
            params![key, audio.file.path],
            |row| row.get(0),
        )?;
        if !there {
            let position: i64 = tx.query_row(
                "SELECT count(*) FROM audio WHERE interview = ?1",
                [key],
                |row| row.get(0),
            )?;
            insert_audio(&tx, key, position, audio)?;
            let added = "r.interview = ?1 AND r.position = ?2";
            let rows = proofs::select(&tx, &AUDIO, added, params![key, position])?;
            chain::append(&tx, key, &Draft::of(Kind::Recorded, &rows))?;
        }
        Ok(tx.commit()?)
    }

    /// Adds an entry and returns its name. One from a journal that is there already stays, and
    /// `None` comes back.
    pub fn add_event(&mut self, id: &InterviewId, new: &NewEvent) -> Result<Option<i64>, Error> {
        let tx = self.write()?;
        let key = interview_key(&tx, id)?;
        let journal = new.journal.map(codec::to_integer).transpose()?;
        let there: bool = tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM event WHERE interview = ?1 AND journal = ?2)",
            params![key, journal],
            |row| row.get(0),
        )?;
        if there {
            return Ok(None);
        }
        let closes = match new.closes {
            Some(kind) => open_event(&tx, key, (kind, new.channel))?,
            None => None,
        };
        tx.execute(
            "INSERT INTO event (interview, kind, label, channel, start_sample, end_sample, closes,
                 journal, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                key,
                new.kind.as_str(),
                new.label,
                new.channel,
                codec::to_integer(new.start.0)?,
                new.end.map(|e| codec::to_integer(e.0)).transpose()?,
                closes,
                journal,
                new.at
            ],
        )?;
        let event = tx.last_insert_rowid();
        let rows = proofs::select(&tx, &ENTRY, "r.key = ?1", [event])?;
        chain::append(&tx, key, &Draft::of(Kind::Noted, &rows))?;
        tx.commit()?;
        Ok(Some(event))
    }

    /// What happened in a session, by place in the sound. An entry that has ended is one entry.
    pub fn events(&self, id: &InterviewId) -> Result<Vec<SessionEvent>, Error> {
        let key = interview_key(&self.conn, id)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT e.key, e.kind, e.label, e.channel, e.start_sample,
                    coalesce(c.end_sample, e.end_sample), e.at
             FROM event e LEFT JOIN event c ON c.closes = e.key
             WHERE e.interview = ?1 AND e.closes IS NULL ORDER BY e.start_sample, e.key",
        )?;
        let mut rows = statement.query([key])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(read_event(row)?);
        }
        Ok(events)
    }

    /// How a session stands; `None` for an interview that was not recorded here.
    pub fn session(&self, id: &InterviewId) -> Result<Option<SessionState>, Error> {
        let key = interview_key(&self.conn, id)?;
        Ok(self
            .conn
            .prepare_cached(
                "SELECT s.device, s.practice, e.how, s.started_at FROM session s
                 LEFT JOIN session_end e ON e.interview = s.interview WHERE s.interview = ?1",
            )?
            .query_row([key], |row| {
                let ended: Option<String> = row.get(2)?;
                Ok(SessionState {
                    device: row.get(0)?,
                    practice: row.get(1)?,
                    in_progress: ended.is_none(),
                    ended,
                    started_at: row.get(3)?,
                })
            })
            .optional()?)
    }

    /// The longest utterance that a session was cut into, in milliseconds.
    pub fn session_limit_ms(&self, id: &InterviewId) -> Result<Option<u64>, Error> {
        let key = interview_key(&self.conn, id)?;
        let mut statement = self
            .conn
            .prepare_cached("SELECT max_utterance_ms FROM session WHERE interview = ?1")?;
        let mut rows = statement.query([key])?;
        rows.next()?
            .map(|row| codec::from_integer(row, 0))
            .transpose()
    }

    /// Sessions that were begun and not ended.
    pub fn open_sessions(&self) -> Result<Vec<InterviewId>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT i.id FROM session s JOIN interview i ON i.key = s.interview
             WHERE NOT EXISTS (SELECT 1 FROM session_end e WHERE e.interview = s.interview)
             ORDER BY s.interview",
        )?;
        let rows = statement.query_map([], |row| row.get(0).map(InterviewId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The newest entry of a kind on a channel that has no end yet.
fn open_event(
    conn: &rusqlite::Connection,
    interview: i64,
    (kind, channel): (EventKind, Option<u16>),
) -> Result<Option<i64>, Error> {
    Ok(conn
        .prepare_cached(
            "SELECT e.key FROM event e WHERE e.interview = ?1 AND e.kind = ?2 AND e.channel IS ?3
             AND e.end_sample IS NULL AND e.closes IS NULL
             AND NOT EXISTS (SELECT 1 FROM event c WHERE c.closes = e.key)
             ORDER BY e.key DESC LIMIT 1",
        )?
        .query_row(params![interview, kind.as_str(), channel], |row| row.get(0))
        .optional()?)
}

fn read_event(row: &Row<'_>) -> Result<SessionEvent, Error> {
    let kind = EventKind::parse(&row.get::<_, String>(1)?)
        .ok_or_else(|| Error::damaged("an unknown kind of entry is stored"))?;
    let start = SamplePos(codec::from_integer(row, 4)?);
    let end = match row.get::<_, Option<i64>>(5)? {
        Some(_) => Some(SamplePos(codec::from_integer(row, 5)?)),
        None => None,
    };
    Ok(SessionEvent {
        id: row.get(0)?,
        kind,
        label: row.get(2)?,
        channel: row.get(3)?,
        span: Span::new(start, end.unwrap_or(start)),
        lasts: end.is_none(),
        at: row.get(6)?,
    })
}
