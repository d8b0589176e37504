//! Who speaks in a line: what a person said of it is added, the line stays as it was cut.

use rusqlite::{Connection, Transaction, params};

use super::certify::work_on;
use super::chain;
use super::interviews::interview_key;
use super::lines::{current_key, insist_on_reason, segment_key};
use super::proofs::{self, SPEAKER};
use super::remake::uncertify;
use super::{Error, Store, codec, derived};
use crate::domain::{InterviewId, SegmentId};
use crate::evidence::{Draft, Kind, Work};

/// Longest name of a speaker, in characters.
const MAX_NAME: usize = 300;
/// Who speaks in the line `s` by the newest version, as a value of a query.
pub(super) const SPEAKS: &str = "coalesce((SELECT speaker FROM speaker_version
     WHERE segment = s.key ORDER BY version DESC LIMIT 1), s.speaker)";

/// Why a person says who speaks in a line, where a voice was suggested to them. Such lines are not what
/// the voices are learnt from.
pub const BY_VOICE: &str = "by voice";
/// Ends the reason of a line whose speaker followed from a change of others, or from taking one back: nobody
/// listened to that line for it, so the voices are not learnt from it either.
const UNHEARD: &str = "not listened to";

/// Which of several lines a person listened to for saying who speaks in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listened {
    /// Each of them.
    Each,
    /// This one: the others have the same speaker. What is known of them stays known.
    One(SegmentId),
    /// None now: a change is taken back or made again. Known is what a person once said of the line.
    Before,
}

/// What a person said about who speaks in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeakerVersion {
    /// 1, 2, 3 ... of this line.
    pub version: u32,
    /// `officer`, `interviewee`, `interpreter` or any other word.
    pub speaker: String,
    /// Who said so.
    pub by: String,
    /// Why, where the person said so.
    pub reason: Option<String>,
    /// When, RFC 3339 UTC.
    pub at: String,
}

impl Store {
    /// Says who speaks in these lines, all of them in one event; of a line as it was cut also that its
    /// speaker is right. Returns how many lines that changes.
    ///
    /// # Errors
    /// An unknown or replaced line; no name, or one that is too long; nothing new in any line;
    /// a certified line without a reason; nobody's name.
    pub fn set_speaker(
        &mut self,
        id: &InterviewId,
        lines: &[SegmentId],
        speaker: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<usize, Error> {
        self.set_speaker_of(id, (lines, Listened::Each), speaker, by, reason)
    }

    /// The same where a person listened to some of these lines only: the reason of the others says so, and
    /// they are not among [`Self::known_speakers`] unless they were.
    ///
    /// # Errors
    /// As [`Self::set_speaker`].
    pub fn set_speaker_of(
        &mut self,
        id: &InterviewId,
        (lines, listened): (&[SegmentId], Listened),
        speaker: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<usize, Error> {
        let (speaker, by) = (speaker.trim(), by.trim());
        if by.is_empty() {
            return Err(Error::NoAuthor);
        }
        if speaker.is_empty() || speaker.chars().count() > MAX_NAME {
            return Err(Error::BadSpeaker);
        }
        let hand = self.hand_of(by);
        let tx = self.write()?;
        let interview = interview_key(&tx, id)?;
        let work = match hand.signer() {
            Some(_) => Some(work_on(&tx, interview)?),
            None => None,
        };
        let (mut rows, mut keys) = (Vec::new(), Vec::new());
        for line in lines {
            let key = current_key(&tx, id, *line)?;
            let known = is_known(&tx, key, listened, *line, speaker)?;
            let same = speaks(&tx, key)? == speaker
                && is_said(&tx, key)?
                && (!known || reason == Some(BY_VOICE) || is_heard(&tx, key)?);
            // Who signs may say again what nobody signed for.
            let is_open = |work: &Work| work.is_open_of(line.0.unsigned_abs(), by);
            if same && !work.as_ref().is_some_and(is_open) {
                continue;
            }
            insist_on_reason(&tx, key, *line, reason)?;
            let unheard = unheard(reason);
            let told = if known {
                reason
            } else {
                Some(unheard.as_str())
            };
            let version = insert(&tx, key, speaker, by, told)?;
            let one = "r.segment = ?1 AND r.version = ?2";
            rows.extend(proofs::select(&tx, &SPEAKER, one, params![key, version])?);
            uncertify(&tx, key, (by, reason), &mut rows)?;
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(Error::Unchanged);
        }
        let mut draft = Draft::of(Kind::Attributed, &rows);
        draft.signer = hand.signer();
        chain::append(&tx, interview, &draft)?;
        for key in &keys {
            derived::refresh_line(&tx, *key)?;
        }
        derived::refresh_tally(&tx, interview)?;
        tx.commit()?;
        Ok(keys.len())
    }

    /// The lines of which a person said who speaks, with what was said last; not where a voice was
    /// suggested, and not where nobody listened to that line for it.
    ///
    /// # Errors
    /// An unknown interview.
    pub fn known_speakers(&self, id: &InterviewId) -> Result<Vec<(SegmentId, String)>, Error> {
        let key = interview_key(&self.conn, id)?;
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT s.id, v.speaker FROM segment s JOIN speaker_version v ON v.segment = s.key
                 WHERE s.interview = ?1 AND {HEARD} AND v.version =
                     (SELECT max(version) FROM speaker_version WHERE segment = s.key)
                 ORDER BY s.id"
        ))?;
        let rows = statement.query_map(params![key, BY_VOICE, ends_unheard()], |row| {
            Ok((SegmentId(row.get(0)?), row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What persons said about who speaks in a line, the first first; none where the line has the
    /// speaker that it was cut with.
    ///
    /// # Errors
    /// An unknown line.
    pub fn speakers(
        &self,
        id: &InterviewId,
        line: SegmentId,
    ) -> Result<Vec<SpeakerVersion>, Error> {
        let key = segment_key(&self.conn, id, line)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT version, speaker, author, reason, at FROM speaker_version
             WHERE segment = ?1 ORDER BY version",
        )?;
        let rows = statement.query_map([key], |row| {
            Ok(SpeakerVersion {
                version: row.get(0)?,
                speaker: row.get(1)?,
                by: row.get(2)?,
                reason: row.get(3)?,
                at: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Whether a person listened to the line for what a version `v` says: a condition of a query, of which ?2
/// and ?3 are [`BY_VOICE`] and [`ends_unheard`].
const HEARD: &str = "(v.reason IS NULL OR (v.reason <> ?2 AND v.reason NOT LIKE ?3))";

/// What the reasons of lines end in that nobody listened to, as a pattern.
fn ends_unheard() -> String {
    format!("%{UNHEARD}")
}

/// The reason of a line that nobody listened to.
fn unheard(reason: Option<&str>) -> String {
    match reason.map(str::trim_end).filter(|own| !own.is_empty()) {
        Some(own) if own.ends_with(UNHEARD) => own.to_owned(),
        Some(own) => format!("{own}; {UNHEARD}"),
        None => UNHEARD.to_owned(),
    }
}

/// Whether a person who says that `speaker` speaks in a line knows it from that line.
fn is_known(
    conn: &Connection,
    key: i64,
    listened: Listened,
    line: SegmentId,
    speaker: &str,
) -> Result<bool, Error> {
    match listened {
        Listened::Each => Ok(true),
        Listened::One(one) if one == line => Ok(true),
        Listened::One(_) => is_heard(conn, key),
        Listened::Before => {
            let sql = format!(
                "SELECT EXISTS (SELECT 1 FROM speaker_version v
                 WHERE v.segment = ?1 AND v.speaker = ?4 AND {HEARD})"
            );
            let of = params![key, BY_VOICE, ends_unheard(), speaker];
            Ok(conn.prepare_cached(&sql)?.query_row(of, |row| row.get(0))?)
        }
    }
}

/// Whether a person listened to a line for what was said last about who speaks in it.
fn is_heard(conn: &Connection, key: i64) -> Result<bool, Error> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM speaker_version v WHERE v.segment = ?1 AND {HEARD}
         AND v.version = (SELECT max(version) FROM speaker_version WHERE segment = ?1))"
    );
    let of = params![key, BY_VOICE, ends_unheard()];
    Ok(conn.prepare_cached(&sql)?.query_row(of, |row| row.get(0))?)
}

/// Whether a person said who speaks in a line.
fn is_said(conn: &Connection, key: i64) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM speaker_version WHERE segment = ?1)";
    Ok(conn
        .prepare_cached(sql)?
        .query_row([key], |row| row.get(0))?)
}

/// Who speaks in a line now.
pub(super) fn speaks(conn: &Connection, key: i64) -> Result<String, Error> {
    let sql = format!("SELECT {SPEAKS} FROM segment s WHERE s.key = ?1");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([key], |row| row.get(0))?)
}

fn insert(
    tx: &Transaction<'_>,
    key: i64,
    speaker: &str,
    by: &str,
    reason: Option<&str>,
) -> Result<u32, Error> {
    Ok(tx
        .prepare_cached(
            "INSERT INTO speaker_version (segment, version, speaker, author, reason, at)
             VALUES (?1,
                 (SELECT coalesce(max(version), 0) + 1 FROM speaker_version WHERE segment = ?1),
                 ?2, ?3, ?4, ?5)
             RETURNING version",
        )?
        .query_row(params![key, speaker, by, reason, codec::now()], |row| {
            row.get(0)
        })?)
}
