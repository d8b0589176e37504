//! An interview as the screens read it: what it is, its lines, and what happened beside the words.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::live::PURPOSE;
use crate::domain::{
    Asked, EventKind, Interpreted, Interview, InterviewId, SamplePos, Segment, SegmentId,
    SessionEvent, SessionState, Status,
};
use crate::store::Recut;

use super::player::holds;

/// An interview with its lines. A line is shared, so that one correction copies pointers only.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Without its lines.
    pub interview: Interview,
    /// By time.
    pub lines: Vec<Arc<Segment>>,
    /// What an interpreter rendered.
    pub layers: Interpreted,
    /// Every change of the cut of its lines, the first one first.
    pub recuts: Vec<Recut>,
    /// What happened beside the words, by place in the sound; empty where it was not recorded here.
    pub events: Vec<SessionEvent>,
    /// How its recording stands; none where it was not recorded here.
    pub session: Option<SessionState>,
    /// Lines under a change of which a name was only typed.
    pub unsigned: BTreeSet<SegmentId>,
}

#[cfg(test)]
impl Opened {
    /// An interview of nine seconds with these lines, and nothing beside them.
    pub(crate) fn of(
        id: &str,
        languages: &[crate::domain::Lang],
        lines: Vec<Arc<Segment>>,
    ) -> Self {
        Self {
            interview: Interview {
                id: InterviewId(id.to_owned()),
                case: None,
                languages: languages.to_vec(),
                started: "2026-11-23T14:05:00+07:00".to_owned(),
                duration_ms: 9_000,
                audio: Vec::new(),
                channels: Vec::new(),
                source: None,
                notes: Vec::new(),
            },
            layers: Interpreted::of(&lines),
            lines,
            recuts: Vec::new(),
            events: Vec::new(),
            session: None,
            unsigned: BTreeSet::new(),
        }
    }
}

impl Opened {
    /// The interpreter's lines that are shown below a line.
    pub fn rendered_after(&self, line: SegmentId) -> Vec<&Segment> {
        let own = self.layers.rendered_after(line);
        if own.is_empty() {
            return Vec::new();
        }
        let lines = self.lines.iter().filter(|l| own.contains(&l.id));
        lines.map(AsRef::as_ref).collect()
    }

    /// Where a line stands in `lines`; of one that gave way, the first that took its place.
    pub fn place(&self, line: SegmentId) -> Option<usize> {
        let mut wanted = line;
        // Each step goes to a later change, so it ends.
        for recut in std::iter::once(None).chain(self.recuts.iter().map(Some)) {
            if let Some(recut) = recut
                && recut.replaced().any(|l| l == wanted)
                && let Some(next) = recut.standing().next()
            {
                wanted = next;
            }
        }
        self.lines.iter().position(|l| l.id == wanted)
    }

    /// Where the line stands in `lines` that holds a place of the recording, in milliseconds; of several the
    /// one that began last.
    pub fn line_at(&self, at_ms: u64) -> Option<usize> {
        let after = self
            .lines
            .partition_point(|l| l.span.start.as_ms() <= at_ms);
        let begun = self.lines.get(..after)?;
        begun.iter().rposition(|line| holds(line, at_ms))
    }

    /// Where the last line stands in `lines` that begins before a place of the recording, in milliseconds,
    /// or at it; the first line where none does.
    pub fn line_before(&self, at_ms: u64) -> usize {
        let after = self
            .lines
            .partition_point(|l| l.span.start.as_ms() <= at_ms);
        after.saturating_sub(1)
    }

    /// Puts a line as it is now in its place; one that is new goes where it stands by time. One that gave
    /// way to others stays away.
    pub(super) fn put(&mut self, line: Segment) {
        let by_time = |line: &Segment| (line.span.start, line.channel, line.id);
        match self.lines.iter().rposition(|own| own.id == line.id) {
            Some(at) => {
                if let Some(own) = self.lines.get_mut(at) {
                    *own = Arc::new(line);
                }
            }
            None if self
                .recuts
                .iter()
                .any(|r| r.replaced().any(|l| l == line.id)) =>
            {
                return;
            }
            None => {
                let place = by_time(&line);
                let at = self.lines.partition_point(|own| by_time(own) < place);
                self.lines.insert(at, Arc::new(line));
            }
        }
        self.layers = Interpreted::of(&self.lines);
    }

    /// Whether the words of a channel up to here are among the lines, or that nobody heard any.
    pub(super) fn has_words(&self, channel: u16, until: SamplePos) -> bool {
        let own = |line: &&Arc<Segment>| line.channel == channel && line.span.end >= until;
        let mut own = self.lines.iter().rev().filter(own);
        own.any(|line| line.status != Status::Pending)
    }

    /// As what the person is interviewed, where the beginning of the record says so.
    pub fn purpose(&self) -> Option<Asked> {
        purpose(&self.events)
    }
}

/// The purpose that the first entry of its kind names.
pub(in crate::app) fn purpose(events: &[SessionEvent]) -> Option<Asked> {
    let marks = events.iter().filter(|e| e.kind == EventKind::Marker);
    let named = marks.filter_map(|e| e.label.strip_prefix(PURPOSE)).next()?;
    Asked::ALL.into_iter().find(|asked| asked.as_str() == named)
}

/// A partner's interview, for reading only.
#[derive(Clone, Debug)]
pub struct ForeignOpened {
    /// The bundle that it came in; `opened` is called so too, for its own name may be one of ours.
    pub bundle: String,
    /// Its own name.
    pub name: InterviewId,
    /// The rest of it.
    pub opened: Arc<Opened>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Lang, Span};

    fn line(id: i64, channel: u16, from: u64, text: &str) -> Segment {
        Segment {
            channel,
            speaker: "officer".to_owned(),
            text: text.to_owned(),
            status: if text.is_empty() {
                Status::Pending
            } else {
                Status::Machine
            },
            version: 1,
            ..Segment::new(
                SegmentId(id),
                Span::new(SamplePos(from), SamplePos(from + 100)),
                Lang::Km,
            )
        }
    }

    #[test]
    fn a_line_that_is_read_again_takes_its_place_and_a_new_one_stands_by_its_time() {
        let mut opened = Opened::of("i", &[Lang::Km, Lang::Zh], Vec::new());
        // The channels are cut one after the other, so a later number may stand earlier.
        for new in [line(1, 0, 0, ""), line(2, 0, 500, ""), line(3, 1, 200, "")] {
            opened.put(new);
        }
        let ids = |opened: &Opened| opened.lines.iter().map(|l| l.id.0).collect::<Vec<_>>();
        assert_eq!(ids(&opened), [1, 3, 2]);
        assert!(
            !opened.has_words(0, SamplePos(100)),
            "it waits for its text"
        );
        opened.put(line(1, 0, 0, "ខ្ញុំឈ្មោះសុខ"));
        assert_eq!(ids(&opened), [1, 3, 2]);
        assert_eq!(opened.lines[0].text, "ខ្ញុំឈ្មោះសុខ");
        assert!(opened.has_words(0, SamplePos(100)));
        assert!(
            !opened.has_words(0, SamplePos(600)),
            "a later one of its channel"
        );
        assert!(!opened.has_words(1, SamplePos(100)), "another channel");
    }

    #[test]
    fn the_purpose_is_what_the_record_began_with_and_never_a_guess() {
        let event = |kind, label: &str| SessionEvent {
            id: 1,
            kind,
            label: label.to_owned(),
            channel: None,
            span: Span::default(),
            lasts: false,
            at: "2026-11-24T09:00:00+07:00".to_owned(),
        };
        let mark = |label| event(EventKind::Marker, label);
        assert_eq!(purpose(&[]), None);
        assert_eq!(purpose(&[mark("exhibit"), mark("purpose: driver")]), None);
        let said = event(EventKind::Pause, "purpose: witness");
        assert_eq!(purpose(&[said]), None, "a reason is no purpose");
        let both = [
            mark("present: Lan"),
            mark("purpose: suspect"),
            mark("purpose: witness"),
        ];
        assert_eq!(purpose(&both), Some(Asked::Suspect));
    }
}
