//! Reading back, line by line: each answer is an event of the chain, and a correction becomes a version
//! of the line in the same event. The event holds the hash of the words that were agreed to, so that a
//! later change of them shows.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde_json::{Value, json};

use super::chain::{append, text_row, translation_row};
use super::interviews::interview_key;
use super::lines::{current_key, current_text, current_translations};
use super::versions::{correct_text, correct_translation};
use super::{Correction, Error, Store, codec, derived};
use crate::domain::{InterviewId, Lang, ReadAnswer, ReadBack, SegmentId};
use crate::evidence::{Draft, Kind, sha256};

/// What was said to a line that was read back.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// It is right.
    Right,
    /// It should read so.
    Corrected(&'a str),
    /// It was refused, and why.
    Refused(&'a str),
}

/// One line that was read back.
#[derive(Clone, Copy, Debug)]
pub struct NewReadBack<'a> {
    /// The line; `None` for the whole record: refused, or right after all.
    pub segment: Option<SegmentId>,
    /// The language it was read in.
    pub lang: Lang,
    /// The answer.
    pub answer: Answer<'a>,
    /// Who read it out.
    pub by: &'a str,
}

impl Store {
    /// Notes the answer to a line that was read back; a correction adds a version.
    ///
    /// # Errors
    /// An unknown line, one without words in that language, the same words as before; a refusal
    /// without a reason; the whole record found right where it was not refused.
    pub fn note_read_back(&mut self, id: &InterviewId, new: &NewReadBack<'_>) -> Result<(), Error> {
        if new.by.trim().is_empty() {
            return Err(Error::NoAuthor);
        }
        let (answer, reason) = match new.answer {
            Answer::Right => (ReadAnswer::Right, None),
            Answer::Corrected(_) => (ReadAnswer::Corrected, None),
            Answer::Refused(reason) if reason.trim().is_empty() => return Err(Error::NoReason),
            Answer::Refused(reason) => (ReadAnswer::Refused, Some(reason.trim())),
        };
        let hand = self.hand_of(new.by);
        let tx = self.write()?;
        let interview = interview_key(&tx, id)?;
        let (mut rows, mut words) = (Vec::new(), None);
        match new.segment {
            None if answer == ReadAnswer::Refused => {}
            None if answer == ReadAnswer::Right && refused_whole(&tx, interview)? => {}
            None => return Err(Error::NotRefused),
            Some(segment) => {
                let key = current_key(&tx, id, segment)?;
                if let Answer::Corrected(text) = new.answer {
                    rows = correct(&tx, key, text, new)?;
                    derived::refresh_line(&tx, key)?;
                }
                words = words_in(&tx, key, new.lang)?;
                if words.is_none() && answer == ReadAnswer::Right {
                    return Err(Error::NoText);
                }
            }
        }
        let mut draft = Draft::of(Kind::ReadBack, &rows)
            .with("line", json!(new.segment))
            .with("lang", new.lang.code())
            .with("answer", answer.as_str())
            .with("reason", json!(reason))
            .with("by", new.by.trim())
            .with("words", json!(words.map(|w| sha256(w.as_bytes()))));
        draft.signer = hand.signer();
        append(&tx, interview, &draft)?;
        derived::refresh_tally(&tx, interview)?;
        Ok(tx.commit()?)
    }

    /// The last answer to each line, in the order of the lines' numbers; first the one to the whole
    /// record, where that is refused.
    ///
    /// # Errors
    /// An unknown interview; a damaged event.
    pub fn read_back(&self, id: &InterviewId) -> Result<Vec<ReadBack>, Error> {
        let interview = interview_key(&self.conn, id)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT body FROM chain WHERE kind = 'read-back' AND subject = ?1 ORDER BY number",
        )?;
        let mut found = statement.query(params![interview])?;
        let mut last = std::collections::BTreeMap::new();
        while let Some(row) = found.next()? {
            let answer = self.answer_of(id, &row.get::<_, String>(0)?)?;
            last.insert(answer.segment.map(|s| s.0), answer);
        }
        // A refusal that was taken back is history.
        let whole = |a: &ReadBack| a.segment.is_some() || a.answer == ReadAnswer::Refused;
        Ok(last.into_values().filter(whole).collect())
    }

    fn answer_of(&self, id: &InterviewId, body: &str) -> Result<ReadBack, Error> {
        let wrong = || Error::damaged("an event of reading back cannot be read");
        let body: Value = serde_json::from_str(body).map_err(|_| wrong())?;
        let facts = body.get("facts").ok_or_else(wrong)?;
        let text = |value: &Value, name: &str| {
            let found = value.get(name).and_then(Value::as_str);
            found.map(str::to_owned)
        };
        let word = text(facts, "answer").ok_or_else(wrong)?;
        let answer = ReadAnswer::ALL.into_iter().find(|a| a.as_str() == word);
        let lang = codec::lang(&text(facts, "lang").ok_or_else(wrong)?)?;
        let segment = facts.get("line").and_then(Value::as_i64).map(SegmentId);
        let agreed = text(facts, "words");
        let stands = match segment {
            None => true,
            Some(segment) => {
                let now = match current_key(&self.conn, id, segment) {
                    Ok(key) => words_in(&self.conn, key, lang)?,
                    // It gave way to other lines since.
                    Err(Error::Replaced(_)) => None,
                    Err(e) => return Err(e),
                };
                now.map(|w| sha256(w.as_bytes())) == agreed
            }
        };
        Ok(ReadBack {
            segment,
            lang,
            answer: answer.ok_or_else(wrong)?,
            reason: text(facts, "reason"),
            by: text(facts, "by").ok_or_else(wrong)?,
            at: text(&body, "at").ok_or_else(wrong)?,
            stands,
        })
    }
}

/// Whether the last word on the whole record is a refusal.
fn refused_whole(tx: &Transaction<'_>, interview: i64) -> Result<bool, Error> {
    let mut statement = tx.prepare_cached(
        "SELECT json_extract(body, '$.facts.answer') FROM chain
         WHERE kind = 'read-back' AND subject = ?1 AND json_extract(body, '$.facts.line') IS NULL
         ORDER BY number DESC LIMIT 1",
    )?;
    let last = statement.query_row(params![interview], |row| row.get::<_, String>(0));
    Ok(last.optional()?.as_deref() == Some(ReadAnswer::Refused.as_str()))
}

/// Puts a line right in the language in which it was read.
fn correct(
    tx: &Transaction<'_>,
    key: i64,
    text: &str,
    new: &NewReadBack<'_>,
) -> Result<Vec<crate::evidence::Row>, Error> {
    let said = current_text(tx, key)?.ok_or(Error::NoText)?;
    let correction = Correction {
        text: None,
        translation: None,
        by: new.by,
        reason: Some("read back"),
    };
    if said.lang == new.lang {
        let version = correct_text(tx, key, text, &correction, false)?;
        text_row(tx, key, version)
    } else {
        let version = correct_translation(tx, key, new.lang, text, &correction, false)?;
        translation_row(tx, key, new.lang.code(), version)
    }
}

/// What a line reads in a language: what was said, or its translation.
fn words_in(conn: &Connection, key: i64, lang: Lang) -> Result<Option<String>, Error> {
    let Some(said) = current_text(conn, key)? else {
        return Ok(None);
    };
    if said.lang == lang {
        return Ok(Some(said.text));
    }
    let found = current_translations(conn, key)?.into_iter();
    let mut found = found.map(|t| t.translation).filter(|t| t.lang == lang);
    Ok(found.next().map(|t| t.text))
}
