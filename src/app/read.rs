//! Reading what is stored, correcting it by a new version, and writing it out.

use std::path::PathBuf;

use serde::Serialize;

use crate::domain::{
    FlagKind, Interview, InterviewId, InterviewSummary, Lang, Segment, SegmentId, Translation,
};
use crate::pipeline::{Interrupted, intake_notes, interrupted_intakes};
use crate::store::{Correction, SpeakerVersion, Store, TextVersion};
use crate::text;

use super::{App, Error};

/// A person's correction.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// New words of the line.
    pub text: Option<String>,
    /// New words of its translation; the language may be left out where there is only one other.
    pub translation: Option<(Option<Lang>, String)>,
    /// Who corrects.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

/// How a line came to read as it does.
#[derive(Clone, Debug)]
pub struct History {
    /// The interview.
    pub interview: InterviewId,
    /// Versions of its words.
    pub text: Vec<TextVersion>,
    /// Versions of its translations, by language.
    pub translations: Vec<TextVersion>,
    /// What persons said about who speaks.
    pub speakers: Vec<SpeakerVersion>,
}

/// What a correction made.
#[derive(Clone, Debug, Serialize)]
pub struct Edited {
    /// The interview.
    pub interview: InterviewId,
    /// The line.
    pub segment: SegmentId,
    /// The version of the line's text now.
    pub version: u32,
    /// The version of the translation, where one was corrected.
    pub translation_version: Option<u32>,
    /// Languages whose machine translation is of the earlier words; `resume` renews it.
    pub pending: Vec<Lang>,
    /// Languages whose translation by a person is of the earlier words; only a person renews it.
    pub stale: Vec<Lang>,
}

impl App {
    /// All interviews, newest first.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn list(&self, case: Option<&str>) -> Result<Vec<InterviewSummary>, Error> {
        Ok(self.reading()?.list(case)?)
    }

    /// Imports that were cut off, or are running; [`App::resume`] finishes them.
    pub fn interrupted_imports(&self) -> Vec<Interrupted> {
        interrupted_intakes(&self.workspace.recordings())
    }

    /// One interview with its lines. `id` may be shortened while it is unique.
    ///
    /// # Errors
    /// An unknown id; an unreadable store.
    pub fn show(&self, id: &str) -> Result<(Interview, Vec<Segment>), Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        let mut interview = store.interview(&id)?;
        interview.notes = match store.notes(&id)? {
            Some(notes) => notes,
            None => intake_notes(&self.workspace.recording(&id)),
        };
        Ok((interview, store.segments(&id)?))
    }

    /// Every version of a line's words and then of its translations, each oldest first.
    ///
    /// # Errors
    /// An unknown id or line.
    pub fn history(&self, id: &str, segment: i64) -> Result<History, Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        let segment = SegmentId(segment);
        let mut history = History {
            text: store.history(&id, segment)?,
            translations: Vec::new(),
            speakers: store.speakers(&id, segment)?,
            interview: id.clone(),
        };
        for lang in Lang::ALL {
            let versions = store.translation_history(&id, segment, lang)?;
            history.translations.extend(versions);
        }
        Ok(history)
    }

    /// Every version of a line's words and of each of its translations, oldest first; what was said
    /// comes first.
    ///
    /// # Errors
    /// An unknown interview or line.
    pub fn all_versions(
        &self,
        id: &InterviewId,
        segment: SegmentId,
    ) -> Result<Vec<(Lang, Vec<TextVersion>)>, Error> {
        let store = self.reading()?;
        let line = store.segment(id, segment)?;
        let mut all = vec![(line.lang, store.history(id, segment)?)];
        for translation in &line.translations {
            let versions = store.translation_history(id, segment, translation.lang)?;
            all.push((translation.lang, versions));
        }
        Ok(all)
    }

    /// The working copies of an interview's channels: mono WAV files at 16 kHz. None for an
    /// imported transcript.
    ///
    /// # Errors
    /// An unknown interview.
    pub fn working_files(&self, id: &InterviewId) -> Result<Vec<(u16, PathBuf)>, Error> {
        let folder = self.workspace.recording(id);
        let copies = self.reading()?.working_copies(id)?;
        Ok(copies
            .into_iter()
            .map(|(channel, file)| (channel, folder.join(file)))
            .collect())
    }

    /// Adds a version. The old words stay.
    ///
    /// # Errors
    /// An unknown id or line; no words, or the same as before.
    pub fn edit(&self, id: &str, segment: i64, edit: &Edit) -> Result<Edited, Error> {
        let words = edit
            .text
            .iter()
            .chain(edit.translation.iter().map(|(_, words)| words));
        if words.into_iter().any(|words| is_blank(words)) {
            return Err(Error::NoWords);
        }
        let mut store = self.store()?;
        let id = store.resolve(id)?;
        let segment = SegmentId(segment);
        // A wrong language is told before anything is stored.
        let translation = match &edit.translation {
            Some((lang, words)) => Some((target(&store, &id, segment, *lang)?, words)),
            None => None,
        };
        let correction = Correction {
            text: edit.text.as_deref(),
            translation: translation.map(|(lang, words)| (lang, words.as_str())),
            by: &edit.by,
            reason: edit.reason.as_deref(),
        };
        let translation_version = store.edit(&id, segment, &correction)?.translation;
        let line = store.segment(&id, segment)?;
        let waiting = store.line_translation(&id, segment)?;
        let pending: Vec<Lang> = waiting.iter().map(|row| row.pair.to).collect();
        let is_stale = |t: &&Translation| t.flags.iter().any(|f| f.kind == FlagKind::Stale);
        let mut stale: Vec<Lang> = line
            .translations
            .iter()
            .filter(is_stale)
            .map(|t| t.lang)
            .collect();
        stale.retain(|lang| !pending.contains(lang));
        Ok(Edited {
            interview: id,
            segment,
            version: line.version,
            translation_version,
            pending,
            stale,
        })
    }
}

/// The language of a correction: the one named, or the only other one of the interview.
fn target(
    store: &Store,
    id: &InterviewId,
    segment: SegmentId,
    named: Option<Lang>,
) -> Result<Lang, Error> {
    let said = store.segment(id, segment)?.lang;
    let mut others = store.interview(id)?.languages;
    others.retain(|lang| *lang != said);
    match (named, &others[..]) {
        (None, [only]) => Ok(*only),
        (Some(lang), others) if others.contains(&lang) => Ok(lang),
        _ => Err(Error::TranslationLanguage),
    }
}

/// Whether nothing in `words` can be seen.
pub(super) fn is_blank(words: &str) -> bool {
    words
        .chars()
        .all(|c| c.is_whitespace() || text::is_dropped(c))
}
