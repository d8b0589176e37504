//! Signing for lines: a certified version of the words that count, by a person who wrote none of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, Transaction};

use super::interviews::interview_key;
use super::versions::{NewText, insert_text, insert_translation};
use super::{Error, Store, chain, codec, derived, lines};
use crate::domain::{InterviewId, SegmentId, Status, Translation, quarantine};
use crate::evidence::{Deed, Draft, Kind, Row, Sign, Work};

impl Store {
    /// Signs for lines: the words and translations that count become certified versions of the same
    /// words, all of them in one signed event. Returns the version of each line's text. Lines that are
    /// held back, and lines of which a name under a change was only typed, are certified `despite` that
    /// only for a reason, which stands in the event.
    ///
    /// # Errors
    /// An unknown line, a line without words; [`Error::OwnWork`] where the signer wrote a version;
    /// [`Error::HeldBack`]; [`Error::UnsignedWork`].
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
        let (mut held, mut typed): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
        let work = work_on(&tx, interview)?;
        for segment in segments {
            let key = lines::current_key(&tx, id, *segment)?;
            let line = segment.0.unsigned_abs();
            let deeds = work.before(line, u64::MAX);
            if deeds.iter().any(|deed| wrote(&deed.author)) {
                return Err(Error::OwnWork(segment.0));
            }
            if !work.unsigned(line, u64::MAX).is_empty() {
                if despite.is_none() {
                    return Err(Error::UnsignedWork(segment.0));
                }
                typed.push(segment.0);
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
        if let Some(reason) = despite.filter(|_| !held.is_empty() || !typed.is_empty()) {
            draft = draft.with("despite", reason);
            for (name, lines) in [("held_back", held), ("unsigned_work", typed)] {
                if !lines.is_empty() {
                    draft = draft.with(name, lines);
                }
            }
        }
        draft.signer = Some(signer);
        chain::append(&tx, interview, &draft)?;
        derived::refresh_tally(&tx, interview)?;
        tx.commit()?;
        Ok(versions)
    }

    /// The lines of which somebody's work is not signed: the name under it was only typed, and may be
    /// anybody's.
    ///
    /// # Errors
    /// An unknown interview; an unreadable database.
    pub fn unsigned_work(&self, id: &InterviewId) -> Result<BTreeSet<SegmentId>, Error> {
        let work = work_on(&self.conn, interview_key(&self.conn, id)?)?;
        let lines = work.lines().into_iter();
        let open = lines.filter(|line| !work.unsigned(*line, u64::MAX).is_empty());
        Ok(open
            .filter_map(|n| i64::try_from(n).ok())
            .map(SegmentId)
            .collect())
    }
}

/// Every record of a person's work with its line and author.
const DEEDS: &str = "
    SELECT 'text ' || s.id || '.' || v.version AS name, s.id AS line, v.author
        FROM text_version v JOIN segment s ON s.key = v.segment
        WHERE s.interview = ?1 AND v.status = 'edited'
    UNION ALL SELECT 'translation ' || s.id || '.' || t.lang || '.' || t.version, s.id, t.author
        FROM translation t JOIN segment s ON s.key = t.segment
        WHERE s.interview = ?1 AND t.status = 'edited'
    UNION ALL SELECT 'speaker ' || s.id || '.' || v.version, s.id, v.author
        FROM speaker_version v JOIN segment s ON s.key = v.segment WHERE s.interview = ?1
    UNION ALL SELECT 'recut ' || c.number || '.' || s.id, s.id, c.author
        FROM recut_line r JOIN recut c ON c.key = r.recut JOIN segment s ON s.key = r.segment
        WHERE c.interview = ?1";

/// Everybody's work on an interview's lines.
pub(super) fn work_on(conn: &Connection, interview: i64) -> Result<Work, Error> {
    let mut events: HashMap<String, (u64, bool)> = HashMap::new();
    // Words that a change of the cut carries over are nobody's new work.
    let mut statement = conn.prepare_cached(
        "SELECT made.key, chain.number, json_extract(chain.body, '$.key') IS NOT NULL,
             chain.kind = 'recut' AND (made.key LIKE 'text %' OR made.key LIKE 'translation %')
         FROM chain, json_each(chain.body, '$.rows') AS made
         WHERE chain.subject = ?1 AND chain.kind IN ('edited', 'recut', 'attributed', 'read-back')",
    )?;
    let mut rows = statement.query([interview])?;
    let mut carried: HashSet<String> = HashSet::new();
    while let Some(row) = rows.next()? {
        if row.get(3)? {
            carried.insert(row.get(0)?);
        } else {
            events.insert(row.get(0)?, (codec::from_integer(row, 1)?, row.get(2)?));
        }
    }
    let mut work = Work::default();
    let mut statement = conn.prepare_cached(DEEDS)?;
    let mut rows = statement.query([interview])?;
    while let Some(row) = rows.next()? {
        // What came in with the interview, or before there were chains, is in no such event.
        let name: String = row.get(0)?;
        if carried.contains(&name) {
            continue;
        }
        let event = events.get(&name);
        let deed = Deed {
            author: row.get(2)?,
            event: event.map_or(0, |e| e.0),
            signed: event.map(|e| e.1),
        };
        work.add(codec::from_integer(row, 1)?, deed);
    }
    let mut parted: BTreeMap<i64, (BTreeSet<u64>, BTreeSet<u64>)> = BTreeMap::new();
    let mut statement = conn.prepare_cached(
        "SELECT c.number, s.id, r.start_sample IS NOT NULL
         FROM recut_line r JOIN recut c ON c.key = r.recut JOIN segment s ON s.key = r.segment
         WHERE c.interview = ?1 AND c.kind IN ('split', 'merge')",
    )?;
    let mut rows = statement.query([interview])?;
    while let Some(row) = rows.next()? {
        let (gone, new) = parted.entry(row.get(0)?).or_default();
        if row.get(2)? { new } else { gone }.insert(codec::from_integer(row, 1)?);
    }
    for (gone, new) in parted.into_values() {
        new.iter().for_each(|line| work.made(*line, &gone));
    }
    Ok(work)
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
    rows.extend(chain::text_row(tx, key, version)?);
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
        rows.extend(chain::translation_row(
            tx,
            key,
            certified.lang.code(),
            number,
        )?);
    }
    Ok(version)
}
