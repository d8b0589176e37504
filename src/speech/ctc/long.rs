//! An utterance of many minutes: written part by part, so that neither the search nor its memory grows
//! with the whole of it.

use crate::domain::{Flag, FlagKind, Hypothesis, SamplePos, Span, Utterance};
use crate::speech::profile::Profile;
use crate::speech::{sound, suspicion};

/// The longest part that is searched as a whole, in milliseconds.
const WHOLE_MS: u64 = 60_000;

/// The parts of an utterance, cut where it is quiet; one where it is short.
pub(super) fn parts(utterance: &Utterance) -> Vec<Utterance> {
    let most = usize::try_from(SamplePos::from_ms(WHOLE_MS).0).unwrap_or(usize::MAX);
    let at = |sample: usize| {
        let position = utterance.span.start.0.saturating_add(sample as u64);
        SamplePos(position.min(utterance.span.end.0))
    };
    let part = |range: std::ops::Range<usize>| Utterance {
        channel: utterance.channel,
        span: Span::new(at(range.start), at(range.end)),
        pcm: utterance.pcm.get(range).unwrap_or_default().to_vec(),
    };
    let pieces = sound::pieces(&utterance.pcm, most);
    pieces.into_iter().map(part).collect()
}

/// One line of the parts' lines, in their order; `None` where there are none.
pub(super) fn join(parts: Vec<Hypothesis>) -> Option<Hypothesis> {
    let mut parts = parts.into_iter();
    let mut line = parts.next()?;
    let letters = |text: &str| text.chars().count() as f64;
    let weigh = |part: &Hypothesis| {
        let count = letters(&part.text);
        (
            count,
            count * f64::from(part.confidence.max(f32::MIN_POSITIVE)).ln(),
        )
    };
    let (mut count, mut sum) = weigh(&line);
    let mut spoken = speaks(&line);
    for part in parts {
        if speaks(&part) && !spoken {
            // The first words that were said tell the language.
            line.lang = part.lang;
            spoken = true;
        }
        let (more, weight) = weigh(&part);
        count += more;
        sum += weight;
        if line.text.is_empty() && !spoken {
            line.lang = part.lang;
        } else if !line.text.is_empty() && !part.text.is_empty() {
            line.text.push_str(Profile::of(line.lang).joiner);
        }
        line.text.push_str(&part.text);
        line.words.extend(part.words);
        for flag in part.flags {
            if !line.flags.contains(&flag) {
                line.flags.push(flag);
            }
        }
    }
    if !line.text.is_empty() {
        // Silence in one part is none of the line.
        line.flags
            .retain(|flag: &Flag| flag.kind != FlagKind::NoText);
        if spoken {
            // Somebody speaks in the line where somebody speaks in one of its parts; the words of the others
            // are doubted.
            let before = line.flags.len();
            line.flags
                .retain(|flag: &Flag| flag.kind != FlagKind::NoSpeech);
            if line.flags.len() < before {
                suspicion::doubt(&mut line.flags, "no speech in a part");
            }
        }
        line.confidence = (sum / count.max(1.0)).exp().clamp(0.0, 1.0) as f32;
    }
    Some(line)
}

/// Whether somebody said the words of a part.
pub(super) fn speaks(part: &Hypothesis) -> bool {
    let doubted = part.flags.iter().any(|f| f.kind == FlagKind::NoSpeech);
    !part.text.is_empty() && !doubted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Lang, Word};

    fn line(lang: Lang, text: &str, at: u64, confidence: f32, flags: &[FlagKind]) -> Hypothesis {
        let word = Word {
            text: text.to_owned(),
            start_ms: at,
            end_ms: at + 10,
            confidence,
        };
        Hypothesis {
            lang,
            text: text.to_owned(),
            confidence,
            words: if text.is_empty() {
                Vec::new()
            } else {
                vec![word]
            },
            flags: flags.iter().map(|kind| Flag::new(*kind)).collect(),
            engine: "ctc x".to_owned(),
        }
    }

    #[test]
    fn the_parts_follow_one_another_and_lose_nothing() {
        let samples = 10 * 60 * 16_000 + 777;
        let pcm: Vec<f32> = (0..samples).map(|i| (i as f32 * 0.1).sin() * 0.2).collect();
        let span = Span::new(SamplePos(1_000), SamplePos(1_000 + samples as u64));
        let whole = Utterance {
            channel: 2,
            span,
            pcm,
        };
        let parts = parts(&whole);
        assert!(parts.len() >= 10);
        let mut next = span.start;
        for part in &parts {
            assert_eq!((part.channel, part.span.start), (2, next));
            assert_eq!(part.span.end.0 - part.span.start.0, part.pcm.len() as u64);
            assert!(part.pcm.len() as u64 <= SamplePos::from_ms(WHOLE_MS).0);
            next = part.span.end;
        }
        assert_eq!(next, span.end);
        let joined: Vec<f32> = parts.into_iter().flat_map(|part| part.pcm).collect();
        assert_eq!(joined, whole.pcm);
    }

    #[test]
    fn lines_of_the_six_languages_are_joined_as_each_writes() {
        for (lang, a, b, whole) in [
            (Lang::Zh, "我叫", "张伟", "我叫张伟"),
            (Lang::Vi, "tôi", "đi", "tôi đi"),
            (Lang::Th, "ฉัน", "ไป", "ฉัน ไป"),
            (Lang::My, "ကို", "အောင်", "ကို အောင်"),
            (Lang::Lo, "ຂ້ອຍ", "ໄປ", "ຂ້ອຍ ໄປ"),
            (Lang::Km, "ខ្ញុំ", "ទៅ", "ខ្ញុំ ទៅ"),
        ] {
            let joined = join(vec![
                line(lang, "", 0, 0.0, &[FlagKind::NoText]),
                line(lang, a, 100, 0.9, &[FlagKind::LowConfidence]),
                line(lang, "", 200, 0.0, &[FlagKind::NoText]),
                line(lang, b, 300, 0.9, &[FlagKind::LowConfidence]),
            ])
            .unwrap();
            assert_eq!(joined.text, whole);
            assert_eq!(joined.words.len(), 2);
            assert_eq!(joined.flags, [Flag::new(FlagKind::LowConfidence)]);
            assert!((joined.confidence - 0.9).abs() < 1e-3);
            let noise = line(lang, a, 0, 0.3, &[FlagKind::NoSpeech]);
            let half = join(vec![noise.clone(), line(lang, b, 100, 0.9, &[])]).unwrap();
            assert_eq!(half.text.as_str(), whole);
            // What noise made in one part stays doubted in the whole.
            let doubt = Flag::with(FlagKind::LowConfidence, "no speech in a part");
            assert_eq!(half.flags, [doubt]);
            let only = join(vec![noise, line(lang, "", 100, 0.0, &[FlagKind::NoText])]).unwrap();
            assert_eq!(only.flags, [Flag::new(FlagKind::NoSpeech)]);
            let silent = join(vec![line(lang, "", 0, 0.0, &[FlagKind::NoText]); 2]).unwrap();
            assert_eq!(silent.flags, [Flag::new(FlagKind::NoText)]);
        }
        assert_eq!(join(Vec::new()), None);
    }

    #[test]
    fn the_first_words_that_were_said_tell_the_language() {
        let noise = line(Lang::Zh, "我", 0, 0.3, &[FlagKind::NoSpeech]);
        let said = line(Lang::Lo, "ຂ້ອຍໄປ", 100, 0.9, &[]);
        let later = line(Lang::Vi, "đi", 200, 0.9, &[]);
        let joined = join(vec![noise.clone(), said, later]).unwrap();
        assert_eq!(joined.lang, Lang::Lo);
        let silent = line(Lang::Vi, "", 0, 0.0, &[FlagKind::NoText]);
        assert_eq!(join(vec![silent, noise]).unwrap().lang, Lang::Zh);
    }
}
