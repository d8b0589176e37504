//! Which of several tries stands, and what is doubted of it, with a model that follows written rules.

use std::f32::consts::TAU;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::*;
use crate::domain::Utterance;
use crate::speech::decode::Weights;
use crate::speech::ruled::{DENIALS, Hearing, Ruled, Rules};

/// So many seconds in which something is heard all the time.
fn utterance(seconds: usize) -> Utterance {
    let samples = seconds * SAMPLE_RATE as usize;
    let at = |i: usize| (i as f32 * 200.0 * TAU / SAMPLE_RATE as f32).sin() * 0.3;
    Utterance {
        channel: 0,
        span: Span::new(SamplePos(0), SamplePos(samples as u64)),
        pcm: (0..samples).map(at).collect(),
    }
}

/// A model that writes `text` with this probability and then ends.
fn writes(text: &str, probability: f32) -> Rules {
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    let rest = (1.0 - probability) / 2.0;
    let next = vec![(text, probability), ("…", rest), ("‥", rest)];
    let rules: Vec<(&str, &[(&str, f32)])> = vec![("", next.leak())];
    rules.leak()
}

/// What a model makes of some seconds of sound that hears so each time, and how often it heard it.
fn line(hearings: &[Hearing], seconds: usize, among: &[Lang]) -> (Hypothesis, usize) {
    let ruled = Ruled::hearing(hearings.to_vec());
    let weights: Arc<dyn Weights> = Arc::<Ruled>::clone(&ruled);
    let mut model = Model::new(Arc::clone(&weights), weights.network().unwrap());
    let job = Job::of(utterance(seconds), among);
    let line = recognise(&mut model, &job).unwrap();
    (line, ruled.heard.load(Ordering::Relaxed))
}

fn kinds(line: &Hypothesis) -> Vec<FlagKind> {
    line.flags.iter().map(|f| f.kind).collect()
}

fn is_held(line: &Hypothesis) -> bool {
    line.flags.iter().any(|f| f.kind.quarantines())
}

/// What was said, and one word of it.
const SAID: [(Lang, &str, &str); 6] = [
    (Lang::Zh, "你是什么时候到边境的", "你"),
    (Lang::Vi, "Anh đến biên giới khi nào", "A"),
    (Lang::Th, "คุณมาถึงชายแดนเมื่อไหร่", "มา"),
    (Lang::My, "နယ်စပ်ကို ဘယ်တုန်းက ရောက်သလဲ", "က"),
    (Lang::Lo, "ເຈົ້າມາຮອດຊາຍແດນເມື່ອໃດ", "ມາ"),
    (Lang::Km, "តើអ្នកមកដល់ព្រំដែននៅពេលណា", "តើ"),
];

#[test]
fn a_text_that_leaves_speech_out_gives_way_to_the_whole_and_else_is_told() {
    for (lang, whole, word) in SAID {
        let hears = |text: &str, probability: f32| Hearing {
            lang,
            ..Hearing::of(writes(text, probability))
        };
        let (short, less, long) = (hears(word, 0.95), hears(word, 0.9), hears(whole, 0.8));
        // In the full window, and with several texts side by side only.
        let (found, heard) = line(&[short, long], 3, &[lang]);
        assert_eq!((found.text.as_str(), heard), (whole, 2));
        assert!(!is_held(&found), "{:?}", found.flags);
        let (found, heard) = line(&[short, less, long], 3, &[lang]);
        assert_eq!((found.text.as_str(), heard), (whole, 3));
        assert_eq!(kinds(&found), [FlagKind::LowConfidence]);
        // Where nothing better is found.
        let (found, heard) = line(&[short, less], 3, &[lang]);
        assert_eq!((found.text.as_str(), heard), (word, 3));
        assert_eq!(kinds(&found), [FlagKind::Truncated]);
        assert!(found.flags[0].detail.ends_with(" for 3 s of voice"));
        // A yes that is drawn out does not become what the model itself hardly believes.
        let (found, _) = line(&[short, hears(whole, 0.3)], 3, &[lang]);
        assert_eq!(found.text, word);
        // One word of one second leaves nothing out.
        let (found, heard) = line(&[short, long], 1, &[lang]);
        assert_eq!((found.text.as_str(), heard), (word, 1));
        assert_eq!(kinds(&found), []);
    }
}

#[test]
fn a_denial_said_three_times_stands_and_a_loop_is_held_back() {
    for (lang, denial) in DENIALS {
        let hears = |text: &str, probability: f32| Hearing {
            lang,
            ..Hearing::of(writes(text, probability))
        };
        let three = denial.repeat(3);
        let (found, heard) = line(&[hears(&three, 0.9), hears(denial, 0.99)], 5, &[lang]);
        assert_eq!(found.text, text::normalise(&three, lang));
        assert_eq!(heard, 1, "no other text is looked for");
        assert_eq!(kinds(&found), [FlagKind::LowConfidence], "{three}");
        assert!(!is_held(&found));
        // Nobody says it four times in a second.
        let four = denial.repeat(4);
        let (found, _) = line(&[hears(&four, 0.95), hears(denial, 0.8)], 1, &[lang]);
        assert_eq!(found.text, text::normalise(denial, lang));
        let eight = denial.repeat(8);
        let (found, _) = line(&[hears(&eight, 0.95), hears(denial, 0.9)], 6, &[lang]);
        assert_eq!(
            found.text,
            text::normalise(denial, lang),
            "a loop gives way"
        );
        let (found, _) = line(&[hears(&eight, 0.95)], 6, &[lang]);
        assert!(is_held(&found), "{denial}: {:?}", found.flags);
    }
}

#[test]
fn the_token_of_silence_alone_holds_nothing_back_and_empties_no_line() {
    let silent = |rules: Rules| Hearing {
        no_speech: 0.9,
        ..Hearing::of(rules)
    };
    let (found, _) = line(&[silent(writes("我不知道", 0.95))], 2, &[Lang::Zh]);
    assert_eq!(found.text, "我不知道");
    assert_eq!(kinds(&found), [FlagKind::LowConfidence]);
    assert_eq!(found.flags[0].detail, "no speech 0.90");
    // The end is likelier than any word, but not than all of them.
    const NEARLY: Rules = &[("", &[("", 0.4), ("我不知道", 0.31), ("不", 0.29)])];
    let (found, _) = line(&[silent(NEARLY)], 2, &[Lang::Zh]);
    assert_eq!(found.text, "我不知道");
    assert!(kinds(&found).contains(&FlagKind::NoSpeech));
    const EMPTY: Rules = &[("", &[("", 0.6), ("我不知道", 0.4)])];
    let (found, _) = line(&[silent(EMPTY)], 2, &[Lang::Zh]);
    assert_eq!(
        (found.text.as_str(), kinds(&found)),
        ("", vec![FlagKind::NoText])
    );
}

#[test]
fn a_piece_made_of_noise_is_doubted_in_the_line_and_chooses_no_language() {
    let noise = Hearing {
        no_speech: 0.9,
        ..Hearing::of(writes("今天天气很好吗", 0.45))
    };
    let speech = Hearing {
        lang: Lang::Vi,
        ..Hearing::of(writes("Tôi không biết gì hết", 0.95))
    };
    let among = [Lang::Zh, Lang::Vi];
    let (found, heard) = line(&[noise, speech], 10, &among);
    assert_eq!(heard, 2);
    assert_eq!(found.lang, Lang::Vi);
    assert!(found.text.contains("今天天气很好吗") && found.text.contains("Tôi không"));
    assert!(!is_held(&found), "{:?}", found.flags);
    let doubt = found
        .flags
        .iter()
        .find(|f| f.kind == FlagKind::LowConfidence);
    assert!(doubt.unwrap().detail.contains("no speech in 1 of 2 parts"));
    // Where noise made all of it, all of it is held back.
    let (found, _) = line(&[noise], 10, &among);
    assert!(kinds(&found).contains(&FlagKind::NoSpeech));
    // The first that speaks fixes the language.
    let (found, _) = line(&[speech, noise], 10, &among);
    assert_eq!(found.lang, Lang::Vi);
}
