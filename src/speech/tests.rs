//! The whole engine on random weights: what must hold whatever a model writes.

use std::path::{Path, PathBuf};

use super::fixture::{self, FILTERS_AT, TINY, VOCABULARY_AT};
use super::{Engine, Error, Recognizer, Whisper, WhisperOptions, check_model};
use crate::domain::{Cancel, FlagKind, Hypothesis, Lang, SamplePos, Span, Utterance};

const ENGINES: [Engine; 3] = [Engine::WhisperCpp, Engine::Native, Engine::NativeExact];

fn options(model: &Path, fit_window: bool, engine: Engine) -> WhisperOptions {
    WhisperOptions {
        model: model.to_owned(),
        name: "tiny".into(),
        engine,
        threads: 1,
        max_utterance_ms: Some(15_000),
        fit_window,
        align: true,
        beam: 1,
        names: Vec::new(),
        prompt: false,
    }
}

fn engine(fit_window: bool, engine: Engine) -> Whisper {
    Whisper::load(&options(fixture::tiny(), fit_window, engine)).unwrap()
}

/// Syllable-like bursts of a tone, at a place in the recording.
fn utterance(start_ms: u64, ms: u64, pitch: f32) -> Utterance {
    let samples = ms * 16;
    let pcm = (0..samples)
        .map(|i| {
            let t = i as f32 / 16_000.0;
            let burst = if (t * 4.0).fract() < 0.7 { 0.3 } else { 0.001 };
            (t * pitch * std::f32::consts::TAU).sin() * burst
        })
        .collect();
    let start = SamplePos::from_ms(start_ms);
    Utterance {
        channel: 0,
        span: Span::new(start, SamplePos(start.0 + samples)),
        pcm,
    }
}

fn hear(engine: &mut Whisper, utterance: &Utterance, among: &[Lang]) -> Hypothesis {
    engine.recognize(utterance, among, &Cancel::new()).unwrap()
}

fn assert_sound(hypothesis: &Hypothesis, span: Span) {
    assert!((0.0..=1.0).contains(&hypothesis.confidence));
    assert!(hypothesis.text.chars().all(|c| !c.is_control()));
    let (start, end) = (span.start.as_ms(), span.end.as_ms());
    for word in &hypothesis.words {
        assert!(start <= word.start_ms && word.start_ms <= word.end_ms && word.end_ms <= end);
        assert!((0.0..=1.0).contains(&word.confidence));
    }
    assert!(
        hypothesis
            .words
            .windows(2)
            .all(|w| w[0].end_ms <= w[1].start_ms)
    );
}

#[test]
fn the_same_sound_gives_the_same_text_whatever_came_before() {
    for (fit, kind) in [true, false]
        .into_iter()
        .flat_map(|f| ENGINES.map(|e| (f, e)))
    {
        let mut engine = engine(fit, kind);
        let short = utterance(5_000, 900, 220.0);
        let first = hear(&mut engine, &short, &[Lang::Lo, Lang::Zh]);
        let _ = hear(&mut engine, &utterance(0, 3_900, 700.0), &[Lang::Zh]);
        let again = hear(&mut engine, &short, &[Lang::Lo, Lang::Zh]);
        assert_eq!(first, again);
        assert!(!first.text.is_empty());
        assert_sound(&first, short.span);
        let mut fresh = self::engine(fit, kind);
        assert_eq!(hear(&mut fresh, &short, &[Lang::Lo, Lang::Zh]), first);
    }
}

#[test]
fn decoders_side_by_side_write_what_one_writes_alone() {
    for kind in ENGINES {
        let mut alone = engine(true, kind);
        let sounds: Vec<Utterance> = (1..7)
            .map(|n| utterance(n * 1000, 500 + n * 400, 150.0 + n as f32 * 40.0))
            .collect();
        let expected: Vec<Hypothesis> = sounds
            .iter()
            .map(|u| hear(&mut alone, u, &[Lang::Lo, Lang::Zh]))
            .collect();
        let one = alone.decoder_bytes();
        // Where only one has room beside the weights, it stays alone and takes the cores itself.
        assert!(alone.divide(4, one).is_empty());
        let others = alone.divide(4, one * 3);
        assert_eq!(others.len(), 2);
        std::thread::scope(|scope| {
            for mut other in others {
                let (sounds, expected) = (&sounds, &expected);
                scope.spawn(move || {
                    for (sound, expected) in sounds.iter().zip(expected) {
                        let found = other.recognize(sound, &[Lang::Lo, Lang::Zh], &Cancel::new());
                        assert_eq!(&found.unwrap(), expected);
                    }
                });
            }
        });
    }
}

#[test]
fn more_decoders_than_cores_write_what_one_writes_alone() {
    for (beam, names) in [(1, &[][..]), (1, &["ກກຂກ", "កខគឃង"]), (3, &["ກກຂກ"])]
    {
        let mut alone = Whisper::load(&WhisperOptions {
            beam,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            prompt: false,
            ..options(fixture::tiny(), true, Engine::Native)
        })
        .unwrap();
        let sounds: Vec<Utterance> = (1..10)
            .map(|n| utterance(n * 1000, 300 + n * 397, 150.0 + n as f32 * 40.0))
            .collect();
        let expected: Vec<Hypothesis> = sounds
            .iter()
            .map(|u| hear(&mut alone, u, &[Lang::Lo, Lang::Zh]))
            .collect();
        let mut all = alone.divide(2, u64::MAX);
        assert!(all.len() > 2, "{}", all.len());
        all.push(Box::new(alone));
        // Each begins with another one, and one is stopped in the middle.
        let stopped = Cancel::new();
        std::thread::scope(|scope| {
            for (first, mut one) in all.into_iter().enumerate() {
                let (sounds, expected, stopped) = (&sounds, &expected, &stopped);
                scope.spawn(move || {
                    for at in first..first + 5 {
                        let at = at % sounds.len();
                        let cancel = Cancel::new();
                        let cancel = if first == 1 { stopped } else { &cancel };
                        let found = one.recognize(&sounds[at], &[Lang::Lo, Lang::Zh], cancel);
                        match found {
                            Err(Error::Cancelled) if first == 1 => {}
                            found => assert_eq!(found.unwrap(), expected[at], "{beam} {first}"),
                        }
                        if first == 1 {
                            stopped.cancel();
                        }
                    }
                });
            }
        });
    }
}

#[test]
fn the_language_is_one_of_those_given() {
    for kind in ENGINES {
        let mut engine = engine(true, kind);
        for among in [&[Lang::My][..], &[Lang::Km, Lang::Vi], &Lang::SIX] {
            let hypothesis = hear(&mut engine, &utterance(0, 1_500, 300.0), among);
            assert!(among.contains(&hypothesis.lang));
        }
        let none = engine.recognize(&utterance(0, 500, 300.0), &[], &Cancel::new());
        assert!(matches!(none, Err(Error::NoLanguage)));
    }
}

#[test]
fn odd_sound_never_breaks_the_engine() {
    for kind in ENGINES {
        let mut engine = engine(true, kind);
        for pcm in [
            vec![],
            vec![0.0; 3],
            vec![0.5; 20_000],
            vec![f32::NAN; 5_000],
        ] {
            let samples = pcm.len() as u64;
            let span = Span::new(SamplePos(100), SamplePos(100 + samples));
            let silent = Utterance {
                channel: 1,
                span,
                pcm,
            };
            let hypothesis = hear(&mut engine, &silent, &[Lang::Th, Lang::Zh]);
            assert_eq!(hypothesis.text, "");
            assert_eq!(hypothesis.lang, Lang::Th);
            assert!(hypothesis.flags.iter().any(|f| f.kind == FlagKind::NoText));
        }
        for ms in [1, 20, 99, 101, 250] {
            let short = utterance(7, ms, 400.0);
            assert_sound(&hear(&mut engine, &short, &[Lang::Vi]), short.span);
        }
        let mut broken = utterance(0, 1_000, 400.0);
        broken.pcm[100] = f32::NAN;
        broken.pcm[200] = f32::INFINITY;
        broken.pcm[300] = 1e30;
        assert_sound(&hear(&mut engine, &broken, &[Lang::Vi]), broken.span);
        // A span that disagrees with the sound places nothing outside itself.
        broken.span = Span::new(SamplePos(0), SamplePos(160));
        assert_sound(&hear(&mut engine, &broken, &[Lang::Vi]), broken.span);
    }
}

#[test]
fn sound_beyond_the_window_is_decoded_too() {
    for kind in ENGINES {
        let mut engine = engine(true, kind);
        assert_eq!(engine.max_utterance_ms(), TINY.window_ms());
        let long = utterance(60_000, 9_000, 350.0);
        let hypothesis = hear(&mut engine, &long, &[Lang::Zh]);
        assert_sound(&hypothesis, long.span);
        let places = |from: u64, to: u64| {
            hypothesis
                .words
                .iter()
                .filter(|w| (from..to).contains(&w.start_ms))
                .count()
        };
        for second in (60_000..68_000).step_by(4_000) {
            assert!(
                places(second, second + 5_000) > 0,
                "{second}: {:?}",
                hypothesis.words
            );
        }
    }
}

#[test]
fn an_hour_in_one_piece_is_written_to_its_end() {
    let mut engine = engine(true, Engine::Native);
    let hour = utterance(0, 3_600_000, 350.0);
    let heard = hear(&mut engine, &hour, &[Lang::Zh]);
    assert_sound(&heard, hour.span);
    // Somebody speaks in every minute of it.
    for minute in 0..60 {
        let inside = |ms: u64| (minute * 60_000..(minute + 1) * 60_000).contains(&ms);
        assert!(heard.words.iter().any(|w| inside(w.start_ms)), "{minute}");
    }
}

#[test]
fn several_texts_side_by_side_are_as_sound_as_one() {
    let sounds = [utterance(5_000, 900, 220.0), utterance(0, 3_900, 700.0)];
    for beam in [2, 5] {
        let options = WhisperOptions {
            beam,
            names: vec!["张建国".into()],
            prompt: false,
            ..options(fixture::tiny(), true, Engine::Native)
        };
        let mut engine = Whisper::load(&options).unwrap();
        for sound in &sounds {
            let first = hear(&mut engine, sound, &[Lang::Lo, Lang::Zh]);
            assert_sound(&first, sound.span);
            assert!(!first.text.is_empty());
            assert_eq!(hear(&mut engine, sound, &[Lang::Lo, Lang::Zh]), first);
        }
        let raised = Cancel::new();
        raised.cancel();
        let stopped = engine.recognize(&sounds[1], &[Lang::Zh], &raised);
        assert!(matches!(stopped, Err(Error::Cancelled)));
        // whisper.cpp writes one text at a time.
        let options = WhisperOptions {
            engine: Engine::WhisperCpp,
            ..options
        };
        let mut theirs = Whisper::load(&options).unwrap();
        assert!(!hear(&mut theirs, &sounds[0], &[Lang::Zh]).text.is_empty());
    }
}

#[test]
fn a_cancel_ends_the_work_and_the_engine_goes_on() {
    for kind in ENGINES {
        let mut engine = engine(false, kind);
        let raised = Cancel::new();
        raised.cancel();
        let sound = utterance(0, 3_000, 250.0);
        for _ in 0..3 {
            let stopped = engine.recognize(&sound, &[Lang::Zh], &raised);
            assert!(matches!(stopped, Err(Error::Cancelled)));
        }
        let later = Cancel::new();
        let long = utterance(0, 120_000, 250.0);
        let stopped = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(30));
                later.cancel();
            });
            engine.recognize(&long, &[Lang::Zh, Lang::Lo], &later)
        });
        assert!(matches!(stopped, Err(Error::Cancelled)));
        assert!(!hear(&mut engine, &sound, &[Lang::Zh]).text.is_empty());
    }
}

/// Writes `bytes` to a file and expects the check and the load to refuse it, naming the file.
fn assert_refused(bytes: &[u8], why: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("bad.bin");
    std::fs::write(&path, bytes).unwrap();
    for engine in ENGINES {
        match Whisper::load(&options(&path, true, engine)).err() {
            Some(error @ Error::ModelRefused { .. }) => {
                let message = error.to_string();
                assert!(message.ends_with("bad.bin"), "{message}");
                assert!(message.contains(why), "{message} should say {why}");
                assert!(!error.help().is_empty());
            }
            other => panic!("{why}: {other:?}"),
        }
    }
}

fn with_number(mut bytes: Vec<u8>, at: usize, number: u32) -> Vec<u8> {
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    bytes
}

#[test]
fn a_sound_file_passes_the_check() {
    assert_eq!(check_model(fixture::tiny()).unwrap(), TINY);
    let missing = check_model(Path::new("/nowhere/model.bin"));
    assert!(matches!(missing, Err(Error::ModelRead { .. })));
    let folder = tempfile::tempdir().unwrap();
    assert!(check_model(folder.path()).is_err());
}

#[test]
fn files_of_another_kind_are_refused() {
    assert_refused(b"", "ends");
    assert_refused(b"lm", "ends");
    assert_refused("Đây là một tệp văn bản.".as_bytes(), "no ggml file");
    assert_refused(b"GGUF\x03\0\0\0", "GGUF");
    assert_refused(b"PK\x03\x04rest", "zip");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = std::fs::read(fixture::tiny()).unwrap();
    let ends = (1..=60)
        .chain([
            FILTERS_AT + 5,
            VOCABULARY_AT,
            VOCABULARY_AT + 3,
            VOCABULARY_AT + 1000,
        ])
        .chain([
            whole.len() / 2,
            whole.len() - 100_000,
            whole.len() - 64,
            whole.len() - 1,
        ]);
    for end in ends {
        assert_refused(&whole[..end], "");
    }
    let mut longer = whole;
    longer.push(0);
    assert_refused(&longer, "ends in the middle");
}

#[test]
fn absurd_counts_are_refused() {
    let whole = std::fs::read(fixture::tiny()).unwrap();
    for field in 1..12 {
        for number in [u32::MAX, i32::MAX as u32, 0x8000_0000, 5_000_000, 0] {
            if (field, number) == (11, 0) {
                continue; // File type 0 is known; the size of the file then disagrees.
            }
            assert_refused(&with_number(whole.clone(), field * 4, number), "");
        }
    }
    assert_refused(&with_number(whole.clone(), 4, 51_864), "English only");
    assert_refused(&with_number(whole.clone(), 4, 32_000), "32000");
    assert_refused(&with_number(whole.clone(), 11 * 4, 0), "cut short");
    for at in [FILTERS_AT, FILTERS_AT + 4] {
        assert_refused(&with_number(whole.clone(), at, 0x7fff_ffff), "mel filters");
    }
    assert_refused(
        &with_number(whole.clone(), VOCABULARY_AT, 0xffff_fff0),
        "vocabulary",
    );
    assert_refused(&with_number(whole.clone(), VOCABULARY_AT, 10), "vocabulary");
    assert_refused(
        &with_number(whole, VOCABULARY_AT + 4, 0xffff_fff0),
        "vocabulary",
    );
}

#[test]
fn crafted_tensors_are_refused() {
    let whole = std::fs::read(fixture::tiny()).unwrap();
    let name = b"encoder.positional_embedding";
    let at = whole.windows(name.len()).position(|w| w == name).unwrap();
    let (dimensions, length, kind, size) = (at - 20, at - 16, at - 12, at - 8);
    for number in [0, 4, 1000, u32::MAX] {
        assert_refused(
            &with_number(whole.clone(), dimensions, number),
            "impossible header",
        );
    }
    for number in [0, 65, 0x7fff_ffff, u32::MAX] {
        assert_refused(
            &with_number(whole.clone(), length, number),
            "impossible header",
        );
    }
    for number in [1, 2, 39, 9999, u32::MAX] {
        assert_refused(&with_number(whole.clone(), kind, number), "shape or type");
    }
    for number in [0, 15, 0x1000_0000, u32::MAX] {
        assert_refused(&with_number(whole.clone(), size, number), "shape or type");
    }
    let mut renamed = whole.clone();
    renamed[at] = b'E';
    assert_refused(&renamed, "unknown");
    // The last tensor once more instead of itself plus one: a name that is there twice.
    let mut twice = whole.clone();
    let bias = b"decoder.blocks.0.mlp_ln.weight";
    let at = twice.windows(bias.len()).position(|w| w == bias).unwrap();
    let other = b"decoder.blocks.0.attn_ln.weight";
    let from = twice.windows(other.len()).position(|w| w == other).unwrap();
    let tensor = twice[from - 16..from + other.len() + 64].to_vec();
    twice.splice(at - 16..at + bias.len() + 64, tensor);
    assert_refused(&twice, "there twice");
    // All but the last tensor: 64 bytes of weights, a name, four numbers.
    let last = whole.len() - 64 - "decoder.blocks.0.mlp_ln.bias".len() - 16;
    let mut shorter = whole[..last].to_vec();
    assert_refused(&shorter, "missing");
    shorter.extend_from_slice(&[0; 200]);
    assert_refused(&shorter, "impossible header");
}

#[test]
fn what_the_check_passes_never_ends_the_program() {
    let whole = std::fs::read(fixture::tiny()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.bin");
    let tensors = whole.windows(8).position(|w| w == b"encoder.").unwrap() - 20;
    let mut random = 7_usize;
    for round in 0..40 {
        let mut bytes = whole.clone();
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695);
        let at = match round % 4 {
            0 => random / 64 % VOCABULARY_AT,
            1 => VOCABULARY_AT + random / 64 % (tensors - VOCABULARY_AT),
            2 => tensors + random / 64 % 200,
            _ => tensors + random / 64 % (whole.len() - tensors),
        };
        bytes[at] ^= 1 << (random % 8);
        if round == 39 {
            // Weights that are no numbers.
            let length = bytes.len();
            bytes[length - 64..].fill(0xff);
        }
        std::fs::write(&path, bytes).unwrap();
        for engine in ENGINES {
            match Whisper::load(&options(&path, true, engine)) {
                Err(error) => assert!(matches!(error, Error::ModelRefused { .. }), "{error}"),
                Ok(mut engine) => {
                    let sound = utterance(0, 300, 300.0);
                    let result = engine.recognize(&sound, &[Lang::Lo, Lang::Th], &Cancel::new());
                    assert!(matches!(result, Ok(_) | Err(Error::Engine { .. })));
                }
            }
        }
    }
}
