//! Signing for lines: a certified version of the words that count, by a person who wrote none of them.

use rusqlite::{Connection, Transaction};

use super::interviews::interview_key;
use super::versions::{NewText, insert_text, insert_translation};
use super::{Error, Store, chain, derived, lines};
use crate::domain::{InterviewId, SegmentId, Status, Translation, quarantine};
use crate::evidence::{Draft, Kind, Row, Sign};

impl Store {
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
        let link = chain::append(&tx, interview, &draft)?;
        chain::remember(&tx, interview, Kind::Certified, &link)?;
        derived::refresh_tally(&tx, interview)?;
        tx.commit()?;
        Ok(versions)
    }
}

/// Whether a person for whom `wrote` is true wrote any version of this line or of a translation, or
/// of a line that it was made of, or parted, joined or moved one of them.
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
         UNION SELECT recut.author FROM recut JOIN recut_line ON recut_line.recut = recut.key
             WHERE recut_line.segment IN (SELECT segment FROM origin)",
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
