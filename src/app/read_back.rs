//! Reading back: what the person interviewed says to each line, before the record is signed.

use crate::domain::{InterviewId, Lang, ReadBack, SegmentId};
use crate::store::{Answer, NewReadBack};

use super::read::is_blank;
use super::{App, Error};

/// A line as it is read out: in the language of the person interviewed.
#[derive(Clone, Debug)]
pub struct Readable {
    /// Its number.
    pub segment: SegmentId,
    /// Who said it.
    pub speaker: String,
    /// Where it begins, in milliseconds.
    pub start_ms: u64,
    /// What is read out; `None` where it is not there in that language.
    pub words: Option<String>,
    /// The answer that was given before, where it still stands.
    pub answered: Option<ReadBack>,
}

impl App {
    /// The lines of an interview as they are read out in `lang`, in their order; where no language is
    /// named, in the second one of the interview.
    ///
    /// # Errors
    /// An unknown interview; [`Error::Languages`] for a language that it does not have.
    pub fn readable(
        &self,
        id: &str,
        lang: Option<Lang>,
    ) -> Result<(InterviewId, Lang, Vec<Readable>), Error> {
        let (interview, segments) = self.show(id)?;
        let lang = match (lang, interview.languages.get(1)) {
            (Some(lang), _) if interview.languages.contains(&lang) => lang,
            (Some(lang), _) => return Err(Error::NotItsLanguage(lang)),
            (None, second) => *second.ok_or(Error::Languages)?,
        };
        let answers = self.read_backs(&interview.id)?;
        let lines = segments.iter().map(|segment| {
            let given = |a: &&ReadBack| a.segment == Some(segment.id) && a.stands;
            Readable {
                segment: segment.id,
                speaker: segment.speaker.clone(),
                start_ms: segment.span.start.as_ms(),
                words: segment
                    .words_in(lang)
                    .filter(|w| !is_blank(w))
                    .map(str::to_owned),
                answered: answers.iter().find(given).cloned(),
            }
        });
        let lines = lines.collect();
        Ok((interview.id, lang, lines))
    }

    /// The last answer to each line that was read back.
    ///
    /// # Errors
    /// An unknown interview; an unreadable store.
    pub fn read_backs(&self, id: &InterviewId) -> Result<Vec<ReadBack>, Error> {
        Ok(self.reading()?.read_back(id)?)
    }

    /// Notes what the person said to a line; a correction becomes a version of it.
    ///
    /// # Errors
    /// An unknown line, no words, the same words as before; a refusal without a reason.
    pub fn note_read_back(&self, id: &str, new: &NewReadBack<'_>) -> Result<InterviewId, Error> {
        if let Answer::Corrected(words) = new.answer
            && is_blank(words)
        {
            return Err(Error::NoWords);
        }
        let mut store = self.store()?;
        let id = store.resolve(id)?;
        store.note_read_back(&id, new)?;
        Ok(id)
    }
}
