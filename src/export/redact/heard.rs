//! What of the sound a covered copy may be heard: nothing near a covered line wherever it ever stood,
//! and, where words are covered, nothing that no line stands for. Whoever moved or parted a line moved
//! its words, not what was said there.

use std::collections::HashMap;

use crate::domain::{SamplePos, Segment, SegmentId, Span};

/// A word begins a little before its line and rings on behind it, in milliseconds.
const MARGIN_MS: u64 = 300;

/// Where the lines of an interview ever stood, and where its sound ends.
pub(super) struct Places {
    stood: HashMap<SegmentId, Vec<Span>>,
    end: SamplePos,
}

impl Places {
    /// `stood` are all stretches that lines, or those that they were made of, ever had.
    pub(super) fn new(stood: &[(SegmentId, Span)], end: SamplePos) -> Self {
        let mut by_line: HashMap<SegmentId, Vec<Span>> = HashMap::new();
        for (line, span) in stood {
            by_line.entry(*line).or_default().push(*span);
        }
        Self {
            stood: by_line,
            end,
        }
    }

    /// All of the sound in which the words of a line may be heard.
    pub(super) fn of(&self, line: &Segment) -> Vec<Span> {
        let at = |ms| SamplePos::from_ms(ms);
        let words = line.words.iter();
        let words = words.map(|word| Span::new(at(word.start_ms), at(word.end_ms)));
        let before = self.stood.get(&line.id).into_iter().flatten().copied();
        let all = std::iter::once(line.span).chain(before).chain(words);
        merged(all.map(|span| self.wider(span)).collect())
    }

    /// What may be heard of each channel where words are covered: its lines as they stand.
    pub(super) fn of_lines(&self, lines: &[Segment]) -> Vec<(u16, Span)> {
        let mut channels: Vec<u16> = lines.iter().map(|line| line.channel).collect();
        channels.sort_unstable();
        channels.dedup();
        let mut heard = Vec::new();
        for channel in channels {
            let own = lines.iter().filter(|line| line.channel == channel);
            let spans = merged(own.map(|line| self.wider(line.span)).collect());
            heard.extend(spans.into_iter().map(|span| (channel, span)));
        }
        heard
    }

    /// With the margin on both sides, as far as there is sound.
    fn wider(&self, span: Span) -> Span {
        let margin = SamplePos::from_ms(MARGIN_MS).0;
        let end = span.end.0.saturating_add(margin);
        // A line that stands behind the end is covered as it stands.
        let end = end.min(self.end.max(span.end).0);
        let start = span.start.0.saturating_sub(margin);
        Span::new(SamplePos(start), SamplePos(end))
    }
}

/// The same stretches in order, those that touch as one.
pub(super) fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable_by_key(|span| span.start);
    let mut whole: Vec<Span> = Vec::new();
    for span in spans {
        match whole.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => whole.push(span),
        }
    }
    whole
}
