//! Every engine ends within the step in which it is asked to stop. Looks at the flag are counted, not time.

use std::path::PathBuf;

use super::*;

/// Sentences of the fixtures' own letters, and the language of each.
const SAID: [(Lang, &str); 6] = [
    (Lang::Zh, "我叫张伟。"),
    (Lang::Vi, "Tôi không biết."),
    (Lang::Th, "ผมไม่รู้ครับ"),
    (Lang::Lo, "ຂ້ອຍບໍ່ຮູ້"),
    (Lang::Km, "ខ្ញុំមិនដឹងទេ"),
    (Lang::My, "ကျွန်တော် မသိဘူး။"),
];
/// Target tokens of the shorter and of the longer translations.
const LENGTHS: [usize; 2] = [4, 5];

fn fixture(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/fixtures").join(name)
}

/// Translates the sentences, stopped at one look in every `apart`, in each sentence at others; the looks of a step
/// where a translation grew by one.
fn stopped_everywhere(engine: &mut dyn Translator, beam: usize, apart: usize) -> Vec<u32> {
    let mut steps = Vec::new();
    for (at, (from, said)) in SAID.into_iter().enumerate() {
        let to = SAID[(at + 1) % SAID.len()].0;
        let pair = LangPair::new(from, to);
        if !engine.supports(pair) {
            continue;
        }
        let mut run = |max_tokens: usize, cancel: &Cancel| {
            let options = DecodeOptions {
                beam,
                max_tokens,
                ..DecodeOptions::default()
            };
            engine.translate(said, pair, &options, cancel)
        };
        let mut whole = |length: usize| {
            let cancel = Cancel::raised_at(u32::MAX);
            let made = run(length, &cancel).unwrap();
            (made.token_ids.len(), cancel.looks())
        };
        // The first time also reads the source, which an engine may remember.
        whole(LENGTHS[0]);
        let [short, long] = LENGTHS.map(&mut whole);
        if long.0 > short.0 {
            steps.push(long.1 - short.1);
        }
        for look in (1..=short.1).skip(at).step_by(apart) {
            let cancel = Cancel::raised_at(look);
            let stopped = run(LENGTHS[0], &cancel);
            assert!(matches!(stopped, Err(Error::Cancelled)), "{pair} {look}");
            assert_eq!(cancel.looks(), look, "{pair}: it went on");
        }
    }
    steps
}

fn every_step_looks(engine: &mut dyn Translator, beam: usize, apart: usize) {
    let steps = stopped_everywhere(engine, beam, apart);
    assert!(!steps.is_empty(), "no translation was long enough");
    assert!(steps.iter().all(|looks| *looks > 0), "{steps:?}");
}

#[test]
fn an_m2m100_model_ends_within_the_step() {
    let mut model = M2m100::load(&fixture("m2m100/small-a"), "a", None).unwrap();
    for beam in [1, 4] {
        every_step_looks(&mut model, beam, 6);
    }
}

#[test]
fn a_t5_model_ends_within_the_step() {
    for (name, beam) in [("t5/folder-a", 1), ("t5/gguf-c/q8_0.gguf", 4)] {
        let mut model = T5::load(&fixture(name), "t5", None).unwrap();
        every_step_looks(&mut model, beam, 6);
    }
}

#[test]
fn a_decoder_only_model_ends_within_the_step() {
    for name in ["gemma3", "hunyuan-dense", "qwen2", "qwen3"] {
        let file = fixture("decoder").join(name).join("q8_0.gguf");
        // Its requests are long, and it looks often while it reads one.
        every_step_looks(&mut Llm::load(&file, name).unwrap(), 1, 41);
    }
}
