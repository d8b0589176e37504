//! Damaged and foreign GGUF files and T5 folders: each is refused with the file and what is wrong
//! named, none panics, and no header makes the program take memory for what is not there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::path::{Path, PathBuf};

use mekong_interview::domain::{Cancel, Lang, LangPair};
use mekong_interview::translate::{DecodeOptions, open};
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn whole(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// The message of the refusal of a file with these bytes, if it is refused.
fn refusal(bytes: &[u8]) -> Option<String> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("model.gguf");
    std::fs::write(&path, bytes).unwrap();
    open(&path, "copy", None, &Cancel::new())
        .err()
        .map(|e| e.to_string())
}

fn refused(bytes: &[u8], words: &[&str]) {
    let message = refusal(bytes).expect("a damaged file was loaded");
    for word in words.iter().chain(&["model.gguf"]) {
        assert!(message.contains(word), "'{word}' is not in: {message}");
    }
}

fn place(bytes: &[u8], text: &str) -> usize {
    let found = bytes.windows(text.len()).position(|w| w == text.as_bytes());
    found.unwrap_or_else(|| panic!("'{text}' is not in the file"))
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = place(bytes, from);
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

/// With 8 bytes at `at` set to a number.
fn with_number(bytes: &[u8], at: usize, number: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
    bytes
}

const FILES: [&str; 3] = [
    "decoder/qwen3/q8_0.gguf",
    "decoder/gemma3/q8_0.gguf",
    "t5/gguf-c/q8_0.gguf",
];

#[test]
fn the_whole_files_are_accepted() {
    for name in FILES {
        assert_eq!(refusal(&whole(name)), None, "{name}");
    }
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    for name in FILES {
        let bytes = whole(name);
        let mut ends: Vec<usize> = (4..bytes.len()).step_by(bytes.len() / 60).collect();
        ends.extend([4, 8, 16, 23, 24, 25, bytes.len() - 40]);
        for end in ends {
            refused(&bytes[..end], &[]);
        }
    }
}

#[test]
fn absurd_counts_are_refused_before_memory_is_taken() {
    let bytes = whole(FILES[0]);
    for number in [1 << 20, 1 << 32, 1 << 62, u64::MAX] {
        refused(&with_number(&bytes, 8, number), &["tensors"]);
        refused(&with_number(&bytes, 16, number), &["metadata entries"]);
        refused(&with_number(&bytes, 24, number), &["text"]);
        // The count of the list of tokens stands after its name, its type and its elements' type.
        let list = place(&bytes, "tokenizer.ggml.tokens") + "tokenizer.ggml.tokens".len() + 8;
        refused(&with_number(&bytes, list, number), &["list elements"]);
        let shape = place(&bytes, "blk.0.ffn_up.weight") + "blk.0.ffn_up.weight".len() + 4;
        refused(
            &with_number(&bytes, shape, number),
            &["blk.0.ffn_up.weight"],
        );
        let offset = shape + 8 + 8 + 4;
        refused(
            &with_number(&bytes, offset, number),
            &["blk.0.ffn_up.weight"],
        );
        let layers = place(&bytes, "qwen3.block_count") + "qwen3.block_count".len() + 4;
        let mut many = bytes.clone();
        many[layers..layers + 4].copy_from_slice(&(number as u32 | 0x4000_0000).to_le_bytes());
        refused(&many, &["block_count"]);
    }
}

#[test]
fn another_architecture_a_missing_tensor_and_a_wrong_shape_are_named() {
    let bytes = whole(FILES[0]);
    let other = replaced(&bytes, "general.architecture", "general.architectura");
    refused(&other, &["general.architecture"]);
    let at = place(&bytes, "general.architecture") + "general.architecture".len() + 12;
    let mut llama = bytes.clone();
    llama[at..at + 5].copy_from_slice(b"llama");
    refused(&llama, &["'llama'"]);
    let missing = replaced(&bytes, "blk.1.attn_k.weight", "blk.1.attn_K.weight");
    refused(&missing, &["blk.1.attn_k.weight", "missing"]);
    let shape = place(&bytes, "blk.0.ffn_up.weight") + "blk.0.ffn_up.weight".len() + 4;
    refused(
        &with_number(&bytes, shape + 8, 32),
        &["blk.0.ffn_up.weight", "shape"],
    );
    let mut format = bytes.clone();
    format[shape + 16..shape + 20].copy_from_slice(&16_u32.to_le_bytes());
    refused(&format, &["blk.0.ffn_up.weight", "number format 16"]);
}

#[test]
fn weights_that_are_no_numbers_are_refused_in_both_forms() {
    for (name, nan) in [
        ("decoder/qwen3/q8_0.gguf", vec![0xff, 0x7f]),
        ("decoder/qwen3/f32.gguf", f32::NAN.to_le_bytes().to_vec()),
        ("t5/gguf-c/f32.gguf", f32::INFINITY.to_le_bytes().to_vec()),
    ] {
        let mut bytes = whole(name);
        // The data of some tensor ends the file; every one of its blocks gets the same scale.
        let block = if nan.len() == 2 { 34 } else { 4 };
        let end = bytes.len() - bytes.len() % 4;
        let from = end - 4 * block;
        for at in (from..end).step_by(nan.len()) {
            bytes[at..at + nan.len()].copy_from_slice(&nan);
        }
        refused(&bytes, &["the tensor '"]);
    }
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("model.gguf");
    std::fs::copy(fixture(FILES[1]), &path).unwrap();
    let beside = dir.path().join("tokenizer.json");
    std::fs::copy(fixture("t5/folder-a/tokenizer.json"), &beside).unwrap();
    let message = open(&path, "copy", None, &Cancel::new())
        .err()
        .unwrap()
        .to_string();
    assert!(message.contains("tokenizer.json"), "{message}");
    for damaged in ["", "{}", "[]", "{\"model\":{\"type\":\"BPE\"}}"] {
        std::fs::write(&beside, damaged).unwrap();
        let message = open(&path, "copy", None, &Cancel::new())
            .err()
            .unwrap()
            .to_string();
        assert!(message.contains("tokenizer.json"), "{message}");
    }
    let bytes = whole(FILES[0]);
    let unknown = replaced(&bytes, "tokenizer.ggml.tokens", "tokenizer.ggml.tokenz");
    refused(&unknown, &["tokenizer.ggml.tokens"]);
    let merges = replaced(&bytes, "tokenizer.ggml.merges", "tokenizer.ggml.mergez");
    refused(&merges, &["tokenizer.ggml.merges"]);
    let template = replaced(&bytes, "{%- for message", "{%- fog message");
    refused(&template, &["chat template"]);
}

/// Any byte of the header may be wrong: the file is refused or it works, and nothing panics.
#[test]
fn a_flipped_byte_in_the_header_never_panics() {
    let pair = LangPair::new(Lang::Th, Lang::Vi);
    let options = DecodeOptions {
        max_tokens: 2,
        ..DecodeOptions::default()
    };
    for name in FILES {
        let bytes = whole(name);
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("model.gguf");
        for at in (0..bytes.len() / 2).step_by(bytes.len() / 100) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x55;
            std::fs::write(&path, &flipped).unwrap();
            if let Ok(mut model) = open(&path, "copy", None, &Cancel::new()) {
                let _ = model.translate("ก", pair, &options, &Cancel::new());
            }
        }
    }
}

fn copy_folder(to: &Path) {
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::fs::copy(fixture("t5/folder-a").join(name), to.join(name)).unwrap();
    }
}

#[test]
fn a_t5_folder_with_wrong_settings_is_refused_by_name() {
    for (name, value) in [
        ("d_model", "18"),
        ("d_kv", "1073741824"),
        ("num_layers", "3"),
        ("num_heads", "0"),
        ("vocab_size", "99999999999"),
        ("relative_attention_num_buckets", "31"),
        ("feed_forward_proj", "\"relu\""),
        ("model_type", "\"mt5\""),
        ("eos_token_id", "[1, 2]"),
    ] {
        let dir = TempDir::new().unwrap();
        copy_folder(dir.path());
        let path = dir.path().join("config.json");
        let mut json: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        json[name] = serde_json::from_str(value).unwrap();
        std::fs::write(&path, json.to_string()).unwrap();
        let message = open(dir.path(), "copy", None, &Cancel::new()).err();
        let message = message.unwrap_or_else(|| panic!("{name} {value} was loaded"));
        let message = message.to_string();
        let named = message.contains(name)
            || message.contains("shape")
            || message.contains("missing")
            || message.contains("'mt5'");
        assert!(named, "{name}: {message}");
    }
    let dir = TempDir::new().unwrap();
    copy_folder(dir.path());
    let weights = dir.path().join("model.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() - 9]).unwrap();
    let message = open(dir.path(), "copy", None, &Cancel::new())
        .err()
        .unwrap()
        .to_string();
    assert!(message.contains("cut short"), "{message}");
}
