//! A workspace in which everything is done that a workspace is for, and a thief who looks at its disk.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{self, PASSPHRASE, practice_sound, stderr};
use crate::dark;

/// Languages and lines: language, words, translation, and a name or word in it.
pub struct Talk {
    languages: [&'static str; 2],
    lines: [(&'static str, &'static str, &'static str); 2],
    words: [&'static str; 4],
}

impl Talk {
    pub const ALL: [Talk; 3] = [
        Talk {
            languages: ["zh", "vi"],
            lines: [
                (
                    "zh",
                    "我叫欧阳翡翠，在瑞丽。",
                    "Tôi tên là Âu Dương Phỉ Thúy, ở Thụy Lệ.",
                ),
                ("vi", "Hắn giữ hộ chiếu của tôi.", "他扣了我的护照。"),
            ],
            words: ["欧阳翡翠", "护照", "Phỉ Thúy", "hộ chiếu"],
        },
        Talk {
            languages: ["th", "lo"],
            lines: [
                ("th", "ชื่อสมหญิงทองคำ", "ຊື່ສົມຍິງທອງຄຳ"),
                ("lo", "ຂ້ອຍຢູ່ຫຼວງພະບາງ", "ฉันอยู่หลวงพระบาง"),
            ],
            words: ["สมหญิง", "ສົມຍິງ", "ຫຼວງພະບາງ", "หลวงพระบาง"],
        },
        Talk {
            languages: ["my", "km"],
            lines: [
                ("my", "ကျွန်မနာမည် နန်းမူယာ ပါ။", "ខ្ញុំឈ្មោះ ណានមូយ៉ា។"),
                ("km", "ខ្ញុំមកពីបាត់ដំបង។", "ဗတ်တမ်ဘောင်း က လာတယ်။"),
            ],
            words: ["နန်းမူယာ", "ណានមូយ៉ា", "បាត់ដំបង", "ဗတ်တမ်ဘောင်း"],
        },
    ];

    fn document(&self) -> Value {
        let segments: Vec<Value> = self
            .lines
            .iter()
            .zip([1_000, 4_000])
            .map(|((lang, text, made), start_ms)| {
                let other = self.languages.iter().find(|l| *l != lang).unwrap();
                json!({"start_ms": start_ms, "end_ms": start_ms + 2_000, "speaker": "Speaker",
                       "lang": lang, "text": text, "translations": [{"lang": other, "text": made}]})
            })
            .collect();
        json!({ "segments": segments })
    }
}

/// Words that come in by other ways than a transcript.
const CORRECTED: &str = "卡车司机老段";
const PERSON: &str = "Trần Bích Hạnh";
const CASE: &str = "Kasus-Rubin-77";
/// Whose key signs, and who signs corrections in the window.
const KEYHOLDER: &str = "Lưu Ngọc Yến";
const MARKER: &str = "信封里的照片";
/// Words that become a term, and a name in settings that nobody can use.
const TERM: [&str; 2] = ["玉石矿老板", "ចៅកែរណ្តៅត្បូង"];
const BROKEN: &str = "ນາງຄຳປິ່ນ ສີສະຫວັດ";

/// Who speaks, what is said and refused at reading back, who certifies, and what is covered.
const SPEAKER: &str = "ဒေါ်ခင်မြင့်ကြည်";
const ANSWER: &str = "Hắn giữ hộ chiếu và điện thoại của tôi.";
const REASON: &str = "ผู้ถูกสัมภาษณ์ไม่เห็นด้วย";
const CHECKER: &str = "ສົມພອນ ພົມມະຈັນ";
const COVERED: &str = "hộ chiếu";
/// Every form of an export.
const FORMATS: [&str; 13] = [
    "txt",
    "json",
    "csv",
    "srt",
    "vtt",
    "html",
    "eaf",
    "tmx",
    "docx",
    "pdf",
    "record",
    "record-pdf",
    "audio",
];
/// Letters of a script without spaces that are searched for together, wherever they stand in a line.
const LETTERS: usize = 6;

/// A workspace, a place outside of it, and a folder for temporary files of its own.
pub struct Case {
    workspace: TempDir,
    pub outside: TempDir,
    temporary: TempDir,
}

impl Case {
    pub fn new() -> Self {
        let case = Self {
            workspace: tempfile::tempdir().unwrap(),
            outside: tempfile::tempdir().unwrap(),
            temporary: tempfile::tempdir().unwrap(),
        };
        common::fix_engine(case.root());
        case
    }

    pub fn root(&self) -> &Path {
        self.workspace.path()
    }

    pub fn store(&self) -> PathBuf {
        self.root().join("store.sqlite3")
    }

    pub fn mekong(&self) -> Command {
        let mut command = common::mekong(self.root());
        command
            .env("TMPDIR", self.temporary.path())
            // Searched with it: nothing may be left in the person's own folders either.
            .env("HOME", self.temporary.path())
            .env("XDG_CONFIG_HOME", self.temporary.path())
            .env("XDG_CACHE_HOME", self.temporary.path())
            .env("XDG_DATA_HOME", self.temporary.path())
            .env("MEKONG_PASSPHRASE", "nine blue boats at dawn");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.with_phrase(PASSPHRASE, args)
    }

    pub fn with_phrase(&self, phrase: &str, args: &[&str]) -> Output {
        let mut command = self.mekong();
        command.env("MEKONG_WORKSPACE_PASSPHRASE", phrase);
        command.stdin(Stdio::null()).args(args).output().unwrap()
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.done(args);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn done(&self, args: &[&str]) -> Output {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        output
    }

    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.outside.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn out(&self, name: &str) -> String {
        self.outside.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn lock(&self) -> PathBuf {
        common::lock(self.root(), self.outside.path())
    }

    pub fn run_lock(&self) -> Output {
        let path = self.out("other-recovery.txt");
        self.run(&["workspace", "lock", "--new-recovery-key", &path])
    }

    pub fn import(&self, talk: &Talk) -> String {
        let file = self.file("talk.json", &talk.document().to_string());
        let languages = talk.languages.join(",");
        let args = [
            "import",
            &file,
            "--languages",
            &languages,
            "--case",
            CASE,
            "--json",
        ];
        self.json(&args)[0]["id"].as_str().unwrap().to_owned()
    }

    pub fn import_sound(&self) -> String {
        let sound = practice_sound("th-lo");
        let args = [
            "import",
            &sound,
            "--languages",
            "th,lo",
            "--case",
            CASE,
            "--json",
        ];
        self.json(&args)[0]["id"].as_str().unwrap().to_owned()
    }

    /// The interview with an imported recording, or a recorded one.
    pub fn recorded(&self) -> String {
        let list = self.json(&["list", "--json"]);
        let ids = list
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["id"].as_str().unwrap());
        ids.map(str::to_owned)
            .find(|id| self.folder(id).join("original.flac").is_file())
            .unwrap()
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.root().join("recordings").join(id)
    }

    pub fn sound(&self) -> PathBuf {
        self.folder(&self.recorded()).join("original.flac")
    }

    /// An import that is killed after a while.
    pub fn kill_import(&self, after: std::time::Duration) {
        let mut child = self
            .mekong()
            .args(["import", &practice_sound("th-lo"), "--languages", "th,lo"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Everything that a workspace is for, once.
    pub fn use_everything(&self) -> Vec<String> {
        let ids: Vec<String> = Talk::ALL.iter().map(|talk| self.import(talk)).collect();
        let sound = self.import_sound();
        let args = [
            "edit", &ids[0], "1", "--text", CORRECTED, "--by", "Reviewer",
        ];
        self.done(&args);
        for word in [Talk::ALL[0].words[1], Talk::ALL[1].words[0], CORRECTED] {
            let hits = self.json(&["search", word, "--json"]);
            assert!(hits.to_string().contains(word), "{word}: {hits}");
        }
        self.done(&["history", &ids[0], "1"]);
        self.done(&["people", "add", PERSON, "--by", "Reviewer"]);
        self.session();
        self.custody(&sound);
        for format in FORMATS {
            let out = self.out(&format!("copy-{format}"));
            let mut args = vec!["export", &sound, "--format", format, "--out", &out];
            if format.starts_with("record") {
                args.extend(["--of", "witness"]);
            }
            self.done(&args);
            assert!(fs::metadata(out).unwrap().len() > 0);
        }
        self.answer_and_cover(&ids[0]);
        self.done(&["again", &sound, "1", "--to", "lo", "--by", "Reviewer"]);
        self.done(&["transcribe", &practice_sound("th-lo"), "--language", "th"]);
        self.enter_a_term();
        self.break_the_settings();
        ids
    }

    /// What people do to a transcript of the first talk: move a line, say who speaks, read it back, certify,
    /// enter a consent, and send what is covered.
    fn answer_and_cover(&self, id: &str) {
        let by = ["--by", "Reviewer"];
        let done = |args: &[&str]| self.done(args);
        done(&[&["recut", "retime", id, "2", "--end", "5900"], &by[..]].concat());
        done(&[&["recut", "list", id][..]].concat());
        done(&[&["speaker", id, "2", "--to", SPEAKER], &by[..]].concat());
        let correct = ["--line", "2", "--in", "vi", "--correct", ANSWER];
        done(&[&["read-back", id], &by[..], &correct].concat());
        let refuse = ["--line", "1", "--in", "zh", "--refuse", REASON];
        done(&[&["read-back", id], &by[..], &refuse].concat());
        let (keys, role) = ([CHECKER], ["--role", "reviewer"]);
        done(&[&["keys", "new"], &keys[..], &role].concat());
        done(&["certify", id, "1", "--by", CHECKER, "--despite", REASON]);
        let consent = ["--of", "witness", "--seen-by", "anyone", "--by", KEYHOLDER];
        done(&[&["consent", id], &consent[..]].concat());
        let list = format!("[[redact]]\nwords = [\"{COVERED}\"]\nreason = \"name\"\n");
        let list = self.file("list.toml", &list);
        for format in FORMATS.into_iter().filter(|format| *format != "audio") {
            let out = self.out(&format!("covered-{format}"));
            let mut args = vec!["export", id, "--format", format, "--out", &out];
            args.extend(["--redact", &list, "--no-sound"]);
            if format.starts_with("record") {
                args.extend(["--of", "witness"]);
            }
            self.done(&args);
            let bytes = fs::read(out).unwrap();
            let holds = bytes
                .windows(COVERED.len())
                .any(|w| w == COVERED.as_bytes());
            assert!(!holds, "{format}");
        }
        let out = self.out("covered.age");
        let covered = ["--redact", &list, "--no-sound", "--by", KEYHOLDER];
        done(
            &[
                &["bundle", id, "--to", KEYHOLDER, "--out", &out],
                &covered[..],
            ]
            .concat(),
        );
    }

    fn app(&self) -> mekong_interview::app::App {
        use mekong_interview::app::{App, Options, VaultState};
        let app = App::open(&Options {
            workspace: Some(self.root().to_owned()),
            ..Options::default()
        });
        let app = app.unwrap();
        if app.vault_state().unwrap() != VaultState::Plain {
            app.unlock(PASSPHRASE, "test", &|_| {}).unwrap();
        }
        app
    }

    /// Marked words of a line become a term, as G does in the window; a table is brought in too.
    fn enter_a_term(&self) {
        use mekong_interview::domain::Lang;
        use mekong_interview::glossary::{Entry, Term};
        let mut term = Term::default();
        for (lang, word) in [(Lang::Zh, TERM[0]), (Lang::Km, TERM[1])] {
            let admitted = vec![word.to_owned()];
            let entry = Entry {
                admitted,
                ..Entry::default()
            };
            term.entries.insert(lang, entry);
        }
        let app = self.app();
        app.put_term(&term).unwrap();
        let own = self.root().join("glossaries/own.csv");
        let locked = mekong_interview::vault::guards(&own);
        assert_eq!(mekong_interview::vault::is_sealed(&own).unwrap(), locked);
        let admits = |t: &Term| {
            t.entries
                .values()
                .any(|e| e.admitted.iter().any(|w| w == TERM[1]))
        };
        assert!(app.terms().unwrap().iter().any(admits));
        let table = format!("id,zh,km\nx-1,{},{}\n", TERM[0], TERM[1]);
        let table = self.file("brought.csv", &table);
        self.done(&["glossary", "import", &table]);
        let listed = self.json(&["glossary", "list", "--json"]).to_string();
        assert!(
            listed.contains("own") && listed.contains("brought"),
            "{listed}"
        );
        let out = self.out("terms.csv");
        self.done(&["glossary", "export", &out, "--name", "brought"]);
        assert!(fs::read_to_string(out).unwrap().contains(TERM[1]));
    }

    /// Settings that cannot be read are put aside, with the name that stands in them.
    fn break_the_settings(&self) {
        use mekong_interview::app::{App, Options};
        let text = format!("look = 7\nname = \"{BROKEN}\"\n");
        let path = self.root().join("desktop.toml");
        // Read with the passphrase, and as the window does before it was given.
        for read in [self.app(), self.app()] {
            fs::write(&path, &text).unwrap();
            let aside = read.choices().put_aside.unwrap();
            assert!(aside.is_file() && !path.exists());
            read.close();
        }
        fs::write(&path, &text).unwrap();
        let early = App::open(&Options {
            workspace: Some(self.root().to_owned()),
            ..Options::default()
        });
        assert!(early.unwrap().choices().put_aside.is_some());
        drop(self.app());
    }

    /// Every way to write what was said in the clear into the workspace itself.
    pub fn assert_nothing_is_written_inside(&self, id: &str) {
        let link = self.outside.path().join("link");
        #[cfg(unix)]
        std::os::unix::fs::symlink(self.root().join("recordings").join(id), &link).unwrap();
        for folder in [
            self.root().to_owned(),
            self.root().join("recordings").join(id),
            link,
        ] {
            let out = folder.join("interview.out");
            let out = out.to_str().unwrap();
            let mut all: Vec<Vec<&str>> = ["srt", "html", "audio", "docx"]
                .iter()
                .map(|format| vec!["export", id, "--format", format, "--out", out])
                .collect();
            all.push(vec!["people", "export", "--out", out]);
            let bundle = ["bundle", id, "--to", "none", "--plain", "--by", KEYHOLDER];
            all.push([&bundle[..], &["--out", out]].concat());
            all.push(vec!["glossary", "export", out, "--name", "own"]);
            for args in all {
                let output = self.run(&args);
                common::assert_helpful_failure(&output, &args.join(" "));
                let told = stderr(&output);
                assert!(told.contains("inside a locked workspace"), "{told}");
                assert!(told.contains("USB"), "{told}");
            }
        }
        self.assert_dark();
    }

    /// Keeps a name for corrections, as the window does.
    pub fn choose_name(&self) {
        let text = format!("text_percent = 120\nname = \"{KEYHOLDER}\"\n");
        fs::write(self.root().join("desktop.toml"), text).unwrap();
    }

    pub fn assert_name_is_kept(&self) {
        use mekong_interview::app::{App, Options};
        let app = App::open(&Options {
            workspace: Some(self.root().to_owned()),
            ..Options::default()
        })
        .unwrap();
        assert_eq!(app.choices().choices.name, "");
        app.unlock(PASSPHRASE, "test", &|_| {}).unwrap();
        let choices = app.choices().choices;
        assert_eq!(
            (choices.name.as_str(), choices.text_percent),
            (KEYHOLDER, 120)
        );
        app.keep_choices(&choices).unwrap();
        assert_eq!(app.choices().choices, choices);
    }

    /// A recorded session with a marker.
    fn session(&self) {
        use std::io::Write as _;
        let device = format!("file:{}", practice_sound("zh-vi"));
        let mut child = self
            .mekong()
            .args(["record", "--languages", "zh,vi", "--device", &device])
            .args(["--channels", "officer=zh,interviewee=vi", "--for", "5"])
            .args(["--case", CASE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut keys = child.stdin.take().unwrap();
        writeln!(keys, "m {MARKER}").unwrap();
        drop(keys);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let listed = self.json(&["list", "--json"]);
        let id = listed[0]["id"].as_str().unwrap();
        let shown = self.json(&["show", id, "--json"]);
        assert!(!shown["segments"].as_array().unwrap().is_empty());
        let ok = self.run(&["verify", id]);
        assert!(
            ok.status.success(),
            "{}",
            String::from_utf8_lossy(&ok.stdout)
        );
    }

    /// Keys, a seal, a bundle, and taking one in.
    fn custody(&self, id: &str) {
        self.done(&["keys", "new", KEYHOLDER, "--role", "officer"]);
        self.done(&["seal", id]);
        self.done(&["verify", id]);
        let bundle = self.out("bundle.age");
        self.done(&["bundle", id, "--to", KEYHOLDER, "--out", &bundle]);
        let partner = Case::new();
        let public = self.out("public.json");
        self.done(&["keys", "show", KEYHOLDER, "--out", &public]);
        partner.lock();
        partner.done(&["keys", "trust", &public]);
        // What a partner receives is dark there too. The bundle is to our own key, so we take it.
        let plain = self.out("bundle.zip");
        self.done(&["bundle", id, "--to", "none", "--plain", "--out", &plain]);
        partner.done(&["receive", &plain]);
        let received = partner.json(&["received", "--json"]);
        let folder = received[0]["folder"].as_str().unwrap();
        partner.done(&["verify", folder]);
        partner.assert_dark();
    }

    /// What every verb that shows would show.
    pub fn everything_shown(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut add = |args: &[&str]| {
            let output = self.done(args);
            all.push(String::from_utf8(output.stdout).unwrap());
        };
        add(&["list", "--json"]);
        add(&["people", "list", "--json"]);
        for id in self.json(&["list", "--json"]).as_array().unwrap() {
            let id = id["id"].as_str().unwrap();
            add(&["show", id, "--json"]);
            add(&["verify", id, "--json"]);
        }
        for talk in &Talk::ALL {
            for word in talk.words {
                add(&["search", word, "--json"]);
            }
        }
        // The workspace's own chain grows by the locking, and nothing else may differ.
        let number = |text: &String| !text.contains("\"name\":\"workspace\"");
        all.iter()
            .map(|text| match number(text) {
                true => text.clone(),
                false => without_own_chain(text),
            })
            .collect()
    }

    /// The kinds of the events in the workspace's own chain that are its own: not what came in.
    pub fn own_chain(&self) -> Vec<String> {
        use mekong_interview::app::{App, Options};
        let app = App::open(&Options {
            workspace: Some(self.root().to_owned()),
            ..Options::default()
        })
        .unwrap();
        app.unlock(PASSPHRASE, "test", &|_| {}).unwrap();
        let store = mekong_interview::store::Store::open(&self.store()).unwrap();
        let links = store.own_chain().unwrap();
        let mut kinds: Vec<String> = links.iter().filter_map(|link| link.kind()).collect();
        let others = ["begun", "imported", "recording", "head"];
        kinds.retain(|kind| !others.contains(&kind.as_str()));
        kinds
    }

    /// Every text and translation that is stored.
    pub fn said(&self) -> Vec<String> {
        let mut all = Vec::new();
        for id in self.json(&["list", "--json"]).as_array().unwrap() {
            let shown = self.json(&["show", id["id"].as_str().unwrap(), "--json"]);
            for line in shown["segments"].as_array().unwrap() {
                let made = line["translations"].as_array().into_iter().flatten();
                let texts = made.map(|t| &t["text"]).chain([&line["text"]]);
                all.extend(texts.filter_map(|t| t.as_str()).map(str::to_owned));
            }
        }
        all
    }

    /// What a thief finds.
    pub fn found(&self) -> Vec<(PathBuf, String)> {
        let mut words = vec![
            CORRECTED, PERSON, CASE, MARKER, KEYHOLDER, BROKEN, TERM[0], TERM[1],
        ];
        words.extend([SPEAKER, ANSWER, REASON, CHECKER]);
        for talk in &Talk::ALL {
            words.extend(talk.words);
        }
        // What the models have written down, and the pieces of it.
        let said = self.said();
        for line in &said {
            words.push(line);
            words.extend(line.split_whitespace().filter(|word| word.len() >= 8));
        }
        let pieces: Vec<String> = said.iter().flat_map(|line| pieces(line)).collect();
        words.extend(pieces.iter().map(String::as_str));
        dark::found(
            &[self.root(), self.temporary.path()],
            &dark::needles(&words),
        )
    }

    pub fn assert_dark(&self) {
        let found = self.found();
        assert!(found.is_empty(), "{found:#?}");
        assert!(dark::count(&[self.root()]) > 2, "nothing was searched");
    }
}

/// Every few letters that stand together in a script that is written without spaces.
fn pieces(line: &str) -> Vec<String> {
    let unspaced = |c: &char| matches!(c, '\u{0e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3400}'..='\u{9fff}');
    let runs = line.split(|c: char| !unspaced(&c));
    let windows = runs.flat_map(|run| {
        let letters: Vec<char> = run.chars().collect();
        let windows = letters
            .windows(LETTERS)
            .map(|w| w.iter().collect::<String>());
        windows.collect::<Vec<_>>()
    });
    windows.collect()
}

fn without_own_chain(text: &str) -> String {
    let mut verdict: Value = serde_json::from_str(text).unwrap();
    let checks = verdict["checks"].as_array_mut().unwrap();
    checks.retain(|check| check["name"] != "workspace");
    verdict.to_string()
}
