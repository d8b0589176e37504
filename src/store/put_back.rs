//! Putting back what stood in a line earlier, as one more version by a person: nothing is deleted. Without a
//! reason that a person gave, no certificate goes with it.

use super::interviews::interview_key;
use super::lines::{
    CurrentText, current_key, current_text, current_translations, insist_on_reason,
};
use super::versions::{NewText, in_unicode, insert_text, insert_translation};
use super::{Error, Store, chain, derived};
use crate::domain::{InterviewId, Lang, SegmentId, Status, Translation};
use crate::evidence::{Draft, Kind};

/// Words of a line as they stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Former {
    /// What was said, and the language that it was said in.
    pub said: Option<(Lang, String)>,
    /// What it was called in other languages.
    pub translations: Vec<(Lang, String)>,
}

impl Store {
    /// Adds what stood in a line earlier as a person's versions, all of it in one event. The line has its
    /// former language then.
    ///
    /// # Errors
    /// An unknown or replaced line; a certified one, whatever the reason: that one is corrected; words that
    /// stand there already; nobody's name.
    pub fn put_back(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        former: &Former,
        (by, reason): (&str, Option<&str>),
    ) -> Result<(), Error> {
        if by.trim().is_empty() {
            return Err(Error::NoAuthor);
        }
        let hand = self.hand_of(by);
        let tx = self.write()?;
        let key = current_key(&tx, id, segment)?;
        insist_on_reason(&tx, key, segment, None)?;
        let interview = interview_key(&tx, id)?;
        let mut rows = Vec::new();
        let current = current_text(&tx, key)?;
        let mut of_version = current.as_ref().map_or(0, |text| text.version);
        if let Some((lang, text)) = &former.said {
            let (text, flags) = in_unicode(*lang, text);
            let same = |now: &CurrentText| now.lang == *lang && now.text == *text;
            if !current.as_ref().is_some_and(same) {
                let new = NewText {
                    lang: *lang,
                    text: &text,
                    status: Status::Edited,
                    author: by,
                    reason,
                    confidence: None,
                    words: &[],
                    flags: &flags,
                };
                of_version = insert_text(&tx, key, &new)?;
                rows.extend(chain::text_row(&tx, key, of_version)?);
            }
        }
        let there = current_translations(&tx, key)?;
        for (lang, text) in &former.translations {
            let (text, flags) = in_unicode(*lang, text);
            let same = |t: &Translation| t.lang == *lang && t.text == *text;
            if there
                .iter()
                .any(|t| same(&t.translation) && t.translation.of_version == of_version)
            {
                continue;
            }
            let new = Translation {
                lang: *lang,
                text: text.into_owned(),
                engine: by.to_owned(),
                status: Status::Edited,
                log_prob: None,
                terms: Vec::new(),
                flags,
                of_version,
            };
            let version = insert_translation(&tx, key, &new, reason)?;
            rows.extend(chain::translation_row(&tx, key, lang.code(), version)?);
        }
        if rows.is_empty() {
            return Err(Error::Unchanged);
        }
        let mut draft = Draft::of(Kind::Edited, &rows);
        draft.signer = hand.signer();
        chain::append(&tx, interview, &draft)?;
        derived::refresh_line(&tx, key)?;
        derived::refresh_tally(&tx, interview)?;
        Ok(tx.commit()?)
    }
}
