//! Three interviews in the six scripts, and running the program on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common;

/// Languages, then two lines: language, words, translation.
pub struct Talk {
    pub languages: [&'static str; 2],
    pub lines: [(&'static str, &'static str, &'static str); 2],
}

pub const TALKS: [Talk; 3] = [
    Talk {
        languages: ["zh", "vi"],
        lines: [
            (
                "zh",
                "我叫张伟，护照号码是E12345678。",
                "Tôi tên là Trương Vĩ, số hộ chiếu E12345678.",
            ),
            ("vi", "Tôi đến từ Hà Nội.", "我来自河内。"),
        ],
    },
    Talk {
        languages: ["th", "lo"],
        lines: [
            ("th", "คุณทำงานที่ไหน", "ເຈົ້າເຮັດວຽກຢູ່ໃສ"),
            ("lo", "ຂ້ອຍເຮັດວຽກຢູ່ຫຼວງພະບາງ", "ผมทำงานที่หลวงพระบาง"),
        ],
    },
    Talk {
        languages: ["my", "km"],
        lines: [
            ("my", "သင့်အမည် ဘယ်လိုခေါ်လဲ။", "តើអ្នកឈ្មោះអ្វី?"),
            ("km", "ខ្ញុំឈ្មោះ សុខ ឱ្យខ្ញុំឆ្លើយ។", "ကျွန်တော့်အမည် ဆိုခ် ဖြစ်ပါတယ်။"),
        ],
    },
];

impl Talk {
    /// In the form of `show --json`, with only what an import needs and the translations.
    pub fn document(&self) -> Value {
        let segments: Vec<Value> = self
            .lines
            .iter()
            .zip([("officer", 1_000), ("interviewee", 4_000)])
            .map(|((lang, text, made), (speaker, start_ms))| {
                let other = self.languages.iter().find(|l| *l != lang).unwrap();
                json!({"start_ms": start_ms, "end_ms": start_ms + 2_000, "speaker": speaker,
                       "lang": lang, "text": text, "translations": [{"lang": other, "text": made}]})
            })
            .collect();
        json!({ "segments": segments })
    }
}

/// A workspace in a temporary folder.
pub struct Desk {
    dir: TempDir,
}

impl Desk {
    /// With nothing in it.
    pub fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("workspace")).unwrap();
        Self { dir }
    }

    /// With the three interviews, and their ids in the order of `TALKS`.
    pub fn with_talks() -> (Self, Vec<String>) {
        let desk = Self::empty();
        let ids = TALKS.iter().map(|talk| desk.import(talk)).collect();
        (desk, ids)
    }

    /// Brings one interview in under the case `C-zh`, `C-th` or `C-my` and returns its id.
    pub fn import(&self, talk: &Talk) -> String {
        let file = self.file("talk.json", talk.document().to_string().as_bytes());
        let case = format!("C-{}", talk.languages[0]);
        let languages = talk.languages.join(",");
        let args = [
            "import",
            &file,
            "--languages",
            &languages,
            "--case",
            &case,
            "--again",
            "--json",
        ];
        self.json(&args)[0]["id"].as_str().unwrap().to_owned()
    }

    pub fn workspace(&self) -> PathBuf {
        self.dir.path().join("workspace")
    }

    /// A path outside the workspace.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file outside the workspace and returns its path for a command line.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn run(&self, args: &[&str]) -> Output {
        common::run(&self.workspace(), args)
    }

    /// Runs, insists on exactly one JSON value on standard output and on success.
    pub fn json(&self, args: &[&str]) -> Value {
        common::json(&self.workspace(), args)
    }

    /// Runs, insists on success, and returns standard output as text.
    pub fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            common::stderr(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs and insists on exit code 1 with a cause and a next step.
    pub fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        common::assert_helpful_failure(&output, &args.join(" "));
        common::stderr(&output)
    }

    /// Runs and insists on exit code 2: the command line itself was wrong.
    pub fn refused(&self, args: &[&str]) {
        let output = self.run(args);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            common::stderr(&output)
        );
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

/// Characters `from..to` of a text.
pub fn characters(text: &str, from: usize, to: usize) -> String {
    text.chars().skip(from).take(to - from).collect()
}

/// All files below a folder with their bytes.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    all.sort();
    all
}
