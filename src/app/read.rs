//! Reading what is stored, correcting it by a new version, and writing it out.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::domain::{Interview, InterviewId, InterviewSummary, Lang, Segment, SegmentId};
use crate::export::{self, Format};
use crate::store::{SearchPage, SearchQuery, TextVersion};

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

impl App {
    /// All interviews, newest first.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn list(&self, case: Option<&str>) -> Result<Vec<InterviewSummary>, Error> {
        Ok(self.reading()?.list(case)?)
    }

    /// One interview with its lines. `id` may be shortened while it is unique.
    ///
    /// # Errors
    /// An unknown id; an unreadable store.
    pub fn show(&self, id: &str) -> Result<(Interview, Vec<Segment>), Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        Ok((store.interview(&id)?, store.segments(&id)?))
    }

    /// Every version of a line's words, oldest first.
    ///
    /// # Errors
    /// An unknown id or line.
    pub fn history(&self, id: &str, segment: i64) -> Result<Vec<TextVersion>, Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        Ok(store.history(&id, SegmentId(segment))?)
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

    /// Finds words in all interviews.
    ///
    /// # Errors
    /// An unreadable store. No query is an error.
    pub fn search(&self, query: &SearchQuery) -> Result<SearchPage, Error> {
        Ok(self.reading()?.search(query)?)
    }

    /// Adds a version. The old words stay. Returns the version of the line's text or, where only
    /// the translation was corrected, of that.
    ///
    /// # Errors
    /// An unknown id or line; words that are the same as before.
    pub fn edit(&self, id: &str, segment: i64, edit: &Edit) -> Result<u32, Error> {
        let mut store = self.store()?;
        let id = store.resolve(id)?;
        let segment = SegmentId(segment);
        let reason = edit.reason.as_deref();
        let mut version = 0;
        if let Some(text) = &edit.text {
            version = store.edit_text(&id, segment, text, &edit.by, reason)?;
        }
        if let Some((lang, text)) = &edit.translation {
            let said = store.segment(&id, segment)?.lang;
            let others: Vec<Lang> = store
                .interview(&id)?
                .languages
                .into_iter()
                .filter(|l| *l != said)
                .collect();
            let lang = match (lang, &others[..]) {
                (None, [only]) => *only,
                (Some(lang), others) if others.contains(lang) => *lang,
                _ => return Err(Error::TranslationLanguage),
            };
            let made = store.edit_translation(&id, segment, lang, text, &edit.by, reason)?;
            version = if edit.text.is_some() { version } else { made };
        }
        Ok(version)
    }

    /// Writes one interview to a file: wholly or not at all.
    ///
    /// # Errors
    /// An unknown id; a disk that refuses.
    pub fn export(&self, id: &str, format: Format, out: &Path) -> Result<(), Error> {
        write_whole(out, &mut |file| self.export_to(id, format, file))
    }

    /// Writes one interview to any writer.
    ///
    /// # Errors
    /// An unknown id; a writer that refuses.
    pub fn export_to(&self, id: &str, format: Format, out: &mut dyn Write) -> Result<(), Error> {
        let (interview, segments) = self.show(id)?;
        Ok(export::write(format, &interview, &segments, out)?)
    }
}

/// Writes to a temporary file beside `out` and renames it, so that a full disk or a kill leaves the
/// old file as it was.
pub(super) fn write_whole(
    out: &Path,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Error>,
) -> Result<(), Error> {
    let failed = |cause: io::Error| Error::File {
        what: "write the file",
        cause,
        path: out.to_owned(),
    };
    let folder = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let mut buffered = BufWriter::new(temporary);
    write(&mut buffered)?;
    let temporary = buffered.into_inner().map_err(|e| failed(e.into_error()))?;
    let file: &File = temporary.as_file();
    file.sync_all().map_err(failed)?;
    temporary.persist(out).map_err(|e| failed(e.error))?;
    Ok(())
}
