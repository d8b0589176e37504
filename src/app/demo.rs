//! The practice interviews through the real path: import, recognition, translation, store; then a
//! score against the scripts they were made from.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::{Cancel, Interview, Lang, LangPair, SamplePos, Segment, Span};
use crate::pipeline::{Engines, Watcher};
use crate::text::{self, Chrf};
use crate::workspace::Workspace;

use super::import::ImportRequest;
use super::lock::WorkLock;
use super::{App, Error, Options};

/// Largest script that is read.
const MAX_SCRIPT_BYTES: u64 = 4 << 20;

/// What was said in a practice interview, as its recipe wrote it.
#[derive(Clone, Debug, Deserialize)]
pub struct Script {
    /// The languages, the officer's first.
    pub languages: Vec<Lang>,
    /// Speaker to language, in the order of the channels.
    pub channels: BTreeMap<String, Lang>,
    /// The lines.
    pub segments: Vec<ScriptLine>,
}

/// One line of a script.
#[derive(Clone, Debug, Deserialize)]
pub struct ScriptLine {
    /// `officer` or `interviewee`.
    pub speaker: String,
    /// Its language.
    pub lang: Lang,
    /// Milliseconds from the start.
    pub start_ms: u64,
    /// Milliseconds from the start.
    pub end_ms: u64,
    /// The words.
    pub text: String,
    /// The same in the other languages.
    pub translation: BTreeMap<Lang, String>,
}

/// How near the machine came to the scripts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Character error rate by language, 0.0 is perfect.
    pub cer: BTreeMap<String, f64>,
    /// chrF by direction, 100 is perfect. The source is what was recognised, errors included.
    pub chrf: BTreeMap<String, f64>,
}

/// What a demo did.
#[derive(Debug)]
pub struct DemoReport {
    /// Where it was done; gone when this is dropped, unless it was to be kept.
    pub workspace: PathBuf,
    /// The transcripts.
    pub interviews: Vec<(Interview, Vec<Segment>)>,
    /// Against the scripts.
    pub scores: Scores,
    _scratch: Option<tempfile::TempDir>,
}

impl App {
    /// Imports all practice interviews into a fresh workspace, in `keep` or in a temporary folder,
    /// and scores them. `each` hears of every interview as it is done.
    ///
    /// # Errors
    /// No practice kit; whatever an import may meet.
    pub fn demo(
        options: &Options,
        keep: Option<&Path>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
        each: &mut dyn FnMut(&Interview, &[Segment]),
    ) -> Result<DemoReport, Error> {
        let kit = kit(options)?;
        let (root, scratch) = fresh_folder(keep)?;
        let workspace = Workspace::at(&root)?;
        let mut app = App::at(workspace, options.env_kit.as_deref())?;
        app.model_roots = vec![kit.join("models/practice")];
        let _lock = WorkLock::take(&app.workspace)?;
        let mut tally = Tally::default();
        let mut engines = Engines::default();
        let mut interviews = Vec::new();
        for (folder, script) in scripts(&kit)? {
            let id = app.demo_one(&folder, &script, &mut engines, cancel, watcher)?;
            let (interview, segments) = app.show(&id)?;
            tally.add(&script, &segments);
            each(&interview, &segments);
            interviews.push((interview, segments));
        }
        Ok(DemoReport {
            workspace: root,
            interviews,
            scores: tally.scores(),
            _scratch: scratch,
        })
    }

    fn demo_one(
        &self,
        folder: &Path,
        script: &Script,
        engines: &mut Engines,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<String, Error> {
        let mut store = self.store()?;
        let speaker = |name: &str| {
            script
                .channels
                .get(name)
                .map(|l| (name.to_owned(), vec![*l]))
        };
        let request = ImportRequest {
            languages: script.languages.clone(),
            case: Some("practice".to_owned()),
            channels: ["officer", "interviewee"]
                .into_iter()
                .filter_map(speaker)
                .collect(),
            again: true,
            speech_models: Vec::new(),
            asked: None,
        };
        let sound = folder.join("audio.flac");
        let received = self.import_one(&mut store, &sound, &request, cancel, watcher)?;
        self.work_off(&store, Some(&received.id), engines, false, cancel, watcher)?;
        Ok(received.id.0)
    }
}

fn kit(options: &Options) -> Result<PathBuf, Error> {
    let here = Workspace::at(&options.current)?;
    crate::workspace::find_kit(&here, options.env_kit.as_deref()).ok_or(Error::NoKit)
}

fn fresh_folder(keep: Option<&Path>) -> Result<(PathBuf, Option<tempfile::TempDir>), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| Error::File {
            what: "make the folder",
            cause,
            path,
        }
    };
    match keep {
        Some(path) => {
            // Only the last folder is made: a misspelt path must not become a row of folders.
            match fs::create_dir(path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    let words = "the folder that it should stand in is not there";
                    return Err(failed(path)(io::Error::new(e.kind(), words)));
                }
                made => made.map_err(failed(path))?,
            }
            if fs::read_dir(path).map_err(failed(path))?.next().is_some() {
                return Err(Error::NotEmpty(path.to_owned()));
            }
            Ok((path.to_owned(), None))
        }
        None => {
            let dir = tempfile::tempdir().map_err(failed(&std::env::temp_dir()))?;
            Ok((dir.path().to_owned(), Some(dir)))
        }
    }
}

/// All practice interviews of the kit with their scripts, by name.
///
/// # Errors
/// A script that is missing or not valid.
pub(super) fn scripts(kit: &Path) -> Result<Vec<(PathBuf, Script)>, Error> {
    let root = kit.join("recordings/practice");
    let unreadable = |cause| Error::File {
        what: "read the practice interviews",
        cause,
        path: root.clone(),
    };
    let mut folders: Vec<PathBuf> = fs::read_dir(&root)
        .map_err(unreadable)?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.join("script.json").is_file())
        .collect();
    folders.sort();
    if folders.is_empty() {
        return Err(Error::NoKit);
    }
    folders
        .into_iter()
        .map(|folder| Ok((folder.clone(), read_script(&folder)?)))
        .collect()
}

fn read_script(folder: &Path) -> Result<Script, Error> {
    let path = folder.join("script.json");
    let file = |cause| Error::File {
        what: "read the script",
        cause,
        path: path.clone(),
    };
    let invalid = |cause: String| Error::Script {
        cause,
        path: path.clone(),
    };
    if fs::metadata(&path).map_err(file)?.len() > MAX_SCRIPT_BYTES {
        return Err(invalid("the file is larger than 4 MB".into()));
    }
    let bytes = fs::read(&path).map_err(file)?;
    serde_json::from_slice(&bytes).map_err(|e| invalid(e.to_string()))
}

/// Sums over all interviews.
#[derive(Default)]
struct Tally {
    /// Errors and reference characters by language.
    characters: BTreeMap<Lang, (usize, usize)>,
    chrf: BTreeMap<LangPair, Chrf>,
}

impl Tally {
    /// Character errors are counted over a speaker's whole talk, so that an utterance that was cut
    /// elsewhere than the script cuts it costs nothing by itself.
    fn add(&mut self, script: &Script, segments: &[Segment]) {
        for (speaker, lang) in &script.channels {
            let said: String = lines_of(script, speaker).map(|l| l.text.as_str()).collect();
            let heard: String = segments
                .iter()
                .filter(|s| s.speaker == *speaker)
                .map(|s| s.text.as_str())
                .collect();
            let (errors, length) = text::cer(&said, &heard);
            let sum = self.characters.entry(*lang).or_default();
            *sum = (sum.0 + errors, sum.1 + length);
            self.add_translations(script, speaker, *lang, segments);
        }
    }

    fn add_translations(
        &mut self,
        script: &Script,
        speaker: &str,
        from: Lang,
        segments: &[Segment],
    ) {
        let lines: Vec<&ScriptLine> = lines_of(script, speaker).collect();
        for to in script.languages.iter().copied().filter(|l| *l != from) {
            let mut heard = vec![String::new(); lines.len()];
            for segment in segments.iter().filter(|s| s.speaker == speaker) {
                let translation = segment.translations.iter().find(|t| t.lang == to);
                let nearest = nearest_line(&lines, segment.span);
                if let (Some(t), Some(slot)) = (translation, nearest.and_then(|i| heard.get_mut(i)))
                {
                    slot.push_str(&t.text);
                    slot.push(' ');
                }
            }
            let chrf = self.chrf.entry(LangPair::new(from, to)).or_default();
            for (line, text) in lines.iter().zip(&heard) {
                if let Some(reference) = line.translation.get(&to) {
                    chrf.add(reference, text);
                }
            }
        }
    }

    fn scores(&self) -> Scores {
        let rate = |(errors, length): &(usize, usize)| *errors as f64 / (*length).max(1) as f64;
        Scores {
            cer: self
                .characters
                .iter()
                .map(|(l, sum)| (l.to_string(), rate(sum)))
                .collect(),
            chrf: self
                .chrf
                .iter()
                .map(|(pair, sum)| (pair.to_string(), sum.score()))
                .collect(),
        }
    }
}

fn lines_of<'a>(script: &'a Script, speaker: &'a str) -> impl Iterator<Item = &'a ScriptLine> {
    script.segments.iter().filter(move |l| l.speaker == speaker)
}

fn nearest_line(lines: &[&ScriptLine], span: Span) -> Option<usize> {
    let shared = |line: &ScriptLine| {
        let said = Span::new(
            SamplePos::from_ms(line.start_ms),
            SamplePos::from_ms(line.end_ms),
        );
        span.overlap(said)
    };
    (0..lines.len()).max_by_key(|i| lines.get(*i).map_or(0, |line| shared(line)))
}
