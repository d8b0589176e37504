//! Doubts about what a recogniser wrote. Each is a flag for a person; none changes the text, since
//! a line that is held for an invention may be what was said.

use crate::domain::{Flag, FlagKind, Lang, count};
use crate::text;

use super::phantoms::phantom;
use super::profile::Profile;

/// A line with a single word below this mean probability needs a look, and so does one whose own mean
/// is below the language's limit ([`Profile::doubtful`]).
const WEAK_WORD: f32 = 0.5;
/// Below this mean the full window is worth its time.
const HARDLY_BELIEVED: f32 = 0.5;
/// From this probability on, Whisper holds that nobody speaks (OpenAI's own threshold).
pub const NO_SPEECH: f32 = 0.6;
/// A line must have this share of its letters in the language's script.
const OWN_SCRIPT: f32 = 0.5;
/// Fewer letters a second than this over more than [`SLOW_FROM`] seconds: something was left out.
const SLOWEST: f32 = 0.7;
const SLOW_FROM: f32 = 2.0;
/// Speech that is too faint to be found by level.
const FAINT_SECONDS: f32 = 0.3;

/// What is known about a recognised line.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The line in canonical form.
    pub line: &'a str,
    /// The language it was written in.
    pub lang: Lang,
    /// Geometric mean token probability.
    pub confidence: f32,
    /// The lowest mean token probability of a word.
    pub weakest_word: f32,
    /// Probability that nobody speaks, by Whisper's token for it or by how a CTC model wrote.
    pub no_speech: f32,
    /// Seconds in which somebody speaks.
    pub voiced_seconds: f32,
    /// Whether the engine stopped before it wrote its end token.
    pub cut: bool,
    /// Bytes that were no whole character.
    pub lost_bytes: usize,
}

/// All doubts about a line, in a fixed order.
pub fn flags(e: &Evidence<'_>) -> Vec<Flag> {
    if e.line.is_empty() {
        let mut flags = vec![Flag::new(FlagKind::NoText)];
        flags.extend(lost(e));
        return flags;
    }
    let mut flags = Vec::new();
    if e.confidence < Profile::of(e.lang).doubtful {
        let detail = format!("{:.2}", e.confidence);
        flags.push(Flag::with(FlagKind::LowConfidence, detail));
    } else if e.weakest_word < WEAK_WORD {
        let detail = format!("a word {:.2}", e.weakest_word);
        flags.push(Flag::with(FlagKind::LowConfidence, detail));
    }
    if e.no_speech >= NO_SPEECH {
        flags.push(Flag::with(
            FlagKind::NoSpeech,
            format!("{:.2}", e.no_speech),
        ));
    }
    if let Some(repeated) = text::repetition(e.line) {
        flags.push(Flag::with(FlagKind::Repetition, repeated));
    }
    if text::in_script(e.line, e.lang) < OWN_SCRIPT {
        flags.push(Flag::new(FlagKind::WrongScript));
    }
    // Level alone misses faint sounds at both ends.
    let rate = letters(e.line) / (e.voiced_seconds + FAINT_SECONDS);
    if rate > Profile::of(e.lang).fastest {
        flags.push(Flag::with(FlagKind::SpeechRate, format!("{rate:.0}")));
    }
    if let Some(phrase) = phantom(e.line, e.lang) {
        flags.push(Flag::with(FlagKind::PhantomPhrase, phrase));
    }
    flags.extend(lost(e));
    flags
}

/// Whether a decode with a short window should be tried again with the full one: looped, cut off,
/// empty, too short for the speech, or hardly believed by the model itself.
pub fn deserves_full_window(e: &Evidence<'_>) -> bool {
    let slow = e.voiced_seconds > SLOW_FROM
        && !e.line.is_empty()
        && letters(e.line) / e.voiced_seconds < SLOWEST;
    (e.line.is_empty() && e.no_speech < NO_SPEECH)
        || e.cut
        || e.lost_bytes > 0
        || slow
        || (e.confidence < HARDLY_BELIEVED && !e.line.is_empty())
        || text::repetition(e.line).is_some()
}

fn lost(e: &Evidence<'_>) -> Option<Flag> {
    if e.lost_bytes > 0 {
        let verb = if e.lost_bytes == 1 { "was" } else { "were" };
        let bytes = count(e.lost_bytes as u64, "byte");
        let detail = format!("{bytes} {verb} no character");
        return Some(Flag::with(FlagKind::Truncated, detail));
    }
    e.cut.then(|| Flag::new(FlagKind::Truncated))
}

/// Letters and digits as a reader counts them.
pub fn letters(line: &str) -> f32 {
    let is_letter = |g: &&str| g.chars().any(char::is_alphanumeric);
    text::graphemes(line)
        .iter()
        .filter(|g| is_letter(g))
        .count() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(line: &str, lang: Lang) -> Evidence<'_> {
        Evidence {
            line,
            lang,
            confidence: 0.9,
            weakest_word: 0.8,
            no_speech: 0.01,
            voiced_seconds: 3.0,
            cut: false,
            lost_bytes: 0,
        }
    }

    fn kinds(e: &Evidence<'_>) -> Vec<FlagKind> {
        flags(e).into_iter().map(|f| f.kind).collect()
    }

    const LINES: [(Lang, &str); 6] = [
        (Lang::Zh, "你是什么时候到边境的？"),
        (Lang::Vi, "Anh đến biên giới khi nào?"),
        (Lang::Th, "คุณมาถึงชายแดนเมื่อไหร่"),
        (Lang::My, "နယ်စပ်ကို ဘယ်တုန်းက ရောက်သလဲ။"),
        (Lang::Lo, "ເຈົ້າມາຮອດຊາຍແດນເມື່ອໃດ"),
        (Lang::Km, "តើអ្នកមកដល់ព្រំដែននៅពេលណា?"),
    ];

    #[test]
    fn an_ordinary_line_has_no_flag_in_any_script() {
        for (lang, line) in LINES {
            assert_eq!(kinds(&evidence(line, lang)), []);
            assert!(!deserves_full_window(&evidence(line, lang)));
        }
    }

    #[test]
    fn each_doubt_has_its_flag() {
        let (lang, line) = LINES[0];
        let base = evidence(line, lang);
        let weak = Evidence {
            weakest_word: 0.3,
            ..base
        };
        assert_eq!(kinds(&weak), [FlagKind::LowConfidence]);
        assert_eq!(flags(&weak)[0].detail, "a word 0.30");
        assert_eq!(
            kinds(&Evidence {
                confidence: 0.3,
                ..base
            }),
            [FlagKind::LowConfidence]
        );
        assert_eq!(
            kinds(&Evidence {
                no_speech: 0.8,
                ..base
            }),
            [FlagKind::NoSpeech]
        );
        assert_eq!(
            kinds(&Evidence {
                voiced_seconds: 0.5,
                ..base
            }),
            [FlagKind::SpeechRate]
        );
        assert_eq!(
            kinds(&Evidence {
                lang: Lang::My,
                ..base
            }),
            [FlagKind::WrongScript]
        );
        assert_eq!(
            kinds(&Evidence { cut: true, ..base }),
            [FlagKind::Truncated]
        );
        assert_eq!(kinds(&Evidence { line: "", ..base }), [FlagKind::NoText]);
        let lost = Evidence {
            line: "",
            lost_bytes: 2,
            ..base
        };
        assert_eq!(kinds(&lost), [FlagKind::NoText, FlagKind::Truncated]);
    }

    #[test]
    fn loops_are_found_in_every_script() {
        for (lang, line) in LINES {
            let word: String = line.chars().take(6).collect();
            let looped = word.repeat(12);
            let e = Evidence {
                voiced_seconds: 30.0,
                ..evidence(&looped, lang)
            };
            assert!(kinds(&e).contains(&FlagKind::Repetition), "{looped}");
            assert!(deserves_full_window(&e));
        }
    }

    #[test]
    fn a_known_invention_is_flagged_and_an_ordinary_thank_you_is_not() {
        let invented = evidence("ຂອບໃຈທີ່ຮັບຊົມ", Lang::Lo);
        assert_eq!(kinds(&invented), [FlagKind::PhantomPhrase]);
        assert_eq!(flags(&invented)[0].detail, "ຂອບໃຈທີ່ຮັບຊົມ");
        assert_eq!(kinds(&evidence("ຂອບໃຈເດີ້", Lang::Lo)), []);
    }

    #[test]
    fn too_little_text_for_the_speech_asks_for_the_full_window() {
        let e = Evidence {
            voiced_seconds: 9.0,
            ..evidence("好", Lang::Zh)
        };
        assert!(deserves_full_window(&e));
        assert!(!deserves_full_window(&Evidence {
            voiced_seconds: 1.0,
            ..e
        }));
    }
}
