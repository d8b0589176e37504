//! Which pieces of a vocabulary the program's languages can need, and a tokenizer with only those.
//!
//! A piece stays if each of its letters belongs to one of the seven languages. Byte-pair encoding
//! builds a text's pieces from parts of that text alone, so every piece that can arise on the way
//! from such letters stays with its merges, in their order: these languages' texts fall into the
//! same pieces as before, under new numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

/// Letters of Vietnamese beyond ASCII that lie outside U+1EA0 to U+1EF9.
const VIETNAMESE: &str = "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư";
/// Blocks of the other scripts, first and last code point (Unicode 16): Thai, Lao, Burmese with its
/// extensions, Khmer with its signs, Han with its extensions, full-width forms.
const BLOCKS: [(u32, u32); 15] = [
    (0x0E00, 0x0E7F),
    (0x0E80, 0x0EFF),
    (0x1000, 0x109F),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0x1780, 0x17FF),
    (0x19E0, 0x19FF),
    (0x1EA0, 0x1EF9),
    (0x3005, 0x3007),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF01, 0xFF5E),
    (0x20000, 0x2FA1F),
    (0x30000, 0x3347F),
];

/// A smaller vocabulary.
pub(super) struct Trimmed {
    /// The content of tokenizer.json, or of vocab.json beside a SentencePiece model.
    pub tokenizer: Value,
    /// For each new token, the old one; ascending.
    pub kept: Vec<u32>,
}

impl Trimmed {
    /// The new number of an old token.
    pub fn id(&self, old: u32) -> Option<u32> {
        self.kept.binary_search(&old).ok().map(|at| at as u32)
    }
}

/// Whether a text of the seven languages may hold `c`: their letters, and whatever is no letter.
fn is_ours(c: char) -> bool {
    let code = u32::from(c);
    c.is_ascii()
        || !c.is_alphabetic()
        || VIETNAMESE.contains(c)
        || BLOCKS
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&code))
}

/// Whether a token looks like NLLB's (`tha_Thai`) or M2M100's (`__th__`) name of a language.
pub(super) fn is_language(token: &str) -> bool {
    let letters = |s: &str, n: usize| s.len() == n && s.chars().all(|c| c.is_ascii_alphabetic());
    let short = token.strip_prefix("__").and_then(|t| t.strip_suffix("__"));
    short.is_some_and(|s| (2..=3).any(|n| letters(s, n)))
        || token
            .split_once('_')
            .is_some_and(|(lang, script)| letters(lang, 3) && letters(script, 4))
}

/// Whether a token is kept: text that the seven languages can need, and of markup all but the other
/// languages' tokens.
pub(super) fn stays(token: &str, is_markup: bool, languages: &BTreeSet<String>) -> bool {
    if is_markup {
        languages.contains(token) || !is_language(token)
    } else {
        token.chars().all(is_ours)
    }
}

/// Leaves the pieces of the seven languages in a `tokenizer.json`, and of the language tokens those
/// in `languages`.
pub(super) fn trim(mut tokenizer: Value, languages: &BTreeSet<String>) -> Result<Trimmed, String> {
    let added = added_tokens(&tokenizer)?;
    let model = tokenizer
        .get_mut("model")
        .and_then(Value::as_object_mut)
        .ok_or("it has no model")?;
    match model.get("type").and_then(Value::as_str) {
        Some("BPE") => {}
        other => {
            let other = other.unwrap_or("unknown");
            return Err(format!("its kind is '{other}'; only 'BPE' can be trimmed"));
        }
    }
    let vocab = vocabulary(model)?;
    let stays = |token: &str| stays(token, added.contains_key(token), languages);
    let mut kept: Vec<u32> = vocab
        .iter()
        .chain(&added)
        .filter(|(token, _)| stays(token))
        .map(|(_, id)| *id)
        .collect();
    kept.sort_unstable();
    kept.dedup();
    let mut trimmed = Trimmed {
        tokenizer: Value::Null,
        kept,
    };
    let pieces: BTreeMap<u32, &String> = vocab
        .iter()
        .filter(|(token, _)| stays(token))
        .filter_map(|(token, id)| Some((trimmed.id(*id)?, token)))
        .collect();
    let pieces: Map<String, Value> = pieces
        .into_iter()
        .map(|(id, token)| (token.clone(), id.into()))
        .collect();
    if let Some(Value::Array(merges)) = model.get_mut("merges") {
        merges.retain(|merge| {
            parts(merge).is_some_and(|(a, b)| {
                pieces.contains_key(a)
                    && pieces.contains_key(b)
                    && pieces.contains_key(&(a.to_owned() + b))
            })
        });
    }
    model.insert("vocab".to_owned(), Value::Object(pieces));
    if let Some(Value::Array(tokens)) = tokenizer.get_mut("added_tokens") {
        tokens.retain_mut(|token| {
            let old = token.get("id").and_then(Value::as_u64);
            let new = old
                .and_then(|id| u32::try_from(id).ok())
                .and_then(|id| trimmed.id(id));
            match (new, token.get_mut("id")) {
                (Some(new), Some(id)) => {
                    *id = new.into();
                    true
                }
                _ => false,
            }
        });
    }
    if let Some(all) = tokenizer.as_object_mut() {
        // It would name old numbers; the engine adds the language and end tokens itself.
        all.insert("post_processor".to_owned(), Value::Null);
    }
    trimmed.tokenizer = tokenizer;
    Ok(trimmed)
}

fn vocabulary(model: &Map<String, Value>) -> Result<HashMap<String, u32>, String> {
    let vocab = model.get("vocab").and_then(Value::as_object);
    let entries = vocab.ok_or("it has no vocabulary")?.iter();
    let numbered = |(token, id): (&String, &Value)| {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
        id.map(|id| (token.clone(), id))
            .ok_or_else(|| format!("the piece '{token}' has no number"))
    };
    entries.map(numbered).collect()
}

fn added_tokens(tokenizer: &Value) -> Result<HashMap<String, u32>, String> {
    let tokens = tokenizer.get("added_tokens").and_then(Value::as_array);
    let numbered = |token: &Value| {
        let content = token.get("content").and_then(Value::as_str);
        let id = token.get("id").and_then(Value::as_u64);
        let id = id.and_then(|id| u32::try_from(id).ok());
        content
            .map(str::to_owned)
            .zip(id)
            .ok_or_else(|| "an added token has no text or no number".to_owned())
    };
    tokens.map_or(Ok(HashMap::new()), |all| all.iter().map(numbered).collect())
}

/// The two parts of a merge: `"a b"` in older files, `["a", "b"]` in newer ones.
fn parts(merge: &Value) -> Option<(&str, &str)> {
    match merge {
        Value::String(text) => text.split_once(' '),
        Value::Array(pair) => match pair.as_slice() {
            [a, b] => Some((a.as_str()?, b.as_str()?)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_the_seven_languages_stay_and_others_go() {
        for text in [
            "▁không",
            "ĐƯỢC",
            "ไม่",
            "ບໍ່",
            "မဟုတ်",
            "មិន",
            "不",
            "▁the",
            "၁២໓๔5，",
            "🙂",
        ] {
            assert!(text.chars().all(is_ours), "{text}");
        }
        for text in ["да", "και", "हाँ", "ひ", "한", "ß", "ñ", "لا"] {
            assert!(!text.chars().all(is_ours), "{text}");
        }
        assert!(is_language("ace_Arab") && is_language("__af__"));
        assert!(!is_language("<mask>") && !is_language("__init__"));
    }
}
