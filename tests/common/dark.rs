//! A thief's look at a disk: every file is searched for words, names and the heads of sound files.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Heads of plain files that hold sound or text.
const HEADS: [&[u8]; 5] = [b"RIFF", b"fLaC", b"OggS", b"ID3\x03", b"SQLite format 3\0"];
/// Searched anywhere in a file, not only at its beginning.
const ANYWHERE: [&[u8]; 2] = [b"WAVEfmt ", b"SQLite format 3\0"];

/// Bytes by which a needle is looked up; shorter ones would be found in any noise.
const START: usize = 5;
type ByStart<'a> = HashMap<&'a [u8], Vec<&'a Vec<u8>>>;

/// Every word, as it would lie on a disk.
pub fn needles(words: &[&str]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = ANYWHERE.iter().map(|n| n.to_vec()).collect();
    for word in words.iter().filter(|w| !w.is_empty()) {
        all.push(word.as_bytes().to_vec());
        all.push(word.encode_utf16().flat_map(u16::to_le_bytes).collect());
        // As JSON may write it.
        let escaped: String = word
            .encode_utf16()
            .map(|u| match u8::try_from(u) {
                Ok(ascii) if ascii.is_ascii() => char::from(ascii).to_string(),
                _ => format!("\\u{u:04x}"),
            })
            .collect();
        all.push(escaped.into_bytes());
    }
    all
}

/// Where any of them was found: file, and what. Folders and files of the practice kit, settings,
/// models and glossaries hold nothing of an interview and are searched all the same.
pub fn found(folders: &[&Path], needles: &[Vec<u8>]) -> Vec<(PathBuf, String)> {
    let mut by_start = ByStart::new();
    for needle in needles.iter().filter(|needle| needle.len() >= START) {
        by_start.entry(&needle[..START]).or_default().push(needle);
    }
    let mut hits = Vec::new();
    for folder in folders {
        look(folder, &by_start, &mut hits);
    }
    hits.sort();
    hits.dedup();
    hits
}

/// Files below the folders.
pub fn count(folders: &[&Path]) -> usize {
    let files = |folder: &&Path| list(folder).len();
    folders.iter().map(files).sum()
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            all.extend(list(&path));
        } else {
            all.push(path);
        }
    }
    all
}

fn look(folder: &Path, by_start: &ByStart<'_>, hits: &mut Vec<(PathBuf, String)>) {
    for path in list(folder) {
        let bytes = fs::read(&path).unwrap();
        let name = path.to_string_lossy().into_owned().into_bytes();
        if let Some(head) = HEADS.iter().find(|head| bytes.starts_with(head)) {
            hits.push((path.clone(), String::from_utf8_lossy(head).into_owned()));
        }
        for hay in [&bytes, &name] {
            for (at, start) in hay.windows(START).enumerate() {
                for needle in by_start.get(start).into_iter().flatten() {
                    if hay[at..].starts_with(needle) {
                        let what = String::from_utf8_lossy(needle).into_owned();
                        hits.push((path.clone(), what));
                    }
                }
            }
        }
    }
}
