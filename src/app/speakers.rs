//! Who speaks: a person says it, the line as it was cut stays beside it.

use crate::domain::{InterviewId, Segment, SegmentId};
use crate::store::{BY_VOICE, Listened, SpeakerVersion};

use super::{App, Error};

impl App {
    /// Says who speaks in a line; where `all`, also in every other line of the same speaker, to which nobody
    /// listened for that. Returns how many lines had another speaker before.
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
        let (lines, listened) = if all {
            let was = store.segment(&id, line)?.speaker;
            let same = store.segments(&id)?.into_iter();
            let same = same.filter(|l| l.speaker == was).map(|l| l.id);
            (same.collect(), Listened::One(line))
        } else {
            (vec![line], Listened::Each)
        };
        let changed = store.set_speaker_of(&id, (&lines, listened), speaker, by, reason)?;
        Ok((id, changed))
    }

    /// Says of several lines who speaks in each of them: as the voices suggest, or as it was said before
    /// where a change is taken back or made again. Returns how many lines that changes.
    ///
    /// # Errors
    /// As [`Self::set_speaker`]; lines of another speaker may be said already then.
    pub fn set_speakers(
        &self,
        id: &InterviewId,
        said: &[(SegmentId, String)],
        (by, reason): (&str, Option<&str>),
    ) -> Result<usize, Error> {
        // The voices' own reason says already that nobody listened.
        let listened = match reason {
            Some(BY_VOICE) => Listened::Each,
            _ => Listened::Before,
        };
        let mut store = self.store()?;
        let mut names: Vec<&String> = said.iter().map(|(_, name)| name).collect();
        names.sort();
        names.dedup();
        let mut changed: usize = 0;
        for name in names {
            let lines = said.iter().filter(|(_, own)| own == name);
            let lines: Vec<SegmentId> = lines.map(|(line, _)| *line).collect();
            let done = store.set_speaker_of(id, (&lines, listened), name, by, reason)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Suggested;
    use crate::domain::{Channel, Lang, SamplePos, Span};
    use crate::store::{NewInterview, NewSegment};

    /// A workspace with an interview of four lines of one channel.
    fn bed() -> (tempfile::TempDir, App, InterviewId) {
        let dir = tempfile::tempdir().unwrap();
        let workspace = crate::workspace::Workspace::at(dir.path()).unwrap();
        let app = App::at(workspace, None).unwrap();
        let id = InterviewId("20260101-000000-000001".into());
        let new = NewInterview {
            id: id.clone(),
            case: None,
            languages: vec![Lang::Lo, Lang::Zh],
            started: "2026-11-23T14:05:00+07:00".to_owned(),
            duration_ms: 60_000,
            audio: Vec::new(),
            channels: vec![Channel {
                index: 0,
                speaker: "all".to_owned(),
                languages: vec![Lang::Lo, Lang::Zh],
                speech_models: Default::default(),
            }],
            working: Vec::new(),
            notes: Vec::new(),
            asked: None,
        };
        let cuts = [0, 3_000, 6_000, 9_000].map(|at| NewSegment {
            channel: 0,
            speaker: "all".to_owned(),
            span: Span::new(SamplePos::from_ms(at), SamplePos::from_ms(at + 2_000)),
            lang: Lang::Lo,
            flags: Vec::new(),
        });
        app.store().unwrap().create_interview(&new, &cuts).unwrap();
        (dir, app, id)
    }

    fn known(app: &App, id: &InterviewId) -> Vec<(i64, String)> {
        let known = app.store().unwrap().known_speakers(id).unwrap();
        known.into_iter().map(|(line, who)| (line.0, who)).collect()
    }

    #[test]
    fn what_voices_suggested_teaches_them_nothing_kept_taken_back_or_renamed() {
        let (_dir, app, id) = bed();
        let [one, two, three, four] = [1, 2, 3, 4].map(SegmentId);
        let by = ("Lan", None);
        for (line, who) in [(one, "ສົມພອນ"), (two, "Li")] {
            app.set_speaker(&id.0, line, false, who, by).unwrap();
        }
        let heard = vec![(1, "ສົມພອນ".to_owned()), (2, "Li".to_owned())];
        assert_eq!(known(&app, &id), heard);
        let suggested = [three, four].map(|line| Suggested {
            line,
            speaker: "Li".into(),
            share: 0.97,
        });
        app.keep_voices(&id, &suggested, "Lan").unwrap();
        assert_eq!(known(&app, &id), heard);
        // Taken back and made again, as the window does it.
        for who in ["all", "Li", "all", "Li"] {
            let said = [three, four].map(|line| (line, who.to_owned()));
            let reason = ("Lan", Some("Taken back"));
            app.set_speakers(&id, &said, reason).unwrap();
            assert_eq!(known(&app, &id), heard, "{who}");
        }
        // All lines of a speaker under another name: the line in hand and the one that was known.
        let (_, changed) = app.set_speaker(&id.0, four, true, "Wang", by).unwrap();
        assert_eq!(changed, 3);
        let now = [(1, "ສົມພອນ"), (2, "Wang"), (4, "Wang")];
        assert_eq!(
            known(&app, &id),
            now.map(|(line, who)| (line, who.to_owned()))
        );
    }
}
