//! The backlog: lines that wait for recognition or translation.

use super::derived::{WAITS_FAILED, WAITS_RECOGNITION, WAITS_TRANSLATION, missing_translations};
use super::interviews::interview_key;
use super::lines::{current_text, current_translations};
use super::{Error, PendingTranslation, PendingUtterance, Store, codec};
use crate::domain::{InterviewId, LangPair, SamplePos, SegmentId, Span};

impl Store {
    /// Lines that wait for recognition, of one interview or of all, the oldest interview first and
    /// by time; with `retry_failed` also those on which the engine failed.
    pub fn pending_recognition(
        &self,
        id: Option<&InterviewId>,
        retry_failed: bool,
    ) -> Result<Vec<PendingUtterance>, Error> {
        let interview = id.map(|id| interview_key(&self.conn, id)).transpose()?;
        let failed = if retry_failed {
            WAITS_FAILED
        } else {
            WAITS_RECOGNITION
        };
        let mut statement = self.conn.prepare_cached(
            "SELECT i.id, s.id, s.channel, s.start_sample, s.end_sample, c.languages, c.working,
                    s.flags
             FROM line l JOIN segment s ON s.key = l.segment JOIN interview i ON i.key = l.interview
             JOIN channel c ON c.interview = l.interview AND c.position = s.channel
             WHERE l.waits IN (?1, ?2) AND (?3 IS NULL OR l.interview = ?3)
               AND c.working IS NOT NULL
             ORDER BY l.interview, s.start_sample, s.channel, s.id",
        )?;
        let mut rows = statement.query((WAITS_RECOGNITION, failed, interview))?;
        let mut pending = Vec::new();
        while let Some(row) = rows.next()? {
            pending.push(PendingUtterance {
                interview: InterviewId(row.get(0)?),
                segment: SegmentId(row.get(1)?),
                channel: row.get(2)?,
                span: Span::new(
                    SamplePos(codec::from_integer(row, 3)?),
                    SamplePos(codec::from_integer(row, 4)?),
                ),
                languages: codec::langs_from_text(&row.get::<_, String>(5)?)?,
                working: row.get(6)?,
                flags: codec::from_json(&row.get::<_, String>(7)?)?,
            });
        }
        Ok(pending)
    }

    /// Texts that wait for translation, one entry for each missing language. Empty texts and
    /// languages into which a person has translated do not wait.
    pub fn pending_translation(
        &self,
        id: Option<&InterviewId>,
    ) -> Result<Vec<PendingTranslation>, Error> {
        let interview = id.map(|id| interview_key(&self.conn, id)).transpose()?;
        let mut statement = self.conn.prepare_cached(
            "SELECT i.id, s.id, s.key, i.languages
             FROM line l JOIN segment s ON s.key = l.segment JOIN interview i ON i.key = l.interview
             WHERE l.waits = ?1 AND (?2 IS NULL OR l.interview = ?2)
             ORDER BY l.interview, s.start_sample, s.channel, s.id",
        )?;
        let mut rows = statement.query((WAITS_TRANSLATION, interview))?;
        let mut pending = Vec::new();
        while let Some(row) = rows.next()? {
            let key = row.get(2)?;
            let languages = codec::langs_from_text(&row.get::<_, String>(3)?)?;
            let Some(text) = current_text(&self.conn, key)? else {
                continue;
            };
            let there = current_translations(&self.conn, key)?;
            for to in missing_translations(&languages, text.lang, &text.text, text.version, &there)
            {
                pending.push(PendingTranslation {
                    interview: InterviewId(row.get(0)?),
                    segment: SegmentId(row.get(1)?),
                    version: text.version,
                    text: text.text.clone(),
                    pair: LangPair::new(text.lang, to),
                });
            }
        }
        Ok(pending)
    }
}
