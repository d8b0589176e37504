//! Whether a word stands anywhere in what an export may write.

use super::super::places::places;
use super::Checked;

/// Fields of hashes, times, numbers, generated names and words of the program: they say nothing.
const NO_WORDS: [&str; 22] = [
    "sha256",
    "started",
    "at",
    "until",
    "program",
    "kind",
    "role",
    "of",
    "format",
    "id",
    "interview",
    "previous",
    "parent",
    "parent_head",
    "rows",
    "key",
    "seen_by",
    "signature",
    "number",
    "recipient",
    "proof",
    "made",
];

/// Whether any text of a JSON value holds a word of the rule.
pub(super) fn holds(value: &serde_json::Value, rule: &Checked) -> bool {
    match value {
        serde_json::Value::String(text) => !places(text, &rule.needles).is_empty(),
        serde_json::Value::Array(values) => values.iter().any(|v| holds(v, rule)),
        serde_json::Value::Object(fields) => fields
            .iter()
            .any(|(name, v)| !NO_WORDS.contains(&name.as_str()) && holds(v, rule)),
        _ => false,
    }
}
