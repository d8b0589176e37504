//! The tokenizer of a folder that has no tokenizer.json, as M2M100's and NLLB's makers publish them:
//! `sentencepiece.bpe.model` cuts a text into pieces, `vocab.json` numbers them.
//!
//! The numbers are those of transformers' `M2M100Tokenizer`: what `vocab.json` does not list is unknown,
//! and the languages follow its last piece. Without `vocab.json` the folder is NLLB's, whose pieces have the
//! model's own numbers plus one, then come the languages and `<mask>`. A `vocab.json` that names the
//! languages itself is whole; so are those that this program writes.

mod languages;
mod normal;
mod pairs;
mod proto;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Error;
use super::charsmap::Table;
use super::config::{read_bounded, read_json};
use super::tokens::{SPACE, language_names};
use super::vocabulary::is_language;
use normal::Normal;
use proto::{Kind, Model};

/// The file with the pieces.
pub(super) const MODEL: &str = "sentencepiece.bpe.model";
/// The file with their numbers.
pub(super) const NUMBERS: &str = "vocab.json";
/// The file that may say of which family the languages are.
const SETTINGS: &str = "tokenizer_config.json";
/// The first tokens of both families.
const FIRST: [&str; 4] = ["<s>", "<pad>", "</s>", UNKNOWN];
const UNKNOWN: &str = "<unk>";
const MASK: &str = "<mask>";

/// What is known of a text that may be a token.
#[derive(Clone, Copy, Default)]
struct Known {
    /// Its number, if it has one.
    id: Option<u32>,
    /// How early its parts are joined, if it is a piece.
    score: Option<f32>,
}

/// The tokenizer of such a folder.
pub(super) struct SentencePiece {
    normal: Normal,
    known: HashMap<Arc<str>, Known>,
    /// By number.
    names: Vec<Arc<str>>,
    unknown: u32,
    /// The file that numbers the tokens.
    path: PathBuf,
}

/// An error about a file of the folder.
fn bad(path: &Path, problem: String) -> Error {
    Error::Tokenizer {
        problem,
        path: path.to_owned(),
    }
}

impl SentencePiece {
    /// Whether a folder has such a tokenizer and no other.
    pub fn is_in(dir: &Path) -> bool {
        !dir.join("tokenizer.json").exists() && dir.join(MODEL).exists()
    }

    /// Reads the tokenizer of `dir` for a checkpoint of `rows` rows.
    pub fn read(dir: &Path, rows: usize) -> Result<Self, Error> {
        let path = dir.join(MODEL);
        let bytes = read_bounded(&path, proto::LONGEST)?;
        let model = proto::read(&bytes).map_err(|problem| bad(&path, problem))?;
        let normal = normal(&model).map_err(|problem| bad(&path, problem))?;
        let numbers = dir.join(NUMBERS);
        let (names, path) = if numbers.exists() {
            (numbered(dir, &numbers)?, numbers)
        } else {
            let names = counted(&model).map_err(|problem| bad(&path, problem))?;
            (names, path)
        };
        // Before a second copy is made of them.
        if names.len() > rows {
            let count = names.len();
            let problem = format!("it has {count} tokens, the model's vocab_size is {rows}");
            return Err(bad(&path, problem));
        }
        Self::build(model, normal, names, &path)
    }

    fn build(model: Model, normal: Normal, names: Vec<String>, path: &Path) -> Result<Self, Error> {
        let names: Vec<Arc<str>> = names.into_iter().map(Arc::from).collect();
        let mut known: HashMap<Arc<str>, Known> = HashMap::with_capacity(names.len());
        for (id, name) in (0..).zip(&names) {
            let known = known.entry(Arc::clone(name)).or_default();
            if known.id.replace(id).is_some() {
                return Err(bad(path, "a token stands there twice".to_owned()));
            }
        }
        for piece in model.pieces {
            let is_text = matches!(piece.kind, Kind::Normal | Kind::Whole);
            // A name of no text is never written by joining letters.
            if is_text && !FIRST.contains(&piece.text.as_str()) && piece.text != MASK {
                let known = known.entry(Arc::from(piece.text)).or_default();
                if known.score.replace(piece.score).is_some() {
                    let path = path.with_file_name(MODEL);
                    return Err(bad(&path, "a piece stands there twice".to_owned()));
                }
            }
        }
        let unknown = known.get(UNKNOWN).and_then(|known| known.id);
        let unknown = unknown.ok_or_else(|| bad(path, format!("it has no token '{UNKNOWN}'")))?;
        Ok(Self {
            normal,
            known,
            names,
            unknown,
            path: path.to_owned(),
        })
    }

    /// The file that numbers the tokens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many tokens there are; they are numbered from 0 on.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The name of a token.
    pub fn name(&self, id: u32) -> Option<&str> {
        self.names.get(id as usize).map(|name| &**name)
    }

    /// The number of a token.
    pub fn id(&self, name: &str) -> Option<u32> {
        self.known.get(name)?.id
    }

    /// Whether a token is no text.
    pub fn is_markup(&self, id: u32) -> bool {
        self.name(id).is_some_and(|name| {
            let is_piece = self.known.get(name).is_some_and(|k| k.score.is_some());
            FIRST.contains(&name) || name == MASK || is_language(name) && !is_piece
        })
    }

    /// All tokens, by number.
    pub fn names(&self) -> impl Iterator<Item = (u32, &str)> {
        (0..).zip(self.names.iter().map(|name| &**name))
    }

    /// How early the parts of a piece are joined; `None` where the text is no piece.
    fn score(&self, piece: &str) -> Option<f32> {
        self.known.get(piece)?.score
    }

    /// A text as the pieces spell it.
    pub fn normal(&self, text: &str) -> String {
        self.normal.apply(text).text.replace(SPACE, " ")
    }

    /// The tokens of a text, each with the bytes of the text that it stands for.
    pub fn encode(&self, text: &str) -> Vec<(u32, Range<usize>)> {
        let ready = self.normal.apply(text);
        let pieces = pairs::join(
            &ready.text,
            |rest| self.normal.whole(rest),
            |piece| self.score(piece),
        );
        let mut found: Vec<(bool, Range<usize>)> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let is_known = ready.text.get(piece.clone()).and_then(|p| self.score(p));
            match (is_known, found.last_mut()) {
                // Unknown letters in a row are one token.
                (None, Some((false, run))) => run.end = piece.end,
                (is_known, _) => found.push((is_known.is_some(), piece)),
            }
        }
        let numbered = found.into_iter().map(|(_, piece)| {
            let id = ready.text.get(piece.clone()).and_then(|p| self.id(p));
            // Whatever a text reads like, it is no control token.
            let id = id.filter(|id| !self.is_markup(*id)).unwrap_or(self.unknown);
            (id, ready.origin(&piece))
        });
        numbered.collect()
    }

    /// The text of tokens; those that are no text are left out.
    pub fn decode(&self, ids: &[u32]) -> String {
        let texts = ids.iter().filter(|id| !self.is_markup(**id));
        let texts = texts.filter_map(|id| self.name(*id));
        let text: String = texts.map(|piece| piece.replace(SPACE, " ")).collect();
        text.trim().to_owned()
    }
}

fn normal(model: &Model) -> Result<Normal, String> {
    let table = match model.table.as_slice() {
        [] => None,
        table => Some(Table::read(table).ok_or("its normalisation table is damaged")?),
    };
    let whole = model
        .pieces
        .iter()
        .filter(|piece| piece.kind == Kind::Whole);
    let mut whole: Vec<String> = whole.map(|piece| piece.text.clone()).collect();
    whole.sort_unstable_by_key(|piece| std::cmp::Reverse(piece.len()));
    Ok(Normal {
        table,
        whole,
        dummy_prefix: model.dummy_prefix,
        remove_extra_blanks: model.remove_extra_blanks,
        escape_blanks: model.escape_blanks,
    })
}

/// The tokens that vocab.json numbers, and the languages behind them where it names none.
fn numbered(dir: &Path, path: &Path) -> Result<Vec<String>, Error> {
    let numbers: BTreeMap<String, u32> = read_json(path)?;
    let mut names: Vec<Option<String>> = vec![None; numbers.len()];
    let is_whole = language_names().any(|name| numbers.contains_key(name));
    for (name, id) in numbers {
        let count = names.len();
        match names.get_mut(id as usize) {
            Some(place @ None) => *place = Some(name),
            _ => {
                let problem = format!("its {count} tokens are not numbered 0, 1, 2 and so on");
                return Err(bad(path, problem));
            }
        }
    }
    let mut names: Vec<String> = names.into_iter().flatten().collect();
    if !is_whole {
        let codes = languages_of(dir)?.split_whitespace();
        names.extend(codes.map(|code| format!("__{code}__")));
    }
    Ok(names)
}

/// Which languages follow the pieces of an M2M100.
fn languages_of(dir: &Path) -> Result<&'static str, Error> {
    let path = dir.join(SETTINGS);
    if !path.exists() {
        return Ok(languages::M2M100);
    }
    let settings: serde_json::Value = read_json(&path)?;
    match settings
        .get("language_codes")
        .and_then(|codes| codes.as_str())
    {
        None | Some("m2m100") => Ok(languages::M2M100),
        Some("wmt21") => Ok(languages::WMT21),
        Some(other) => Err(bad(&path, format!("language_codes '{other}' is not known"))),
    }
}

/// The tokens of NLLB, which are numbered as the model's pieces are, but for the first.
fn counted(model: &Model) -> Result<Vec<String>, String> {
    let first = model.pieces.iter().map(|piece| piece.text.as_str()).take(3);
    if !first.eq([UNKNOWN, "<s>", "</s>"]) {
        return Err(format!(
            "its pieces do not begin with {UNKNOWN}, <s>, </s>, and there is no {NUMBERS} to number them"
        ));
    }
    let pieces = model.pieces.iter().skip(3).map(|piece| piece.text.as_str());
    let names = FIRST.into_iter().chain(pieces);
    let names = names
        .chain(languages::NLLB.split_whitespace())
        .chain([MASK]);
    Ok(names.map(str::to_owned).collect())
}
