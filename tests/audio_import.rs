//! Import of recordings, good and bad, through the library's face: one test a case. The files are
//! made by `fixtures/audio/make.py`.
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
    Error, Note, SegmenterLimits, WorkingCopy, copy_original, find_utterances, make_working_copy,
    read_span,
};
use mekong_interview::domain::{Cancel, SamplePos, Span};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

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
fn wav_of_24_bit_float_and_a_law() {
    good("good-24bit.wav", 0.001);
    good("good-float.wav", 0.001);
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
fn opus_in_ogg_webm_and_mp4() {
    good("good.opus", 0.002);
    good("good.webm", 0.002);
    // The MP4 reader trims one packet of delay too much.
    good("good-opus.mp4", 0.015);
}

#[test]
fn aac_alone_in_m4a_and_beside_a_picture() {
    // The reader does not know AAC's priming frame of 1,024 samples: 21 ms late at 48 kHz.
    for name in ["good.aac", "good.m4a", "good.mp4", "good.mkv"] {
        good(name, 0.022);
    }
}

#[test]
fn a_chained_file_is_read_to_its_end() {
    let (made, dir) = import("odd-chained.ogg").unwrap();
    assert_eq!(made.duration.as_ms(), 3000);
    assert!((tone(&sound(&dir, &made.files[0])).1 - 2.4).abs() < 0.002);
}

#[test]
fn a_header_full_of_zeros_is_noted_and_the_sound_is_kept() {
    let (made, dir) = import("odd-header-zero.wav").unwrap();
    assert!(
        matches!(made.notes[..], [Note::HeaderLied { .. }]),
        "{:?}",
        made.notes
    );
    assert!((tone(&sound(&dir, &made.files[0])).1 - 0.9).abs() < 0.001);
}

#[test]
fn a_header_that_claims_too_little_is_noted_and_the_sound_is_kept() {
    let (made, _dir) = import("odd-header-short.wav").unwrap();
    assert!(
        matches!(made.notes[..], [Note::HeaderLied { .. }]),
        "{:?}",
        made.notes
    );
    assert_eq!(made.duration.as_ms(), 1000);
}

#[test]
fn a_piped_wav_and_a_64_bit_wav_are_ordinary() {
    for name in ["odd-piped.wav", "odd-rf64.wav"] {
        let (made, _dir) = import(name).unwrap();
        assert_eq!(
            (made.duration.as_ms(), made.notes.len()),
            (1000, 0),
            "{name} {:?}",
            made.notes
        );
    }
}

#[test]
fn a_cut_off_wav_says_how_much_is_missing() {
    let (made, _dir) = import("odd-cut-off.wav").unwrap();
    assert_eq!(made.duration.as_ms(), 1000);
    assert_eq!(
        made.notes,
        [Note::Truncated {
            missing_ms: Some(1000)
        }]
    );
}

#[test]
fn cut_off_flac_mp3_and_m4a_keep_what_is_there() {
    for name in [
        "odd-cut-off.flac",
        "odd-cut-off.mp3",
        "odd-cut-off-front-index.m4a",
    ] {
        let (made, dir) = import(name).unwrap();
        let missing = made.notes.iter().find_map(|n| match n {
            Note::Truncated { missing_ms } => *missing_ms,
            _ => None,
        });
        let missing = missing.unwrap_or_else(|| panic!("{name}: {:?}", made.notes));
        let whole = made.duration.as_ms() + missing;
        assert!(
            (1490..1550).contains(&whole),
            "{name}: {:?} {:?}",
            made.duration,
            made.notes
        );
        assert!(
            (tone(&sound(&dir, &made.files[0])).0 - 0.5).abs() < 0.022,
            "{name}"
        );
    }
}

#[test]
fn a_cut_off_m4a_without_its_index_cannot_be_played() {
    assert!(matches!(
        refusal("bad-cut-off-back-index.m4a"),
        Error::Damaged { .. }
    ));
}

#[test]
fn damaged_middles_are_silence_and_everything_after_stays_at_its_time() {
    for (name, slack) in [
        ("odd-corrupt.flac", 0.001),
        ("odd-corrupt.opus", 0.002),
        ("odd-corrupt.m4a", 0.022),
    ] {
        let (made, _dir) = import(name).unwrap();
        assert!(!made.notes.is_empty(), "{name} must be noted");
        let seconds = made.duration.0 as f64 / 16_000.0;
        assert!(
            (seconds - 1.5).abs() < slack + 0.015,
            "{name}: {seconds} {:?}",
            made.notes
        );
    }
}

#[test]
fn damaged_files_that_hide_the_length_of_the_gap_are_noted() {
    for name in ["odd-corrupt.mp3", "odd-corrupt.ogg", "odd-corrupt.webm"] {
        let (made, _dir) = import(name).unwrap();
        assert!(!made.notes.is_empty(), "{name} must be noted");
        assert!(made.duration.as_ms() > 500, "{name}: {:?}", made.duration);
    }
}

#[test]
fn samples_that_are_no_numbers_become_silence_and_are_counted() {
    let (made, dir) = import("odd-nan.wav").unwrap();
    assert_eq!(made.notes, [Note::BadSamples { samples: 100 }]);
    assert!(sound(&dir, &made.files[0]).iter().all(|s| s.is_finite()));
}

#[test]
fn a_file_of_nothing_but_bad_samples_is_damaged() {
    assert!(matches!(refusal("odd-all-nan.wav"), Error::Damaged { .. }));
}

#[test]
fn a_silent_file_is_fine_and_has_no_utterances() {
    let (made, dir) = import("odd-silent.wav").unwrap();
    assert_eq!((made.duration.as_ms(), made.notes.len()), (1000, 0));
    assert_eq!(cuts(&dir, &made), []);
}

#[test]
fn an_empty_file() {
    assert!(matches!(refusal("bad-empty.wav"), Error::Empty { .. }));
}

#[test]
fn a_document_or_a_letter_named_like_a_recording() {
    assert!(matches!(refusal("bad-pdf.wav"), Error::NotAudio { .. }));
    assert!(matches!(refusal("bad-text.mp3"), Error::NotAudio { .. }));
}

#[test]
fn a_header_without_sound_behind_it() {
    assert!(matches!(
        refusal("bad-cut-off-header.wav"),
        Error::Damaged { .. }
    ));
    assert!(matches!(
        refusal("bad-no-samples.wav"),
        Error::NoSamples { .. }
    ));
}

#[test]
fn forms_that_are_not_supported() {
    assert!(matches!(
        refusal("bad-one-bit.wav"),
        Error::Unsupported { .. }
    ));
    assert!(matches!(
        refusal("bad-nine-channels.wav"),
        Error::TooManyChannels { channels: 9, .. }
    ));
    assert!(matches!(
        refusal("bad-slow.wav"),
        Error::SampleRate { rate: 500, .. }
    ));
}

#[test]
fn a_video_without_sound() {
    assert!(matches!(
        refusal("bad-no-sound-track.mp4"),
        Error::NoAudioTrack { .. }
    ));
}

#[test]
fn a_missing_file_and_a_folder() {
    let missing = refusal("no-such-file.wav");
    assert!(missing.help().contains("name"), "{}", missing.help());
    assert!(matches!(refusal(""), Error::NotAFile { .. }));
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
