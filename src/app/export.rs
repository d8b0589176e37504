//! Writing interviews out.

use std::io::Write;
use std::path::Path;

use crate::domain::Cancel;
use crate::export::{self, Format, Sound, Source};
use crate::pipeline::{Progress, Step, Watcher};

use super::read::write_whole;
use super::{App, Error};

/// What may be chosen about an export.
#[derive(Clone, Debug)]
pub struct ExportChoices {
    /// A page carries the sound.
    pub sound: bool,
}

impl Default for ExportChoices {
    fn default() -> Self {
        Self { sound: true }
    }
}

impl App {
    /// Writes one interview to a file: wholly or not at all. A file that is there already is
    /// replaced only with `force`.
    ///
    /// # Errors
    /// An unknown id; a file that is there; a disk that refuses; a cancel.
    pub fn export(
        &self,
        id: &str,
        format: Format,
        choices: &ExportChoices,
        (out, force): (&Path, bool),
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<(), Error> {
        write_whole(out, force, &mut |file| {
            self.export_to(id, format, choices, file, cancel, watcher)
        })
    }

    /// Writes one interview to any writer.
    ///
    /// # Errors
    /// An unknown id; a writer that refuses; a cancel.
    pub fn export_to(
        &self,
        id: &str,
        format: Format,
        choices: &ExportChoices,
        out: &mut dyn Write,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<(), Error> {
        let (interview, segments) = self.show(id)?;
        let files = self.working_files(&interview.id)?;
        let source = Source {
            sound: Sound {
                files: &files,
                covered: &[],
            },
            with_sound: choices.sound,
            ..Source::new(&interview, &segments)
        };
        let mut tell = |done, total| {
            watcher(Progress::Step {
                step: Step::Writing,
                done,
                total,
            });
            if cancel.is_cancelled() {
                return Err(export::Error::Cancelled);
            }
            Ok(())
        };
        Ok(export::write(format, &source, out, &mut tell)?)
    }
}
