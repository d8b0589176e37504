//! Calibrations of words whose truth is known.

use super::*;

/// Words of which the share `right(confidence)` is right, spread evenly over the scale.
fn measured(count: usize, right: impl Fn(f32) -> f32) -> Vec<JudgedWord> {
    let mut owed = 0.0;
    (0..count)
        .map(|n| {
            let confidence = (n * 7919 % count) as f32 / count as f32;
            owed += right(confidence);
            let is_right = owed >= 1.0;
            owed -= f32::from(u8::from(is_right));
            JudgedWord {
                confidence,
                right: is_right,
            }
        })
        .collect()
}

/// The words as those of recordings of ten words each.
fn recordings(words: &[JudgedWord]) -> Vec<Vec<JudgedWord>> {
    words.chunks(10).map(<[JudgedWord]>::to_vec).collect()
}

#[test]
fn a_recording_teaches_nothing_about_its_own_words() {
    let alike = |confidence, right| vec![JudgedWord { confidence, right }; 2 * FEWEST_WORDS];
    // The middle of all words lies inside of the second recording.
    let all = [alike(0.5, true), alike(0.5, false), alike(0.5, false)];
    let told = crossed(&all).unwrap();
    assert_eq!(told.len(), 6 * FEWEST_WORDS);
    for own in told.chunks(2 * FEWEST_WORDS) {
        assert!(own.iter().all(|word| word.confidence == own[0].confidence));
    }
    // One recording cannot teach about another that is not there.
    assert_eq!(crossed(&all[..1]), None);
    assert_eq!(crossed(&[]), None);
    assert_eq!(crossed(&[Vec::new(), alike(0.5, true)]), None);
}

#[test]
fn a_boastful_model_is_read_as_what_it_is() {
    let words = measured(4000, |c| c * c);
    let found = Calibration::fit(&words).unwrap();
    assert!(found.is_sound(), "{found:?}");
    for c in [0.2, 0.5, 0.8, 0.95] {
        assert!((found.apply(c) - c * c).abs() < 0.06, "{c}: {found:?}");
    }
    let before = reliability(&words).unwrap();
    let after = reliability(&crossed(&recordings(&words)).unwrap()).unwrap();
    assert!(before.error > 0.12, "{}", before.error);
    assert!(after.error < before.error / 3.0, "{}", after.error);
    assert_eq!(before.rows.iter().map(|r| r.words).sum::<usize>(), 4000);
}

#[test]
fn an_honest_model_stays_as_it_is_and_a_few_words_prove_nothing() {
    let honest = measured(4000, |c| c);
    let found = Calibration::fit(&honest).unwrap();
    assert!((found.apply(0.7) - 0.7).abs() < 0.05, "{found:?}");
    assert_eq!(Calibration::fit(&honest[..FEWEST_WORDS - 1]), None);
    assert_eq!(crossed(&recordings(&honest[..2 * FEWEST_WORDS - 2])), None);
    assert_eq!(reliability(&[]), None);
    // All right and all sure: still not quite certain, and one step.
    let sure = [JudgedWord {
        confidence: 1.0,
        right: true,
    }; 200];
    let found = Calibration::fit(&sure).unwrap();
    assert_eq!(found.steps.len(), 1, "{found:?}");
    assert!((0.98..1.0).contains(&found.apply(1.0)));
    assert_eq!(found.apply(0.3), found.apply(1.0));
    // Confidences that differ less than can be kept are one step too.
    let nearly = [1.0, 0.999_999_94].map(|confidence| JudgedWord {
        confidence,
        right: true,
    });
    let nearly: Vec<JudgedWord> = nearly.iter().cycle().take(210).copied().collect();
    assert!(Calibration::fit(&nearly).unwrap().is_sound());
}

#[test]
fn more_confidence_never_means_less() {
    // The middle third is the worst.
    let words = measured(900, |c| if (0.3..0.6).contains(&c) { 0.1 } else { 0.8 });
    let found = Calibration::fit(&words).unwrap();
    assert!(found.is_sound(), "{found:?}");
    let read: Vec<f32> = (0..=100).map(|c| found.apply(c as f32 / 100.0)).collect();
    assert!(read.is_sorted(), "{read:?}");
}

#[test]
fn what_a_file_may_hold_is_looked_at() {
    let step = |given, right| Step { given, right };
    let of = |steps: &[Step]| Calibration {
        words: 500,
        steps: steps.to_vec(),
    };
    assert!(of(&[step(0.2, 0.1), step(0.9, 0.8)]).is_sound());
    for bad in [
        &[][..],
        &[step(0.2, 1.1)],
        &[step(f32::NAN, 0.5)],
        &[step(0.9, 0.1), step(0.2, 0.8)],
        &[step(0.2, 0.8), step(0.9, 0.1)],
        &[step(0.2, 0.5); 2],
        &[step(0.2, 0.5); 11],
    ] {
        assert!(!of(bad).is_sound(), "{bad:?}");
    }
}

#[test]
fn a_word_is_right_where_all_its_letters_were_said() {
    let judge = |said, lang, heard: &[&str]| -> Vec<bool> {
        let heard: Vec<(&str, f32)> = heard.iter().map(|w| (*w, 0.5)).collect();
        let judged = judge_words(said, lang, &heard);
        judged.iter().map(|w| w.right).collect()
    };
    let vi = "Tôi không biết, thưa ông.";
    assert_eq!(
        judge(vi, Lang::Vi, &["tôi", "không", "biết", "thưa", "ông"]),
        [true; 5]
    );
    assert_eq!(
        judge(vi, Lang::Vi, &["Tôi", "không", "biệt", "ông"]),
        [true, true, false, true]
    );
    // A part of a word is not that word, at its beginning or its end.
    assert_eq!(
        judge(vi, Lang::Vi, &["Tô", "ông", "biết", "thưa", "ông"]),
        [false, false, true, true, true]
    );
    // One letter that was said is missing in the middle; a word that nobody said.
    assert_eq!(
        judge(vi, Lang::Vi, &["Tôi", "khôg", "biết", "rồi"]),
        [true, false, true, false]
    );
    assert_eq!(
        judge("我叫张伟。", Lang::Zh, &["我", "叫", "章", "伟"]),
        [true, true, false, true]
    );
    assert_eq!(judge("ຂ້ອຍບໍ່ຮູ້", Lang::Lo, &["ຂ້ອຍ", "ບໍ່", "ຮູ້"]), [true; 3]);
    assert!(judge("我", Lang::Zh, &[]).is_empty());
    assert_eq!(judge("", Lang::Zh, &["我"]), [false]);
    assert!(judge("我", Lang::Zh, &["。"]).is_empty());
    let long = "x".repeat(5000);
    assert!(judge(&long, Lang::Vi, &[&long]).is_empty());
}

/// Writes nothing, and detects Khmer.
struct Ear;

impl Recognizer for Ear {
    fn engine(&self) -> &str {
        "ear"
    }

    fn max_utterance_ms(&self) -> u64 {
        1_000
    }

    fn recognize(&mut self, _: &Utterance, _: &[Lang], _: &Cancel) -> Result<Hypothesis, Error> {
        Err(Error::NoLanguage)
    }

    fn languages(
        &mut self,
        _: &Utterance,
        _: &[Lang],
        _: &Cancel,
    ) -> Result<Vec<(Lang, f32)>, Error> {
        Ok(vec![(Lang::Km, 0.8)])
    }
}

#[test]
fn a_calibrated_engine_says_so_and_detects_as_before() {
    let by = Calibration::fit(&measured(400, |c| c)).unwrap();
    let mut ear = Calibrated::new(Box::new(Ear), vec![(Lang::Lo, by)], "id");
    assert!(ear.is_calibrated(Lang::Lo) && !ear.is_calibrated(Lang::Km));
    assert!(!Ear.is_calibrated(Lang::Lo));
    let nothing = Utterance {
        channel: 0,
        span: crate::domain::Span::new(crate::domain::SamplePos(0), crate::domain::SamplePos(0)),
        pcm: Vec::new(),
    };
    let found = ear.languages(&nothing, &[Lang::Km], &Cancel::new());
    assert_eq!(found.unwrap(), [(Lang::Km, 0.8)]);
}
