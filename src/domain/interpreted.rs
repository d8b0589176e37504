//! The interpreter's layer: which lines an interpreter's line renders. Told by the order of the sound
//! alone, as consecutive interpreting goes: what was said in another language and not yet rendered. It
//! does not say that the rendering is right, only where to look for it.

use std::borrow::Borrow;
use std::collections::HashMap;

use super::{Lang, Segment, SegmentId, role};

/// The stable word for who speaks on an interpreter's channel, see [`role`].
const INTERPRETER: &str = "interpreter";

/// What an interpreter rendered, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interpreted {
    renders: HashMap<SegmentId, Vec<SegmentId>>,
    rendered_by: HashMap<SegmentId, Vec<SegmentId>>,
}

/// What one person said without a pause for the interpreter.
struct Turn<'a> {
    speaker: &'a str,
    lang: Lang,
    said: Vec<SegmentId>,
    rendered: bool,
}

impl Interpreted {
    /// Looks at all lines of an interview, in any order.
    pub fn of<S: Borrow<Segment>>(lines: &[S]) -> Self {
        let mut by_time: Vec<&Segment> = lines.iter().map(Borrow::borrow).collect();
        by_time.sort_by_key(|line| (line.span.start, line.id));
        let mut found = Self::default();
        let mut turn: Option<Turn<'_>> = None;
        for line in by_time {
            if role(&line.speaker).is_none_or(|(word, _)| word != INTERPRETER) {
                match &mut turn {
                    Some(turn)
                        if !turn.rendered
                            && turn.speaker == line.speaker
                            && turn.lang == line.lang =>
                    {
                        turn.said.push(line.id);
                    }
                    _ => {
                        turn = Some(Turn {
                            speaker: &line.speaker,
                            lang: line.lang,
                            said: vec![line.id],
                            rendered: false,
                        });
                    }
                }
            } else if let Some(turn) = turn.as_mut().filter(|turn| turn.lang != line.lang) {
                turn.rendered = true;
                found.renders.insert(line.id, turn.said.clone());
                for said in &turn.said {
                    found.rendered_by.entry(*said).or_default().push(line.id);
                }
            }
        }
        found
    }

    /// The lines that an interpreter's line renders; none of anybody else's.
    pub fn renders(&self, line: SegmentId) -> &[SegmentId] {
        self.renders.get(&line).map_or(&[], Vec::as_slice)
    }

    /// ` (renders line 3)` for what stands behind an interpreter; empty for anybody else's line.
    pub fn label(&self, line: SegmentId) -> String {
        let numbers: Vec<String> = self.renders(line).iter().map(|l| l.0.to_string()).collect();
        match &numbers[..] {
            [] => String::new(),
            [one] => format!(" (renders line {one})"),
            more => format!(" (renders lines {})", more.join(", ")),
        }
    }

    /// The interpreter's lines that render a line.
    pub fn rendered_by(&self, line: SegmentId) -> &[SegmentId] {
        self.rendered_by.get(&line).map_or(&[], Vec::as_slice)
    }

    /// The same, given only at the last line of what was rendered together.
    pub fn rendered_after(&self, line: SegmentId) -> &[SegmentId] {
        let renderings = self.rendered_by(line);
        let last = renderings.first().map(|r| self.renders(*r).last());
        match last {
            Some(Some(last)) if *last == line => renderings,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SamplePos, Span, Status};

    fn line(id: i64, speaker: &str, lang: Lang) -> Segment {
        let start = SamplePos::from_ms(id.unsigned_abs() * 1000);
        Segment {
            speaker: speaker.into(),
            text: "…".into(),
            status: Status::Machine,
            version: 1,
            ..Segment::new(
                SegmentId(id),
                Span::new(start, SamplePos(start.0 + 8_000)),
                lang,
            )
        }
    }

    fn ids(of: &[SegmentId]) -> Vec<i64> {
        of.iter().map(|id| id.0).collect()
    }

    #[test]
    fn what_the_interpreter_says_in_the_other_language_renders_what_was_said_before() {
        use Lang::{Km, Lo, My, Th, Vi, Zh};
        for (officer, other) in [(Zh, Vi), (Th, My), (Lo, Km)] {
            let lines = [
                line(6, INTERPRETER, officer),
                line(1, "officer", officer),
                line(2, "officer", officer),
                line(3, INTERPRETER, other),
                line(4, INTERPRETER, other),
                line(5, "interviewee", other),
            ];
            let layers = Interpreted::of(&lines);
            let of = |id| SegmentId(id);
            assert_eq!(ids(layers.renders(of(3))), [1, 2]);
            assert_eq!(ids(layers.renders(of(4))), [1, 2]);
            assert_eq!(ids(layers.renders(of(6))), [5]);
            assert_eq!(ids(layers.rendered_by(of(1))), [3, 4]);
            assert!(layers.rendered_after(of(1)).is_empty());
            assert_eq!(ids(layers.rendered_after(of(2))), [3, 4]);
            assert_eq!(ids(layers.rendered_after(of(5))), [6]);
            assert!(layers.renders(of(1)).is_empty());
            assert_eq!(layers.label(of(3)), " (renders lines 1, 2)");
            assert_eq!(layers.label(of(6)), " (renders line 5)");
            assert_eq!(layers.label(of(1)), "");
        }
    }

    #[test]
    fn an_aside_in_the_same_language_renders_nothing_and_neither_does_anything_without_one() {
        let lines = [
            line(1, INTERPRETER, Lang::Vi),
            line(2, "officer", Lang::Zh),
            line(3, INTERPRETER, Lang::Zh),
            line(4, "officer", Lang::Zh),
            line(5, INTERPRETER, Lang::Vi),
        ];
        let layers = Interpreted::of(&lines);
        assert!(layers.renders(SegmentId(1)).is_empty());
        assert!(layers.renders(SegmentId(3)).is_empty());
        assert_eq!(ids(layers.renders(SegmentId(5))), [2, 4]);
        assert_eq!(Interpreted::of::<Segment>(&[]), Interpreted::default());
    }
}
