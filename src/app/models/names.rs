//! What the names of a model's files and folders tell before anything is opened.

use std::path::{Component, Path};

use super::Kind;

/// Whether a file is called like one for whisper.cpp.
pub(in crate::app) fn is_ggml(path: &str) -> bool {
    [".bin", ".ggml", ".gguf"]
        .iter()
        .any(|end| path.ends_with(end))
}

pub(super) fn is_gguf(path: &str) -> bool {
    path.ends_with(".gguf")
}

/// Whether a file is a tokenizer that the engine for folders of this kind reads.
pub(super) fn is_tokenizer(kind: Kind, path: &str) -> bool {
    path == "tokenizer.json" || kind == Kind::M2m100 && path == "sentencepiece.bpe.model"
}

/// Whether an engine would take a file of this name from the folder; `listed` tells which files the
/// description lists.
pub(super) fn is_taken(kind: Kind, name: &str, listed: &dyn Fn(&str) -> bool) -> bool {
    // With a tokenizer.json nothing else is asked how tokens are numbered.
    let numbers = [
        "sentencepiece.bpe.model",
        "vocab.json",
        "tokenizer_config.json",
    ];
    // An engine takes a tokenizer.json that lies beside a GGUF file.
    name.contains(".safetensors")
        || kind.purpose() == "translation" && (is_gguf(name) || name == "tokenizer.json")
        || kind == Kind::M2m100 && numbers.contains(&name) && !listed("tokenizer.json")
}

pub(super) fn stays_inside(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path)
            .components()
            .all(|c| matches!(c, Component::Normal(_)))
}

/// A copy that was cut short leaves a dot-folder behind, which is no model.
pub(super) fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|n| n.to_string_lossy().starts_with('.'))
}
