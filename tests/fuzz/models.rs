//! The files of models: settings, vocabularies and weights of whole folders, of which one file is changed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mekong_interview::domain::{Cancel, Lang, SamplePos, Span, Utterance};
use mekong_interview::speech::{
    Ctc, CtcNumbers, CtcOptions, Engine, Recognizer as _, Whisper, WhisperOptions,
};
use mekong_interview::translate;
use tempfile::TempDir;

use super::{of, root};

thread_local! {
    /// Copies of the fixtures' folders.
    static COPIES: RefCell<BTreeMap<&'static str, TempDir>> = RefCell::default();
}

/// Hands over a copy of a fixture's folder in which this file holds these bytes, and puts its own back.
pub fn with_file(fixture: &'static str, name: &str, bytes: &[u8], take: impl FnOnce(&Path)) {
    let whole = root().join("tests/fixtures").join(fixture);
    COPIES.with_borrow_mut(|copies| {
        let copy = copies.entry(fixture).or_insert_with(|| {
            let copy = tempfile::tempdir().unwrap();
            for entry in fs::read_dir(&whole).unwrap() {
                let path = entry.unwrap().path();
                fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
            }
            if fixture == "whisper" {
                fs::write(copy.path().join("vocab.json"), whisper_vocabulary()).unwrap();
            }
            copy
        });
        let path = copy.path().join(name);
        let before = fs::read(&path).ok();
        fs::write(&path, bytes).unwrap();
        take(copy.path());
        match before {
            Some(before) => fs::write(path, before).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
    });
}

fn translator(folder: &Path) {
    let _ = translate::open(folder, "fuzz", None, &Cancel::new());
}

/// A recogniser of the wav2vec 2.0 family, with names of a case, and what it hears in half a second.
fn ctc(folder: &Path) {
    let names = ["张伟", "Trương Vĩ", "สมชาย", "ສົມພອນ", "សុខា", "ကျော်ဇော"];
    let loaded = Ctc::load(&CtcOptions {
        folder: folder.to_owned(),
        name: "fuzz".into(),
        languages: vec![Lang::Lo],
        max_utterance_ms: 30_000,
        numbers: CtcNumbers::Stored,
        names: names.map(str::to_owned).into(),
    });
    if let Ok(mut loaded) = loaded {
        let pcm: Vec<f32> = (0..8_000).map(|n| (n as f32 / 7.0).sin() / 3.0).collect();
        let utterance = Utterance {
            channel: 0,
            span: Span::new(SamplePos(0), SamplePos(8_000)),
            pcm,
        };
        let _ = loaded.recognize(&utterance, &[Lang::Lo], &Cancel::new());
    }
}

fn whisper(folder: &Path) {
    let _ = Whisper::load(&WhisperOptions {
        model: folder.to_owned(),
        name: "fuzz".into(),
        engine: Engine::Native,
        threads: 1,
        max_utterance_ms: Some(15_000),
        fit_window: true,
        align: true,
        beam: 1,
        names: Vec::new(),
        prompt: false,
    });
}

pub fn m2m100(bytes: &[u8], name: &str) {
    with_file("m2m100/small-a", name, bytes, translator);
}

/// A folder without tokenizer.json, and the numbers of a text where it loads.
pub fn pieces(bytes: &[u8], name: &str) {
    with_file("m2m100/sentencepiece", name, bytes, |folder| {
        if let Ok(model) = translate::M2m100::load(folder, "fuzz", None) {
            let text = "  Xin cha\u{300}o ｅ\u{302}\u{301} 20 ☎☎ 你好。 น้ำ ទឹក 🙂🙂 ";
            let _ = model.source_ids(text, Lang::Vi);
        }
    });
}

pub fn shards_seeds() -> Vec<Vec<u8>> {
    of("m2m100/small-c/model.safetensors.index.json")
}

pub fn shards(bytes: &[u8]) {
    let name = "model.safetensors.index.json";
    with_file("m2m100/small-c", name, bytes, translator);
}

pub fn t5(bytes: &[u8], name: &str) {
    with_file("t5/folder-a", name, bytes, translator);
}

pub fn ctc_vocabulary_seeds() -> Vec<Vec<u8>> {
    ["layer", "adapter"]
        .into_iter()
        .flat_map(|model| of(&format!("wav2vec2/{model}/vocab.json")))
        .collect()
}

pub fn ctc_vocabulary(bytes: &[u8]) {
    for model in ["wav2vec2/layer", "wav2vec2/adapter"] {
        with_file(model, "vocab.json", bytes, ctc);
    }
}

pub fn ctc_config(bytes: &[u8]) {
    with_file("wav2vec2/layer", "config.json", bytes, ctc);
}

pub fn ctc_settings_seeds() -> Vec<Vec<u8>> {
    let sound = r#"{"do_normalize":true,"sampling_rate":16000}"#;
    let words = r#"{"word_delimiter_token":"|"}"#;
    [sound, words].map(|text| text.as_bytes().to_vec()).into()
}

pub fn ctc_settings(bytes: &[u8]) {
    for name in ["preprocessor_config.json", "tokenizer_config.json"] {
        with_file("wav2vec2/layer", name, bytes, ctc);
    }
}

pub fn ctc_weights(bytes: &[u8]) {
    with_file("wav2vec2/layer", "model.safetensors", bytes, ctc);
}

/// Ids of so many made-up tokens, and some letters.
fn whisper_vocabulary() -> Vec<u8> {
    let mut ids: serde_json::Map<String, serde_json::Value> = (0..50_257_u32)
        .map(|id| (format!("t{id}"), id.into()))
        .collect();
    for (id, letters) in ["ä½ł", "Ġhá»Ļ", "à¸Ļ"].iter().enumerate() {
        ids.remove(&format!("t{id}"));
        ids.insert((*letters).to_owned(), id.into());
    }
    serde_json::to_vec(&ids).unwrap()
}

pub fn whisper_vocabulary_seeds() -> Vec<Vec<u8>> {
    let short = br#"{"\u0120a":0,"\u00e4\u00bd\u0142":1,"b":2}"#.to_vec();
    let inside = br#"{"model":{"type":"BPE","vocab":{"a":0,"b":1}}}"#.to_vec();
    vec![whisper_vocabulary(), short, inside]
}

pub fn whisper_vocabulary_file(bytes: &[u8]) {
    with_file("whisper", "vocab.json", bytes, whisper);
}

pub fn whisper_config(bytes: &[u8]) {
    with_file("whisper", "config.json", bytes, whisper);
}

pub fn whisper_weights(bytes: &[u8]) {
    with_file("whisper", "model.safetensors", bytes, whisper);
}
