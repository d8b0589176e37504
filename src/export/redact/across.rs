//! Words of which one part stands at the end of a line and the rest in the next one of the channel:
//! whoever parts a line may part a name.

use crate::domain::{Lang, Segment};

use super::super::places::places;
use super::Work;

/// A text of a line: what was said, or its translation at this place of the list.
type Side = Option<usize>;

impl Work<'_> {
    /// Covers words that lines share; which lines those are. Each has its other side covered too.
    pub(super) fn across(&mut self, segments: &mut [Segment]) -> Vec<bool> {
        let mut touched = vec![false; segments.len()];
        let mut channels: Vec<u16> = segments.iter().map(|line| line.channel).collect();
        channels.sort_unstable();
        channels.dedup();
        for channel in channels {
            let of_channel =
                |(at, line): (usize, &Segment)| (line.channel == channel).then_some(at);
            let lines: Vec<usize> = segments.iter().enumerate().filter_map(of_channel).collect();
            for rule in 0..self.rules.len() {
                for at in self.across_channel(rule, segments, &lines) {
                    if let Some(touched) = touched.get_mut(at) {
                        *touched = true;
                    }
                }
            }
        }
        touched
    }

    /// One rule in the lines of one channel, in the order of their times.
    fn across_channel(
        &mut self,
        rule: usize,
        segments: &mut [Segment],
        lines: &[usize],
    ) -> Vec<usize> {
        let Some(block) = self.rules.get(rule).map(|r| r.block.clone()) else {
            return Vec::new();
        };
        let mut covered: Vec<(usize, Side)> = Vec::new();
        // What was said, whatever the language, and then what reads in each language.
        for lang in std::iter::once(None).chain(Lang::ALL.into_iter().map(Some)) {
            covered.extend(self.across_texts(rule, segments, lines, lang));
        }
        let mut touched: Vec<usize> = covered.iter().map(|(at, _)| *at).collect();
        touched.sort_unstable();
        touched.dedup();
        for at in &touched {
            let Some(line) = segments.get_mut(*at) else {
                continue;
            };
            for side in std::iter::once(None).chain((0..line.translations.len()).map(Some)) {
                let Some(text) = text_at(line, side).filter(|text| !text.is_empty()) else {
                    continue;
                };
                // The other side says the same thing in words that nobody listed.
                if !covered.contains(&(*at, side)) && !self.cover(rule, text) {
                    text.clone_from(&block);
                    self.places = self.places.saturating_add(1);
                }
            }
        }
        if !touched.is_empty()
            && let Some(used) = self.used.get_mut(rule)
        {
            *used = true;
        }
        touched
    }

    /// One rule in the texts of one language, one behind the other. Returns which texts were changed.
    fn across_texts(
        &mut self,
        rule: usize,
        segments: &mut [Segment],
        lines: &[usize],
        lang: Option<Lang>,
    ) -> Vec<(usize, Side)> {
        let Some(needles) = self.rules.get(rule).map(|r| &r.needles) else {
            return Vec::new();
        };
        // Where each text begins in the whole, and how long it is.
        let mut parts: Vec<(usize, usize, usize, Side)> = Vec::new();
        let mut joined = String::new();
        for at in lines {
            let Some(line) = segments.get_mut(*at) else {
                continue;
            };
            let Some(side) = side_in(line, lang) else {
                continue;
            };
            let text = text_at(line, side).map_or("", |text| text.as_str());
            parts.push((joined.len(), text.len(), *at, side));
            joined.push_str(text);
            // Parts words as a space does, and no grapheme reaches over it.
            joined.push('\n');
        }
        if needles.is_empty() || parts.len() < 2 {
            return Vec::new();
        }
        let mut covered = Vec::new();
        for (from, to) in places(&joined, needles).into_iter().rev() {
            let shares = |(begin, length, _, _): &&(usize, usize, usize, Side)| {
                *begin < to && from < begin.saturating_add(*length)
            };
            let sharing: Vec<_> = parts.iter().filter(shares).copied().collect();
            if sharing.len() < 2 {
                continue;
            }
            for (begin, length, at, side) in sharing.into_iter().rev() {
                let text = segments.get_mut(at).and_then(|line| text_at(line, side));
                if let (Some(text), Some(rule)) = (text, self.rules.get(rule)) {
                    let first = from.saturating_sub(begin);
                    let last = to.saturating_sub(begin).min(length);
                    text.replace_range(first..last, &rule.block);
                    covered.push((at, side));
                }
            }
            self.places = self.places.saturating_add(1);
        }
        covered
    }
}

/// Which text of a line is in this language; what was said where none is asked for.
fn side_in(line: &Segment, lang: Option<Lang>) -> Option<Side> {
    match lang {
        None => Some(None),
        Some(lang) if lang == line.lang => Some(None),
        Some(lang) => {
            let at = line.translations.iter().position(|made| made.lang == lang);
            at.map(Some)
        }
    }
}

fn text_at(line: &mut Segment, side: Side) -> Option<&mut String> {
    match side {
        None => Some(&mut line.text),
        Some(at) => line.translations.get_mut(at).map(|made| &mut made.text),
    }
}
