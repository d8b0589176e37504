//! The chain of events in the database: written in the same transaction as the records it speaks of.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde_json::{Map, Value};

use super::interviews::interview_key;
use super::proofs::{self, TEXT, TRANSLATION};
use super::versions::{NewText, insert_text, insert_translation};
use super::{Error, Store, codec, derived, lines};
use crate::domain::{InterviewId, SegmentId, Status, Translation, quarantine};
use crate::evidence::{BEGIN, Draft, Kind, Link, Row, Sign, WORKSPACE, set_back};

/// The subject of the workspace's own chain.
pub(super) const OWN: i64 = 0;

impl Store {
    /// The chain of an interview.
    ///
    /// # Errors
    /// An unknown interview.
    pub fn chain(&self, id: &InterviewId) -> Result<Vec<Link>, Error> {
        read(&self.conn, interview_key(&self.conn, id)?)
    }

    /// The chain of an interview and every record in the form in which it is hashed, of one moment.
    ///
    /// # Errors
    /// An unknown interview; a damaged row.
    pub fn proofs(&self, id: &InterviewId) -> Result<(Vec<Link>, Vec<Row>), Error> {
        let moment = self.conn.unchecked_transaction()?;
        let key = interview_key(&moment, id)?;
        Ok((read(&moment, key)?, proofs::all(&moment, key)?))
    }

    /// The chain of the workspace itself: keys, and what was received.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn own_chain(&self) -> Result<Vec<Link>, Error> {
        read(&self.conn, OWN)
    }

    /// Adds an event of custody that makes no records: an export, a seal, a bundle, a consent. Of those
    /// that [`Kind::is_remembered`] the workspace's own chain notes the hash in the same transaction.
    ///
    /// # Errors
    /// An unknown interview; a database that cannot be written.
    pub fn note(
        &mut self,
        id: &InterviewId,
        kind: Kind,
        facts: Map<String, Value>,
        signer: Option<&dyn Sign>,
    ) -> Result<Link, Error> {
        self.add_note(id, None, kind, facts, signer)
    }

    /// The same where `head` is still the hash of the chain's last event: who signs has looked at what
    /// came before, and at nothing that came since.
    ///
    /// # Errors
    /// [`Error::Busy`] where something was added; what [`Self::note`] says.
    pub fn note_behind(
        &mut self,
        id: &InterviewId,
        head: &str,
        kind: Kind,
        facts: Map<String, Value>,
        signer: Option<&dyn Sign>,
    ) -> Result<Link, Error> {
        self.add_note(id, Some(head), kind, facts, signer)
    }

    fn add_note(
        &mut self,
        id: &InterviewId,
        head: Option<&str>,
        kind: Kind,
        facts: Map<String, Value>,
        signer: Option<&dyn Sign>,
    ) -> Result<Link, Error> {
        let draft = Draft {
            kind,
            facts,
            rows: &[],
            signer,
        };
        let tx = self.write()?;
        let key = interview_key(&tx, id)?;
        if let Some(head) = head
            && last_hash(&tx, key)? != head
        {
            return Err(Error::Busy);
        }
        let link = append(&tx, key, &draft)?;
        if kind.is_remembered() {
            // Elsewhere too, so that the end of this chain cannot be cut off unseen.
            let note = Draft::of(kind, &[])
                .with("interview", id.0.as_str())
                .with("head", link.hash.as_str());
            append(&tx, OWN, &note)?;
        }
        tx.commit()?;
        Ok(link)
    }

    /// Adds an event to the workspace's own chain, signed where somebody vouches for it.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn note_own(
        &mut self,
        kind: Kind,
        facts: Map<String, Value>,
        signer: Option<&dyn Sign>,
    ) -> Result<Link, Error> {
        let draft = Draft {
            kind,
            facts,
            rows: &[],
            signer,
        };
        let tx = self.write()?;
        let link = append(&tx, OWN, &draft)?;
        tx.commit()?;
        Ok(link)
    }

    /// The interviews of which a consent was entered, by name. The events themselves are looked
    /// through: the column beside them is not what is hashed.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn consented(&self) -> Result<Vec<InterviewId>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id FROM interview WHERE EXISTS (SELECT 1 FROM chain WHERE subject = interview.key
                 AND (kind = ?1 OR instr(body, ?2) > 0)) ORDER BY id",
        )?;
        let kind = Kind::Consented.as_str();
        let told = format!("\"kind\":\"{kind}\"");
        let found = statement.query_map([kind, &told], |row| row.get(0).map(InterviewId))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Adds the event of a partner's bundle to the workspace's own chain, once `place` has put the bundle
    /// where it is read. The database is held meanwhile, so that of two who receive the same one only
    /// the first does: false where it had been received.
    ///
    /// # Errors
    /// What `place` says; a database that cannot be written.
    pub fn note_received<E: From<Error>>(
        &mut self,
        bundle: &str,
        facts: Map<String, Value>,
        place: impl FnOnce() -> Result<(), E>,
    ) -> Result<bool, E> {
        let draft = Draft {
            facts,
            ..Draft::of(Kind::Received, &[])
        };
        let tx = self.write()?;
        if has_own(&tx, Kind::Received, "bundle", bundle)? {
            return Ok(false);
        }
        place()?;
        append(&tx, OWN, &draft)?;
        tx.commit().map_err(Error::from)?;
        Ok(true)
    }

    /// Notes that a person opened an interview. False where it is sealed: what is finished is not added
    /// to by reading.
    ///
    /// # Errors
    /// An unknown interview; a database that cannot be written.
    pub fn note_opened(
        &mut self,
        id: &InterviewId,
        facts: Map<String, Value>,
    ) -> Result<bool, Error> {
        let draft = Draft {
            facts,
            ..Draft::of(Kind::Opened, &[])
        };
        let tx = self.write()?;
        let key = interview_key(&tx, id)?;
        let sealed: bool = tx
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM chain WHERE subject = ?1 AND kind = 'sealed')",
            )?
            .query_row([key], |row| row.get(0))?;
        if sealed {
            return Ok(false);
        }
        append(&tx, key, &draft)?;
        tx.commit()?;
        Ok(true)
    }

    /// The time of the last event that was noted of the workspace or of its newest interview, RFC 3339.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn last_noted(&self) -> Result<Option<String>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT json_extract(body, '$.at') FROM chain
             WHERE subject = ?1 ORDER BY number DESC LIMIT 1",
        )?;
        let newest: Option<i64> =
            self.conn
                .query_row("SELECT max(key) FROM interview", [], |row| row.get(0))?;
        let mut last: Option<String> = None;
        for subject in [Some(OWN), newest].into_iter().flatten() {
            let at: Option<Option<String>> = statement
                .query_row([subject], |row| row.get(0))
                .optional()?;
            if let Some(at) = at.flatten()
                && last.as_ref().is_none_or(|last| codec::is_later(&at, last))
            {
                last = Some(at);
            }
        }
        Ok(last)
    }

    /// Whether the workspace's own chain has an event of this kind with this fact.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn has_own(&self, kind: Kind, fact: &str, value: &str) -> Result<bool, Error> {
        has_own(&self.conn, kind, fact, value)
    }

    /// How many events of this kind the workspace's own chain has.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn count_own(&self, kind: Kind) -> Result<u64, Error> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT count(*) FROM chain WHERE kind = ?1 AND subject = 0")?;
        let count: i64 = statement.query_row([kind.as_str()], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Signs for lines: the words and translations that count become certified versions of the same
    /// words, all of them in one signed event. Returns the version of each line's text. Lines that are
    /// held back are certified `despite` their doubts only for a reason, which stands in the event.
    ///
    /// # Errors
    /// An unknown line, a line without words; [`Error::OwnWork`] where the signer wrote a version;
    /// [`Error::HeldBack`].
    pub fn certify(
        &mut self,
        id: &InterviewId,
        segments: &[SegmentId],
        signer: &dyn Sign,
        wrote: &dyn Fn(&str) -> bool,
        despite: Option<&str>,
    ) -> Result<Vec<u32>, Error> {
        let despite = despite.map(str::trim).filter(|reason| !reason.is_empty());
        let tx = self.write()?;
        let interview = interview_key(&tx, id)?;
        let (mut rows, mut versions) = (Vec::new(), Vec::new());
        let mut held: Vec<i64> = Vec::new();
        for segment in segments {
            let key = lines::current_key(&tx, id, *segment)?;
            if written_by(&tx, key, wrote)? {
                return Err(Error::OwnWork(segment.0));
            }
            let current = lines::current_text(&tx, key)?.ok_or(Error::NoText)?;
            let by = signer.public().name.as_str();
            let reason = match (quarantine(current.status, &current.flags), despite) {
                (None, _) => None,
                (Some(kind), None) => return Err(Error::HeldBack(segment.0, kind)),
                (Some(_), reason) => {
                    held.push(segment.0);
                    reason
                }
            };
            versions.push(certify_line(&tx, key, &current, (by, reason), &mut rows)?);
            derived::refresh_line(&tx, key)?;
        }
        let mut draft = Draft::of(Kind::Certified, &rows);
        if let Some(reason) = despite.filter(|_| !held.is_empty()) {
            draft = draft.with("held_back", held).with("despite", reason);
        }
        draft.signer = Some(signer);
        append(&tx, interview, &draft)?;
        derived::refresh_tally(&tx, interview)?;
        tx.commit()?;
        Ok(versions)
    }
}

fn has_own(conn: &Connection, kind: Kind, fact: &str, value: &str) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM chain WHERE subject = 0 AND kind = ?1
             AND json_extract(body, '$.facts.' || ?2) = ?3)",
    )?;
    Ok(statement.query_row(params![kind.as_str(), fact, value], |row| row.get(0))?)
}

/// Whether a person for whom `wrote` is true wrote any version of this line or of a translation, or
/// of a line that it was made of, or made it.
fn written_by(conn: &Connection, key: i64, wrote: &dyn Fn(&str) -> bool) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached(
        "WITH RECURSIVE made (recut, old, new) AS (
             SELECT c.key, gone.segment, made.segment FROM recut c
             JOIN recut_line gone ON gone.recut = c.key AND gone.start_sample IS NULL
             JOIN recut_line made ON made.recut = c.key AND made.start_sample IS NOT NULL
             WHERE c.kind IN ('split', 'merge')
         ), origin (segment) AS (
             SELECT ?1 UNION SELECT made.old FROM made JOIN origin ON origin.segment = made.new
         )
         SELECT author FROM text_version
             WHERE segment IN (SELECT segment FROM origin) AND status = 'edited'
         UNION SELECT author FROM translation
             WHERE segment IN (SELECT segment FROM origin) AND status = 'edited'
         UNION SELECT author FROM speaker_version
             WHERE segment IN (SELECT segment FROM origin)
         UNION SELECT recut.author FROM recut JOIN made ON made.recut = recut.key
             WHERE made.new IN (SELECT segment FROM origin)",
    )?;
    let mut rows = statement.query([key])?;
    while let Some(row) = rows.next()? {
        if wrote(&row.get::<_, String>(0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn certify_line(
    tx: &Transaction<'_>,
    key: i64,
    current: &lines::CurrentText,
    (by, reason): (&str, Option<&str>),
    rows: &mut Vec<Row>,
) -> Result<u32, Error> {
    let words = lines::words_of(tx, key, current.version)?;
    let text = NewText {
        lang: current.lang,
        text: &current.text,
        status: Status::Certified,
        author: by,
        reason,
        confidence: None,
        words: &words,
        // Doubts that a machine had stay readable.
        flags: &current.flags,
    };
    let version = insert_text(tx, key, &text)?;
    rows.extend(text_row(tx, key, version)?);
    for stored in lines::current_translations(tx, key)? {
        // One of an earlier version is not a translation of these words.
        if stored.translation.of_version != current.version {
            continue;
        }
        let certified = Translation {
            engine: by.to_owned(),
            of_version: version,
            status: Status::Certified,
            log_prob: None,
            ..stored.translation
        };
        let number = insert_translation(tx, key, &certified, None)?;
        rows.extend(translation_row(tx, key, certified.lang.code(), number)?);
    }
    Ok(version)
}

/// The record of one version of a line's text.
pub(super) fn text_row(conn: &Connection, key: i64, version: u32) -> Result<Vec<Row>, Error> {
    let one = "r.segment = ?1 AND r.version = ?2";
    proofs::select(conn, &TEXT, one, params![key, version])
}

/// The record of one version of a line's translation.
pub(super) fn translation_row(
    conn: &Connection,
    key: i64,
    lang: &str,
    version: u32,
) -> Result<Vec<Row>, Error> {
    let one = "r.segment = ?1 AND r.lang = ?2 AND r.version = ?3";
    proofs::select(conn, &TRANSLATION, one, params![key, lang, version])
}

/// Adds an event to the chain of the interview with this key, inside the caller's transaction.
pub(super) fn append(
    tx: &Transaction<'_>,
    interview: i64,
    draft: &Draft<'_>,
) -> Result<Link, Error> {
    let subject: String = match interview {
        OWN => WORKSPACE.to_owned(),
        key => tx
            .prepare_cached("SELECT id FROM interview WHERE key = ?1")?
            .query_row([key], |row| row.get(0))?,
    };
    let last: Option<(i64, String, Option<String>)> = tx
        .prepare_cached(
            "SELECT number, hash, json_extract(body, '$.at') FROM chain WHERE subject = ?1
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row([interview], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let now = codec::now();
    let (number, previous, back) = match &last {
        Some((number, hash, at)) => {
            let back = at.as_ref().and_then(|at| set_back(at, &now));
            (number.saturating_add(1), hash.as_str(), back)
        }
        None => (1, BEGIN, None),
    };
    // Noticed and noted, never a reason to refuse what happened.
    let noted = back.map(|seconds| {
        let mut facts = draft.facts.clone();
        facts.insert("clock_set_back_s".into(), seconds.into());
        Draft { facts, ..*draft }
    });
    let draft = noted.as_ref().unwrap_or(draft);
    let link = draft
        .link(&subject, number.unsigned_abs(), previous, &now)
        .ok_or_else(|| Error::damaged("a number of an event is too large"))?;
    tx.prepare_cached(
        "INSERT INTO chain (subject, number, kind, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        interview,
        number,
        draft.kind.as_str(),
        link.body,
        link.hash
    ])?;
    Ok(link)
}

/// The hash of a chain's last event.
fn last_hash(conn: &Connection, subject: i64) -> Result<String, Error> {
    let last: Option<String> = conn
        .prepare_cached("SELECT hash FROM chain WHERE subject = ?1 ORDER BY number DESC LIMIT 1")?
        .query_row([subject], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or_else(|| BEGIN.to_owned()))
}

/// Begins the chain of every interview that has none with all that is stored of it.
pub(super) fn begin_missing(tx: &Transaction<'_>) -> Result<(), Error> {
    let mut statement = tx.prepare(
        "SELECT key, duration_ms FROM interview
         WHERE NOT EXISTS (SELECT 1 FROM chain WHERE subject = key) ORDER BY key",
    )?;
    let interviews: Vec<(i64, i64)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (key, duration_ms) in interviews {
        let rows = proofs::all(tx, key)?;
        let draft = Draft::of(Kind::Begun, &rows).with("duration_ms", duration_ms);
        append(tx, key, &draft)?;
    }
    Ok(())
}

fn read(conn: &Connection, subject: i64) -> Result<Vec<Link>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT body, hash, number, kind FROM chain WHERE subject = ?1 ORDER BY number",
    )?;
    let mut rows = statement.query([subject])?;
    let mut links = Vec::new();
    while let Some(row) = rows.next()? {
        let (body, kind): (String, String) = (row.get(0)?, row.get(3)?);
        links.push(Link {
            hash: row.get(1)?,
            body,
        });
        let number: isize = row.get(2)?;
        // The triggers go by this column, so it must say what the event says.
        let told = links.last().and_then(Link::kind);
        if number.unsigned_abs() != links.len() || told.as_deref() != Some(&kind) {
            return Err(Error::damaged("an event is not where or what it should be"));
        }
    }
    Ok(links)
}
