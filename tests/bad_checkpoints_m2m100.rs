//! Damaged and foreign checkpoints: each is refused with the file and the tensor named, none panics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mekong_interview::domain::Cancel;
use mekong_interview::translate::M2m100;
use serde_json::{Value, json};
use tempfile::TempDir;

const TENSOR: &str = "model.decoder.layers.0.encoder_attn.k_proj.weight";

fn fixture() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/m2m100/small-a")
}

/// A copy of a sound checkpoint that a test may damage.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            std::fs::copy(fixture().join(name), dir.path().join(name)).unwrap();
        }
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn json(&self, name: &str, change: impl FnOnce(&mut Value)) -> &Self {
        let mut value = serde_json::from_slice(&std::fs::read(self.path(name)).unwrap()).unwrap();
        change(&mut value);
        std::fs::write(self.path(name), value.to_string()).unwrap();
        self
    }

    fn tensors(&self, change: impl FnOnce(&mut Tensors)) -> &Self {
        let path = self.path("model.safetensors");
        let mut tensors = read(&path);
        change(&mut tensors);
        write(&path, &tensors);
        self
    }

    fn load(&self) -> Result<M2m100, String> {
        M2m100::load(self.0.path(), "copy", None).map_err(|e| e.to_string())
    }

    /// The message of a refusal, which must hold all of `words`.
    fn refused(&self, words: &[&str]) {
        let message = self.load().err().expect("a damaged checkpoint was loaded");
        for word in words {
            assert!(message.contains(word), "'{word}' is not in: {message}");
        }
    }
}

/// Name to entry of the header and bytes.
type Tensors = BTreeMap<String, (Value, Vec<u8>)>;

fn read(path: &Path) -> Tensors {
    let bytes = std::fs::read(path).unwrap();
    let start = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: BTreeMap<String, Value> = serde_json::from_slice(&bytes[8..start]).unwrap();
    let mut tensors = Tensors::new();
    for (name, entry) in header {
        if name != "__metadata__" {
            let at = |i: usize| start + entry["data_offsets"][i].as_u64().unwrap() as usize;
            let data = bytes[at(0)..at(1)].to_vec();
            tensors.insert(name, (entry, data));
        }
    }
    tensors
}

fn write(path: &Path, tensors: &Tensors) {
    let mut header = serde_json::Map::new();
    let mut data: Vec<u8> = Vec::new();
    for (name, (entry, bytes)) in tensors {
        let mut entry = entry.clone();
        entry["data_offsets"] = json!([data.len(), data.len() + bytes.len()]);
        header.insert(name.clone(), entry);
        data.extend(bytes);
    }
    let header = Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    std::fs::write(path, bytes).unwrap();
}

fn logits(model: &M2m100) -> Vec<Vec<f32>> {
    model
        .logits(&[4, 7, 8, 2], &[2, 5, 9], &Cancel::new())
        .unwrap()
}

#[test]
fn truncated_weights_are_refused_wherever_they_end() {
    let whole = std::fs::read(fixture().join("model.safetensors")).unwrap();
    let header = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    for keep in [
        0,
        7,
        8,
        100,
        8 + header,
        9 + header,
        whole.len() / 2,
        whole.len() - 1,
    ] {
        let copy = Copy::new();
        std::fs::write(copy.path("model.safetensors"), &whole[..keep]).unwrap();
        copy.refused(&["model.safetensors", "cut short"]);
    }
}

#[test]
fn a_missing_file_is_named() {
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let copy = Copy::new();
        std::fs::remove_file(copy.path(name)).unwrap();
        copy.refused(&[name]);
    }
}

#[test]
fn weights_in_another_form_are_told_with_the_way_out() {
    for name in ["pytorch_model.bin", "pytorch_model.bin.index.json"] {
        let copy = Copy::new();
        std::fs::write(copy.path(name), b"PK").unwrap();
        copy.load().unwrap();
        std::fs::remove_file(copy.path("model.safetensors")).unwrap();
        copy.refused(&[name, "PyTorch"]);
        let error = M2m100::load(copy.0.path(), "copy", None).err().unwrap();
        assert!(
            error.help().contains("models/README.md"),
            "{}",
            error.help()
        );
    }
}

#[test]
fn a_missing_or_misshaped_tensor_is_named() {
    let names: Vec<String> = read(&fixture().join("model.safetensors"))
        .into_keys()
        .collect();
    for name in names {
        let copy = Copy::new();
        copy.tensors(|t| drop(t.remove(&name)))
            .refused(&["model.safetensors", &name, "missing"]);
    }
    let copy = Copy::new();
    copy.tensors(|t| t.get_mut(TENSOR).unwrap().0["shape"] = json!([8, 32]))
        .refused(&["model.safetensors", TENSOR, "[8, 32]", "[16, 16]"]);
}

#[test]
fn numbers_that_are_none_are_refused() {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let copy = Copy::new();
        copy.tensors(|t| {
            t.get_mut(TENSOR).unwrap().1[40..44].copy_from_slice(&broken.to_le_bytes())
        })
        .refused(&["model.safetensors", TENSOR, "NaN"]);
    }
}

#[test]
fn absurd_headers_are_refused_without_taking_memory() {
    for shape in [
        json!([u64::MAX, 2]),
        json!([1u64 << 40, 1u64 << 40]),
        json!([1u64 << 33]),
    ] {
        let copy = Copy::new();
        copy.tensors(|t| t.get_mut(TENSOR).unwrap().0["shape"] = shape)
            .refused(&[TENSOR]);
    }
    let copy = Copy::new();
    let path = copy.path("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    copy.refused(&["model.safetensors"]);
    bytes[..8].copy_from_slice(&40u64.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    copy.refused(&["model.safetensors", "header is damaged"]);
}

#[test]
fn another_architecture_or_absurd_settings_are_refused() {
    for (key, value, word) in [
        ("model_type", json!("marian"), "marian"),
        ("model_type", Value::Null, "model_type"),
        ("vocab_size", json!(u64::MAX), "vocab_size"),
        ("vocab_size", json!(-1), "config.json"),
        ("d_model", json!(1 << 30), "d_model"),
        ("encoder_layers", json!(0), "encoder_layers"),
        (
            "decoder_attention_heads",
            json!(3),
            "decoder_attention_heads",
        ),
    ] {
        let copy = Copy::new();
        copy.json("config.json", |c| c[key] = value)
            .refused(&["config.json", word]);
    }
    let copy = Copy::new();
    std::fs::write(copy.path("config.json"), "[").unwrap();
    copy.refused(&["config.json"]);
}

#[test]
fn a_vocabulary_that_does_not_fit_the_weights_is_refused() {
    // The settings disagree with the weights.
    let copy = Copy::new();
    copy.json("config.json", |c| {
        c["vocab_size"] = json!(c["vocab_size"].as_u64().unwrap() + 1)
    })
    .refused(&["model.shared.weight", "model.safetensors"]);
    // The tokenizer has more tokens than the model.
    let copy = Copy::new();
    copy.json("config.json", |c| c["vocab_size"] = json!(100))
        .refused(&["tokenizer.json", "vocab_size is 100"]);
    // The tokenizer has far fewer.
    let copy = Copy::new();
    copy.json("config.json", |c| c["vocab_size"] = json!(256_206))
        .refused(&["tokenizer.json", "another model"]);
    // The end token is another one.
    let copy = Copy::new();
    copy.json("config.json", |c| c["eos_token_id"] = json!(3))
        .refused(&["tokenizer.json", "</s>"]);
    let copy = Copy::new();
    std::fs::write(copy.path("tokenizer.json"), "{\"model\":1}").unwrap();
    copy.refused(&["tokenizer.json"]);
    // What the tokenizer's own library would panic on.
    let whole = std::fs::read_to_string(fixture().join("tokenizer.json")).unwrap();
    for (from, to) in [
        ("\"decoder\":{", "\"decoder\":{\"a\":\"\\ud800\","),
        ("\"decoder\":{", "\"decoder\":{7:1,"),
    ] {
        assert!(whole.contains(from));
        std::fs::write(copy.path("tokenizer.json"), whole.replace(from, to)).unwrap();
        copy.refused(&["tokenizer.json"]);
    }
}

#[test]
fn shards_are_found_and_checked() {
    let copy = Copy::new();
    let whole = read(&copy.path("model.safetensors"));
    let (mut one, mut two) = (Tensors::new(), Tensors::new());
    let mut map = BTreeMap::new();
    for (i, (name, tensor)) in whole.into_iter().enumerate() {
        let (shard, file) = if i % 2 == 0 {
            (&mut one, "1.safetensors")
        } else {
            (&mut two, "2.safetensors")
        };
        map.insert(name.clone(), file);
        shard.insert(name, tensor);
    }
    let before = logits(&copy.load().unwrap());
    std::fs::remove_file(copy.path("model.safetensors")).unwrap();
    write(&copy.path("1.safetensors"), &one);
    write(&copy.path("2.safetensors"), &two);
    let index = copy.path("model.safetensors.index.json");
    let save = |map: &BTreeMap<String, &str>| {
        std::fs::write(
            &index,
            json!({"metadata": {}, "weight_map": map}).to_string(),
        )
        .unwrap();
    };
    save(&map);
    assert_eq!(logits(&copy.load().unwrap()), before);
    let other = if map[TENSOR] == "1.safetensors" {
        "2.safetensors"
    } else {
        "1.safetensors"
    };
    for (file, words) in [
        ("../1.safetensors", ["'../1.safetensors'", "index.json"]),
        ("3.safetensors", ["3.safetensors", "cannot read"]),
        (other, [TENSOR, "missing"]),
    ] {
        let mut wrong = map.clone();
        wrong.insert(TENSOR.to_owned(), file);
        save(&wrong);
        copy.refused(&words);
    }
}

#[test]
fn the_output_projection_may_be_tied_named_twice_or_its_own() {
    let shared = "model.shared.weight";
    let tied = logits(&Copy::new().load().unwrap());
    let twice = Copy::new();
    twice.tensors(|t| drop(t.insert("lm_head.weight".to_owned(), t[shared].clone())));
    assert_eq!(logits(&twice.load().unwrap()), tied);
    let renamed = Copy::new();
    renamed.tensors(|t| {
        let tensor = t.remove(shared).unwrap();
        t.insert("lm_head.weight".to_owned(), tensor);
    });
    assert_eq!(logits(&renamed.load().unwrap()), tied);
    let own = Copy::new();
    own.tensors(|t| {
        let mut tensor = t[shared].clone();
        tensor.1[..4].copy_from_slice(&123f32.to_le_bytes());
        t.insert("lm_head.weight".to_owned(), tensor);
    });
    assert_ne!(logits(&own.load().unwrap()), tied);
}
