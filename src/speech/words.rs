//! Where in the recording each word was said, and how likely its tokens were.
//!
//! Whisper is asked for no timestamps (they cost text). Where the engine tells when each token was said
//! (`align`), a word begins and ends with its tokens. Else, since whisper.cpp's alignment by attention
//! ends the program on a window shorter than 30 s, the letters of a line are spread evenly over
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
/// The same where the places of the tokens are known: 100 ms, more than the closed lips of a `p`.
const SHORT_PAUSE: usize = 10;
/// Frames of sound in a second.
const FRAMES_A_SECOND: f32 = 100.0;

/// The words of `line` (the canonical form of `raw.text`), in order, inside `span`.
///
/// `voiced` has one entry for each 10 ms of `span`; `log_probs` one for each token of `raw`, `times` one
/// more, in seconds from the start of `span`.
pub fn place(
    line: &str,
    lang: Lang,
    raw: &Assembled,
    log_probs: &[f32],
    times: Option<&[f32]>,
    voiced: &[bool],
    span: Span,
) -> Vec<Word> {
    let ranges = text::words(line, lang);
    let clock = Clock::new(voiced, span);
    let scale = Scale::new(raw, line);
    let places = match times {
        Some(times) => aligned(&ranges, &Knots::new(raw, times), &scale, voiced, &clock),
        None => spread(line, &ranges, voiced, &clock),
    };
    let each = ranges.into_iter().zip(places);
    each.map(|(range, place)| Word {
        text: line.get(range.clone()).unwrap_or_default().to_owned(),
        start_ms: place.start,
        end_ms: place.end,
        confidence: confidence(raw, log_probs, scale.range(&range)),
    })
    .collect()
}

/// A place for each word, in milliseconds from the start of the recording: its letters' share of the
/// speech.
fn spread(line: &str, ranges: &[Range<usize>], voiced: &[bool], clock: &Clock) -> Vec<Range<u64>> {
    let letters = |text: &str| text::graphemes(text).len() as f32;
    let weights: Vec<f32> = ranges
        .iter()
        .map(|r| line.get(r.clone()).map_or(0.0, letters).max(1.0))
        .collect();
    let total: f32 = weights.iter().sum();
    let mut before = 0.0;
    let mut places = Vec::with_capacity(ranges.len());
    for weight in weights {
        let (from, to) = (before / total, (before + weight) / total);
        before += weight;
        places.push(clock.at(from)..clock.at(to));
    }
    for pause in pauses(voiced, LONG_PAUSE) {
        let at = |frame: usize| clock.frame(frame).as_ms();
        keep_free(&mut places, at(pause.start), at(pause.end));
    }
    places
}

/// A place for each word: from its first token to what follows it, without the pause before and behind.
fn aligned(
    ranges: &[Range<usize>],
    knots: &Knots<'_>,
    scale: &Scale,
    voiced: &[bool],
    clock: &Clock,
) -> Vec<Range<u64>> {
    let frame = |seconds: f32| (seconds * FRAMES_A_SECOND).max(0.0);
    let first = voiced.iter().position(|v| *v).unwrap_or(0);
    let last = voiced.iter().rposition(|v| *v).unwrap_or(voiced.len());
    let mut silent = pauses(voiced, SHORT_PAUSE);
    silent.insert(0, 0..first);
    silent.push(last.saturating_add(1)..usize::MAX);
    let mut free = 0;
    let mut places = Vec::with_capacity(ranges.len());
    for range in ranges {
        let range = scale.range(range);
        let mut from = frame(knots.start(range.start));
        let mut to = frame(knots.end(range.end)).max(from);
        let holds =
            |pause: &&Range<usize>, at: f32| pause.start as f32 <= at && at <= pause.end as f32;
        let (before, behind) = (
            silent.iter().find(|p| holds(p, from)),
            silent.iter().find(|p| holds(p, to)),
        );
        // A word that lies in one pause wholly is faint, or misplaced: it stays where it was seen.
        if before != behind || before.is_none() {
            from = before.map_or(from, |pause| pause.end as f32);
            to = behind.map_or(to, |pause| pause.start as f32).max(from);
        }
        let start = clock.fraction(from).max(free);
        let end = clock.fraction(to).max(start);
        free = end;
        places.push(start..end);
    }
    places
}

/// The frames of each pause of `least` frames or more between two voiced ones.
fn pauses(voiced: &[bool], least: usize) -> Vec<Range<usize>> {
    let spoken: Vec<usize> = (0..)
        .zip(voiced)
        .filter(|(_, v)| **v)
        .map(|(f, _)| f)
        .collect();
    let gaps = spoken.iter().zip(spoken.iter().skip(1));
    gaps.map(|(last, next)| last.saturating_add(1)..*next)
        .filter(|gap| gap.len() >= least)
        .collect()
}

/// Puts a pause, in milliseconds, between two words: at the nearer end of the word over which it lies.
fn keep_free(words: &mut [Range<u64>], from: u64, to: u64) {
    let Some(first) = words.iter().position(|w| w.end > from) else {
        return;
    };
    let Some(word) = words.get(first) else { return };
    let mostly_before = from.saturating_sub(word.start) >= word.end.saturating_sub(to);
    let (before, after) = words.split_at_mut(first.saturating_add(usize::from(mostly_before)));
    // One word over all the sound, or the pause before the first: there is no place to move to.
    let (Some(last), Some(next)) = (before.last_mut(), after.first_mut()) else {
        return;
    };
    last.end = from;
    next.start = to;
    for word in before {
        word.start = word.start.min(from);
        word.end = word.end.min(from);
    }
    for word in after {
        word.start = word.start.max(to);
        word.end = word.end.max(to);
    }
}

/// Where bytes of the canonical line stand in the raw text, which differs from it by little more than
/// spaces at the ends.
struct Scale {
    lead: usize,
    body: usize,
    line: usize,
}

impl Scale {
    fn new(raw: &Assembled, line: &str) -> Self {
        Self {
            lead: raw.text.len() - raw.text.trim_start().len(),
            body: raw.text.trim().len(),
            line: line.len().max(1),
        }
    }

    fn range(&self, range: &Range<usize>) -> Range<usize> {
        let at = |at: usize| self.lead + at * self.body / self.line;
        at(range.start)..at(range.end)
    }
}

/// Mean probability of the tokens that lie in these bytes of the raw text.
fn confidence(raw: &Assembled, log_probs: &[f32], bytes: Range<usize>) -> f32 {
    let mut start = 0;
    let (mut sum, mut count) = (0.0, 0.0);
    for (&end, log_p) in raw.ends.iter().zip(log_probs) {
        // A token that only begins a character belongs to the word in which the character ends.
        let inside = if end == start {
            bytes.contains(&end)
        } else {
            start < bytes.end && end > bytes.start
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

/// When bytes of the raw text were said.
struct Knots<'a> {
    text: &'a str,
    /// The first letter of each token and when it begins; last the end of the text.
    known: Vec<(usize, f32)>,
}

impl<'a> Knots<'a> {
    fn new(raw: &'a Assembled, times: &[f32]) -> Self {
        let mut known = Vec::with_capacity(times.len());
        let mut start = 0;
        for (&end, &time) in raw.ends.iter().zip(times) {
            let piece = raw.text.get(start..end).unwrap_or_default();
            let letters = piece.trim_start();
            // A token of spaces alone says nothing; an empty one begins a character.
            if piece.is_empty() || !letters.is_empty() {
                known.push((end - letters.len(), time));
            }
            start = end;
        }
        known.push((raw.text.len(), times.last().copied().unwrap_or(0.0)));
        Self {
            text: &raw.text,
            known,
        }
    }

    /// When the letter at this byte begins, in seconds.
    fn start(&self, byte: usize) -> f32 {
        let after = self.known.partition_point(|k| k.0 < byte);
        let before = after.checked_sub(1).and_then(|at| self.known.get(at));
        match (before, self.known.get(after)) {
            (_, Some((at, time))) if *at == byte => *time,
            (Some((from, first)), Some((to, last))) => {
                let part = (byte - from) as f32 / (to - from).max(1) as f32;
                first + (last - first) * part
            }
            (Some((_, time)), None) | (None, Some((_, time))) => *time,
            (None, None) => 0.0,
        }
    }

    /// When what follows this byte begins, in seconds.
    fn end(&self, byte: usize) -> f32 {
        let rest = self.text.get(byte..).unwrap_or_default();
        self.start(byte + rest.len() - rest.trim_start().len())
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

    /// Milliseconds from the start of the recording to so many frames of the span.
    fn fraction(&self, frames: f32) -> u64 {
        self.position((frames * FRAME as f32) as u64).as_ms()
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
            let words = place(
                line,
                lang,
                &raw,
                &log_probs,
                None,
                &voiced,
                span(10_000, 12_000),
            );
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
            let words = place(
                line,
                lang,
                &raw,
                &log_probs,
                None,
                &voiced,
                span(10_000, 12_400),
            );
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
        let words = place(
            "không",
            Lang::Vi,
            &raw,
            &[-0.1],
            None,
            &voiced,
            span(0, 2_400),
        );
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
            None,
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
        assert!(place("", Lang::Zh, &raw, &[], None, &[], span(0, 0)).is_empty());
        let words = place("好", Lang::Zh, &raw, &[], None, &[], span(5, 5));
        assert_eq!((words[0].start_ms, words[0].end_ms), (5, 5));
    }

    /// The places of `line`'s words, whose tokens are these, where each begins at these seconds.
    fn placed(
        line: &str,
        lang: Lang,
        tokens: &[&[u8]],
        times: &[f32],
        voiced: &[bool],
    ) -> Vec<(u64, u64)> {
        let raw = assemble(tokens.iter().copied());
        let log_probs = vec![-0.1; tokens.len()];
        let end = voiced.len() as u64 * 10;
        let words = place(
            line,
            lang,
            &raw,
            &log_probs,
            Some(times),
            voiced,
            span(5_000, 5_000 + end),
        );
        words
            .iter()
            .map(|w| (w.start_ms - 5_000, w.end_ms - 5_000))
            .collect()
    }

    #[test]
    fn a_word_begins_and_ends_with_its_tokens() {
        let tokens = [b" Xin".as_slice(), b" ch", "ào".as_bytes(), b" anh", b"."];
        let times = [0.0, 0.3, 0.4, 0.72, 0.95, 1.0];
        let found = placed("Xin chào anh.", Lang::Vi, &tokens, &times, &[true; 100]);
        assert_eq!(found, [(0, 300), (300, 720), (720, 950)]);
        // Two tokens for each character, and a word in the middle of a token.
        let lao = "ຊື່".as_bytes();
        let tokens = [&lao[..4], &lao[4..]];
        let found = placed("ຊື່", Lang::Lo, &tokens, &[0.1, 0.2, 0.5], &[true; 100]);
        assert_eq!(found, [(100, 500)]);
        let found = placed(
            "ab cd",
            Lang::En,
            &[b" ab c", b"d"],
            &[0.0, 0.5, 0.8],
            &[true; 100],
        );
        assert_eq!(found[1].1, 800);
        assert!((200..500).contains(&found[1].0), "{found:?}");
    }

    #[test]
    fn no_word_lasts_over_the_pause_beside_it() {
        // 0.2 s of silence, speech to 0.6 s, 0.15 s of silence, speech to 1.4 s, silence.
        let voiced: Vec<bool> = (0..160)
            .map(|f| (20..60).contains(&f) || (75..140).contains(&f))
            .collect();
        let tokens = [
            b" t\xc3\xb4i".as_slice(),
            b" kh",
            "ông".as_bytes(),
            " biết".as_bytes(),
        ];
        for turn in [0.6, 0.65, 0.74] {
            let times = [0.0, turn, 0.9, 1.1, 1.58];
            let found = placed("tôi không biết", Lang::Vi, &tokens, &times, &voiced);
            assert_eq!(found, [(200, 600), (750, 1100), (1100, 1400)], "{turn}");
        }
        // A word over a pause keeps it, and so does one that was seen in silence alone.
        let found = placed(
            "tôi không biết",
            Lang::Vi,
            &tokens,
            &[0.3, 0.5, 0.9, 1.45, 1.5],
            &voiced,
        );
        assert_eq!(found, [(300, 500), (500, 1400), (1450, 1500)]);
    }
}
