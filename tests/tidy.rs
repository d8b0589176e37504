//! The house rules that a compiler does not know: which way imports point, which vendor may be named
//! where, that every file opens with its purpose and stays small enough to read in one sitting.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Longest file of the program, in lines.
const MAX_LINES: usize = 500;

/// Modules by layer, lowest first. A module may import lower layers, and of its own layer only
/// itself and what the list `BESIDE` allows.
const LAYERS: &[&[&str]] = &[
    &["domain", "compute", "vault"],
    &[
        "text",
        "glossary",
        "evidence",
        "workspace",
        "config",
        "fonts",
    ],
    &["audio", "speech", "translate", "store", "transcript"],
    &["pipeline", "export"],
    &["app"],
    &["cli", "gui"],
];
/// Imports inside one layer.
const BESIDE: &[(&str, &str)] = &[("glossary", "text"), ("evidence", "text")];
/// Only these may read settings and the workspace.
const READS_SETTINGS: &[&str] = &["app", "cli", "gui"];

/// A vendor's crate and the modules that may name it.
const VENDORS: &[(&str, &[&str])] = &[
    ("cpal", &["audio"]),
    ("hound", &["audio"]),
    ("symphonia", &["audio"]),
    ("symphonia_adapter_libopus", &["audio"]),
    ("rubato", &["audio"]),
    ("earshot", &["audio"]),
    ("whisper_rs", &["speech"]),
    ("candle_core", &["translate", "speech"]),
    ("candle_nn", &["translate", "speech"]),
    ("candle_transformers", &["translate", "speech"]),
    ("tokenizers", &["translate", "speech"]),
    ("rusqlite", &["store"]),
    ("icu_segmenter", &["text"]),
    ("icu_normalizer", &["text"]),
    ("icu_properties", &["text"]),
    ("age", &["evidence", "vault"]),
    ("argon2", &["vault"]),
    ("chacha20poly1305", &["vault"]),
    ("hkdf", &["vault"]),
    ("region", &["vault"]),
    ("nix", &["vault"]),
    ("bech32", &["vault"]),
    ("ed25519_dalek", &["evidence"]),
    ("quick_xml", &["glossary", "export"]),
    ("clap", &["cli"]),
    ("rpassword", &["cli"]),
    ("indicatif", &["cli"]),
    ("egui", &["gui"]),
    ("eframe", &["gui"]),
    ("skrifa", &["fonts", "export"]),
    ("harfrust", &["export"]),
    ("subsetter", &["export"]),
    ("flate2", &["export"]),
    ("zip", &["export", "evidence"]),
];

struct Source {
    path: String,
    module: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "the sources were not found");
    files
        .into_iter()
        .map(|path| {
            let short = path.strip_prefix(&root).unwrap();
            let module = short.iter().next().unwrap().to_str().unwrap();
            Source {
                path: short.display().to_string(),
                module: module.trim_end_matches(".rs").to_owned(),
                text: fs::read_to_string(&path).unwrap(),
            }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// Code lines: neither documentation nor comment.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with("//"))
}

/// The modules of this crate that a file names, `use crate::{a, b::c}` included.
fn imports(text: &str) -> Vec<String> {
    let joined = code(text).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in joined.match_indices("crate::") {
        let rest = &joined[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => found.push(std::mem::take(&mut name)),
                    _ if depth == 1 => name.push(c),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            found.push(name);
        } else {
            found.push(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    found
        .into_iter()
        .map(|name| {
            name.trim()
                .split("::")
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .filter(|name| layer(name).is_some())
        .collect()
}

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for source in sources() {
        if ["lib", "main"].contains(&source.module.as_str()) {
            continue;
        }
        let own = layer(&source.module)
            .unwrap_or_else(|| panic!("{} stands in no layer: add it to LAYERS", source.path));
        for import in imports(&source.text) {
            let beside = BESIDE.contains(&(source.module.as_str(), import.as_str()));
            let settings = ["workspace", "config"].contains(&import.as_str());
            let down = layer(&import).is_some_and(|l| l < own);
            let allowed = import == source.module
                || beside
                || (down && (!settings || READS_SETTINGS.contains(&source.module.as_str())));
            if !allowed {
                wrong.push(format!("{} imports {import}", source.path));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that run back:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_page_that_a_newcomer_reads_first_draws_the_same_map() {
    let rows: Vec<String> = LAYERS.iter().rev().map(|row| row.join(" | ")).collect();
    let drawn = format!("`{}`", rows.join(" -> "));
    let page = sources().into_iter().find(|s| s.module == "lib").unwrap();
    let lines = page.text.lines().filter_map(|l| l.strip_prefix("//!"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    assert!(words.join(" ").contains(&drawn), "src/lib.rs lacks {drawn}");
    for module in LAYERS.iter().copied().flatten() {
        let row = page.text.lines().any(|line| {
            let cell = line.strip_prefix("//! |").and_then(|l| l.split('|').next());
            cell.is_some_and(|cell| cell.contains(&format!("`{module}`")))
        });
        assert!(row, "the table of src/lib.rs lacks {module}");
    }
}

#[test]
fn the_import_reader_sees_groups_and_paths() {
    let text = "use crate::{audio, store::{Store, Hit}, text};\nlet x = crate::speech::Whisper;\n// crate::app";
    assert_eq!(imports(text), ["audio", "store", "text", "speech"]);
}

#[test]
fn vendors_are_named_in_their_one_place() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (vendor, places) in VENDORS {
            let path = format!("{vendor}::");
            let named = code(&source.text).any(|line| {
                line.match_indices(&path)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            });
            if named && !places.contains(&source.module.as_str()) {
                wrong.push(format!("{} names {vendor}", source.path));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "vendors outside their place:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_file_opens_with_its_purpose_and_stays_readable() {
    let mut wrong = Vec::new();
    for source in sources() {
        let first = source.text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") || first.len() < 20 {
            wrong.push(format!("{} opens with no purpose", source.path));
        }
        let lines = source.text.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("{} has {lines} lines", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_stays_in_few_files_and_gives_its_reason() {
    let mut files = Vec::new();
    for source in sources() {
        let blocks = code(&source.text).filter(|l| l.contains("unsafe ")).count();
        let reasons = source
            .text
            .lines()
            .filter(|l| l.contains("SAFETY:"))
            .count();
        if blocks > 0 {
            assert!(reasons > 0, "{} gives no reason", source.path);
            files.push(source.path);
        }
    }
    assert!(files.len() <= 6, "unsafe code in {files:?}");
}

/// Folders whose every file, or folder of files, is one case with one test.
const CASES: &[&str] = &["audio", "glossary", "models"];

/// The tests of a file, each with its body.
fn tests_of(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[test]\n").skip(1)
}

#[test]
fn every_bad_input_has_a_test_of_its_own() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = Vec::new();
    collect(&tests, &mut files);
    let texts: Vec<String> = files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut wrong = Vec::new();
    for folder in CASES {
        let cases: Vec<String> = fs::read_dir(tests.join("fixtures").join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".py"))
            .collect();
        assert!(cases.len() > 15, "the cases of {folder} were not found");
        let quoted = |case: &String| format!("\"{case}\"");
        for case in &cases {
            let alone = texts.iter().flat_map(|text| tests_of(text)).any(|body| {
                body.contains(&quoted(case))
                    && cases.iter().filter(|c| body.contains(&quoted(c))).count() == 1
            });
            if !alone {
                wrong.push(format!("{folder}/{case}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "bad inputs without a test of their own:\n{}",
        wrong.join("\n")
    );
}
