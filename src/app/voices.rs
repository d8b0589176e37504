//! Who speaks in the lines of a channel that several people share: suggested by their voices, kept or
//! not by a person.

use std::path::Path;

use crate::audio;
use crate::domain::{Cancel, InterviewId, Segment, SegmentId, Status};
use crate::pipeline::{Progress, Step, Watcher};
use crate::speech::voices::{self, Ear, Line};
use crate::store::BY_VOICE;

use super::{App, Error};

/// From this share on a voice is suggested.
const SHOWN: f32 = 0.95;

/// A line in which probably somebody else speaks than it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggested {
    /// The line.
    pub line: SegmentId,
    /// Who speaks by the voice.
    pub speaker: String,
    /// How likely, among those whose voice is known, 0 to 1.
    pub share: f32,
}

/// What the voices of an interview say.
#[derive(Clone, Debug, PartialEq)]
pub struct Voices {
    /// The interview.
    pub interview: InterviewId,
    /// Those whose voice is known.
    pub known: Vec<String>,
    /// Lines in which probably somebody else speaks.
    pub suggested: Vec<Suggested>,
    /// Lines whose speaker fits their voice.
    pub fitting: usize,
    /// Lines that are too short, or whose voice could be of more than one.
    pub unsure: usize,
}

impl App {
    /// Listens to who speaks in the lines of each channel of which a person said of two or more people
    /// where they speak. Nothing is stored.
    ///
    /// # Errors
    /// Fewer than two voices known on any channel; sound that cannot be read; a cancel.
    pub fn voices(&self, id: &str, cancel: &Cancel, watcher: Watcher<'_>) -> Result<Voices, Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        let (lines, told) = (store.segments(&id)?, store.known_speakers(&id)?);
        let mut found = Voices {
            interview: id.clone(),
            known: Vec::new(),
            suggested: Vec::new(),
            fitting: 0,
            unsure: 0,
        };
        let said = |line: &Segment| told.iter().find(|(l, _)| *l == line.id).map(|(_, s)| s);
        for (channel, file) in self.working_files(&id)? {
            let own: Vec<&Segment> = lines.iter().filter(|l| l.channel == channel).collect();
            let mut names: Vec<&String> = own.iter().filter_map(|l| said(l)).collect();
            names.sort();
            names.dedup();
            if names.len() < 2 {
                continue;
            }
            let number = |line: &Segment| said(line).and_then(|s| names.binary_search(&s).ok());
            let heard = hear(&own, &file, &number, cancel, watcher)?;
            let guesses = voices::tell_apart(&heard, cancel)?;
            if guesses.is_empty() {
                continue;
            }
            for ((line, heard), guess) in own.iter().zip(&heard).zip(guesses) {
                if heard.speaker.is_some() || line.status == Status::Certified {
                    continue;
                }
                match guess.and_then(|g| Some((names.get(g.speaker)?, g.share))) {
                    Some((name, share)) if share >= SHOWN && line.speaker == **name => {
                        found.fitting = found.fitting.saturating_add(1);
                    }
                    Some((name, share)) if share >= SHOWN => found.suggested.push(Suggested {
                        line: line.id,
                        speaker: (*name).clone(),
                        share,
                    }),
                    _ => found.unsure = found.unsure.saturating_add(1),
                }
            }
            let seconds = |of: usize| -> f32 {
                let own = heard.iter().filter(|l| l.speaker == Some(of));
                own.map(|l| l.voice.seconds()).sum()
            };
            let known = names.iter().enumerate();
            let known = known.filter(|(of, _)| seconds(*of) >= voices::LEAST_KNOWN_S);
            found.known.extend(known.map(|(_, name)| (*name).clone()));
        }
        if found.known.is_empty() {
            return Err(Error::VoicesUnknown);
        }
        found.known.sort();
        found.known.dedup();
        found.suggested.sort_by_key(|s| s.line);
        Ok(found)
    }

    /// Says of lines who speaks, as it was suggested by the voices. Returns how many lines that changes.
    ///
    /// # Errors
    /// A line that is not there any more; nobody's name.
    pub fn keep_voices(
        &self,
        id: &InterviewId,
        suggested: &[Suggested],
        by: &str,
    ) -> Result<usize, Error> {
        let said = suggested.iter().map(|s| (s.line, s.speaker.clone()));
        let said: Vec<(SegmentId, String)> = said.collect();
        self.set_speakers(id, &said, (by, Some(BY_VOICE)))
    }
}

/// The voices in the lines of one channel.
fn hear(
    own: &[&Segment],
    file: &Path,
    number: &dyn Fn(&Segment) -> Option<usize>,
    cancel: &Cancel,
    watcher: Watcher<'_>,
) -> Result<Vec<Line>, Error> {
    let ear = Ear::default();
    let mut heard = Vec::with_capacity(own.len());
    for (done, line) in own.iter().enumerate() {
        if cancel.is_cancelled() {
            return Err(crate::speech::Error::Cancelled.into());
        }
        watcher(Progress::Step {
            step: Step::FindingSpeech,
            done: done as u64,
            total: own.len() as u64,
        });
        heard.push(Line {
            voice: ear.hear(&audio::read_span(file, line.span)?),
            lang: line.lang,
            speaker: number(line),
        });
    }
    Ok(heard)
}
