//! The backlog: lines that wait for recognition or translation.

use std::collections::BTreeMap;

use super::derived::{
    WAITS_FAILED, WAITS_RECOGNITION, WAITS_TRANSLATION, WAITS_TRANSLATION_FAILED, failed_languages,
    missing_translations,
};
use super::interviews::interview_key;
use super::lines::{current_text, current_translations, words_of};
use super::speech_models::{self, CHOSEN};
use super::{Error, PendingTranslation, PendingUtterance, Store, codec};
use crate::domain::{InterviewId, LangPair, SamplePos, SegmentId, Span};
use crate::text::pauses;

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
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT i.id, s.id, s.channel, l.start_sample, l.end_sample, c.languages, c.working,
                    s.flags, {CHOSEN}
             FROM line l JOIN segment s ON s.key = l.segment JOIN interview i ON i.key = l.interview
             JOIN channel c ON c.interview = l.interview AND c.position = s.channel
             WHERE l.waits IN (?1, ?2) AND (?3 IS NULL OR l.interview = ?3)
               AND c.working IS NOT NULL
             ORDER BY l.interview, l.start_sample, s.channel, s.id"
        ))?;
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
                speech_models: speech_models::of_channel(&row.get::<_, String>(8)?)?,
            });
        }
        Ok(pending)
    }

    /// Texts that wait for translation, one entry for each missing language. Empty texts, languages
    /// into which a person has translated and those that a translator failed on do not wait.
    pub fn pending_translation(
        &self,
        id: Option<&InterviewId>,
    ) -> Result<Vec<PendingTranslation>, Error> {
        self.untranslated(id, None, false)
    }

    /// The same of one line.
    pub fn line_translation(
        &self,
        id: &InterviewId,
        segment: SegmentId,
    ) -> Result<Vec<PendingTranslation>, Error> {
        self.untranslated(Some(id), Some(segment), false)
    }

    /// Texts that a translator failed on, one entry for each language; they can be tried again.
    pub fn failed_translation(
        &self,
        id: Option<&InterviewId>,
    ) -> Result<Vec<PendingTranslation>, Error> {
        self.untranslated(id, None, true)
    }

    /// How many lines a machine failed on and nobody mended, by interview; those with none are left out.
    pub fn failed_lines(&self) -> Result<BTreeMap<InterviewId, u64>, Error> {
        // The first condition lets the index of lines that wait serve.
        let mut statement = self.conn.prepare_cached(
            "SELECT i.id, count(*) FROM line l JOIN interview i ON i.key = l.interview
             WHERE l.waits > 0 AND l.waits IN (?1, ?2) GROUP BY l.interview",
        )?;
        let mut rows = statement.query((WAITS_FAILED, WAITS_TRANSLATION_FAILED))?;
        let mut failed = BTreeMap::new();
        while let Some(row) = rows.next()? {
            failed.insert(InterviewId(row.get(0)?), codec::from_integer(row, 1)?);
        }
        Ok(failed)
    }

    /// The missing translations: those that failed, or those that did not.
    fn untranslated(
        &self,
        id: Option<&InterviewId>,
        segment: Option<SegmentId>,
        failed: bool,
    ) -> Result<Vec<PendingTranslation>, Error> {
        let interview = id.map(|id| interview_key(&self.conn, id)).transpose()?;
        // A line of three languages may wait for one and have failed on the other.
        let waits = if failed {
            WAITS_TRANSLATION_FAILED
        } else {
            WAITS_TRANSLATION
        };
        let lines = "SELECT i.id, s.id, s.key, i.languages
             FROM line l JOIN segment s ON s.key = l.segment JOIN interview i ON i.key = l.interview
             WHERE l.waits IN (?1, ?2)";
        let mut statement = self.conn.prepare_cached(&match segment {
            Some(_) => format!("{lines} AND s.interview = ?3 AND s.id = ?4"),
            None => format!(
                "{lines} AND (?3 IS NULL OR l.interview = ?3) AND ?4 IS NULL
                 ORDER BY l.interview, l.start_sample, s.channel, s.id"
            ),
        })?;
        let mut rows = statement.query((
            WAITS_TRANSLATION,
            waits,
            interview,
            segment.map(|segment| segment.0),
        ))?;
        let mut pending = Vec::new();
        while let Some(row) = rows.next()? {
            let key = row.get(2)?;
            let languages = codec::langs_from_text(&row.get::<_, String>(3)?)?;
            let Some(text) = current_text(&self.conn, key)? else {
                continue;
            };
            let there = current_translations(&self.conn, key)?;
            let tried = failed_languages(&self.conn, key, text.version)?;
            let mut missing =
                missing_translations(&languages, text.lang, &text.text, text.version, &there);
            missing.retain(|to| tried.contains(to) == failed);
            if missing.is_empty() {
                continue;
            }
            let words = words_of(&self.conn, key, text.version)?;
            let pauses = pauses(&text.text, &words);
            for to in missing {
                pending.push(PendingTranslation {
                    interview: InterviewId(row.get(0)?),
                    segment: SegmentId(row.get(1)?),
                    version: text.version,
                    text: text.text.clone(),
                    pauses: pauses.clone(),
                    pair: LangPair::new(text.lang, to),
                });
            }
        }
        Ok(pending)
    }
}
