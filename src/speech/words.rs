//! Where in the recording each word was said, estimated, and how likely its tokens were.
//!
//! Whisper is asked for no timestamps (they cost text), and whisper.cpp's alignment by attention
//! ends the program on a window shorter than 30 s. So the letters of a line are spread evenly over
//! the parts of the sound in which somebody speaks: good enough to highlight and to jump to. A longer
//! pause stands between two words.

use std::ops::Range;

use crate::domain::{Lang, SamplePos, Span, Word};
use crate::text;

use super::sound::FRAME;
use super::text_tokens::Assembled;

/// Weight of a frame without voice, so that a line in faint sound still has places.
const PAUSE_WEIGHT: f32 = 0.02;
/// Frames without voice that no word is said over: 300 ms.
const LONG_PAUSE: usize = 30;

/// The words of `line` (the canonical form of `raw.text`), in order, inside `span`.
///
/// `voiced` has one entry for each 10 ms of `span`; `log_probs` one for each token of `raw`.
pub fn place(
    line: &str,
    lang: Lang,
    raw: &Assembled,
    log_probs: &[f32],
    voiced: &[bool],
    span: Span,
) -> Vec<Word> {
    let ranges = text::words(line, lang);
    let letters = |text: &str| text::graphemes(text).len() as f32;
    let weights: Vec<f32> = ranges
        .iter()
        .map(|r| line.get(r.clone()).map_or(0.0, letters).max(1.0))
        .collect();
    let total: f32 = weights.iter().sum();
    let clock = Clock::new(voiced, span);
    let mut before = 0.0;
    let mut words = Vec::with_capacity(ranges.len());
    for (range, weight) in ranges.into_iter().zip(weights) {
        let (from, to) = (before / total, (before + weight) / total);
        before += weight;
        words.push(Word {
            text: line.get(range.clone()).unwrap_or_default().to_owned(),
            start_ms: clock.at(from),
            end_ms: clock.at(to),
            confidence: confidence(raw, log_probs, line.len(), range.start, range.end),
        });
    }
    for pause in long_pauses(voiced) {
        let at = |frame: usize| clock.frame(frame).as_ms();
        keep_free(&mut words, at(pause.start), at(pause.end));
    }
    words
}

/// The frames of each longer pause between two voiced ones.
fn long_pauses(voiced: &[bool]) -> Vec<Range<usize>> {
    let spoken: Vec<usize> = (0..)
        .zip(voiced)
        .filter(|(_, v)| **v)
        .map(|(f, _)| f)
        .collect();
    let gaps = spoken.iter().zip(spoken.iter().skip(1));
    gaps.map(|(last, next)| last.saturating_add(1)..*next)
        .filter(|gap| gap.len() >= LONG_PAUSE)
        .collect()
}

/// Puts a pause, in milliseconds, between two words: at the nearer end of the word over which it lies.
fn keep_free(words: &mut [Word], from: u64, to: u64) {
    let Some(first) = words.iter().position(|w| w.end_ms > from) else {
        return;
    };
    let Some(word) = words.get(first) else { return };
    let mostly_before = from.saturating_sub(word.start_ms) >= word.end_ms.saturating_sub(to);
    let (before, after) = words.split_at_mut(first.saturating_add(usize::from(mostly_before)));
    // One word over all the sound, or the pause before the first: there is no place to move to.
    let (Some(last), Some(next)) = (before.last_mut(), after.first_mut()) else {
        return;
    };
    last.end_ms = from;
    next.start_ms = to;
    for word in before {
        word.start_ms = word.start_ms.min(from);
        word.end_ms = word.end_ms.min(from);
    }
    for word in after {
        word.start_ms = word.start_ms.max(to);
        word.end_ms = word.end_ms.max(to);
    }
}

/// Mean probability of the tokens that lie in bytes `from..to` of the canonical line. Its bytes are
/// scaled to the raw text's, which differs from it by little more than spaces at the ends.
fn confidence(raw: &Assembled, log_probs: &[f32], line: usize, from: usize, to: usize) -> f32 {
    let lead = raw.text.len() - raw.text.trim_start().len();
    let body = raw.text.trim().len();
    let scale = |at: usize| lead + at * body / line.max(1);
    let (from, to) = (scale(from), scale(to));
    let mut start = 0;
    let (mut sum, mut count) = (0.0, 0.0);
    for (&end, log_p) in raw.ends.iter().zip(log_probs) {
        // A token that only begins a character belongs to the word in which the character ends.
        let inside = if end == start {
            from <= end && end < to
        } else {
            start < to && end > from
        };
        if inside {
            sum += log_p.exp();
            count += 1.0;
        }
        start = end;
    }
    if count > 0.0 {
        (sum / count).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Turns a share of the spoken letters into a time.
struct Clock {
    /// Spoken weight up to the end of each frame.
    sums: Vec<f32>,
    span: Span,
}

impl Clock {
    fn new(voiced: &[bool], span: Span) -> Self {
        let mut sum = 0.0;
        let sums = voiced
            .iter()
            .map(|&v| {
                sum += if v { 1.0 } else { PAUSE_WEIGHT };
                sum
            })
            .collect();
        Self { sums, span }
    }

    /// Milliseconds from the start of the recording at which `share` (0 to 1) has been spoken.
    fn at(&self, share: f32) -> u64 {
        let wanted = share.clamp(0.0, 1.0) * self.sums.last().copied().unwrap_or(0.0);
        let frame = self.sums.partition_point(|&s| s < wanted);
        let before = frame
            .checked_sub(1)
            .and_then(|f| self.sums.get(f))
            .copied()
            .unwrap_or(0.0);
        let weight = self.sums.get(frame).map_or(1.0, |s| s - before);
        let part = ((wanted - before) / weight).clamp(0.0, 1.0);
        let samples = ((frame as f32 + part) * FRAME as f32) as u64;
        self.position(samples).as_ms()
    }

    /// Where a frame begins.
    fn frame(&self, frame: usize) -> SamplePos {
        self.position(frame.saturating_mul(FRAME) as u64)
    }

    fn position(&self, samples: u64) -> SamplePos {
        SamplePos(
            self.span
                .start
                .0
                .saturating_add(samples)
                .min(self.span.end.0),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::text_tokens::assemble;
    use super::*;

    fn span(start_ms: u64, end_ms: u64) -> Span {
        Span::new(SamplePos::from_ms(start_ms), SamplePos::from_ms(end_ms))
    }

    #[test]
    fn words_are_in_order_and_inside_the_speech() {
        let lines = [
            (Lang::Zh, "你叫什么名字"),
            (Lang::Vi, "Anh tên là gì"),
            (Lang::Th, "คุณชื่ออะไรครับ"),
            (Lang::My, "နာမည်ဘယ်လိုခေါ်ပါသလဲ"),
            (Lang::Lo, "ເຈົ້າຊື່ຫຍັງ"),
            (Lang::Km, "តើអ្នកឈ្មោះអ្វី"),
        ];
        // Half a second of silence, one of speech, half a second of silence.
        let voiced: Vec<bool> = (0..200).map(|f| (50..150).contains(&f)).collect();
        for (lang, line) in lines {
            let raw = assemble(line.as_bytes().chunks(2));
            let log_probs = vec![0.5_f32.ln(); raw.ends.len()];
            let words = place(line, lang, &raw, &log_probs, &voiced, span(10_000, 12_000));
            assert!(words.len() > 1, "{line}");
            assert!(words.windows(2).all(|w| w[0].end_ms <= w[1].start_ms));
            assert!(words.iter().all(|w| w.start_ms < w.end_ms));
            assert!(
                words.iter().all(|w| (w.confidence - 0.5).abs() < 1e-3),
                "{words:?}"
            );
            let middle = words[words.len() / 2].start_ms;
            assert!((10_450..11_550).contains(&middle), "{middle}");
        }
    }

    #[test]
    fn a_pause_stands_between_two_words() {
        let lines = [
            (Lang::Zh, "我不知道我没有看见"),
            (Lang::Vi, "Tôi không biết tôi không thấy"),
            (Lang::Th, "ผมไม่รู้ ผมไม่เห็น"),
            (Lang::My, "မသိဘူး မတွေ့ဘူး"),
            (Lang::Lo, "ຂ້ອຍບໍ່ຮູ້ ຂ້ອຍບໍ່ເຫັນ"),
            (Lang::Km, "ខ្ញុំមិនដឹង ខ្ញុំមិនឃើញ"),
        ];
        // A second of speech, 0.4 s of silence, a second of speech; 0.2 s are no pause.
        let (long, short) = (100..140, 40..60);
        let voiced: Vec<bool> = (0..240)
            .map(|f| !long.contains(&f) && !short.contains(&f))
            .collect();
        for (lang, line) in lines {
            let raw = assemble(line.as_bytes().chunks(2));
            let log_probs = vec![0.5_f32.ln(); raw.ends.len()];
            let words = place(line, lang, &raw, &log_probs, &voiced, span(10_000, 12_400));
            let gaps: Vec<(u64, u64)> = words
                .windows(2)
                .map(|w| (w[0].end_ms, w[1].start_ms))
                .filter(|(end, start)| end != start)
                .collect();
            assert_eq!(gaps, [(11_000, 11_400)], "{line}: {words:?}");
            assert!(words.iter().all(|w| w.start_ms < w.end_ms), "{words:?}");
        }
        // One word alone lies where it was said, over the pause.
        let raw = assemble([b"kh\xc3\xb4ng".as_slice()]);
        let words = place("không", Lang::Vi, &raw, &[-0.1], &voiced, span(0, 2_400));
        assert!(words[0].start_ms < 1_000 && words[0].end_ms > 1_400);
    }

    #[test]
    fn a_weak_token_weakens_its_own_word_only() {
        let raw = assemble([b" Xin".as_slice(), b" ch", "ào".as_bytes(), b" anh"]);
        let log_probs = [0.9_f32.ln(), 0.1_f32.ln(), 0.3_f32.ln(), 0.9_f32.ln()];
        let words = place(
            "Xin chào anh",
            Lang::Vi,
            &raw,
            &log_probs,
            &[true; 100],
            span(0, 1000),
        );
        let found: Vec<(String, u32)> = words
            .iter()
            .map(|w| (w.text.clone(), (w.confidence * 10.0).round() as u32))
            .collect();
        assert_eq!(
            found,
            [("Xin".into(), 9), ("chào".into(), 2), ("anh".into(), 9)]
        );
    }

    #[test]
    fn nothing_to_place_gives_nothing() {
        let raw = assemble([]);
        assert!(place("", Lang::Zh, &raw, &[], &[], span(0, 0)).is_empty());
        let words = place("好", Lang::Zh, &raw, &[], &[], span(5, 5));
        assert_eq!((words[0].start_ms, words[0].end_ms), (5, 5));
    }
}
