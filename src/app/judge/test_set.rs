//! A test set on a disk: recordings with the words that were said in them, by language.
//!
//! Read are the forms in which public sets come: a text beside each recording (`001.wav`, `001.txt`),
//! tables with a head (Common Voice: `path`, `sentence`; Hugging Face's `metadata.csv` and
//! `metadata.jsonl`: `file_name`, `transcription`), tables without one (OpenSLR's `line_index.tsv`, FLEURS'
//! `test.tsv`: a cell names the recording, the next one holds the words), and lists of a name and its words
//! (`*.trans.txt`). A folder that is called as a language is in that language. What is in no language that is
//! judged is named and left out.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::app::Error;
use crate::audio;
use crate::domain::{Lang, count};

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

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct TestSet {
    /// The examples by language.
    pub(super) examples: BTreeMap<Lang, Vec<Example>>,
    /// What was left out, and why.
    pub(super) notes: Vec<String>,
}

/// Folders that are named at most of those that were left out.
const MOST_NAMED: usize = 10;

/// The examples of a folder by language, each recording once, in the order of their paths. Where
/// `given` is none, a folder's name tells the language.
///
/// # Errors
/// A folder or table that cannot be read or is too large; no example; none whose language is known.
pub(super) fn read(folder: &Path, given: Option<Lang>) -> Result<TestSet, Error> {
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
    let mut left_out: BTreeMap<(PathBuf, bool), usize> = BTreeMap::new();
    for (sound, words) in words {
        let below = sound.strip_prefix(folder).unwrap_or(&sound);
        let spoken = given.map_or_else(|| spoken_in(below), Spoken::In);
        if let Spoken::In(lang) = spoken {
            let own = found.entry(lang).or_default();
            own.push(Example { sound, words });
            continue;
        }
        let place = below.parent().unwrap_or(below).to_owned();
        let count = left_out.entry((place, spoken == Spoken::InCantonese));
        let count = count.or_default();
        *count = count.saturating_add(1);
    }
    if found.is_empty() {
        return Err(Error::TestSetLanguage(folder.to_owned()));
    }
    Ok(TestSet {
        examples: found,
        notes: notes_on(&left_out),
    })
}

/// The language of a recording, as the folders around it say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoken {
    In(Lang),
    /// Chinese, and not the Chinese that the models of this program are judged in.
    InCantonese,
    Unknown,
}

/// The language that the nearest folder is called by: `my`, `my_mm`, `km-KH`, `cmn_hans_cn`.
fn spoken_in(below: &Path) -> Spoken {
    let folders = below.parent().into_iter().flat_map(|p| p.iter().rev());
    let read = |name: &std::ffi::OsStr| {
        let name = name.to_str()?.to_lowercase();
        let mut parts = name.split(['-', '_']);
        let code = parts.next()?;
        let lang = match code {
            "yue" => return Some(Spoken::InCantonese),
            "zh" if parts.any(|part| part == "hk") => return Some(Spoken::InCantonese),
            "cmn" | "zho" => Lang::Zh,
            "vie" => Lang::Vi,
            "tha" => Lang::Th,
            "mya" => Lang::My,
            "lao" => Lang::Lo,
            "khm" => Lang::Km,
            code => code.parse().ok().filter(|l| Lang::SIX.contains(l))?,
        };
        Some(Spoken::In(lang))
    };
    folders.filter_map(read).next().unwrap_or(Spoken::Unknown)
}

/// What is said of recordings that were left out, folder by folder.
fn notes_on(left_out: &BTreeMap<(PathBuf, bool), usize>) -> Vec<String> {
    let note = |((place, cantonese), recordings): (&(PathBuf, bool), &usize)| {
        let recordings = count(*recordings as u64, "recording");
        let why = match cantonese {
            true => "Cantonese is not the Chinese that is judged here",
            false => "no folder around it is called by the code of a language that is judged",
        };
        let place = match place.as_os_str().is_empty() {
            true => "the folder itself".to_owned(),
            false => place.display().to_string(),
        };
        format!("left out: {recordings} in {place}: {why}")
    };
    let mut notes: Vec<String> = left_out.iter().take(MOST_NAMED).map(note).collect();
    let more = left_out.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        notes.push(format!("left out: {} more", count(more as u64, "folder")));
    }
    notes
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
        // Such files may be anything: one that cannot be read is none of the set's.
        if lower.ends_with(".csv") {
            let text = read_text(file, MAX_TABLE_BYTES).unwrap_or_default();
            return Ok(self.listed(&text, file));
        }
        if lower.ends_with(".jsonl") {
            let text = read_text(file, MAX_TABLE_BYTES).unwrap_or_default();
            return Ok(self.lines_of_json(&text, file));
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

    /// A table with commas, whose head names the columns: one without is about something else.
    fn listed(&self, text: &str, file: &Path) -> Vec<(PathBuf, String)> {
        let mut rows = csv::ReaderBuilder::new();
        let mut rows = rows.flexible(true).from_reader(text.as_bytes());
        let head = rows.headers().cloned().unwrap_or_default();
        let is_in = |names: &[&str], head: &str| {
            let head = head.trim().to_lowercase();
            names.contains(&head.as_str())
        };
        let column = |names: &[&str]| head.iter().position(|head| is_in(names, head));
        let Some((sound, words)) = column(&SOUND_HEADS).zip(column(&WORDS_HEADS)) else {
            return Vec::new();
        };
        let rows = rows.records().filter_map(Result::ok);
        rows.filter_map(|row| self.example(row.get(sound)?, row.get(words)?, file))
            .collect()
    }

    /// One JSON object a line, with the same names as the heads of a table.
    fn lines_of_json(&self, text: &str, file: &Path) -> Vec<(PathBuf, String)> {
        let read = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).ok()?;
            let value = |names: &[&str]| names.iter().find_map(|name| row.get(name)?.as_str());
            self.example(value(&SOUND_HEADS)?, value(&WORDS_HEADS)?, file)
        };
        text.lines().filter_map(read).collect()
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

    fn words(found: &TestSet, lang: Lang) -> Vec<&str> {
        found.examples[&lang]
            .iter()
            .map(|e| e.words.as_str())
            .collect()
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
    fn the_forms_of_hugging_face_are_read_and_fleurs_calls_chinese_cmn() {
        let dir = folder_of(&[
            ("cmn_hans_cn/test.tsv", "17\t7.wav\t你好吗\n"),
            ("cmn_hans_cn/7.wav", ""),
            (
                "lo/metadata.csv",
                "file_name,transcription\na.wav,\"ສະບາຍດີ, ເຈົ້າ\"\n",
            ),
            ("lo/a.wav", ""),
            ("lo/durations.csv", "a,b\na.wav,3.2\n"),
            (
                "km/metadata.jsonl",
                "{\"file_name\": \"k/1.wav\", \"text\": \"សួស្តី\"}\nnone\n{\"file_name\": 7}\n",
            ),
            ("km/k/1.wav", ""),
            ("mya_Mymr/m.wav", ""),
            ("mya_Mymr/m.txt", "မင်္ဂလာပါ"),
        ]);
        let found = read(dir.path(), None).unwrap();
        assert_eq!(words(&found, Lang::Zh), ["你好吗"]);
        assert_eq!(words(&found, Lang::Lo), ["ສະບາຍດີ, ເຈົ້າ"]);
        assert_eq!(words(&found, Lang::Km), ["សួស្តី"]);
        assert_eq!(words(&found, Lang::My), ["မင်္ဂလာပါ"]);
        assert!(found.notes.is_empty(), "{:?}", found.notes);
    }

    #[test]
    fn what_is_in_no_language_that_is_judged_is_named() {
        let dir = folder_of(&[
            ("zh-CN/a.wav", ""),
            ("zh-CN/a.txt", "你好"),
            ("zh-HK/b.wav", ""),
            ("zh-HK/b.txt", "你好"),
            ("yue_hant_hk/c.wav", ""),
            ("yue_hant_hk/c.txt", "你好"),
            ("fr/d.wav", ""),
            ("fr/d.txt", "bonjour"),
            ("fr/e.wav", ""),
            ("fr/e.txt", "bonjour"),
        ]);
        let found = read(dir.path(), None).unwrap();
        assert_eq!(words(&found, Lang::Zh), ["你好"]);
        let notes = found.notes.join("\n");
        assert_eq!(found.notes.len(), 3, "{notes}");
        assert!(notes.contains("1 recording in zh-HK: Cantonese"), "{notes}");
        assert!(
            notes.contains("1 recording in yue_hant_hk: Cantonese"),
            "{notes}"
        );
        assert!(notes.contains("2 recordings in fr: no folder"), "{notes}");
        // Whoever names the language decides.
        let given = read(dir.path(), Some(Lang::Zh)).unwrap();
        assert_eq!(words(&given, Lang::Zh).len(), 5);
        assert!(given.notes.is_empty());
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
