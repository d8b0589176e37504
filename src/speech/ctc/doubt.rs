//! How likely it is that nobody speaks where a CTC model wrote letters.
//!
//! Whisper has a token for that; a CTC model has none, but two signs of its own. Where somebody speaks,
//! letters come at the tempo of speech, with blank frames between them only, and most are sure. In noise,
//! music and hum nearly all frames are blank and a stray letter comes now and then, or letters flicker of
//! which the model believes none. So the fewer letters there are for the voice that was heard, the surer
//! each must be. What was said unclearly is not held back for that alone: it is only of low confidence.

use crate::domain::Lang;
use crate::speech::profile::Profile;
use crate::speech::suspicion::letters;

/// Letters may come so many times more slowly than in the fastest speech ([`Profile::fastest`]) before
/// they must be surer than usual. The fastest is about twice the usual, so this is a quarter of the usual
/// tempo: less than in an answer of one word with a long vowel, more than in noise. Reasoned, not measured:
/// no CTC model for the six languages was at hand.
const SLOWER: f32 = 8.0;

/// The probability that nobody speaks, 0.0 to 1.0: one less the mean probability of a letter, taken once
/// for each stretch of voice in which slow speech would have had one. At the tempo of speech it reaches
/// [`crate::speech::suspicion::NO_SPEECH`] where letters have 0.4 on (geometric) average, below which most of
/// them are wrong; at a quarter of that tempo already where they have 0.8.
///
/// `log_probs` are of the letters alone, without blanks and gaps; `line` is the text in canonical form.
pub(super) fn no_speech(log_probs: &[f32], line: &str, lang: Lang, voiced_seconds: f32) -> f32 {
    if log_probs.is_empty() {
        return 0.0;
    }
    let mean = log_probs.iter().sum::<f32>() / log_probs.len() as f32;
    let expected = voiced_seconds.max(0.0) * Profile::of(lang).fastest / SLOWER;
    let stretches = (expected / letters(line).max(1.0)).max(1.0);
    let speaks = (mean * stretches).exp();
    if speaks.is_finite() {
        1.0 - speaks.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Flag, FlagKind};
    use crate::speech::ctc::search::{Scores, greedy};
    use crate::speech::suspicion::{Evidence, flags};
    use crate::text;

    /// Lines of an interview, and how many letters a second (marks counted) slow and fast speakers write.
    const LINES: [(Lang, &str); 6] = [
        (Lang::Zh, "你是什么时候到边境的"),
        (Lang::Vi, "anh đến biên giới khi nào"),
        (Lang::Th, "คุณมาถึงชายแดนเมื่อไหร่"),
        (Lang::My, "နယ်စပ်ကို ဘယ်တုန်းက ရောက်သလဲ"),
        (Lang::Lo, "ເຈົ້າມາຮອດຊາຍແດນເມື່ອໃດ"),
        (Lang::Km, "តើអ្នកមកដល់ព្រំដែននៅពេលណា"),
    ];
    /// Answers of one word.
    const ANSWERS: [(Lang, &str); 6] = [
        (Lang::Zh, "是"),
        (Lang::Vi, "dạ"),
        (Lang::Th, "ใช่"),
        (Lang::My, "ဟုတ်"),
        (Lang::Lo, "ແມ່ນ"),
        (Lang::Km, "បាទ"),
    ];
    const FRAMES_A_SECOND: f32 = 50.0;

    /// The doubts about `line` as a model writes it that gives each letter `sure`, and the rest of that
    /// frame to blank, in `seconds` of voice: through scores of frames and the greedy search.
    fn doubts(line: &str, lang: Lang, sure: f32, seconds: f32) -> Vec<Flag> {
        let alphabet: Vec<char> = {
            let mut all: Vec<char> = line.chars().collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let tokens = alphabet.len() + 1;
        let frames = (seconds * FRAMES_A_SECOND) as usize;
        let said: Vec<char> = line.chars().collect();
        assert!(said.len() * 2 <= frames, "{line} is too long");
        let mut logits = Vec::new();
        for frame in 0..frames {
            let own = said
                .iter()
                .enumerate()
                .find(|(n, _)| n * frames / said.len() == frame);
            let token = own.map_or(0, |(_, c)| 1 + alphabet.binary_search(c).unwrap());
            let rest = |share: f32| (share / (tokens - 1) as f32).max(1e-6).ln();
            let mut row = vec![rest(1.0 - sure) - 5.0; tokens];
            match token {
                0 => row[0] = 0.99_f32.ln(),
                _ => (row[token], row[0]) = (sure.ln(), (1.0 - sure).ln()),
            }
            logits.extend(row);
        }
        let found = greedy(&Scores::new(logits, tokens).unwrap(), 0);
        // A letter that is less likely than blank is not written; noise is where it is a little likelier.
        assert_eq!(found.len(), said.len(), "{line}");
        let own: Vec<f32> = found
            .iter()
            .filter(|s| alphabet[s.token - 1] != ' ')
            .map(|s| s.log_prob)
            .collect();
        let line = text::normalise(line, lang);
        let mean = own.iter().sum::<f32>() / own.len() as f32;
        flags(&Evidence {
            line: &line,
            lang,
            confidence: mean.exp(),
            weakest_word: mean.exp(),
            no_speech: no_speech(&own, &line, lang, seconds),
            voiced_seconds: seconds,
            cut: false,
            lost_bytes: 0,
        })
    }

    fn is_held(flags: &[Flag]) -> bool {
        flags.iter().any(|f| f.kind.quarantines())
    }

    #[test]
    fn what_is_said_stays_at_any_tempo_and_however_unclear_it_is() {
        for (lang, line) in LINES {
            for seconds in [2.2, 3.0, 6.0] {
                assert_eq!(
                    doubts(line, lang, 0.95, seconds),
                    [],
                    "{line} in {seconds} s"
                );
                // By telephone and in noise: of low confidence, and still there.
                let unclear = doubts(line, lang, 0.6, seconds);
                assert!(!is_held(&unclear), "{line} in {seconds} s: {unclear:?}");
                assert!(unclear.iter().any(|f| f.kind == FlagKind::LowConfidence));
            }
        }
        for (lang, line) in ANSWERS {
            // Alone, and in noise that counts as voice around it.
            for (sure, seconds) in [(0.95, 0.4), (0.9, 0.8), (0.95, 2.5)] {
                let found = doubts(line, lang, sure, seconds);
                assert!(!is_held(&found), "{line} in {seconds} s: {found:?}");
            }
        }
    }

    #[test]
    fn stray_letters_in_noise_and_letters_that_nobody_believes_are_held_back() {
        for (lang, line) in ANSWERS {
            let stray = doubts(line, lang, 0.55, 5.0);
            assert!(
                stray.iter().any(|f| f.kind == FlagKind::NoSpeech),
                "{line}: {stray:?}"
            );
        }
        for (lang, line) in LINES {
            // As many as in speech, each hardly likelier than any other.
            let each = vec![0.3_f32.ln(); line.chars().count()];
            let found = no_speech(&each, line, lang, 2.0);
            assert!(
                found >= crate::speech::suspicion::NO_SPEECH,
                "{line}: {found}"
            );
            assert!(no_speech(&each, line, lang, 30.0) > found);
            assert!(is_held(&doubts(line, lang, 0.55, 30.0)), "{line}");
        }
    }

    #[test]
    fn a_word_for_a_long_speech_leaves_something_out() {
        for (lang, line) in ANSWERS {
            let found = doubts(line, lang, 0.98, 9.0);
            let told = |f: &Flag| f.kind == FlagKind::Truncated && f.detail.contains(" for 9 s");
            assert!(found.iter().any(told), "{line}: {found:?}");
            assert!(!is_held(&found), "{line}: {found:?}");
        }
    }

    #[test]
    fn numbers_that_are_none_and_no_letters_say_nothing() {
        for seconds in [f32::NAN, f32::INFINITY, -1.0, 0.0] {
            let found = no_speech(&[-0.1, -0.2], "ກຂ", Lang::Lo, seconds);
            assert!((0.0..=1.0).contains(&found), "{seconds}: {found}");
        }
        assert_eq!(no_speech(&[], "", Lang::Km, 3.0), 0.0);
        assert_eq!(no_speech(&[f32::NAN], "ក", Lang::Km, 3.0), 0.0);
        assert_eq!(no_speech(&[f32::NEG_INFINITY], "ក", Lang::Km, 3.0), 1.0);
    }
}
