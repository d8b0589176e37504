//! Import of recordings, good (here) and bad (`bad`), through the library's face: one file and one
//! test a case. The files are made by `fixtures/audio/make.py`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::fs;
use std::path::{Path, PathBuf};

use mekong_interview::audio::{
    Error, SegmenterLimits, WorkingCopy, copy_original, find_utterances, make_working_copy,
    read_span,
};
use mekong_interview::domain::{Cancel, SamplePos, Span};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

mod bad;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/audio")
        .join(name)
}

fn import(name: &str) -> Result<(WorkingCopy, TempDir), Error> {
    let dir = tempfile::tempdir().unwrap();
    let made = make_working_copy(&fixture(name), dir.path(), &mut |_, _| (), &Cancel::new())?;
    Ok((made, dir))
}

/// The error of a file that cannot be imported; nothing may be left in the folder.
fn refusal(name: &str) -> Error {
    let dir = tempfile::tempdir().unwrap();
    let error = make_working_copy(&fixture(name), dir.path(), &mut |_, _| (), &Cancel::new());
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "{name} left files behind"
    );
    let error = error.unwrap_err();
    assert!(!error.help().is_empty());
    assert!(
        error.to_string().ends_with(name),
        "the path stands last: {error}"
    );
    error
}

/// All of one channel.
fn sound(dir: &TempDir, file: &str) -> Vec<f32> {
    let all = Span::new(SamplePos(0), SamplePos(u64::MAX));
    read_span(&dir.path().join(file), all).unwrap()
}

/// First and last place, in seconds, where the tone is heard.
fn tone(pcm: &[f32]) -> (f64, f64) {
    let first = pcm.iter().position(|s| s.abs() > 0.1).unwrap();
    let last = pcm.iter().rposition(|s| s.abs() > 0.1).unwrap();
    (first as f64 / 16_000.0, last as f64 / 16_000.0)
}

/// A good file: 1.5 s with a tone from 0.5 s to 0.9 s, found within `slack` seconds of there.
fn good(name: &str, slack: f64) {
    let (made, dir) = import(name).unwrap();
    assert_eq!(made.notes, [], "{name}");
    let seconds = made.duration.0 as f64 / 16_000.0;
    assert!((seconds - 1.5).abs() < slack + 0.015, "{name}: {seconds} s");
    let pcm = sound(&dir, &made.files[0]);
    assert_eq!(pcm.len() as u64, made.duration.0);
    let (first, last) = tone(&pcm);
    assert!(
        (first - 0.5).abs() < slack && (last - 0.9).abs() < slack,
        "{name}: {first} to {last}"
    );
}

#[test]
fn wav_keeps_both_channels_apart() {
    good("good.wav", 0.001);
    let (made, dir) = import("good.wav").unwrap();
    assert_eq!((made.channels, made.sample_rate), (2, 8000));
    assert_eq!(made.files, ["working-0.wav", "working-1.wav"]);
    assert!(sound(&dir, "working-1.wav").iter().all(|s| *s == 0.0));
}

#[test]
fn wav_of_24_bit() {
    good("good-24bit.wav", 0.001);
}

#[test]
fn wav_of_floating_point_samples() {
    good("good-float.wav", 0.001);
}

#[test]
fn wav_of_a_law() {
    good("good-alaw.wav", 0.001);
}

#[test]
fn flac() {
    good("good.flac", 0.001);
}

#[test]
fn mp3_without_its_encoder_delay() {
    good("good.mp3", 0.002);
}

#[test]
fn vorbis() {
    good("good.ogg", 0.002);
}

#[test]
fn opus_in_ogg() {
    good("good.opus", 0.002);
}

#[test]
fn opus_in_webm() {
    good("good.webm", 0.002);
}

#[test]
fn opus_in_mp4() {
    // The MP4 reader trims one packet of delay too much.
    good("good-opus.mp4", 0.015);
}

/// The reader does not know AAC's priming frame of 1,024 samples: 21 ms late at 48 kHz.
const AAC_SLACK: f64 = 0.022;

#[test]
fn aac_alone() {
    good("good.aac", AAC_SLACK);
}

#[test]
fn aac_in_m4a() {
    good("good.m4a", AAC_SLACK);
}

#[test]
fn aac_beside_a_picture_in_mp4() {
    good("good.mp4", AAC_SLACK);
}

#[test]
fn aac_beside_a_picture_in_mkv() {
    good("good.mkv", AAC_SLACK);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let locked = dir.path().join("locked.wav");
    fs::copy(fixture("good.wav"), &locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::File::open(&locked).is_ok() {
        return; // the superuser may read everything
    }
    let error = make_working_copy(&locked, dir.path(), &mut |_, _| (), &Cancel::new()).unwrap_err();
    assert!(error.help().contains("may not read"), "{}", error.help());
}

#[test]
fn stopping_leaves_nothing_behind() {
    let cancel = Cancel::new();
    cancel.cancel();
    let dir = tempfile::tempdir().unwrap();
    let made = make_working_copy(&fixture("good.wav"), dir.path(), &mut |_, _| (), &cancel);
    assert!(matches!(made, Err(Error::Cancelled)));
    let copied = copy_original(
        &fixture("good.wav"),
        &dir.path().join("a"),
        &mut |_, _| (),
        &cancel,
    );
    assert!(matches!(copied, Err(Error::Cancelled)));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn the_copy_is_byte_for_byte_and_its_hash_is_right() {
    let dir = tempfile::tempdir().unwrap();
    let (src, dest) = (fixture("good.mp3"), dir.path().join("original.mp3"));
    let mut seen = (0, 0);
    let mut progress = |done, total| seen = (done, total);
    let (hash, bytes) = copy_original(&src, &dest, &mut progress, &Cancel::new()).unwrap();
    let content = fs::read(&src).unwrap();
    assert_eq!(fs::read(&dest).unwrap(), content);
    let want: String = Sha256::digest(&content)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(
        (hash.as_str(), bytes),
        (want.as_str(), content.len() as u64)
    );
    assert_eq!(seen, (bytes, bytes));
    // Once more is harmless, other content under the same name is refused and left alone.
    assert_eq!(
        copy_original(&src, &dest, &mut |_, _| (), &Cancel::new())
            .unwrap()
            .0,
        hash
    );
    let other = copy_original(&fixture("good.ogg"), &dest, &mut |_, _| (), &Cancel::new());
    assert!(matches!(other, Err(Error::AlreadyThere { .. })));
    assert_eq!(fs::read(&dest).unwrap(), content);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn making_the_working_copy_again_gives_the_same_files() {
    let (made, dir) = import("good.wav").unwrap();
    let before = fs::read(dir.path().join("working-0.wav")).unwrap();
    let mut last = (0, 0);
    let mut progress = |done, total| last = (done, total);
    let again = make_working_copy(
        &fixture("good.wav"),
        dir.path(),
        &mut progress,
        &Cancel::new(),
    );
    assert_eq!(again.unwrap(), made);
    assert_eq!(fs::read(dir.path().join("working-0.wav")).unwrap(), before);
    assert_eq!(last.0, last.1);
}

#[test]
fn a_span_is_exact_and_the_part_beyond_the_end_is_left_out() {
    let (made, dir) = import("good.wav").unwrap();
    let all = sound(&dir, "working-0.wav");
    let path = dir.path().join("working-0.wav");
    let span = Span::new(SamplePos(8000), SamplePos(8100));
    assert_eq!(read_span(&path, span).unwrap(), all[8000..8100]);
    let beyond = Span::new(
        SamplePos(made.duration.0 - 10),
        SamplePos(made.duration.0 + 10),
    );
    assert_eq!(read_span(&path, beyond).unwrap().len(), 10);
}

#[test]
fn a_span_of_something_else_is_refused_with_a_next_step() {
    let span = Span::new(SamplePos(0), SamplePos(10));
    for name in ["good.wav", "good.mp3", "bad-empty.wav"] {
        let error = read_span(&fixture(name), span).unwrap_err();
        assert!(
            matches!(error, Error::WorkingCopy { .. }),
            "{name}: {error}"
        );
        assert!(error.help().contains("again"), "{}", error.help());
    }
}

fn cuts(dir: &TempDir, made: &WorkingCopy) -> Vec<(u64, u64)> {
    let working = dir.path().join(&made.files[0]);
    let limits = SegmenterLimits::new(28_000);
    let found = find_utterances(&working, &limits, &mut |_, _| (), &Cancel::new()).unwrap();
    found
        .iter()
        .map(|c| (c.span.start.as_ms(), c.span.end.as_ms()))
        .collect()
}

#[test]
fn both_sentences_of_a_conversation_are_found_whole() {
    let (made, dir) = import("speech.flac").unwrap();
    let cuts = cuts(&dir, &made);
    // From make.py: samples 24,000 to 95,456 and 119,456 to 164,087.
    let sentences = [(1500, 5966), (7466, 10_255)];
    for (start, end) in sentences {
        let whole = cuts.iter().any(|c| c.0 <= start + 60 && c.1 + 250 >= end);
        assert!(whole, "{start} to {end} not whole in {cuts:?}");
    }
    let inside: u64 = cuts.iter().map(|c| c.1 - c.0).sum();
    assert!(inside < 9500, "too much silence in {cuts:?}");
}

#[test]
fn a_longest_length_of_two_seconds_is_kept_without_losing_speech() {
    let (made, dir) = import("speech.flac").unwrap();
    let limits = SegmenterLimits::new(2000);
    let working = dir.path().join(&made.files[0]);
    let found = find_utterances(&working, &limits, &mut |_, _| (), &Cancel::new()).unwrap();
    assert!(found.len() >= 4, "{found:?}");
    assert!(
        found.iter().all(|c| c.span.duration_ms() <= 2000),
        "{found:?}"
    );
    assert!(
        found.windows(2).all(|w| w[0].span.end <= w[1].span.start),
        "{found:?}"
    );
}

/// Whatever bytes are twisted, the answer is a working copy or an error, never a panic.
#[test]
fn twisted_files_never_panic() {
    let names = [
        "good.wav",
        "good.flac",
        "good.mp3",
        "good.m4a",
        "good.ogg",
        "good.opus",
        "good.mkv",
    ];
    for name in names {
        let content = fs::read(fixture(name)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        let mut seed = 1u64;
        for _ in 0..60 {
            let mut twisted = content.clone();
            for _ in 0..8 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let place = (seed >> 20) as usize % twisted.len();
                twisted[place] = (seed >> 50) as u8;
            }
            fs::write(&path, &twisted).unwrap();
            let _ = make_working_copy(&path, dir.path(), &mut |_, _| (), &Cancel::new());
        }
    }
}
