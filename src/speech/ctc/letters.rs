//! The tokens of a CTC model: letters of a script, a mark between words, and tokens without text.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::domain::Lang;
use crate::speech::Error;

use super::config::read_json;

/// What the model calls the gap between words, where its settings do not say.
const GAP: &str = "|";

/// The tokens of one language, or of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Letters {
    /// Text of each token; empty where it has none.
    texts: Vec<String>,
    /// The token that stands for "nothing new".
    pub blank: usize,
}

/// The name of a language in the files of MMS (ISO 639-3).
pub(super) const fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "cmn-script_simplified",
        Lang::Vi => "vie",
        Lang::Th => "tha",
        Lang::My => "mya",
        Lang::Lo => "lao",
        Lang::Km => "khm",
        Lang::En => "eng",
    }
}

impl Letters {
    /// Reads `vocab.json`: token to row, or language to such a list.
    ///
    /// # Errors
    /// A file that cannot be read, or lists rows that the model does not have.
    pub fn read(
        folder: &Path,
        lang: Option<Lang>,
        rows: usize,
        blank: usize,
    ) -> Result<Self, Error> {
        let path = folder.join("vocab.json");
        let refused = |reason: String| Error::ModelRefused {
            path: path.clone(),
            reason,
        };
        let all: Value = read_json(&path)?;
        let own = match (is_nested(&all), lang) {
            (false, _) => all,
            (true, Some(lang)) => all
                .get(code(lang))
                .cloned()
                .ok_or_else(|| refused(format!("it has no letters for {}", lang.name())))?,
            (true, None) => return Err(refused("it has a list for each language".into())),
        };
        let list: BTreeMap<String, usize> =
            serde_json::from_value(own).map_err(|e| refused(e.to_string()))?;
        let gap = gap(folder)?;
        let mut texts = vec![String::new(); rows];
        for (token, row) in list {
            let place = texts
                .get_mut(row)
                .ok_or_else(|| refused(format!("it lists row {row}, the model has {rows}")))?;
            let special = token.starts_with('<') && token.ends_with('>') && token.len() > 2
                || token == "[PAD]"
                || token == "[UNK]";
            if token == gap {
                *place = " ".into();
            } else if !special && row != blank {
                *place = token;
            }
        }
        if texts.iter().all(String::is_empty) {
            return Err(refused("it has no letters".into()));
        }
        Ok(Self { texts, blank })
    }

    /// The text of a token; empty for those without one.
    pub fn text(&self, token: usize) -> &str {
        self.texts.get(token).map_or("", String::as_str)
    }

    /// `text` in tokens, longest first at each place; `None` where a letter has none.
    pub fn spell(&self, text: &str) -> Option<Vec<usize>> {
        let mut rest = text;
        let mut tokens = Vec::new();
        while !rest.is_empty() {
            let fits = self
                .texts
                .iter()
                .enumerate()
                .filter(|(_, t)| !t.is_empty() && rest.starts_with(t.as_str()));
            let (token, found) = fits.max_by_key(|(_, t)| t.len())?;
            tokens.push(token);
            rest = rest.get(found.len()..)?;
        }
        Some(tokens)
    }
}

fn is_nested(vocabulary: &Value) -> bool {
    let lists = vocabulary.as_object();
    lists.is_some_and(|o| o.values().all(Value::is_object))
}

/// Whether the small layers in the model's own file may be those of `languages`, which have no file of their
/// own. Where each language has its letters they belong to one language alone: to that which the tokenizer's
/// settings name, if they name one. Any other language would be written in its letters.
///
/// # Errors
/// A file that cannot be read; [`Error::ModelRefused`] naming the file that is missing.
pub(super) fn belongs_to(folder: &Path, languages: &[Lang]) -> Result<(), Error> {
    if !is_nested(&read_json(&folder.join("vocab.json"))?) {
        return Ok(());
    }
    let target = setting(folder, "target_lang")?;
    let is_other = |lang: &Lang| {
        target
            .as_deref()
            .is_some_and(|target| target != code(*lang))
    };
    let alone = languages.len() == 1;
    let Some(missing) = languages.iter().find(|lang| is_other(lang) || !alone) else {
        return Ok(());
    };
    Err(Error::ModelRefused {
        path: super::adapter_file(folder, *missing),
        reason: format!(
            "the file is missing, and without it {} would be written in another language's letters",
            missing.name()
        ),
    })
}

/// What stands between words, as `tokenizer_config.json` says.
fn gap(folder: &Path) -> Result<String, Error> {
    let told = setting(folder, "word_delimiter_token")?;
    Ok(told.unwrap_or_else(|| GAP.to_owned()))
}

/// A setting of the tokenizer, where there is one.
fn setting(folder: &Path, name: &str) -> Result<Option<String>, Error> {
    let path = folder.join("tokenizer_config.json");
    if !path.exists() {
        return Ok(None);
    }
    let settings: Value = read_json(&path)?;
    Ok(settings
        .get(name)
        .and_then(Value::as_str)
        .map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(vocab: &str, lang: Option<Lang>, rows: usize) -> Result<Letters, Error> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("vocab.json"), vocab).unwrap();
        Letters::read(dir.path(), lang, rows, 0)
    }

    #[test]
    fn tokens_have_their_letters_in_every_script() {
        let vocab =
            r#"{"<pad>":0,"<s>":1,"|":2,"ខ":3,"្":4,"ຂ":5,"မ":6,"ท":7,"文":8,"ậ":9,"<unk>":10}"#;
        let letters = letters(vocab, None, 11).unwrap();
        let text: String = (0..11).map(|t| letters.text(t)).collect();
        assert_eq!(text, " ខ្ຂမท文ậ");
        assert_eq!(letters.spell("文 ខ្"), Some(vec![8, 2, 3, 4]));
        assert_eq!(letters.spell("武"), None);
    }

    #[test]
    fn a_list_for_each_language_is_read_for_one() {
        let vocab = r#"{"lao":{"<pad>":0,"ກ":1},"khm":{"<pad>":0,"ក":1}}"#;
        assert_eq!(letters(vocab, Some(Lang::Km), 2).unwrap().text(1), "ក");
        assert!(letters(vocab, Some(Lang::Th), 2).is_err());
        assert!(letters(vocab, None, 2).is_err());
    }

    #[test]
    fn a_list_that_does_not_fit_the_model_is_refused() {
        for vocab in [
            "",
            "[]",
            "{}",
            r#"{"a":5}"#,
            r#"{"a":-1}"#,
            r#"{"<pad>":0}"#,
            r#"{"a":"b"}"#,
        ] {
            let refused = letters(vocab, None, 2).unwrap_err();
            assert!(matches!(refused, Error::ModelRefused { .. }), "{vocab}");
        }
    }
}
