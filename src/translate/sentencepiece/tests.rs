//! Numbers, texts and places against transformers and SentencePiece, and damaged files.
//!
//! The answers come from `tests/parity/make_sentencepiece.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use super::super::shrink;
use super::super::spelt::Speller as _;
use super::super::tokens::Tokens;
use super::*;
use crate::domain::Lang;
use crate::translate::config::Config;

#[derive(Deserialize)]
struct Expected {
    pieces: usize,
    languages: BTreeMap<Lang, u32>,
    nllb_languages: BTreeMap<Lang, u32>,
    texts: Vec<Text>,
    decoded: Vec<Text>,
    nllb: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    from: Option<Lang>,
    text: String,
    ids: Vec<u32>,
}

/// The fixture, or the larger one that `scripts/proof parity` makes.
fn folder() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/m2m100");
    let root = std::env::var_os("MEKONG_PARITY_M2M100").map_or(root, PathBuf::from);
    root.join("sentencepiece")
}

fn expected() -> Expected {
    serde_json::from_slice(&fs::read(folder().join("pieces.json")).unwrap()).unwrap()
}

/// A copy of the folder's settings and tokenizer.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["config.json", MODEL, NUMBERS] {
            fs::copy(folder().join(name), dir.path().join(name)).unwrap();
        }
        Self(dir)
    }

    /// NLLB's form: no vocab.json, and as many rows as it then has tokens.
    fn nllb(pieces: usize) -> Self {
        let copy = Self::new();
        fs::remove_file(copy.path(NUMBERS)).unwrap();
        copy.rows(pieces + 1 + 202 + 1);
        copy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn rows(&self, rows: usize) {
        let config = fs::read(self.path("config.json")).unwrap();
        let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
        config["vocab_size"] = json!(rows);
        fs::write(self.path("config.json"), config.to_string()).unwrap();
    }

    fn read(&self) -> Result<Tokens, Error> {
        let config = Config::read(self.0.path()).unwrap();
        Tokens::read(self.0.path(), &config, None)
    }

    /// The message of a refusal, which must hold all of `words` and a next step.
    fn refused(&self, words: &[&str]) {
        let error = self.read().err().expect("a damaged tokenizer was loaded");
        let message = error.to_string();
        for word in words {
            assert!(message.contains(word), "'{word}' is not in: {message}");
        }
        assert!(error.help().contains(MODEL), "{}", error.help());
    }

    fn with(name: &str, bytes: &[u8]) -> Self {
        let copy = Self::new();
        fs::write(copy.path(name), bytes).unwrap();
        copy
    }
}

#[test]
fn texts_get_the_numbers_of_transformers() {
    let expected = expected();
    let tokens = Copy::new().read().unwrap();
    for (lang, id) in &expected.languages {
        assert_eq!(tokens.language(*lang), Some(*id), "{lang}");
    }
    assert!(expected.texts.len() > 100);
    for case in &expected.texts {
        let language = tokens.language(case.from.unwrap()).unwrap();
        let found = tokens.encode(&case.text, language).unwrap();
        match found {
            Some(found) => assert_eq!(found, (case.ids.clone(), false), "{:?}", case.text),
            // Nothing to translate: only the language and the end.
            None => assert_eq!(case.ids.len(), 2, "{:?}", case.text),
        }
    }
}

#[test]
fn tokens_become_the_texts_of_transformers() {
    let tokens = Copy::new().read().unwrap();
    for case in expected().decoded {
        assert_eq!(
            tokens.decode(&case.ids).unwrap(),
            case.text,
            "{:?}",
            case.ids
        );
    }
}

#[test]
fn a_folder_of_nllb_gets_the_numbers_of_its_pieces_plus_one() {
    let expected = expected();
    let tokens = Copy::nllb(expected.pieces).read().unwrap();
    for (lang, id) in &expected.nllb_languages {
        assert_eq!(tokens.language(*lang), Some(*id), "{lang}");
    }
    for case in &expected.nllb {
        let found = tokens.encode(&case.text, 0).unwrap();
        let found = found.map_or(Vec::new(), |(ids, _)| ids[1..ids.len() - 1].to_vec());
        assert_eq!(found, case.ids, "{:?}", case.text);
    }
}

#[test]
fn a_smaller_copy_of_nllb_numbers_the_same_pieces() {
    let expected = expected();
    let from = Copy::nllb(expected.pieces);
    let config = Config::read(from.0.path()).unwrap();
    let to = Copy::new();
    let ours: BTreeSet<String> = language_names().map(str::to_owned).collect();
    let made = shrink::pieces::copy(from.0.path(), to.0.path(), &config, Some(&ours)).unwrap();
    assert!(
        made.kept.len() < expected.pieces + 16,
        "{}",
        made.kept.len()
    );
    to.rows(made.kept.len());
    let (whole, small) = (from.read().unwrap(), to.read().unwrap());
    let [a, b] = [&from, &to].map(|copy| SentencePiece::read(copy.0.path(), 1 << 20).unwrap());
    assert_eq!(b.len(), made.kept.len());
    assert!(b.id("tha_Thai").is_some() && b.id("ace_Arab").is_none() && b.id(MASK).is_some());
    for (lang, id) in expected.nllb_languages {
        assert_eq!(made.id(id), small.language(lang), "{lang}");
    }
    for case in &expected.nllb {
        let [left, right] = [&whole, &small].map(|tokens| tokens.encode(&case.text, 0).unwrap());
        let names = |pieces: &SentencePiece, found: Option<(Vec<u32>, bool)>| {
            let ids = found.map_or(Vec::new(), |(ids, _)| ids).into_iter();
            ids.map(|id| pieces.name(id).unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&a, left), names(&b, right), "{:?}", case.text);
    }
}

#[test]
fn what_a_text_reads_like_never_becomes_a_control_token() {
    let tokens = Copy::new().read().unwrap();
    let pieces = SentencePiece::read(&folder(), 1 << 20).unwrap();
    for text in [
        "</s>",
        "<pad>",
        "a <unk> b",
        "__th__",
        "中__zh__中",
        "<mask>",
    ] {
        let (ids, _) = tokens.encode(text, 0).unwrap().unwrap();
        for id in &ids[1..ids.len() - 1] {
            assert!(*id == 3 || !pieces.is_markup(*id), "{text}: {ids:?}");
        }
    }
    assert!(pieces.is_markup(pieces.id("__th__").unwrap()));
    assert!(!pieces.is_markup(pieces.id("🙂").unwrap()));
}

#[test]
fn every_token_knows_which_bytes_of_the_text_it_stands_for() {
    let pieces = SentencePiece::read(&folder(), 1 << 20).unwrap();
    for case in expected().texts {
        let mut before = 0..0;
        for (_, bytes) in pieces.encode(&case.text) {
            // A letter that became several may be in several tokens.
            let is_next = bytes.start >= before.start && bytes.end >= before.end;
            assert!(is_next, "{:?} {before:?} {bytes:?}", case.text);
            assert!(case.text.get(bytes.clone()).is_some(), "{:?}", case.text);
            before = bytes;
        }
    }
    // Three marks and letters become one letter; the blanks before it belong to nothing.
    let tokens = Copy::new().read().unwrap();
    let text = "  ｅ\u{302}\u{301} 20 ☎";
    let at = text.find("20").unwrap();
    let column = tokens.columns(text, &(at..at + 2)).unwrap().unwrap();
    let (ids, _) = tokens.encode(text, 0).unwrap().unwrap();
    let named = ids.get(column).unwrap();
    assert_eq!(named, [pieces.id("20").unwrap()]);
    assert_eq!(tokens.spelled("  Xin   chào ").unwrap(), "Xin chào");
    assert_eq!(tokens.spelled("Ж"), None);
}

/// A field of a message: its number and what follows.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let len = u8::try_from(bytes.len()).unwrap();
    assert!(len < 128);
    [&[number << 3 | 2, len], bytes].concat()
}

fn plain(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

fn piece(text: &[u8], kind: u8) -> Vec<u8> {
    field(1, &[field(1, text), plain(3, kind)].concat())
}

/// A model of the type with this number, with these pieces behind the first three.
fn model(kind: u8, pieces: &[Vec<u8>]) -> Vec<u8> {
    let first = [piece(b"<unk>", 2), piece(b"<s>", 3), piece(b"</s>", 3)];
    let specs = [field(2, &plain(3, kind)), field(3, &[])];
    [first.concat(), pieces.concat(), specs.concat()].concat()
}

#[test]
fn a_model_that_is_cut_short_is_refused_wherever_it_ends() {
    let whole = fs::read(folder().join(MODEL)).unwrap();
    let step = whole.len() / 400;
    let ends = (0..64).chain((64..whole.len()).step_by(step));
    let mut refused = 0;
    for end in ends.chain([whole.len() - 3, whole.len() - 1]) {
        // The last field is one that is not needed and may be missing as a whole.
        match proto::read(&whole[..end]) {
            Ok(_) => assert!(end > whole.len() - 8, "{end} of {}", whole.len()),
            Err(problem) => {
                assert!(!problem.is_empty());
                refused += 1;
            }
        }
    }
    assert!(refused > 400, "{refused}");
    Copy::with(MODEL, &whole[..whole.len() / 2]).refused(&[MODEL, "cut short"]);
    Copy::with(MODEL, b"").refused(&[MODEL]);
    Copy::with(MODEL, b"{\"model\": 1}").refused(&[MODEL]);
}

#[test]
fn absurd_lengths_are_refused_without_taking_memory() {
    let long = [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    Copy::with(MODEL, &long).refused(&[MODEL, "cut short"]);
    let endless = [
        0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
    ];
    Copy::with(MODEL, &endless).refused(&[MODEL, "cut short"]);
    let inside = field(1, &[0x0a, 0x7f, b'a']);
    Copy::with(MODEL, &inside).refused(&[MODEL, "piece 0", "cut short"]);
    let copy = Copy::new();
    let file = fs::File::create(copy.path(MODEL)).unwrap();
    file.set_len(proto::LONGEST + 1).unwrap();
    copy.refused(&[MODEL, "longer than"]);
}

#[test]
fn another_kind_of_model_or_piece_is_refused_by_name() {
    let read = |bytes: &[u8]| proto::read(bytes).err().unwrap_or_default();
    assert_eq!(read(&model(2, &[piece(b"a", 1)])), "");
    for (kind, name) in [
        (1, "'unigram'"),
        (3, "'word'"),
        (4, "'char'"),
        (9, "'unknown'"),
    ] {
        let problem = read(&model(kind, &[]));
        assert!(
            problem.contains(name) && problem.contains("'bpe'"),
            "{problem}"
        );
    }
    for (bytes, word) in [
        (piece(b"a\xff", 1), "piece 3: it is not UTF-8"),
        (piece(b"", 1), "piece 3: it is empty"),
        (piece(b"a", 5), "'unused'"),
        (piece(b"a", 6), "pieces of bytes"),
        (piece(b"a", 77), "damaged"),
        (
            field(1, &[0x15, 0, 0, 0xc0, 0x7f, 0x0a, 1, b'a']),
            "not a number",
        ),
        (field(1, &plain(1, 7)), "another type"),
        (field(3, &field(3, b"no")), "another type"),
        (field(2, &[0xc0, 1, 1]), "behind words"),
        (field(5, &field(2, b"table")), "what is written"),
        (vec![0x0b], "damaged"),
    ] {
        let problem = read(&model(2, &[bytes]));
        assert!(problem.contains(word), "'{word}' is not in: {problem}");
    }
    let no_rules = model(2, &[]);
    let no_rules = &no_rules[..no_rules.len() - 2];
    assert!(read(no_rules).contains("cut short"), "{}", read(no_rules));
    Copy::with(MODEL, &model(1, &[])).refused(&[MODEL, "'unigram'"]);
    Copy::with(MODEL, &model(2, &[piece(b"a\xff", 1)])).refused(&[MODEL, "not UTF-8"]);
    let twice = model(2, &[piece(b"a", 1), piece(b"a", 1)]);
    Copy::with(MODEL, &twice).refused(&[MODEL, "twice"]);
    let table = field(3, &field(2, &[1, 0, 0, 0, 9]));
    Copy::with(MODEL, &model(2, &[table])).refused(&[MODEL, "normalisation table"]);
}

#[test]
fn numbers_that_do_not_fit_the_model_are_refused() {
    let fewer = Copy::new();
    fewer.rows(100);
    fewer.refused(&[NUMBERS, "vocab_size is 100"]);
    let more = Copy::new();
    more.rows(200_000);
    more.refused(&[NUMBERS, "another model"]);
    for (text, word) in [
        ("{", "not valid JSON"),
        ("[]", NUMBERS),
        ("{\"a\": -1}", NUMBERS),
        ("{\"a\": 0, \"b\": 4000000000}", "not numbered"),
        ("{\"a\": 0, \"b\": 0}", "not numbered"),
        ("{\"<s>\": 0, \"a\": 1}", "'<unk>'"),
    ] {
        Copy::with(NUMBERS, text.as_bytes()).refused(&[NUMBERS, word]);
    }
    let missing = Copy::new();
    fs::remove_file(missing.path(NUMBERS)).unwrap();
    missing.refused(&[MODEL]);
    let strange = Copy::with(SETTINGS, b"{\"language_codes\": \"other\"}");
    strange.refused(&[SETTINGS, "'other'"]);
    // The languages of WMT 2021 stand in another order.
    let wmt = Copy::with(SETTINGS, b"{\"language_codes\": \"wmt21\"}");
    let tokens = wmt.read().unwrap();
    let first = expected().languages[&Lang::En] - 18;
    assert_eq!(tokens.language(Lang::En), Some(first));
    assert_eq!(tokens.language(Lang::Zh), Some(first + 6));
    assert_eq!(tokens.language(Lang::Km), None);
}
