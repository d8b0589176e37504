//! Sound as it comes from bad devices and odd rooms, with the words known: a constant offset, clipping, a
//! telephone's 8 kHz, two languages in one utterance, a twentieth of a second, an hour in one piece.
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

use std::f32::consts::PI;
use std::time::Duration;

use mekong_interview::domain::{Cancel, FlagKind, Hypothesis, Lang, SamplePos, Span, Utterance};
use mekong_interview::speech::{Engine, Error, Recognizer, Whisper, WhisperOptions};
use mekong_interview::text;
use practice::Said;

/// Of the practice lines every so many are heard.
const EVERY: usize = 4;

fn engine(beam: usize) -> Whisper {
    Whisper::load(&WhisperOptions {
        model: common::root().join("models/practice/asr/model.bin"),
        name: "practice-asr".into(),
        engine: Engine::Native,
        threads: 1,
        max_utterance_ms: Some(7_000),
        fit_window: true,
        align: true,
        beam,
        names: Vec::new(),
        prompt: false,
    })
    .unwrap()
}

fn lines() -> Vec<(Said, Utterance)> {
    let interviews = practice::interviews().into_iter();
    let lines = interviews.flat_map(|(script, sounds)| script.segments.into_iter().zip(sounds));
    lines.step_by(EVERY).collect()
}

fn utterance(pcm: Vec<f32>) -> Utterance {
    let end = SamplePos(pcm.len() as u64);
    Utterance {
        channel: 0,
        span: Span::new(SamplePos(0), end),
        pcm,
    }
}

fn assert_sound(heard: &Hypothesis, span: Span) {
    assert!((0.0..=1.0).contains(&heard.confidence));
    for word in &heard.words {
        assert!(span.start.as_ms() <= word.start_ms && word.start_ms <= word.end_ms);
        assert!(word.end_ms <= span.end.as_ms());
        assert!((0.0..=1.0).contains(&word.confidence));
    }
    let ordered = |w: &[_]| matches!(w, [a, b] if end(a) <= start(b));
    assert!(heard.words.windows(2).all(ordered), "{:?}", heard.words);
}

fn start(word: &mekong_interview::domain::Word) -> u64 {
    word.start_ms
}

fn end(word: &mekong_interview::domain::Word) -> u64 {
    word.end_ms
}

/// Share of wrong characters where `spoil` was done to the sound, and the flags that no plain line has.
fn wrong(name: &str, spoil: impl Fn(&mut Vec<f32>)) -> f64 {
    let mut engine = engine(1);
    let (mut wrong, mut all) = (0, 0);
    for (said, sound) in lines() {
        let mut pcm = sound.pcm;
        spoil(&mut pcm);
        let sound = utterance(pcm);
        let heard = engine
            .recognize(&sound, &[said.lang], &Cancel::new())
            .unwrap();
        assert_sound(&heard, sound.span);
        let (errors, length) = text::cer(&said.text, &heard.text);
        wrong += errors;
        all += length;
    }
    let share = wrong as f64 / all as f64;
    println!("{name}: {wrong} of {all} characters wrong ({share:.3})");
    share
}

/// A windowed sinc that keeps what lies below `hertz`.
fn low_pass(pcm: &[f32], hertz: f32) -> Vec<f32> {
    const HALF: i32 = 48;
    let cut = 2.0 * hertz / 16_000.0;
    let tap = |n: i32| {
        let x = n as f32;
        let sinc = if n == 0 {
            cut
        } else {
            (PI * cut * x).sin() / (PI * x)
        };
        sinc * (0.5 + 0.5 * (PI * x / HALF as f32).cos())
    };
    let taps: Vec<f32> = (-HALF..=HALF).map(tap).collect();
    let at = |i: i64| usize::try_from(i).ok().and_then(|i| pcm.get(i)).copied();
    (0..pcm.len() as i64)
        .map(|i| {
            let near = (-i64::from(HALF)..=i64::from(HALF)).zip(&taps);
            near.map(|(n, tap)| at(i + n).unwrap_or(0.0) * tap).sum()
        })
        .collect()
}

#[test]
fn an_offset_clipping_and_a_telephones_band_leave_the_words() {
    let plain = wrong("as it was", |_| {});
    let offset = wrong("an offset of 0.25", |pcm| {
        pcm.iter_mut().for_each(|s| *s += 0.25);
    });
    let clipped = wrong("clipped at a quarter of the peak", |pcm| {
        let peak = pcm.iter().fold(0.0f32, |a, s| a.max(s.abs()));
        pcm.iter_mut()
            .for_each(|s| *s = (*s * 4.0 / peak).clamp(-1.0, 1.0));
    });
    let narrow = wrong("8 kHz, upsampled", |pcm| {
        let mut low = low_pass(pcm, 3_700.0);
        low.iter_mut().skip(1).step_by(2).for_each(|s| *s = 0.0);
        *pcm = low_pass(&low, 3_700.0);
        pcm.iter_mut().for_each(|s| *s *= 2.0);
    });
    assert!(offset < plain + 0.02, "{offset}");
    assert!(clipped < plain + 0.2, "{clipped}");
    assert!(narrow < plain + 0.05, "{narrow}");
}

#[test]
fn two_languages_in_one_utterance_are_written_in_one_of_them() {
    let mut engine = engine(1);
    let (mut doubted, mut broken) = (0, 0);
    for (script, sounds) in practice::interviews() {
        let first = |lang: Lang| {
            let mut all = script.segments.iter().zip(&sounds);
            all.find(|(said, sound)| said.lang == lang && sound.pcm.len() < 3 * 16_000)
        };
        let each = script.languages.iter().filter_map(|lang| first(*lang));
        let each: Vec<_> = each.collect();
        assert_eq!(each.len(), 2);
        for order in [[0, 1], [1, 0]] {
            let pcm = order.iter().flat_map(|at| each[*at].1.pcm.iter().copied());
            let sound = utterance(pcm.collect());
            let heard = engine
                .recognize(&sound, &script.languages, &Cancel::new())
                .unwrap();
            assert_sound(&heard, sound.span);
            assert!(script.languages.contains(&heard.lang));
            // What is written of the other half is wrong or missing, and should not look certain.
            let said: Vec<&str> = order.iter().map(|at| each[*at].0.text.as_str()).collect();
            let (wrong, length) = text::cer(&said.concat(), &heard.text);
            let doubts: Vec<&str> = heard.flags.iter().map(|f| f.kind.as_str()).collect();
            println!(
                "{:?}: in {}, {wrong} of {length} wrong, {doubts:?}, {:.2}",
                script.languages, heard.lang, heard.confidence
            );
            if wrong * 3 > length {
                broken += 1;
                doubted += usize::from(!heard.flags.is_empty());
            }
        }
    }
    println!("{doubted} of {broken} broken lines are doubted");
    assert!(broken > 0 && doubted * 4 >= broken * 3);
}

#[test]
fn a_twentieth_of_a_second_is_no_harm() {
    let (_, sound) = lines().swap_remove(0);
    for beam in [1, 5] {
        let mut engine = engine(beam);
        for from in (0..sound.pcm.len() - 800).step_by(4_000) {
            let short = utterance(sound.pcm[from..from + 800].to_vec());
            let heard = engine
                .recognize(&short, &[Lang::Zh, Lang::Lo], &Cancel::new())
                .unwrap();
            assert_sound(&heard, short.span);
        }
        let nothing = engine.recognize(&utterance(Vec::new()), &[Lang::Zh], &Cancel::new());
        let flags = nothing.unwrap().flags;
        assert!(flags.iter().any(|f| f.kind == FlagKind::NoText));
    }
}

/// Largest resident size of this process so far in MB, where the system tells.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

#[test]
fn an_hour_in_one_piece_takes_little_more_memory_than_its_sound_and_can_be_stopped() {
    const HOUR: usize = 3600 * 16_000;
    let mut engine = engine(1);
    let speech: Vec<f32> = lines()
        .into_iter()
        .flat_map(|(_, sound)| sound.pcm)
        .collect();
    let mut pcm = Vec::with_capacity(HOUR);
    while pcm.len() < HOUR {
        let room = HOUR - pcm.len();
        pcm.extend_from_slice(&speech[..speech.len().min(room)]);
    }
    let hour = utterance(pcm);
    let before = peak_mb();
    let cancel = Cancel::new();
    let stopped = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(3));
            cancel.cancel();
        });
        engine.recognize(&hour, &[Lang::Zh, Lang::Vi], &cancel)
    });
    assert!(matches!(stopped, Err(Error::Cancelled)));
    if let (Some(before), Some(after)) = (before, peak_mb()) {
        let sound = (HOUR * size_of::<f32>()) as u64 >> 20;
        println!("{before} MB, then {after} MB, for {sound} MB of sound");
        assert!(after < before + 2 * sound);
    }
    // The engine goes on with the next line.
    let (said, sound) = lines().swap_remove(1);
    let heard = engine.recognize(&sound, &[said.lang], &Cancel::new());
    assert!(!heard.unwrap().text.is_empty());
}

/// Three seconds without speech: a chord that is struck again and again, beats, white noise that swells.
fn without_speech() -> [(&'static str, Vec<f32>); 3] {
    let mut state = 7_u64;
    // Steps of a linear congruential generator, the same in each run.
    let mut hiss = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let mut made = |at: &dyn Fn(f32, f32) -> f32| -> Vec<f32> {
        (0..48_000)
            .map(|i| at(i as f32 / 16_000.0, hiss()))
            .collect()
    };
    let chord = |t: f32, _: f32| {
        let since = t % 0.45;
        let tone = |step: f32| (2.0 * PI * 196.0 * step * since).sin();
        0.15 * (-3.0 * since).exp() * [1.0, 1.26, 1.5, 2.0].map(tone).iter().sum::<f32>()
    };
    let beat = |t: f32, hiss: f32| 0.4 * (-12.0 * (t % 0.5)).exp() * hiss;
    let swell = |t: f32, hiss: f32| 0.2 * (0.5 + 0.5 * (2.0 * PI * 1.5 * t).sin()) * hiss;
    [
        ("chords", made(&chord)),
        ("beats", made(&beat)),
        ("white noise", made(&swell)),
    ]
}

#[test]
fn what_is_written_of_music_and_noise_is_held_back_or_doubted() {
    let mut engine = engine(1);
    let doubts = [
        FlagKind::LowConfidence,
        FlagKind::NoText,
        FlagKind::Truncated,
    ];
    let (mut written, mut held) = (0, 0);
    for (name, pcm) in without_speech() {
        for among in [
            [Lang::Zh, Lang::Vi],
            [Lang::Th, Lang::My],
            [Lang::Lo, Lang::Km],
        ] {
            let sound = utterance(pcm.clone());
            let heard = engine.recognize(&sound, &among, &Cancel::new()).unwrap();
            assert_sound(&heard, sound.span);
            let flags = || heard.flags.iter().map(|f| f.kind);
            let is_held = flags().any(FlagKind::quarantines);
            println!(
                "{name}, {among:?}: {:.2}, {:?}",
                heard.confidence, heard.flags
            );
            written += usize::from(!heard.text.is_empty());
            held += usize::from(!heard.text.is_empty() && is_held);
            assert!(is_held || flags().any(|f| doubts.contains(&f)), "{name}");
        }
    }
    println!("of 9 sounds without speech {written} were written, {held} of these held back");
}
