//! How far each interview's chain had come, noted in the workspace's own: so the end of an interview's
//! chain cannot be taken away unseen. Whoever cuts both chains at once, to the same moment, is seen by
//! what lies elsewhere only: digits on paper, partners' receipts, copies of the workspace.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::chain::{OWN, append};
use super::derived::{WAITS_RECOGNITION, WAITS_TRANSLATION};
use super::interviews::interview_key;
use super::{Error, Store};
use crate::domain::InterviewId;
use crate::evidence::{Draft, Kind};

/// Of the thousands of events that machines make of a session, each one of this many is noted, and the
/// last one of their work.
const EVERY: u64 = 64;

impl Store {
    /// Notes where the chains of these interviews end, where that is not noted yet: machines have done
    /// what they can for now.
    ///
    /// # Errors
    /// An unknown interview; a database that cannot be written.
    pub fn note_ends(&mut self, ids: &BTreeSet<InterviewId>) -> Result<(), Error> {
        let tx = self.write()?;
        for id in ids {
            let key = interview_key(&tx, id)?;
            note_end(&tx, key)?;
        }
        Ok(tx.commit()?)
    }

    /// Whether the workspace's own chain notes an event as the interview's last that its chain does not have.
    ///
    /// # Errors
    /// An unknown interview; an unreadable database.
    pub fn has_lost_its_end(&self, id: &InterviewId) -> Result<bool, Error> {
        let key = interview_key(&self.conn, id)?;
        // Before the interview's own chain: what is added in between is then in that, and not missing. The
        // hashes bind what came before, so the last one tells of all.
        let Some(head) = last_noted(&self.conn, &id.0)? else {
            return Ok(false);
        };
        let mut statement = self.conn.prepare_cached(
            "SELECT 1 FROM chain WHERE subject = ?1 AND hash = ?2 ORDER BY number DESC LIMIT 1",
        )?;
        Ok(!statement.exists(params![key, head])?)
    }
}

/// Notes an event of an interview in the workspace's own chain too, in the same transaction: what people
/// do always, what machines make once in a while.
pub(super) fn remember(
    tx: &Transaction<'_>,
    interview: &str,
    (number, kind, hash): (u64, Kind, &str),
) -> Result<(), Error> {
    let noted = match kind {
        kind if kind.is_remembered() => kind,
        kind if kind.is_by_machine() && !number.is_multiple_of(EVERY) => return Ok(()),
        _ => Kind::Head,
    };
    note(tx, noted, interview, hash)
}

/// The same of the last event of machines that worked off what waited, outside a running session: the
/// end of one is noted by itself.
pub(super) fn note_end_of_work(tx: &Transaction<'_>, interview: i64) -> Result<(), Error> {
    match goes_on(tx, interview)? {
        true => Ok(()),
        false => note_end(tx, interview),
    }
}

/// Whether lines of an interview wait for a machine, or its session runs.
pub(super) fn goes_on(conn: &Connection, interview: i64) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM line WHERE waits > 0 AND waits IN (?2, ?3) AND interview = ?1)
             OR EXISTS (SELECT 1 FROM session s WHERE s.interview = ?1 AND NOT EXISTS
                 (SELECT 1 FROM session_end e WHERE e.interview = s.interview))",
    )?;
    let waiting = (interview, WAITS_RECOGNITION, WAITS_TRANSLATION);
    Ok(statement.query_row(waiting, |row| row.get(0))?)
}

fn note_end(tx: &Transaction<'_>, interview: i64) -> Result<(), Error> {
    let (id, hash): (String, String) = tx
        .prepare_cached(
            "SELECT i.id, c.hash FROM interview i JOIN chain c ON c.subject = i.key
             WHERE i.key = ?1 ORDER BY c.number DESC LIMIT 1",
        )?
        .query_row([interview], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if last_noted(tx, &id)?.as_deref() == Some(hash.as_str()) {
        return Ok(());
    }
    note(tx, Kind::Head, &id, &hash)
}

/// The event of the interview that the workspace's own chain noted last.
fn last_noted(conn: &Connection, interview: &str) -> Result<Option<String>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT json_extract(body, '$.facts.head') FROM chain
         WHERE subject = 0 AND json_extract(body, '$.facts.interview') = ?1
           AND json_extract(body, '$.facts.head') IS NOT NULL ORDER BY number DESC LIMIT 1",
    )?;
    let last = statement.query_row([interview], |row| row.get(0));
    Ok(last.optional()?)
}

fn note(tx: &Transaction<'_>, kind: Kind, interview: &str, head: &str) -> Result<(), Error> {
    let mut note = Draft::of(kind, &[])
        .with("interview", interview)
        .with("head", head);
    if matches!(kind, Kind::Begun | Kind::Imported | Kind::Recording) {
        // Earlier programs noted fewer events, and whoever takes a note away must not pass for one.
        note = note.with(Kind::ENDS, "noted");
        note = note.with(Kind::FIRST_CONSENT, "signed");
    }
    append(tx, OWN, &note)?;
    Ok(())
}
