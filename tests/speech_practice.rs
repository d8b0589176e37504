//! The practice recogniser on the practice interviews: error rate, choice of language, and the
//! window sized to the utterance against the full one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;
#[path = "common/interviews.rs"]
mod practice;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use mekong_interview::domain::{Cancel, Hypothesis, Lang, Utterance};
use mekong_interview::speech::{Engine, Recognizer, Whisper, WhisperOptions};
use mekong_interview::text;
use practice::interviews;

/// Worst character error rate of one language over all interviews.
const WORST_CER: f64 = 0.2;
/// Share of utterances whose language must be found among the interview's two.
const LANGUAGE_SHARE: f64 = 0.97;
/// Share of utterances that the sized and the full window must write alike.
const WINDOW_SHARE: f64 = 0.8;
/// Share of lines that our engine and whisper.cpp must write alike: both round to 8 bits, not at the
/// same places, so a close race between two tokens may end otherwise.
const ALIKE_SHARE: f64 = 0.97;
/// Memory in which two decoders of the practice recogniser find room, and no third.
const ONE_A_CORE: u64 = 20 << 20;
/// Flags a line without an error may carry, on average.
const FALSE_ALARMS: f64 = 0.05;

fn model() -> PathBuf {
    common::root().join("models/practice/asr/model.bin")
}

fn engine(fit_window: bool, engine: Engine) -> Whisper {
    load(&model(), fit_window, engine)
}

fn load(model: &Path, fit_window: bool, engine: Engine) -> Whisper {
    Whisper::load(&WhisperOptions {
        model: model.to_owned(),
        name: "practice-asr".into(),
        engine,
        threads: 1,
        max_utterance_ms: Some(7_000),
        fit_window,
        align: true,
        beam: 1,
        names: Vec::new(),
        prompt: false,
    })
    .unwrap()
}

fn hear(engine: &mut Whisper, utterance: &Utterance, among: &[Lang]) -> Hypothesis {
    engine.recognize(utterance, among, &Cancel::new()).unwrap()
}

#[test]
fn the_practice_recogniser_knows_the_practice_interviews() {
    if !model().exists() {
        println!("skipped: no practice recogniser at {}", model().display());
        return;
    }
    let (mut sized, mut full) = (engine(true, Engine::Native), engine(false, Engine::Native));
    let mut errors: BTreeMap<Lang, (usize, usize)> = BTreeMap::new();
    // Flags on lines without an error, and lines half wrong without a flag.
    let mut alarms: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut perfect, mut slipped) = (0, 0);
    let (mut right, mut all, mut alike, mut compared) = (0, 0, 0, 0);
    let (mut sized_wrong, mut full_wrong) = (0, 0);
    for (script, utterances) in interviews() {
        for (index, (said, utterance)) in script.segments.iter().zip(&utterances).enumerate() {
            let chosen = hear(&mut sized, utterance, &script.languages);
            right += usize::from(chosen.lang == said.lang);
            all += 1;
            let fixed = if chosen.lang == said.lang {
                chosen
            } else {
                hear(&mut sized, utterance, &[said.lang])
            };
            let (wrong, length) = text::cer(&said.text, &fixed.text);
            let sum = errors.entry(said.lang).or_default();
            *sum = (sum.0 + wrong, sum.1 + length);
            perfect += usize::from(wrong == 0);
            for flag in fixed.flags.iter().filter(|_| wrong == 0) {
                *alarms.entry(flag.kind.as_str()).or_default() += 1;
            }
            slipped += usize::from(wrong * 2 > length && fixed.flags.is_empty());
            if index % 5 == 0 {
                let whole = hear(&mut full, utterance, &[said.lang]);
                alike += usize::from(whole.text == fixed.text);
                compared += 1;
                sized_wrong += wrong;
                full_wrong += text::cer(&said.text, &whole.text).0;
            }
        }
    }
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    println!("languages right: {right} of {all}; windows alike: {alike} of {compared}");
    println!("characters wrong in those: {sized_wrong} sized, {full_wrong} full");
    println!("lines without an error: {perfect}; their flags: {alarms:?}; slipped: {slipped}");
    for (lang, (wrong, length)) in &errors {
        println!(
            "{lang}: {wrong} of {length} characters wrong ({:.3})",
            share(*wrong, *length)
        );
    }
    for (lang, (wrong, length)) in errors {
        assert!(share(wrong, length) <= WORST_CER, "{lang}");
    }
    assert!(share(right, all) >= LANGUAGE_SHARE);
    let false_alarms: usize = alarms.values().sum();
    assert!(share(false_alarms, perfect.max(1)) <= FALSE_ALARMS);
    assert!(share(alike, compared) >= WINDOW_SHARE);
    // Where they differ, the sized window may not be the worse one.
    assert!(sized_wrong <= full_wrong + full_wrong / 5 + 5);
}

/// Names a line of which our engine and whisper.cpp write something else: how many letters lie between them,
/// and how many of each are wrong.
fn tell(interview: &[Lang], at: usize, said: &str, [ours, theirs]: [&str; 2]) {
    if ours == theirs {
        return;
    }
    let (between, _) = text::cer(theirs, ours);
    let [own, other] = [ours, theirs].map(|written| text::cer(said, written).0);
    let line = at + 1;
    println!(
        "{interview:?} line {line}: {between} letters differ; wrong in ours {own}, in whisper.cpp's {other}"
    );
}

/// The model with its 8-bit matrices in f16, where two engines calculate with the same numbers.
fn in_f16(model: &[u8]) -> Vec<u8> {
    let number = |at: usize| u32::from_le_bytes(model[at..at + 4].try_into().unwrap());
    let count = |at: usize| number(at) as usize;
    let mut out = model[..44].to_vec();
    out.extend(1u32.to_le_bytes());
    let words = 56 + 4 * count(48) * count(52);
    let mut at = words + 4;
    for _ in 0..number(words) {
        at += 4 + count(at);
    }
    out.extend(&model[48..at]);
    while at < model.len() {
        let (dimensions, name, storage) = (count(at), count(at + 4), number(at + 8));
        let data = at + 12 + 4 * dimensions + name;
        let numbers: usize = (0..dimensions).map(|d| count(at + 12 + 4 * d)).product();
        out.extend(&model[at..at + 8]);
        out.extend(if storage == 8 { 1 } else { storage }.to_le_bytes());
        out.extend(&model[at + 12..data]);
        let bytes = match storage {
            8 => numbers / 32 * 34,
            1 => numbers * 2,
            _ => numbers * 4,
        };
        at = data + bytes;
        if storage != 8 {
            out.extend(&model[data..at]);
            continue;
        }
        for block in model[data..at].as_chunks::<34>().0 {
            let step = half::f16::from_le_bytes([block[0], block[1]]).to_f32();
            let wide = |byte: &u8| half::f16::from_f32(f32::from(byte.cast_signed()) * step);
            out.extend(block[2..].iter().flat_map(|byte| wide(byte).to_le_bytes()));
        }
    }
    out
}

#[test]
fn the_same_numbers_give_the_text_of_whisper_cpp() {
    if !model().exists() {
        println!("skipped: no practice recogniser at {}", model().display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f16.bin");
    std::fs::write(&path, in_f16(&std::fs::read(model()).unwrap())).unwrap();
    let mut engines = [Engine::NativeExact, Engine::WhisperCpp].map(|kind| load(&path, true, kind));
    let (mut alike, mut all) = (0, 0);
    for (script, utterances) in interviews() {
        let lines = script.segments.iter().zip(&utterances).enumerate();
        for (at, (said, utterance)) in lines.step_by(3) {
            let [ours, theirs] =
                std::array::from_fn(|i| hear(&mut engines[i], utterance, &[said.lang]).text);
            all += 1;
            alike += usize::from(ours == theirs);
            tell(&script.languages, at, &said.text, [&ours, &theirs]);
        }
    }
    println!("with the same numbers in f16 {alike} of {all} lines are alike");
    // whisper.cpp rounds what it multiplies to f16 too: a close race between two tokens may end otherwise.
    assert!(alike * 100 >= all * 99);
}

#[test]
fn both_engines_write_the_same_of_the_practice_interviews() {
    if !model().exists() {
        println!("skipped: no practice recogniser at {}", model().display());
        return;
    }
    let mut engines = [Engine::Native, Engine::WhisperCpp].map(|kind| engine(true, kind));
    let (mut alike, mut all, mut wrong) = (0, 0, [0, 0]);
    for (script, utterances) in interviews() {
        for (at, (said, utterance)) in script.segments.iter().zip(&utterances).enumerate() {
            let [ours, theirs] =
                std::array::from_fn(|i| hear(&mut engines[i], utterance, &script.languages));
            all += 1;
            alike += usize::from((&ours.text, ours.lang) == (&theirs.text, theirs.lang));
            tell(
                &script.languages,
                at,
                &said.text,
                [&ours.text, &theirs.text],
            );
            for (wrong, found) in wrong.iter_mut().zip([&ours, &theirs]) {
                *wrong += text::cer(&said.text, &found.text).0;
            }
        }
    }
    println!("{alike} of {all} lines alike; wrong characters: ours and whisper.cpp's {wrong:?}");
    assert!(alike as f64 >= ALIKE_SHARE * all as f64);
    assert!(wrong[0] as f64 <= wrong[1] as f64 * 1.05);
}

#[test]
fn recognisers_that_share_cores_write_the_practice_interviews_as_one_alone() {
    if !model().exists() {
        println!("skipped: no practice recogniser at {}", model().display());
        return;
    }
    let lines: Vec<(Vec<Lang>, Utterance)> = interviews()
        .into_iter()
        .flat_map(|(script, utterances)| {
            let languages = script.languages;
            utterances.into_iter().map(move |u| (languages.clone(), u))
        })
        .collect();
    let mut first = engine(true, Engine::Native);
    let begun = Instant::now();
    let expected: Vec<Hypothesis> = lines
        .iter()
        .map(|(among, utterance)| hear(&mut first, utterance, among))
        .collect();
    println!("one alone: {:.1} s", begun.elapsed().as_secs_f64());
    // Room for one decoder a core, and for as many as there may be.
    for (memory, beside) in [(ONE_A_CORE, 1..=1), (u64::MAX, 2..=99)] {
        let mut recognisers = first.divide(2, memory);
        assert!(beside.contains(&recognisers.len()), "{}", recognisers.len());
        let next = AtomicUsize::new(0);
        let begun = Instant::now();
        std::thread::scope(|scope| {
            let others = recognisers.iter_mut().map(Box::as_mut);
            for one in others.chain(std::iter::once(&mut first as &mut dyn Recognizer)) {
                let (lines, expected, next) = (&lines, &expected, &next);
                scope.spawn(move || {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some((among, utterance)) = lines.get(at) else {
                            break;
                        };
                        let found = one.recognize(utterance, among, &Cancel::new());
                        assert_eq!(found.unwrap(), expected[at], "line {at}");
                    }
                });
            }
        });
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{} beside it on two cores: {seconds:.1} s",
            recognisers.len()
        );
    }
}
