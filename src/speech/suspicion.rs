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
    if is_low(e) {
        doubt(&mut flags, &format!("{:.2}", e.confidence));
    } else if e.weakest_word < WEAK_WORD {
        doubt(&mut flags, &format!("a word {:.2}", e.weakest_word));
    }
    let detail = format!("{:.2}", e.no_speech);
    if nobody_speaks(e) {
        flags.push(Flag::with(FlagKind::NoSpeech, detail));
    } else if e.no_speech >= NO_SPEECH {
        // Faint speech and speech in noise look like this too, and are written with certainty.
        doubt(&mut flags, &format!("no speech {detail}"));
    }
    if let Some(repeated) = text::repetition(e.line) {
        flags.push(Flag::with(FlagKind::Repetition, repeated));
    } else if let Some(again) = text::said_again(e.line) {
        doubt(&mut flags, &format!("again and again {again}"));
    }
    if text::in_script(e.line, e.lang) < OWN_SCRIPT {
        flags.push(Flag::new(FlagKind::WrongScript));
    }
    if is_too_fast(e) {
        let detail = format!("{:.0}", rate(e));
        flags.push(Flag::with(FlagKind::SpeechRate, detail));
    }
    if let Some(phrase) = phantom(e.line, e.lang) {
        flags.push(Flag::with(FlagKind::PhantomPhrase, phrase));
    }
    flags.extend(lost(e).or_else(|| left_out(e)));
    flags
}

/// Adds a reason to doubt the words that holds nothing back.
pub fn doubt(flags: &mut Vec<Flag>, why: &str) {
    let known = flags.iter_mut();
    let mut known = known.filter(|flag| flag.kind == FlagKind::LowConfidence);
    match known.next() {
        Some(flag) if flag.detail.is_empty() => why.clone_into(&mut flag.detail),
        Some(flag) => flag.detail = format!("{}; {why}", flag.detail),
        None => flags.push(Flag::with(FlagKind::LowConfidence, why)),
    }
}

/// Whether the words were most likely made of noise: the model holds that nobody speaks, and hardly
/// believes its own words. OpenAI's decoder asks for both too (its second limit is a mean of -1; where a
/// letter is three tokens that is never reached, so it is the language's own limit here).
pub fn nobody_speaks(e: &Evidence<'_>) -> bool {
    e.no_speech >= NO_SPEECH && (e.line.is_empty() || is_low(e))
}

/// Whether a decode with a short window should be tried again with the full one: looped, cut off,
/// empty, too short for the speech, or hardly believed by the model itself.
pub fn deserves_full_window(e: &Evidence<'_>) -> bool {
    (e.line.is_empty() && e.no_speech < NO_SPEECH)
        || e.cut
        || e.lost_bytes > 0
        || is_slow(e)
        || (e.confidence < HARDLY_BELIEVED && !e.line.is_empty())
        || text::repetition(e.line).is_some()
        || is_rushed_loop(e)
}

/// Whether a text may stand in the place of a shorter one that looks more certain.
pub fn is_believed(e: &Evidence<'_>) -> bool {
    e.confidence >= HARDLY_BELIEVED && phantom(e.line, e.lang).is_none()
}

/// Whether there are too few letters for the speech, so that some of it must have been left out.
pub fn is_slow(e: &Evidence<'_>) -> bool {
    e.voiced_seconds > SLOW_FROM
        && !e.line.is_empty()
        && letters(e.line) / e.voiced_seconds < SLOWEST
}

/// Whether the line says the same again and again, and faster than anybody could. What is said again at
/// the tempo of speech may have been said.
pub fn is_rushed_loop(e: &Evidence<'_>) -> bool {
    is_too_fast(e) && text::said_again(e.line).is_some()
}

fn is_low(e: &Evidence<'_>) -> bool {
    e.confidence < Profile::of(e.lang).doubtful
}

/// Letters a second.
fn rate(e: &Evidence<'_>) -> f32 {
    // Level alone misses faint sounds at both ends.
    letters(e.line) / (e.voiced_seconds + FAINT_SECONDS)
}

fn is_too_fast(e: &Evidence<'_>) -> bool {
    rate(e) > Profile::of(e.lang).fastest
}

/// A text that leaves speech out looks as certain as a whole one: only its length tells.
fn left_out(e: &Evidence<'_>) -> Option<Flag> {
    is_slow(e).then(|| {
        let letters = count(letters(e.line) as u64, "letter");
        let detail = format!("{letters} for {:.0} s of voice", e.voiced_seconds);
        Flag::with(FlagKind::Truncated, detail)
    })
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
    use crate::speech::ruled::DENIALS;

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
                confidence: 0.3,
                ..base
            }),
            [FlagKind::LowConfidence, FlagKind::NoSpeech]
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
    fn a_certain_line_is_not_held_back_for_the_token_of_silence_alone() {
        for (lang, line) in LINES {
            let e = Evidence {
                no_speech: 0.95,
                weakest_word: 0.3,
                ..evidence(line, lang)
            };
            let found = flags(&e);
            assert_eq!(kinds(&e), [FlagKind::LowConfidence], "{line}");
            assert_eq!(found[0].detail, "a word 0.30; no speech 0.95");
            assert!(!nobody_speaks(&e));
        }
    }

    #[test]
    fn a_denial_said_three_times_is_looked_at_and_not_held_back_and_a_loop_is() {
        for (lang, denial) in DENIALS {
            let three = text::normalise(&denial.repeat(3), lang);
            let said = Evidence {
                voiced_seconds: 6.0,
                ..evidence(&three, lang)
            };
            let found = flags(&said);
            assert_eq!(kinds(&said), [FlagKind::LowConfidence], "{three}");
            assert!(found[0].detail.starts_with("again and again "));
            assert!(!found.iter().any(|f| f.kind.quarantines()));
            // No other text is looked for.
            assert!(!deserves_full_window(&said), "{three}");
            let rushed = Evidence {
                voiced_seconds: 0.5,
                ..said
            };
            assert!(deserves_full_window(&rushed) && is_rushed_loop(&rushed));
            let looped = text::normalise(&denial.repeat(8), lang);
            let looped = Evidence {
                voiced_seconds: 16.0,
                ..evidence(&looped, lang)
            };
            assert!(kinds(&looped).contains(&FlagKind::Repetition));
            assert!(flags(&looped).iter().any(|f| f.kind.quarantines()));
        }
    }

    #[test]
    fn too_little_text_for_the_speech_is_told() {
        for (lang, line) in LINES {
            let word: String = text::graphemes(line)[..2].concat();
            let e = Evidence {
                voiced_seconds: 9.0,
                ..evidence(&word, lang)
            };
            assert_eq!(kinds(&e), [FlagKind::Truncated], "{word}");
            assert_eq!(flags(&e)[0].detail, "2 letters for 9 s of voice");
            let cut = Evidence { cut: true, ..e };
            assert_eq!(flags(&cut).len(), 1);
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
