//! The practice interviews for tests of recognition: what was said, and the sound of each utterance.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::PathBuf;

use mekong_interview::audio;
use mekong_interview::domain::{Cancel, Lang, SamplePos, Span, Utterance};

use crate::common;

/// Sound that an utterance keeps on both sides, as the segmenter leaves it.
const MARGIN_MS: u64 = 150;

/// What was said.
#[derive(serde::Deserialize)]
pub struct Script {
    pub languages: Vec<Lang>,
    pub segments: Vec<Said>,
}

#[derive(serde::Deserialize)]
pub struct Said {
    pub speaker: String,
    pub lang: Lang,
    pub start_ms: u64,
    pub end_ms: u64,
    pub text: String,
}

/// All six, in the order of their names: the script and each utterance's sound.
pub fn interviews() -> Vec<(Script, Vec<Utterance>)> {
    let folder = common::root().join("recordings/practice");
    let folders = std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|f| f.join("script.json").exists()).collect();
    folders.sort();
    assert_eq!(folders.len(), 6);
    folders.into_iter().map(interview).collect()
}

fn interview(folder: PathBuf) -> (Script, Vec<Utterance>) {
    let script = std::fs::read(folder.join("script.json")).unwrap();
    let script: Script = serde_json::from_slice(&script).unwrap();
    let (working, sound) = (tempfile::tempdir().unwrap(), folder.join("audio.flac"));
    let copy = audio::make_working_copy(&sound, working.path(), &mut |_, _| {}, &Cancel::new());
    let files = copy.unwrap().files.into_iter();
    let files: Vec<PathBuf> = files.map(|f| working.path().join(f)).collect();
    let utterances = script.segments.iter().map(|said| cut(said, &files));
    let utterances = utterances.collect();
    (script, utterances)
}

fn cut(said: &Said, files: &[PathBuf]) -> Utterance {
    let channel = u16::from(said.speaker != "officer");
    let span = Span::new(
        SamplePos::from_ms(said.start_ms.saturating_sub(MARGIN_MS)),
        SamplePos::from_ms(said.end_ms + MARGIN_MS),
    );
    let pcm = audio::read_span(&files[usize::from(channel)], span).unwrap();
    Utterance { channel, span, pcm }
}
