//! A decode profile for each language: how dense its tokens are and how fast it can be spoken.
//!
//! whisper.cpp takes 32 tokens of entropy under 2.4 for a loop and stops at 220 tokens. Whisper
//! splits one Lao or Burmese character into about three tokens of a small set, so correct Lao and
//! Burmese always looked like a loop and was cut after some 76 characters. The limits here are in
//! what people can say, and loops are found as repeated sequences instead.

use crate::domain::Lang;

/// The longest utterance where no language is known, in milliseconds: up to here recognition is most
/// reliable.
const USUAL_LONGEST_MS: u64 = 15_000;

/// Limits of decoding in one language.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// Tokens a second that the fastest speech may need: three times what is usual.
    pub tokens_per_second: f32,
    /// The shortest tail of repeated tokens that is held for a loop.
    pub loop_tokens: usize,
    /// Letters (grapheme clusters without spaces and marks of punctuation) a second that nobody
    /// speaks.
    pub fastest: f32,
    /// Below this geometric mean token probability a line needs a look. Where a letter is two or three
    /// tokens, all but the first are nearly certain, and a doubtful line has a higher mean. Of 240
    /// utterances that the practice model does not know these limits flag 235, of 444 that it wrote
    /// rightly 2 (`models/practice/recipe/asr_doubt.py`).
    pub doubtful: f32,
    /// What stands between two pieces of one utterance.
    pub joiner: &'static str,
    /// The longest utterance for a model that does not say, in milliseconds. Burmese, Lao and Khmer
    /// take three times the tokens, and Whisper loses its way in long ones.
    pub longest_ms: u64,
}

impl Profile {
    /// The profile of `lang`.
    pub const fn of(lang: Lang) -> Profile {
        // Tokens a character, measured on the Universal Declaration of Human Rights: zh 1.16,
        // vi 0.38, th 0.88, km 2.11, my 2.78, lo 2.91.
        let (tokens_per_second, loop_tokens, fastest, doubtful, joiner, longest_ms) = match lang {
            Lang::Zh => (25.0, 24, 10.0, 0.75, "", 15_000),
            Lang::Vi => (25.0, 24, 25.0, 0.75, " ", 15_000),
            Lang::Th => (40.0, 24, 20.0, 0.75, " ", 15_000),
            Lang::My => (80.0, 48, 14.0, 0.85, " ", 6_000),
            Lang::Lo => (80.0, 48, 20.0, 0.85, " ", 6_000),
            Lang::Km => (70.0, 48, 16.0, 0.85, " ", 6_000),
            Lang::En => (25.0, 24, 28.0, 0.75, " ", 15_000),
        };
        Profile {
            tokens_per_second,
            loop_tokens,
            fastest,
            doubtful,
            joiner,
            longest_ms,
        }
    }

    /// The longest utterance that may be in any of these languages, for a model that does not say, in
    /// milliseconds.
    pub fn longest_ms(among: &[Lang]) -> u64 {
        let each = among.iter().map(|lang| Profile::of(*lang).longest_ms);
        each.min().unwrap_or(USUAL_LONGEST_MS)
    }

    /// The most tokens that `seconds` of speech may take.
    pub fn token_limit(&self, seconds: f32) -> usize {
        16 + (seconds.clamp(0.0, 60.0) * self.tokens_per_second).ceil() as usize
    }
}

/// Whether the tokens end in a loop: one sequence of at most 16 tokens, six times or more, at least
/// `loop_tokens` long in all. A person may say a word six times; then the flag is wrong and the
/// words still stand.
pub fn ends_in_loop(tokens: &[i32], loop_tokens: usize) -> bool {
    (1..=16_usize).any(|period| {
        let needed = loop_tokens.max(period * 6);
        let Some(tail) = tokens
            .len()
            .checked_sub(needed)
            .and_then(|at| tokens.get(at..))
        else {
            return false;
        };
        tail.iter()
            .zip(tail.iter().skip(period))
            .all(|(a, b)| a == b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_sequence_is_a_loop_and_a_varied_one_is_not() {
        let varied: Vec<i32> = (0..200).map(|i| i * i % 97).collect();
        assert!(!ends_in_loop(&varied, 24));
        for period in [1, 2, 3, 7, 16] {
            let mut tokens = varied.clone();
            tokens.extend((0..period * 6).cycle().take(96).map(|i| 1000 + i % period));
            assert!(ends_in_loop(&tokens, 48), "{period}");
        }
        assert!(!ends_in_loop(&[7; 23], 24));
        assert!(ends_in_loop(&[7; 24], 24));
        assert!(!ends_in_loop(&[], 24));
    }

    #[test]
    fn scripts_of_many_tokens_are_cut_sooner() {
        for lang in [Lang::My, Lang::Lo, Lang::Km] {
            assert_eq!(Profile::longest_ms(&[lang]), 6_000, "{lang}");
            assert_eq!(Profile::longest_ms(&[Lang::Zh, lang]), 6_000);
        }
        for lang in [Lang::Zh, Lang::Vi, Lang::Th] {
            assert_eq!(Profile::longest_ms(&[lang]), 15_000, "{lang}");
        }
        assert_eq!(Profile::longest_ms(&[]), 15_000);
    }

    #[test]
    fn lao_has_room_for_the_fastest_speech() {
        // 9 characters a second, 2.91 tokens a character, 8 seconds.
        assert!(Profile::of(Lang::Lo).token_limit(8.0) as f32 > 9.0 * 2.91 * 8.0);
        for lang in Lang::ALL {
            assert!(Profile::of(lang).token_limit(f32::INFINITY) < 10_000);
            assert_eq!(Profile::of(lang).token_limit(-1.0), 16);
        }
    }
}
