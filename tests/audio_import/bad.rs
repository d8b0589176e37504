//! Recordings that are damaged, empty, cut off, lying or no recordings at all: each `bad-` file is
//! refused with its own error, each `odd-` file keeps what can be kept and says what is wrong.

use mekong_interview::audio::{Error, Note, WorkingCopy, make_working_copy};
use mekong_interview::domain::Cancel;
use tempfile::TempDir;

use super::{cuts, fixture, import, refusal, sound, tone};

/// A file whose sound is kept, with the note that says what is wrong with it.
macro_rules! noted {
    ($name:literal, $note:pat) => {{
        let (made, dir) = import($name).unwrap();
        assert!(matches!(made.notes[..], [$note]), "{:?}", made.notes);
        (made, dir)
    }};
}

/// A file that has nothing to say against it.
fn ordinary(name: &str, ms: u64) -> (WorkingCopy, TempDir) {
    let (made, dir) = import(name).unwrap();
    assert_eq!(
        (made.duration.as_ms(), made.notes.as_slice()),
        (ms, &[][..])
    );
    (made, dir)
}

/// A copy that ended too early: with what is missing it is as long as the whole, and the tone stays
/// at its time.
fn cut_off(name: &str) {
    let (made, dir) = import(name).unwrap();
    let missing = made.notes.iter().find_map(|n| match n {
        Note::Truncated { missing_ms } => *missing_ms,
        _ => None,
    });
    let missing = missing.unwrap_or_else(|| panic!("{:?}", made.notes));
    let whole = made.duration.as_ms() + missing;
    assert!((1490..1550).contains(&whole), "{made:?}");
    assert!((tone(&sound(&dir, &made.files[0])).0 - 0.5).abs() < 0.022);
}

/// Damage inside: silence stands in its place, so the whole is as long as it was.
fn damaged_inside(name: &str, slack: f64) {
    let (made, _dir) = import(name).unwrap();
    assert!(!made.notes.is_empty(), "not noted");
    let seconds = made.duration.0 as f64 / 16_000.0;
    assert!((seconds - 1.5).abs() < slack + 0.015, "{made:?}");
}

/// Damage inside, in a form that does not tell how long the gap is.
fn damaged_somewhere(name: &str) {
    let (made, _dir) = import(name).unwrap();
    assert!(!made.notes.is_empty(), "not noted");
    assert!(made.duration.as_ms() > 500, "{made:?}");
}

#[test]
fn a_chained_file_is_read_to_its_end() {
    let (made, dir) = import("odd-chained.ogg").unwrap();
    assert_eq!(made.duration.as_ms(), 3000);
    assert!((tone(&sound(&dir, &made.files[0])).1 - 2.4).abs() < 0.002);
}

#[test]
fn a_header_full_of_zeros_is_noted_and_the_sound_is_kept() {
    let (made, dir) = noted!("odd-header-zero.wav", Note::HeaderLied { .. });
    assert!((tone(&sound(&dir, &made.files[0])).1 - 0.9).abs() < 0.001);
}

#[test]
fn a_header_that_claims_too_little_is_noted_and_the_sound_is_kept() {
    let (made, _dir) = noted!("odd-header-short.wav", Note::HeaderLied { .. });
    assert_eq!(made.duration.as_ms(), 1000);
}

#[test]
fn a_piped_wav_is_ordinary() {
    ordinary("odd-piped.wav", 1000);
}

#[test]
fn a_64_bit_wav_is_ordinary() {
    ordinary("odd-rf64.wav", 1000);
}

#[test]
fn a_silent_file_is_fine_and_has_no_utterances() {
    let (made, dir) = ordinary("odd-silent.wav", 1000);
    assert_eq!(cuts(&dir, &made), []);
}

#[test]
fn a_cut_off_wav_says_how_much_is_missing() {
    let missing_ms = Some(1000);
    let (made, _dir) = import("odd-cut-off.wav").unwrap();
    assert_eq!(made.duration.as_ms(), 1000);
    assert_eq!(made.notes, [Note::Truncated { missing_ms }]);
}

#[test]
fn a_cut_off_flac_keeps_what_is_there() {
    cut_off("odd-cut-off.flac");
}

#[test]
fn a_cut_off_mp3_keeps_what_is_there() {
    cut_off("odd-cut-off.mp3");
}

#[test]
fn a_cut_off_m4a_with_its_index_in_front_keeps_what_is_there() {
    cut_off("odd-cut-off-front-index.m4a");
}

#[test]
fn a_cut_off_m4a_without_its_index_cannot_be_played() {
    let error = refusal("bad-cut-off-back-index.m4a");
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
}

#[test]
fn a_flac_damaged_inside_keeps_its_length() {
    damaged_inside("odd-corrupt.flac", 0.001);
}

#[test]
fn an_opus_file_damaged_inside_keeps_its_length() {
    damaged_inside("odd-corrupt.opus", 0.002);
}

#[test]
fn an_m4a_damaged_inside_keeps_its_length() {
    damaged_inside("odd-corrupt.m4a", 0.022);
}

#[test]
fn an_mp3_damaged_inside_is_noted() {
    damaged_somewhere("odd-corrupt.mp3");
}

#[test]
fn a_vorbis_file_damaged_inside_is_noted() {
    damaged_somewhere("odd-corrupt.ogg");
}

#[test]
fn a_webm_damaged_inside_is_noted() {
    damaged_somewhere("odd-corrupt.webm");
}

#[test]
fn samples_that_are_no_numbers_become_silence_and_are_counted() {
    let (made, dir) = noted!("odd-nan.wav", Note::BadSamples { samples: 100 });
    assert!(sound(&dir, &made.files[0]).iter().all(|s| s.is_finite()));
}

#[test]
fn samples_beyond_any_loudness_become_silence_and_are_counted() {
    let mut wav = std::fs::read(fixture("odd-nan.wav")).unwrap();
    let start = wav.len() - 16_000;
    for (i, sample) in wav[start..].chunks_exact_mut(4).enumerate() {
        if !f32::from_le_bytes([sample[0], sample[1], sample[2], sample[3]]).is_finite() {
            let loud = if i % 2 == 0 { 3e38f32 } else { -3e38 };
            sample.copy_from_slice(&loud.to_le_bytes());
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let (file, into) = (dir.path().join("loud.wav"), dir.path().join("into"));
    std::fs::write(&file, wav).unwrap();
    std::fs::create_dir(&into).unwrap();
    let made = make_working_copy(&file, &into, &mut |_, _| (), &Cancel::new()).unwrap();
    assert!(
        matches!(made.notes[..], [Note::BadSamples { samples: 100 }]),
        "{:?}",
        made.notes
    );
}

#[test]
fn a_file_of_nothing_but_bad_samples_is_damaged() {
    let error = refusal("odd-all-nan.wav");
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
}

#[test]
fn an_empty_file() {
    let error = refusal("bad-empty.wav");
    assert!(matches!(error, Error::Empty { .. }), "{error:?}");
}

#[test]
fn a_document_named_like_a_recording() {
    let error = refusal("bad-pdf.wav");
    assert!(matches!(error, Error::NotAudio { .. }), "{error:?}");
}

#[test]
fn a_letter_named_like_a_recording() {
    let error = refusal("bad-text.mp3");
    assert!(matches!(error, Error::NotAudio { .. }), "{error:?}");
}

#[test]
fn a_header_that_is_cut_off() {
    let error = refusal("bad-cut-off-header.wav");
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
}

#[test]
fn a_header_without_sound_behind_it() {
    let error = refusal("bad-no-samples.wav");
    assert!(matches!(error, Error::NoSamples { .. }), "{error:?}");
}

#[test]
fn samples_of_one_bit() {
    let error = refusal("bad-one-bit.wav");
    assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
}

#[test]
fn more_channels_than_an_interview_has_people() {
    let error = refusal("bad-nine-channels.wav");
    assert!(matches!(error, Error::TooManyChannels { channels: 9, .. }));
}

#[test]
fn too_few_samples_a_second_for_speech() {
    let error = refusal("bad-slow.wav");
    assert!(matches!(error, Error::SampleRate { rate: 500, .. }));
}

#[test]
fn a_video_without_sound() {
    let error = refusal("bad-no-sound-track.mp4");
    assert!(matches!(error, Error::NoAudioTrack { .. }), "{error:?}");
}

#[test]
fn a_missing_file() {
    let missing = refusal("no-such-file.wav");
    assert!(missing.help().contains("name"), "{}", missing.help());
}

#[test]
fn a_folder() {
    assert!(matches!(refusal(""), Error::NotAFile { .. }));
}
