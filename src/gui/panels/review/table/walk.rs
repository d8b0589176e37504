//! From line to line: the next one in doubt, the next one that nobody read, the one after a signature.

use crate::app::desk::Opened;
use crate::domain::{FlagKind, Lang, Segment, Status};

use super::Table;

/// What a person goes to next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// A line in doubt.
    Flagged,
    /// A line that nobody read.
    Unread,
}

impl Aim {
    fn is(self, line: &Segment) -> bool {
        match self {
            Aim::Flagged => is_flagged(line),
            Aim::Unread => line.status == Status::Machine,
        }
    }

    fn none(self) -> &'static str {
        match self {
            Aim::Flagged => "next-no-flagged",
            Aim::Unread => "next-no-unreviewed",
        }
    }
}

impl Table {
    /// Goes to the next line of its kind, or back to the one before; where there is none that is said.
    pub(super) fn walk(&mut self, opened: &Opened, aim: Aim, back: bool) {
        match found(opened, self.chosen, aim, back) {
            Some(at) => self.choose(at),
            None => self.remark = Some(aim.none()),
        }
    }

    /// Once a line is signed, on to the one behind it; where the person is elsewhere by then, nowhere.
    pub(super) fn after_signing(&mut self, opened: &Opened) {
        let Some(at) = self.signing.and_then(|line| opened.place(line)) else {
            return;
        };
        let signed = opened.lines.get(at);
        if signed.is_none_or(|line| line.status != Status::Certified) {
            return;
        }
        self.signing = None;
        let next = at.saturating_add(1);
        if at == self.chosen && next < opened.lines.len() {
            self.choose(next);
        }
    }

    /// The words of a line that are marked, and their language.
    pub(super) fn marked_in(&self, line: &Segment) -> Option<(Lang, String)> {
        let marked = self.marked.as_deref()?;
        let translated = line.translations.iter().map(|t| (t.lang, &t.text));
        let mut sides = std::iter::once((line.lang, &line.text)).chain(translated);
        let (lang, _) = sides.find(|(_, text)| text.contains(marked))?;
        Some((lang, marked.to_owned()))
    }
}

/// The next line of a kind behind this one, or before it, and round from the other end.
fn found(opened: &Opened, from: usize, aim: Aim, back: bool) -> Option<usize> {
    let (lines, after) = (opened.lines.len(), from.saturating_add(1));
    let is = |at: &usize| opened.lines.get(*at).is_some_and(|line| aim.is(line));
    if back {
        (0..from.min(lines))
            .rev()
            .chain((from..lines).rev())
            .find(is)
    } else {
        (after..lines).chain(0..after.min(lines)).find(is)
    }
}

/// Whether a line is in doubt and nobody has signed for it yet: its doubts stay with it for ever.
fn is_flagged(line: &Segment) -> bool {
    let all = line.translations.iter().flat_map(|t| &t.flags);
    let mut all = all.chain(&line.flags);
    line.status != Status::Certified && all.any(|f| f.kind != FlagKind::PracticeModel)
}

/// How many lines a person has read: corrected or signed for.
pub(super) fn reviewed(opened: &Opened) -> usize {
    let read = |line: &Segment| matches!(line.status, Status::Edited | Status::Certified);
    opened.lines.iter().filter(|line| read(line)).count()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Flag, SegmentId, Span};

    fn opened(lines: &[(Status, &[FlagKind])]) -> Opened {
        let line = |(id, (status, flags)): (i64, &(Status, &[FlagKind]))| {
            Arc::new(Segment {
                speaker: "officer".to_owned(),
                text: "ကျွန်တော် သဘောတူပါတယ်။".to_owned(),
                flags: flags.iter().map(|kind| Flag::with(*kind, "")).collect(),
                status: *status,
                version: 1,
                ..Segment::new(SegmentId(id), Span::default(), Lang::My)
            })
        };
        let lines: Vec<_> = (1..).zip(lines).map(line).collect();
        Opened::of("i", &[Lang::My, Lang::Zh], lines)
    }

    #[test]
    fn doubts_of_a_line_that_is_signed_for_lead_nobody_back_to_it() {
        const DOUBT: &[FlagKind] = &[FlagKind::LowConfidence, FlagKind::PracticeModel];
        const NONE: &[FlagKind] = &[FlagKind::PracticeModel];
        let lines = opened(&[
            (Status::Machine, DOUBT),
            (Status::Certified, DOUBT),
            (Status::Edited, DOUBT),
            (Status::Machine, NONE),
            (Status::Certified, NONE),
        ]);
        let doubt = |from, back| found(&lines, from, Aim::Flagged, back);
        assert_eq!((doubt(0, false), doubt(2, false)), (Some(2), Some(0)));
        assert_eq!((doubt(2, true), doubt(0, true)), (Some(0), Some(2)));
        assert_eq!((doubt(4, false), doubt(4, true)), (Some(0), Some(2)));
        let unread = |from, back| found(&lines, from, Aim::Unread, back);
        assert_eq!((unread(0, false), unread(3, false)), (Some(3), Some(0)));
        assert_eq!((unread(3, true), unread(0, true)), (Some(0), Some(3)));
        assert_eq!(reviewed(&lines), 3);
        let signed = opened(&[(Status::Certified, DOUBT), (Status::Certified, NONE)]);
        for back in [false, true] {
            assert_eq!(found(&signed, 0, Aim::Flagged, back), None);
            assert_eq!(found(&signed, 1, Aim::Unread, back), None);
        }
    }
}
