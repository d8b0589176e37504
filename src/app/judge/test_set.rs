//! A test set on a disk: recordings with the words that were said in them, by language.
//!
//! Read are the forms in which public sets come: a text beside each recording (`001.wav`, `001.txt`),
//! tables with a head (Common Voice: `path`, `sentence`), tables without one (OpenSLR's `line_index.tsv`,
//! FLEURS' `test.tsv`: a cell names the recording, the next one holds the words), and lists of a name
//! and its words (`*.trans.txt`). A folder that is called as a language is in that language.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::app::Error;
use crate::audio;
use crate::domain::Lang;

/// A table may be this long, and a text beside a recording no longer than a thousandth of it.
const MAX_TABLE_BYTES: u64 = 64 << 20;
const MAX_TEXT_BYTES: u64 = 64 << 10;
/// Files and folders that are looked at.
const MOST_ENTRIES: usize = 200_000;
/// Folders inside folders that are followed.
const DEEPEST: usize = 4;
/// Heads of the columns that name a recording, and of those that hold its words.
const SOUND_HEADS: [&str; 6] = ["path", "file", "file_name", "filename", "audio", "wav"];
const WORDS_HEADS: [&str; 5] = ["sentence", "text", "transcription", "transcript", "words"];

/// One recording and what is said in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Example {
    pub(super) sound: PathBuf,
    pub(super) words: String,
}

/// The examples of a folder by language, each recording once, in the order of their paths. Where
/// `given` is none, a folder's name tells the language.
///
/// # Errors
/// A folder or table that cannot be read or is too large; no example; none whose language is known.
pub(super) fn read(
    folder: &Path,
    given: Option<Lang>,
) -> Result<BTreeMap<Lang, Vec<Example>>, Error> {
    let mut files = Vec::new();
    walk(folder, 0, &mut files)?;
    files.sort();
    let sounds = Sounds::of(&files);
    let mut words: BTreeMap<PathBuf, String> = BTreeMap::new();
    for file in files.iter().filter(|f| !audio::is_sound(f)) {
        for (sound, said) in sounds.texts_in(file)? {
            words.entry(sound).or_insert(said);
        }
    }
    if words.is_empty() {
        return Err(Error::NoTestSet(folder.to_owned()));
    }
    let mut found: BTreeMap<Lang, Vec<Example>> = BTreeMap::new();
    for (sound, words) in words {
        let below = sound.strip_prefix(folder).unwrap_or(&sound);
        if let Some(lang) = given.or_else(|| language_of(below)) {
            found
                .entry(lang)
                .or_default()
                .push(Example { sound, words });
        }
    }
    if found.is_empty() {
        return Err(Error::TestSetLanguage(folder.to_owned()));
    }
    Ok(found)
}

/// The language that the nearest folder is called by: `my`, `my_mm`, `km-KH`.
fn language_of(below: &Path) -> Option<Lang> {
    let folders = below.parent()?.iter().rev();
    folders
        .filter_map(|name| name.to_str()?.split(['-', '_']).next())
        .find_map(|code| code.parse().ok().filter(|l| Lang::SIX.contains(l)))
}

fn walk(folder: &Path, deep: usize, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
        let path = entry.map_err(|e| unreadable(folder, e))?.path();
        if path.is_dir() {
            if deep < DEEPEST {
                walk(&path, deep.saturating_add(1), found)?;
            }
        } else {
            found.push(path);
        }
        if found.len() > MOST_ENTRIES {
            let words = "it holds more than 200,000 files";
            return Err(unreadable(
                folder,
                io::Error::new(io::ErrorKind::InvalidInput, words),
            ));
        }
    }
    Ok(())
}

fn unreadable(path: &Path, cause: io::Error) -> Error {
    Error::File {
        what: "read the test set",
        cause,
        path: path.to_owned(),
    }
}

fn read_text(path: &Path, most: u64) -> Result<String, Error> {
    let length = fs::metadata(path).map_err(|e| unreadable(path, e))?.len();
    if length > most {
        let words = format!("it is longer than {} kB", most >> 10);
        let cause = io::Error::new(io::ErrorKind::InvalidInput, words);
        return Err(unreadable(path, cause));
    }
    let bytes = fs::read(path).map_err(|e| unreadable(path, e))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let words = "it is not text in UTF-8";
        unreadable(path, io::Error::new(io::ErrorKind::InvalidData, words))
    })?;
    Ok(text.trim_start_matches('\u{FEFF}').to_owned())
}

/// The recordings of a folder, found by name with and without its ending. A name that stands twice
/// (in the folders of two languages) is looked for near the table first.
struct Sounds<'a> {
    by_name: HashMap<&'a str, Vec<&'a Path>>,
}

impl<'a> Sounds<'a> {
    fn of(files: &'a [PathBuf]) -> Self {
        let mut by_name: HashMap<&str, Vec<&Path>> = HashMap::new();
        for file in files.iter().filter(|f| audio::is_sound(f)) {
            let names = [file.file_name(), file.file_stem()];
            for name in names.into_iter().flatten().filter_map(|n| n.to_str()) {
                by_name.entry(name).or_default().push(file);
            }
        }
        Self { by_name }
    }

    /// The recording of this name that shares most folders with the file that names it.
    fn named(&self, cell: &str, table: &Path) -> Option<PathBuf> {
        let name = Path::new(cell.trim()).file_name()?.to_str()?;
        let shared = |path: &Path| {
            let both = path.iter().zip(table.iter());
            both.take_while(|(a, b)| a == b).count()
        };
        let all = self.by_name.get(name)?;
        let nearest = all.iter().max_by_key(|p| shared(p))?;
        Some((*nearest).to_owned())
    }

    /// What a file says of the recordings.
    fn texts_in(&self, file: &Path) -> Result<Vec<(PathBuf, String)>, Error> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let lower = name.to_lowercase();
        if lower.ends_with(".tsv") {
            return Ok(self.table(&read_text(file, MAX_TABLE_BYTES)?, file));
        }
        if lower.ends_with(".trans.txt") {
            let text = read_text(file, MAX_TABLE_BYTES)?;
            let rows = text
                .lines()
                .filter_map(|l| l.split_once(char::is_whitespace));
            let known = rows.filter_map(|(n, said)| self.example(n, said, file));
            return Ok(known.collect());
        }
        let beside = file.file_stem().and_then(|stem| stem.to_str());
        match beside.and_then(|stem| self.named(stem, file)) {
            Some(sound) if lower.ends_with(".txt") && sound.parent() == file.parent() => {
                let said = read_text(file, MAX_TEXT_BYTES)?;
                Ok(vec![(sound, said.trim().to_owned())])
            }
            _ => Ok(Vec::new()),
        }
    }

    fn example(&self, name: &str, said: &str, table: &Path) -> Option<(PathBuf, String)> {
        let said = said.trim();
        (!said.is_empty()).then_some((self.named(name, table)?, said.to_owned()))
    }

    fn table(&self, text: &str, file: &Path) -> Vec<(PathBuf, String)> {
        let mut rows = text.lines().map(|l| l.split('\t').collect::<Vec<_>>());
        let head = text.lines().next().unwrap_or_default().to_lowercase();
        let head: Vec<&str> = head.split('\t').map(str::trim).collect();
        let column = |names: &[&str]| head.iter().position(|h| names.contains(h));
        let columns = column(&SOUND_HEADS).zip(column(&WORDS_HEADS));
        if columns.is_some() {
            rows.next();
        }
        let read = |row: Vec<&str>| match columns {
            Some((sound, words)) => self.example(row.get(sound)?, row.get(words)?, file),
            None => row
                .windows(2)
                .find_map(|two| self.example(two.first()?, two.last()?, file)),
        };
        rows.filter_map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn words(found: &BTreeMap<Lang, Vec<Example>>, lang: Lang) -> Vec<&str> {
        found[&lang].iter().map(|e| e.words.as_str()).collect()
    }

    #[test]
    fn each_form_of_a_test_set_is_read() {
        let dir = folder_of(&[
            ("my/a.wav", ""),
            ("my/a.txt", "မင်္ဂလာပါ\n"),
            ("km_kh/line_index.tsv", "001\tសួស្តី\n002\tមិន\u{200B}មាន\n"),
            ("km_kh/wavs/001.wav", ""),
            ("lo_la/test.tsv", "17\t9.wav\tສະບາຍດີ\tສະບາຍດີ\t160000\n"),
            ("lo_la/audio/test/9.wav", ""),
            (
                "vi/validated.tsv",
                "client_id\tpath\tsentence_id\tsentence\nx\tv.mp3\t0f\tXin chào\n",
            ),
            ("vi/clips/v.mp3", ""),
            ("th/1.trans.txt", "t1 สวัสดี ครับ\n"),
            ("th/t1.flac", ""),
            ("zh-CN/b.wav", ""),
            ("zh-CN/b.txt", "\u{FEFF}你好"),
            ("zh-CN/b.wav.txt.bak", "别的"),
        ]);
        let found = read(dir.path(), None).unwrap();
        assert_eq!(words(&found, Lang::My), ["မင်္ဂလာပါ"]);
        assert_eq!(words(&found, Lang::Km), ["សួស្តី"]);
        assert_eq!(words(&found, Lang::Lo), ["ສະບາຍດີ"]);
        assert_eq!(words(&found, Lang::Vi), ["Xin chào"]);
        assert_eq!(words(&found, Lang::Th), ["สวัสดี ครับ"]);
        assert_eq!(words(&found, Lang::Zh), ["你好"]);
    }

    #[test]
    fn a_name_that_stands_twice_is_the_one_near_its_table() {
        let dir = folder_of(&[
            ("lo/test.tsv", "1\t9.wav\tສອງ\n"),
            ("lo/9.wav", ""),
            ("th/test.tsv", "1\t9.wav\tสอง\n"),
            ("th/9.wav", ""),
        ]);
        let found = read(dir.path(), None).unwrap();
        assert_eq!(words(&found, Lang::Lo), ["ສອງ"]);
        assert_eq!(words(&found, Lang::Th), ["สอง"]);
    }

    #[test]
    fn what_is_no_test_set_is_refused_with_a_next_step() {
        let empty = folder_of(&[("a.wav", "")]);
        let error = read(empty.path(), None).unwrap_err();
        assert!(matches!(error, Error::NoTestSet(_)), "{error}");
        let nameless = folder_of(&[("a.wav", ""), ("a.txt", "你好")]);
        let error = read(nameless.path(), None).unwrap_err();
        assert!(matches!(error, Error::TestSetLanguage(_)), "{error}");
        assert!(error.help().contains("--language"));
        assert_eq!(
            words(&read(nameless.path(), Some(Lang::Zh)).unwrap(), Lang::Zh),
            ["你好"]
        );
        let long = folder_of(&[("my/a.wav", ""), ("my/a.txt", &"က".repeat(40_000))]);
        assert!(read(long.path(), None).is_err());
    }
}
