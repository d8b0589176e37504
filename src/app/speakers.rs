//! Who speaks: a person says it, the line as it was cut stays beside it.

use crate::domain::{InterviewId, Segment, SegmentId};
use crate::store::SpeakerVersion;

use super::{App, Error};

impl App {
    /// Says who speaks in a line; where `all`, also in every other line of the same speaker. Returns
    /// how many lines had another speaker before.
    ///
    /// # Errors
    /// An unknown line; no name; the same speaker; a certified line without a reason.
    pub fn set_speaker(
        &self,
        id: &str,
        line: SegmentId,
        all: bool,
        speaker: &str,
        (by, reason): (&str, Option<&str>),
    ) -> Result<(InterviewId, usize), Error> {
        let mut store = self.store()?;
        let id = store.resolve(id)?;
        let lines = if all {
            let was = store.segment(&id, line)?.speaker;
            let same = store.segments(&id)?.into_iter();
            same.filter(|l| l.speaker == was).map(|l| l.id).collect()
        } else {
            vec![line]
        };
        let changed = store.set_speaker(&id, &lines, speaker, by, reason)?;
        Ok((id, changed))
    }

    /// Says of several lines who speaks in each of them. Returns how many lines that changes.
    ///
    /// # Errors
    /// As [`Self::set_speaker`]; lines of another speaker may be said already then.
    pub fn set_speakers(
        &self,
        id: &InterviewId,
        said: &[(SegmentId, String)],
        (by, reason): (&str, Option<&str>),
    ) -> Result<usize, Error> {
        let mut store = self.store()?;
        let mut names: Vec<&String> = said.iter().map(|(_, name)| name).collect();
        names.sort();
        names.dedup();
        let mut changed: usize = 0;
        for name in names {
            let lines = said.iter().filter(|(_, own)| own == name);
            let lines: Vec<SegmentId> = lines.map(|(line, _)| *line).collect();
            let done = store.set_speaker(id, &lines, name, by, reason)?;
            changed = changed.saturating_add(done);
        }
        Ok(changed)
    }

    /// What persons said about who speaks in a line, the first first.
    ///
    /// # Errors
    /// An unknown line.
    pub fn speakers(
        &self,
        id: &InterviewId,
        line: SegmentId,
    ) -> Result<Vec<SpeakerVersion>, Error> {
        Ok(self.reading()?.speakers(id, line)?)
    }
}

/// The speakers of an interview, those with the most lines first.
pub fn speakers_of<'a>(lines: impl Iterator<Item = &'a Segment>) -> Vec<String> {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for line in lines {
        match counted.iter_mut().find(|(name, _)| *name == line.speaker) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counted.push((line.speaker.clone(), 1)),
        }
    }
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counted.into_iter().map(|(name, _)| name).collect()
}
