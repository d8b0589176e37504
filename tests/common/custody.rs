//! A workspace with one interview in six scripts, recorded, corrected, certified and sealed; and ways
//! to tamper with it.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};

use mekong_interview::app::{App, Options};
use mekong_interview::domain::{
    Cancel, FactKind, Hypothesis, InterviewId, Lang, SamplePos, SegmentId, Span, SpeechChoice,
    Status, Translation,
};
use mekong_interview::evidence::{Draft, Kind, Role, Row, SecretKey, Sign, Verdict, WORKSPACE};
use mekong_interview::pipeline::{Intake, IntakePlan, intake_file};
use mekong_interview::store::{
    self, Answer, Correction, NewFact, NewReadBack, NewSegment, Recutting, Store,
};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

pub const WORDS: [(Lang, &str); 6] = [
    (Lang::Zh, "我叫张伟，护照号码是E12345678。"),
    (Lang::Vi, "Tôi đến từ Hà Nội."),
    (Lang::Th, "คุณทำงานที่ไหน"),
    (Lang::My, "သင့်အမည် ဘယ်လိုခေါ်လဲ။"),
    (Lang::Lo, "ຂ້ອຍເຮັດວຽກຢູ່ຫຼວງພະບາງ"),
    (Lang::Km, "ខ្ញុំឈ្មោះ សុខា"),
];

/// Numbers that look random and are the same every time (SplitMix64, Steele et al. 2014).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }
}

/// A person's version of one side of a line.
pub trait Edits {
    /// Of its text; the version's number.
    fn edit_text(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        text: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<u32, store::Error>;
}

impl Edits for Store {
    fn edit_text(
        &mut self,
        id: &InterviewId,
        segment: SegmentId,
        text: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<u32, store::Error> {
        let new = Correction {
            text: Some(text),
            translation: None,
            by,
            reason,
        };
        Ok(self.edit(id, segment, &new)?.text.unwrap_or_default())
    }
}

/// The workspace, its keys in memory, and the digits that were written on paper.
pub struct Custody {
    pub dir: TempDir,
    pub app: App,
    pub id: InterviewId,
    pub officer: SecretKey,
    pub reviewer: SecretKey,
    pub paper: String,
}

pub fn open(workspace: &Path) -> App {
    App::open(&Options {
        workspace: Some(workspace.to_owned()),
        ..Options::default()
    })
    .unwrap()
}

/// Makes `app` trust a key that lives in memory only.
pub fn trust(app: &App, key: &SecretKey, dir: &Path) {
    let file = dir.join(format!("{}.json", &key.public().number[..16]));
    fs::write(&file, key.public().to_text()).unwrap();
    app.trust_key(&file, None).unwrap();
    fs::remove_file(file).unwrap();
}

/// The same of a key that was made in the workspace of `app`, by the event that says so.
pub fn make(app: &App, key: &SecretKey, dir: &Path) {
    app.workspace().make_folders().unwrap();
    let public = key.public();
    let facts = [
        ("key", public.number.as_str()),
        ("role", public.role.as_str()),
    ];
    let facts = facts.map(|(name, fact)| (name.to_owned(), fact.into()));
    let mut store = Store::open(&app.workspace().store()).unwrap();
    store
        .note_own(Kind::KeyMade, facts.into_iter().collect(), None)
        .unwrap();
    trust(app, key, dir);
}

/// Lines and sound of which a margin covers a part only: a second each, half a second apart.
pub const LONG: u64 = 24_000;

impl Custody {
    pub fn new() -> Self {
        Self::unsealed(300).sealed()
    }

    /// The same with a line that was moved, speakers who were named, a person of the register, and answers
    /// at reading back: the last thing that happened to it.
    pub fn whole() -> Self {
        let c = Self::unsealed(300);
        let mut store = Store::open(&c.database()).unwrap();
        let lines = [SegmentId(1), SegmentId(6)];
        store
            .set_speaker(&c.id, &lines, "interviewee", "Su", Some("ຟັງແລ້ວ"))
            .unwrap();
        for (start, end) in [(1_220, 1_380), (1_210, 1_390)] {
            let place = Span::new(SamplePos(start), SamplePos(end));
            store
                .recut(&c.id, &Recutting::Retime(SegmentId(5), place), "Su", None)
                .unwrap();
        }
        let names = [
            NewFact::new(FactKind::Name, "សុខា"),
            NewFact::new(FactKind::Phone, "0812345678"),
        ];
        store.add_person(Some("K-17"), "王芳", &names).unwrap();
        drop(store);
        let c = c.sealed();
        let mut store = Store::open(&c.database()).unwrap();
        for (line, lang) in [(1, Lang::Zh), (2, Lang::Vi)] {
            let read = NewReadBack {
                segment: Some(SegmentId(line)),
                lang,
                answer: Answer::Right,
                by: "Su",
            };
            store.note_read_back(&c.id, &read).unwrap();
        }
        c
    }

    fn sealed(self) -> Self {
        let c = self;
        let segments = [SegmentId(2), SegmentId(3)];
        // The third was corrected by somebody who has no key.
        let read = Some("read beside the sound");
        c.app
            .certify(&c.id.0, &segments, &c.reviewer, read)
            .unwrap();
        let sealed = c.app.seal(&c.id.0, &c.officer, &Cancel::new(), &|_| {});
        Self {
            paper: sealed.unwrap().head,
            ..c
        }
    }

    /// Nobody has signed anything yet; lines begin `gap` samples apart.
    pub fn unsealed(gap: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let app = open(dir.path());
        let officer = SecretKey::new("李明", Role::Officer).unwrap();
        let reviewer = SecretKey::new("Nguyễn Thu", Role::Reviewer).unwrap();
        for key in [&officer, &reviewer] {
            make(&app, key, dir.path());
        }
        let id = match gap {
            300 => record(&app, dir.path()),
            gap => record_apart(&app, dir.path(), gap),
        };
        Self {
            dir,
            app,
            id,
            officer,
            reviewer,
            paper: String::new(),
        }
    }

    /// The hash of the last event of a kind.
    pub fn head_at(&self, is: impl Fn(&str) -> bool) -> String {
        let store = Store::open(&self.database()).unwrap();
        let links = store.chain(&self.id).unwrap();
        let found = links
            .iter()
            .rfind(|l| l.kind().is_some_and(|kind| is(&kind)));
        found.unwrap().hash.clone()
    }

    fn paper(&self) -> Option<&str> {
        Some(self.paper.as_str()).filter(|digits| !digits.is_empty())
    }

    pub fn verify(&self) -> Verdict {
        self.app
            .verify_interview(&self.id.0, self.paper(), &Cancel::new(), &|_| {})
            .unwrap()
    }

    /// Whether a tampering is seen without any digits on paper: a check names what does not fit.
    pub fn sees(&self) -> bool {
        let verdict = self
            .app
            .verify_interview(&self.id.0, None, &Cancel::new(), &|_| {});
        !verdict.unwrap().ok
    }

    /// The same where the file may be so broken that nothing in it can be read.
    pub fn sees_or_refuses(&self) -> bool {
        self.app
            .verify_interview(&self.id.0, None, &Cancel::new(), &|_| {})
            .map_or(true, |verdict| !verdict.ok)
    }

    /// Takes the database as `old` has it, but for the workspace's own chain: so the end of the interview's
    /// chain is gone, with every record of it, and with nothing left that does not fit it.
    pub fn cut_back_to(&self, old: &[u8]) {
        let path = self.database();
        let own: Vec<(i64, String, String, String)> = {
            let db = Connection::open(&path).unwrap();
            let sql = "SELECT number, kind, body, hash FROM chain WHERE subject = 0";
            let mut found = db.prepare(sql).unwrap();
            let rows = found.query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            });
            rows.unwrap().collect::<Result<_, _>>().unwrap()
        };
        fs::write(&path, old).unwrap();
        let db = unguarded(&path);
        db.execute("DELETE FROM chain WHERE subject = 0", [])
            .unwrap();
        for (number, kind, body, hash) in own {
            db.execute(
                "INSERT INTO chain (subject, number, kind, body, hash) VALUES (0, ?1, ?2, ?3, ?4)",
                (number, kind, body, hash),
            )
            .unwrap();
        }
    }

    /// The bytes of the database, all of it in the one file.
    pub fn snapshot(&self) -> Vec<u8> {
        let db = Connection::open(self.database()).unwrap();
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        drop(db);
        fs::read(self.database()).unwrap()
    }

    pub fn sound(&self) -> PathBuf {
        self.app
            .workspace()
            .recording(&self.id)
            .join("original.wav")
    }

    pub fn database(&self) -> PathBuf {
        self.app.workspace().store()
    }

    /// An open bundle of the interview.
    pub fn bundle(&self, name: &str) -> PathBuf {
        let out = self.dir.path().join(name);
        let cancel = Cancel::new();
        self.app
            .bundle(&self.id.0, None, &out, &self.officer, &cancel, &|_| {})
            .unwrap();
        out
    }
}

/// A 16 kHz WAV of a fifth of a second.
pub fn wav() -> Vec<u8> {
    wav_of(3_200)
}

fn wav_of(samples: u64) -> Vec<u8> {
    let mut dice = Dice(7);
    // As good as silent, so that no speech is found in it.
    let samples: Vec<u8> = (0..samples)
        .flat_map(|_| (dice.roll(5) as i16 - 2).to_le_bytes())
        .collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + samples.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(32_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend((samples.len() as u32).to_le_bytes());
    bytes.extend(samples);
    bytes
}

/// Stores a recording with a line in each script, each translated, one corrected.
pub fn record(app: &App, dir: &Path) -> InterviewId {
    record_with(app, dir, wav(), 300)
}

/// The same with lines that begin `gap` samples apart.
fn record_apart(app: &App, dir: &Path, gap: u64) -> InterviewId {
    record_with(app, dir, wav_of(6 * gap), gap)
}

fn record_with(app: &App, dir: &Path, sound: Vec<u8>, gap: u64) -> InterviewId {
    let source = dir.join("sound.wav");
    fs::write(&source, sound).unwrap();
    app.workspace().make_folders().unwrap();
    let mut store = Store::open(&app.workspace().store()).unwrap();
    let plan = IntakePlan {
        id: InterviewId("20261124-090000-abcdef".into()),
        case: Some("K-17".into()),
        languages: vec![Lang::Zh, Lang::Vi],
        channels: Vec::new(),
        started: "2026-11-24T09:00:00+07:00".into(),
        original_name: "现场.wav".into(),
        max_utterance_ms: 15_000.into(),
        again: true,
        speech_models: vec![SpeechChoice {
            lang: Lang::Vi,
            channel: None,
            model: "điện thoại 2".into(),
        }],
        asked: None,
    };
    let recordings = app.workspace().recordings();
    let intake = Intake {
        recordings: &recordings,
        cancel: &Cancel::new(),
        watcher: &|_| {},
    };
    intake_file(&intake, &mut store, &source, &plan).unwrap();
    let id = plan.id;
    let lines: Vec<NewSegment> = (0..)
        .zip(WORDS)
        .map(|(n, (lang, _))| NewSegment {
            channel: 0,
            speaker: "all".into(),
            span: Span::new(SamplePos(n * gap), SamplePos(n * gap + gap * 2 / 3)),
            lang,
            flags: Vec::new(),
        })
        .collect();
    let ids = store.append_segments(&id, &lines, 200).unwrap();
    for (segment, (lang, words)) in ids.iter().zip(WORDS) {
        let heard = Hypothesis {
            lang,
            text: words.into(),
            confidence: 0.75,
            words: Vec::new(),
            flags: Vec::new(),
            engine: "test engine 1".into(),
        };
        store.record_hypothesis(&id, *segment, &heard).unwrap();
        let to = if lang == Lang::Vi { Lang::Zh } else { Lang::Vi };
        let made = Translation {
            lang: to,
            text: "Anh tên gì?".into(),
            engine: "test engine 2".into(),
            status: Status::Machine,
            log_prob: Some(-0.25),
            terms: Vec::new(),
            flags: Vec::new(),
            of_version: 1,
        };
        store.record_translation(&id, *segment, &made).unwrap();
    }
    store
        .edit_text(&id, ids[2], "คุณทำงานที่ไหนครับ", "Somchai", Some("ฟังไม่ชัด"))
        .unwrap();
    id
}

/// The database without its guards, which come back when this goes: so would a person with a database tool
/// leave it, who wants nothing to be seen.
pub struct Unguarded {
    db: Connection,
    guards: Vec<String>,
}

impl std::ops::Deref for Unguarded {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.db
    }
}

impl Drop for Unguarded {
    fn drop(&mut self) {
        let all = format!("BEGIN; {}; COMMIT;", self.guards.join("; "));
        let back = self.db.execute_batch(&all);
        assert!(back.is_ok() || std::thread::panicking(), "{back:?}");
    }
}

/// Opens the database and takes its guards away for as long as it is open here.
pub fn unguarded(path: &Path) -> Unguarded {
    let db = Connection::open(path).unwrap();
    let found: Vec<(String, String)> = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let (names, guards): (Vec<String>, Vec<String>) = found.into_iter().unzip();
    let drops: String = names.iter().map(|n| format!("DROP TRIGGER {n};")).collect();
    db.execute_batch(&format!("BEGIN; {drops} COMMIT;"))
        .unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    Unguarded { db, guards }
}

/// Adds an event to a chain of the database as if it had happened, with a hash that fits. Returns the hash.
pub fn append(
    db: &Connection,
    (subject, name): (i64, &str),
    draft: &Draft<'_>,
    at: &str,
) -> String {
    let last = "SELECT number, hash FROM chain WHERE subject = ?1 ORDER BY number DESC LIMIT 1";
    let (number, head): (i64, String) = db
        .query_row(last, [subject], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let link = draft.link(name, number as u64 + 1, &head, at).unwrap();
    db.execute(
        "INSERT INTO chain (subject, number, kind, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
        rusqlite::params![
            subject,
            number + 1,
            draft.kind.as_str(),
            link.body,
            link.hash
        ],
    )
    .unwrap();
    link.hash
}

/// The same for an interview's own chain, noted in the workspace's as the program would.
pub fn append_noted(db: &Connection, id: &InterviewId, draft: &Draft<'_>) {
    let now = jiff::Timestamp::now().to_string();
    let head = append(db, (1, &id.0), draft, &now);
    let kind = match draft.kind.is_remembered() {
        true => draft.kind,
        false => Kind::Head,
    };
    let note = Draft::of(kind, &[])
        .with("interview", id.0.as_str())
        .with("head", head);
    append(db, (0, WORKSPACE), &note, &now);
}

/// A record of these columns.
pub fn row(name: &str, columns: serde_json::Value) -> Row {
    Row::new(name.to_owned(), columns.as_object().unwrap().clone()).unwrap()
}

/// A line more with all that belongs to it, in an event that nobody has to sign.
pub fn add_line(db: &Connection, id: &InterviewId) {
    db.execute_batch(
        "INSERT INTO segment (interview, id, channel, speaker, start_sample, end_sample, lang, flags)
             VALUES (1, 77, 0, 'all', 3000, 3100, 'lo', '[]');
         INSERT INTO line (segment, interview, version, waits, flagged, start_sample, end_sample, gone, speaker)
             SELECT key, 1, 0, 1, 0, 3000, 3100, 0, 'all' FROM segment WHERE id = 77;
         UPDATE tally SET segments = segments + 1, pending = pending + 1;",
    )
    .unwrap();
    let columns = json!({"id": 77, "channel": 0, "speaker": "all", "start_sample": 3000,
        "end_sample": 3100, "lang": "lo", "flags": "[]"});
    append_noted(db, id, &Draft::of(Kind::Cut, &[row("line 77", columns)]));
}

/// Lets the older of two changes of a line count: their rows in each other's place, and the line where it
/// stood before. False where no line was changed twice.
pub fn swap_changes(db: &Connection) -> bool {
    let twice =
        "SELECT segment, min(key), max(key) FROM recut_line GROUP BY segment HAVING count(*) > 1";
    let found = db.query_row(twice, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let Ok((line, first, last)) = found else {
        return false;
    };
    let (line, first, last): (i64, i64, i64) = (line, first, last);
    db.execute_batch(&format!(
        "UPDATE line SET (start_sample, end_sample) =
             (SELECT start_sample, end_sample FROM recut_line WHERE key = {first}) WHERE segment = {line};
         UPDATE recut_line SET key = 9999 WHERE key = {first};
         UPDATE recut_line SET key = {first} WHERE key = {last};
         UPDATE recut_line SET key = {last} WHERE key = 9999;"
    ))
    .unwrap();
    true
}

/// Columns whose text can be changed without the database itself noticing.
const COLUMNS: [(&str, &str); 29] = [
    ("text_version", "text"),
    ("text_version", "author"),
    ("text_version", "at"),
    ("translation", "text"),
    ("translation", "author"),
    ("segment", "speaker"),
    ("segment", "flags"),
    ("segment", "lang"),
    ("interview", "started"),
    ("interview", "languages"),
    ("channel", "languages"),
    ("interview", "case_name"),
    ("interview", "stored_at"),
    ("audio", "sha256"),
    ("audio", "original_name"),
    ("channel", "speaker"),
    ("speech_model", "model"),
    ("chain", "body"),
    ("chain", "hash"),
    ("chain", "body"),
    ("recut", "author"),
    ("recut", "at"),
    ("speaker_version", "speaker"),
    ("speaker_version", "author"),
    ("person", "id"),
    ("person", "made_by"),
    ("person_fact", "value"),
    ("person_fact", "entered_by"),
    ("person_fact", "at"),
];

/// One random change of the database; says what it was.
pub fn tamper_store(db: &Connection, dice: &mut Dice) -> String {
    match dice.roll(12) {
        0..=2 => {
            let mut columns = COLUMNS.to_vec();
            columns.retain(|(table, _)| count(db, table) > 0);
            let (table, column) = columns[dice.roll(columns.len())];
            let mut rows: Vec<(Vec<rusqlite::types::Value>, String)> = Vec::new();
            let keys = keys_of(table);
            let sql = format!("SELECT {column}, {} FROM {table}", keys.join(", "));
            let mut statement = db.prepare(&sql).unwrap();
            let mut found = statement.query([]).unwrap();
            while let Some(row) = found.next().unwrap() {
                let key = (1..=keys.len()).map(|n| row.get(n).unwrap()).collect();
                rows.push((key, row.get(0).unwrap()));
            }
            let (key, old) = &rows[dice.roll(rows.len())];
            let new = changed_text(old, dice);
            let fits: Vec<String> = (0..keys.len())
                .map(|n| format!("{} = ?{}", keys[n], n + 2))
                .collect();
            let sql = format!(
                "UPDATE {table} SET {column} = ?1 WHERE {}",
                fits.join(" AND ")
            );
            let mut values: Vec<rusqlite::types::Value> = vec![new.into()];
            values.extend(key.iter().cloned());
            db.execute(&sql, rusqlite::params_from_iter(values))
                .unwrap();
            format!("{table}.{column}")
        }
        3 => {
            let mut tables = vec![
                "text_version",
                "translation",
                "audio",
                "channel",
                "speech_model",
                "chain",
                "chain",
                "recut",
                "recut_line",
                "speaker_version",
                "person",
                "person_fact",
            ];
            tables.retain(|table| count(db, table) > 0);
            let table = tables[dice.roll(tables.len())];
            let keys = keys_of(table).join(", ");
            let sql = format!(
                "DELETE FROM {table} WHERE ({keys}) = (SELECT {keys} FROM {table} LIMIT 1 OFFSET {})",
                dice.roll(count(db, table))
            );
            db.execute(&sql, []).unwrap();
            format!("a row of {table} deleted")
        }
        4 => {
            let segment = 1 + dice.roll(6) as i64;
            db.execute(
                "INSERT INTO text_version SELECT segment, 99, lang, text || 'x', 'edited', author,
                     reason, confidence, words, flags, at FROM text_version
                 WHERE segment = ?1 AND version = 1",
                [segment],
            )
            .unwrap();
            "a version added".into()
        }
        5 => {
            let (a, b) = (1 + dice.roll(3) as i64, 4 + dice.roll(3) as i64);
            db.execute(
                "UPDATE text_version SET text = (SELECT o.text FROM text_version o WHERE o.version = 1
                     AND o.segment = ?1 + ?2 - text_version.segment)
                 WHERE version = 1 AND segment IN (?1, ?2)",
                [a, b],
            )
            .unwrap();
            "two texts swapped".into()
        }
        6 => {
            let last = count_own(db);
            let (a, b) = (1 + dice.roll(last - 1) as i64, last as i64);
            db.execute(
                "UPDATE chain SET (kind, body, hash) = (SELECT o.kind, o.body, o.hash FROM chain o
                     WHERE o.subject = 1 AND o.number = ?1 + ?2 - chain.number)
                 WHERE subject = 1 AND number IN (?1, ?2)",
                [a, b],
            )
            .unwrap();
            "two events swapped".into()
        }
        7 => {
            // An answer at reading back, or any other event, told in other words, and its hash made anew.
            let (number, body): (i64, String) = db
                .query_row(
                    "SELECT number, body FROM chain WHERE subject = 1
                     ORDER BY kind <> 'read-back', number LIMIT 1 OFFSET ?1",
                    [dice.roll(2) as i64],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .unwrap();
            let new = match body.contains("\"right\"") {
                true => body.replace("\"right\"", "\"refused\""),
                false => body.replace("\"facts\":{", "\"facts\":{\"a\":1,"),
            };
            assert_ne!(new, body);
            let hash = mekong_interview::evidence::sha256(new.as_bytes());
            db.execute(
                "UPDATE chain SET body = ?1, hash = ?2 WHERE subject = 1 AND number = ?3",
                (new, hash, number),
            )
            .unwrap();
            "an event told in other words, its hash made anew".into()
        }
        8 => {
            let guards = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name";
            let mut found = db.prepare(guards).unwrap();
            let names: Vec<String> = found
                .query_map([], |row| row.get(0))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            let table = ["text_version", "translation", "segment", "chain"][dice.roll(4)];
            match dice.roll(2) {
                0 => {
                    let name = &names[dice.roll(names.len())];
                    db.execute_batch(&format!("DROP INDEX {name}")).unwrap();
                    "an index taken away".into()
                }
                _ => {
                    db.execute_batch(&format!(
                        "CREATE TRIGGER {table}_late AFTER INSERT ON {table} BEGIN SELECT 1; END"
                    ))
                    .unwrap();
                    "a trigger planted".into()
                }
            }
        }
        9 if swap_changes(db) => "two changes of a line swapped".into(),
        10 if is_sealed(db) => {
            let id = "SELECT id FROM interview WHERE key = 1";
            let id: String = db.query_row(id, [], |row| row.get(0)).unwrap();
            add_line(db, &InterviewId(id));
            "a line added behind the seal by an event".into()
        }
        _ => {
            // The end cut off, records and all, and nothing left that does not fit itself.
            let keep = 1 + dice.roll(count_own(db) - 1) as i64;
            db.execute(
                "DELETE FROM chain WHERE subject = 1 AND number > ?1",
                [keep],
            )
            .unwrap();
            "the end of the chain cut off".into()
        }
    }
}

fn is_sealed(db: &Connection) -> bool {
    let sealed = "SELECT EXISTS (SELECT 1 FROM chain WHERE subject = 1 AND kind = 'sealed')";
    db.query_row(sealed, [], |row| row.get(0)).unwrap()
}

fn keys_of(table: &str) -> &'static [&'static str] {
    match table {
        "text_version" => &["segment", "version"],
        "translation" => &["segment", "lang", "version"],
        "audio" | "channel" => &["interview", "position"],
        "chain" => &["subject", "number"],
        _ => &["key"],
    }
}

fn count(db: &Connection, table: &str) -> usize {
    let sql = format!("SELECT count(*) FROM {table}");
    db.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap() as usize
}

fn count_own(db: &Connection) -> usize {
    let sql = "SELECT count(*) FROM chain WHERE subject = 1";
    db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as usize
}

/// A text that differs in one character, is longer or is shorter by one.
pub fn changed_text(old: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = old.chars().collect();
    let at = dice.roll(letters.len());
    match dice.roll(3) {
        0 if letters.len() > 1 => {
            letters.remove(at);
        }
        1 => letters.insert(at, '0'),
        _ => match letters.get_mut(at) {
            Some(c) => *c = if *c == '1' { '2' } else { '1' },
            None => letters.push('1'),
        },
    }
    letters.into_iter().collect()
}

/// One random change of bytes that really changes them.
pub fn tamper_bytes(bytes: &mut Vec<u8>, dice: &mut Dice) -> &'static str {
    let before = bytes.clone();
    let len = bytes.len();
    let what = match dice.roll(6) {
        0 | 1 => {
            bytes[dice.roll(len)] ^= 1 << dice.roll(8);
            "a bit flipped"
        }
        2 => {
            bytes.truncate(dice.roll(len));
            "cut off"
        }
        3 => {
            let at = dice.roll(len);
            bytes.drain(at..(at + 1 + dice.roll(64)).min(len));
            "bytes taken out"
        }
        4 => {
            bytes.insert(dice.roll(len), dice.roll(256) as u8);
            "a byte put in"
        }
        _ => {
            let (a, b) = (dice.roll(len), dice.roll(len));
            bytes.swap(a, b);
            "two bytes swapped"
        }
    };
    if *bytes == before {
        bytes.push(0);
        return "a byte added";
    }
    what
}
