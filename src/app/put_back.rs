//! Taking a change back: what stood before is said once more, by the person who takes it back.

use crate::domain::{InterviewId, SegmentId, Status};
use crate::store::{self, Former};

use super::{App, Error};

impl App {
    /// Puts the words back that stood in a line.
    ///
    /// # Errors
    /// An unknown or replaced line; a certified one; words that stand there already; nobody's name.
    pub fn put_back(
        &self,
        id: &InterviewId,
        segment: SegmentId,
        former: &Former,
        signed: (&str, Option<&str>),
    ) -> Result<(), Error> {
        Ok(self.store()?.put_back(id, segment, former, signed)?)
    }

    /// Says again who spoke in lines before.
    ///
    /// # Errors
    /// As [`Self::set_speakers`]; a certified line, whatever the reason.
    pub fn put_speakers_back(
        &self,
        id: &InterviewId,
        said: &[(SegmentId, String)],
        signed: (&str, Option<&str>),
    ) -> Result<(), Error> {
        let store = self.store()?;
        for (line, _) in said {
            if store.segment(id, *line)?.status == Status::Certified {
                return Err(store::Error::CertifiedLine(line.0).into());
            }
        }
        drop(store);
        self.set_speakers(id, said, signed).map(|_| ())
    }
}
