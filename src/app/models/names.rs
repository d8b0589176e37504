//! What the names of a model's files and folders tell before anything is opened.

use std::path::{Component, Path};

/// Whether a file is called like one for whisper.cpp.
pub(in crate::app) fn is_ggml(path: &str) -> bool {
    [".bin", ".ggml", ".gguf"]
        .iter()
        .any(|end| path.ends_with(end))
}

pub(super) fn is_gguf(path: &str) -> bool {
    path.ends_with(".gguf")
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
