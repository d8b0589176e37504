//! The tokenizer that the metadata of a GGUF file describes, in the words of `tokenizer.json`.
//!
//! `tokenizer.ggml.model` names the family: `gpt2` (byte-level pairs), `llama` (SentencePiece pairs
//! by score), `t5` (SentencePiece unigram). Facts from llama.cpp (`src/llama-vocab.cpp`) and from
//! transformers (`convert_slow_tokenizer.py`), which agree.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::charsmap;
use super::gguf::{Gguf, Value};

/// How Qwen 2, Qwen 3 and the first Hunyuan models cut text before they join bytes.
const QWEN_WORDS: &[&str] = &[
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
];
/// How the dense Hunyuan models do: digits by threes, then Chinese and kana, then the rest.
const HUNYUAN_WORDS: &[&str] = &[
    r"\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##,
];

/// `tokenizer.ggml.token_type`: plain text.
const NORMAL: i64 = 1;
/// The token for what is not in the vocabulary.
const UNKNOWN: i64 = 2;
/// One byte of what is not in the vocabulary.
const BYTE: i64 = 6;

/// The vocabulary as the metadata lists it.
struct Listed<'a> {
    names: &'a [String],
    scores: &'a [f32],
    types: &'a [i64],
}

impl Listed<'_> {
    fn is_plain(&self, id: usize) -> bool {
        matches!(
            self.types.get(id).copied().unwrap_or(NORMAL),
            NORMAL | UNKNOWN | BYTE
        )
    }

    fn unknown(&self) -> Option<usize> {
        self.types.iter().position(|kind| *kind == UNKNOWN)
    }

    /// All tokens that are no plain text.
    fn added(&self) -> Vec<Json> {
        let added = self.names.iter().enumerate();
        let added = added.filter(|(id, _)| !self.is_plain(*id));
        added
            .map(|(id, name)| {
                json!({"id": id, "content": name, "single_word": false, "lstrip": false,
                       "rstrip": false, "normalized": false, "special": true})
            })
            .collect()
    }

    fn vocabulary(&self) -> Map<String, Json> {
        let names = self.names.iter().enumerate();
        names.map(|(id, name)| (name.clone(), json!(id))).collect()
    }
}

/// `tokenizer.json` for the tokenizer of this file.
pub(super) fn to_json(gguf: &Gguf) -> Result<Json, String> {
    let Some(Value::Texts(names)) = gguf.value("tokenizer.ggml.tokens") else {
        return Err("the metadata has no tokenizer.ggml.tokens".to_owned());
    };
    let listed = Listed {
        names,
        scores: match gguf.value("tokenizer.ggml.scores") {
            Some(Value::Floats(scores)) => scores,
            _ => &[],
        },
        types: match gguf.value("tokenizer.ggml.token_type") {
            Some(Value::Wholes(types)) => types,
            _ => &[],
        },
    };
    for (what, len) in [
        ("scores", listed.scores.len()),
        ("types", listed.types.len()),
    ] {
        if len != 0 && len != names.len() {
            return Err(format!("{} tokens have {len} {what}", names.len()));
        }
    }
    let family = gguf.text("tokenizer.ggml.model").unwrap_or_default();
    let mut json = match family {
        "gpt2" => byte_pairs(gguf, &listed)?,
        "llama" => scored_pairs(gguf, &listed)?,
        "t5" => unigram(gguf, &listed)?,
        other => return Err(format!("tokenizer.ggml.model '{other}' is not known")),
    };
    if let Some(fields) = json.as_object_mut() {
        fields.insert("version".to_owned(), json!("1.0"));
        fields.insert("added_tokens".to_owned(), Json::Array(listed.added()));
    }
    Ok(json)
}

fn byte_pairs(gguf: &Gguf, listed: &Listed) -> Result<Json, String> {
    let Some(Value::Texts(merges)) = gguf.value("tokenizer.ggml.merges") else {
        return Err("the metadata has no tokenizer.ggml.merges".to_owned());
    };
    let (words, normalizer) = match gguf.text("tokenizer.ggml.pre").unwrap_or_default() {
        "qwen2" => (QWEN_WORDS, json!({"type": "NFC"})),
        "hunyuan" => (QWEN_WORDS, Json::Null),
        "hunyuan-dense" => (HUNYUAN_WORDS, Json::Null),
        other => {
            return Err(format!(
                "tokenizer.ggml.pre '{other}' is not known; lay the model's tokenizer.json beside \
                 the file"
            ));
        }
    };
    let mut steps: Vec<Json> = words
        .iter()
        .map(|words| {
            json!({"type": "Split", "pattern": {"Regex": words}, "behavior": "Isolated",
                   "invert": false})
        })
        .collect();
    let bytes = |regex: bool| {
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
               "use_regex": regex})
    };
    steps.push(bytes(false));
    Ok(json!({
        "normalizer": normalizer,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps},
        "decoder": bytes(true),
        "model": {"type": "BPE", "vocab": listed.vocabulary(), "merges": merges,
                  "fuse_unk": false, "byte_fallback": false},
    }))
}

fn scored_pairs(gguf: &Gguf, listed: &Listed) -> Result<Json, String> {
    if listed.scores.is_empty() {
        return Err("the metadata has no tokenizer.ggml.scores".to_owned());
    }
    let prefix = gguf.whole("tokenizer.ggml.add_space_prefix") != Some(0);
    let blank = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
    let normalizer = match prefix {
        true => json!({"type": "Sequence",
                       "normalizers": [{"type": "Prepend", "prepend": "▁"}, blank]}),
        false => blank,
    };
    let mut decoders = vec![
        json!({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
        json!({"type": "ByteFallback"}),
        json!({"type": "Fuse"}),
    ];
    if prefix {
        decoders.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
    }
    let unknown = listed.unknown().and_then(|id| listed.names.get(id));
    Ok(json!({
        "normalizer": normalizer,
        "pre_tokenizer": null,
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": {"type": "BPE", "vocab": listed.vocabulary(), "merges": merges(listed),
                  "unk_token": unknown, "fuse_unk": true, "byte_fallback": true},
    }))
}

/// Every way to join two pieces into a third, the best score first: what SentencePiece does, written
/// as pairs.
fn merges(listed: &Listed) -> Vec<[String; 2]> {
    let plain = listed.names.iter().enumerate();
    let plain = plain.filter(|(id, _)| listed.is_plain(*id));
    let known: HashMap<&str, usize> = plain.map(|(id, name)| (name.as_str(), id)).collect();
    let mut found: Vec<(f32, usize, usize, usize, usize, &str, &str)> = Vec::new();
    for (id, name) in listed.names.iter().enumerate() {
        let score = listed.scores.get(id).copied().unwrap_or_default();
        if !listed.is_plain(id) {
            continue;
        }
        let letters = name.chars().count();
        for (count, (at, _)) in name.char_indices().enumerate().skip(1) {
            let (left, right) = name.split_at(at);
            if let (Some(l), Some(r)) = (known.get(left), known.get(right)) {
                found.push((
                    score,
                    count,
                    letters.saturating_sub(count),
                    *l,
                    *r,
                    left,
                    right,
                ));
            }
        }
    }
    found.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then(b.1.cmp(&a.1))
            .then(b.2.cmp(&a.2))
            .then((a.3, a.4).cmp(&(b.3, b.4)))
    });
    let pairs = found.into_iter();
    pairs
        .map(|(.., left, right)| [left.to_owned(), right.to_owned()])
        .collect()
}

fn unigram(gguf: &Gguf, listed: &Listed) -> Result<Json, String> {
    if listed.scores.is_empty() {
        return Err("the metadata has no tokenizer.ggml.scores".to_owned());
    }
    let mut steps = Vec::new();
    if let Some(Value::Wholes(table)) = gguf.value("tokenizer.ggml.precompiled_charsmap") {
        let table: Vec<u8> = table.iter().map(|byte| *byte as u8).collect();
        steps.push(json!({"type": "Precompiled",
                          "precompiled_charsmap": charsmap::to_base64(&table)}));
    }
    if gguf.whole("tokenizer.ggml.remove_extra_whitespaces") != Some(0) {
        steps.push(json!({"type": "Strip", "strip_left": false, "strip_right": true}));
        steps.push(json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}));
    }
    let prefix = match gguf.whole("tokenizer.ggml.add_space_prefix") {
        Some(0) => "never",
        _ => "always",
    };
    let blanks = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": prefix,
                        "split": true});
    let pieces: Vec<Json> = listed
        .names
        .iter()
        .zip(listed.scores)
        .map(|(name, score)| json!([name, score]))
        .collect();
    Ok(json!({
        "normalizer": {"type": "Sequence", "normalizers": steps},
        "pre_tokenizer": blanks,
        "decoder": blanks,
        "model": {"type": "Unigram", "unk_id": listed.unknown().unwrap_or(0), "vocab": pieces,
                  "byte_fallback": false},
    }))
}
