//! Random tamperings of store, sound and bundles, and who sees them.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mekong_interview::app::{App, ExportChoices};
use mekong_interview::domain::{
    Cancel, EventKind, Hypothesis, InterviewId, Lang, SamplePos, SegmentId, Span,
};
use mekong_interview::evidence::{
    Asked, Audience, Consent, Role, SCRIPT, SecretKey, Sign, hex, to_pem,
};
use mekong_interview::export::Format;
use mekong_interview::store::{
    self, Answer, NewEvent, NewInterview, NewReadBack, NewSession, Recutting, Store,
};
use mekong_interview::vault::RecoveryIdentity;

use crate::custody::{
    Custody, Dice, Edits as _, open, tamper_bytes, tamper_store, trust, unguarded,
};

/// How many tamperings of each kind were tried; every one of them was seen.
pub type Tally = BTreeMap<String, u64>;

/// A change of the database's file where nothing of interest stands.
const UNSEEN: &str = "no record changed";
/// What stock tools make of a changed container before any script sees it.
const UNPACKED: &str = "cannot be unpacked";
const SAME: &str = "every file as it was";
/// A change of a bundle that its own sender signed anew, faultlessly.
pub const SIGNED_ANEW: &str = ", signed anew by its sender";
/// The end of a bundle's history, told otherwise or left out by the sender whose history it is.
pub const SENDERS_OWN: &str = ", the sender's own end";

pub fn note(tally: &mut Tally, what: String) {
    *tally.entry(what).or_default() += 1;
}

/// The figures of a proof in words: each counts what it says and nothing else. The ends of chains are cut
/// off one by one and not at random.
pub fn figures(here: &[Tally], ends: &[Tally], bundles: &[Tally]) -> Vec<String> {
    let count = |tallies: &[Tally], is: &dyn Fn(&str) -> bool| -> u64 {
        let all = tallies.iter().flatten();
        all.filter(|(what, _)| is(what))
            .map(|(_, times)| times)
            .sum()
    };
    let any = |_: &str| true;
    let unseen = count(here, &|what| what.ends_with(UNSEEN));
    let anew = count(bundles, &|what| what.ends_with(SIGNED_ANEW));
    let unpacked = count(bundles, &|what| what.ends_with(UNPACKED));
    let same = count(bundles, &|what| what.ends_with(SAME));
    let own = count(bundles, &|what| what.ends_with(SENDERS_OWN));
    let (stored, sent) = (count(here, &any), count(bundles, &any));
    let by_program = stored + sent - unseen - own;
    let by_script = sent - unpacked - same - own;
    vec![
        format!(
            "{} random tamperings, {by_program} of them seen by the program",
            stored + sent
        ),
        format!("{unseen} of the database's own file were not seen: they changed no record"),
        format!(
            "{anew} of them of bundles that their own sender signed anew, each seen by the program and by verify.sh"
        ),
        format!(
            "{own} more were the end of a bundle's history, told otherwise or left out by the sender whose history it is"
        ),
        format!(
            "{sent} of these of bundles: {by_script} seen by verify.sh too, {unpacked} could not be \
             unpacked, {same} changed no file"
        ),
        format!(
            "{} ends of chains cut off beside these, one after another, all seen by the program",
            count(ends, &any)
        ),
    ]
}

/// `times` changes of the database.
pub fn store(c: &Custody, times: u64, dice: &mut Dice) -> Tally {
    let mut tally = Tally::new();
    let path = c.database();
    let good = fs::read(&path).unwrap();
    for n in 0..times {
        let db = unguarded(&path);
        let what = tamper_store(&db, dice);
        drop(db);
        assert!(c.sees(), "tampering {n} was not seen: {what}");
        note(&mut tally, format!("store: {what}"));
        for side in ["store.sqlite3-wal", "store.sqlite3-shm"] {
            let _ = fs::remove_file(path.with_file_name(side)); // as a rule it is not there
        }
        fs::write(&path, &good).unwrap();
    }
    assert!(c.verify().ok);
    tally
}

/// The end of the chain of an interview that nobody sealed, cut off with its records behind every event of
/// every kind that people make, and behind what a machine made last. No digits were written on paper.
pub fn ends() -> Tally {
    let mut tally = Tally::new();
    let c = Custody::unsealed(300);
    let out = |name: &str| c.dir.path().join(name);
    let store = || Store::open(&c.database()).unwrap();
    // The last note of all, of what a machine did: nothing follows it.
    let whole = c.snapshot();
    let last = "DELETE FROM chain WHERE subject = 0 AND number = (SELECT max(number) FROM chain WHERE subject = 0)";
    unguarded(&c.database()).execute(last, []).unwrap();
    assert!(c.sees(), "the last note was taken away");
    note(&mut tally, "ends: the last note taken away".into());
    fs::write(c.database(), whole).unwrap();
    let consent = Consent {
        asked: Asked::Witness,
        seen_by: Audience::Agency,
        until: None,
        sound: true,
        pseudonym: None,
        person: None,
        by: "王芳".into(),
    };
    let words = [
        "我叫张卫。",
        "Tôi đến từ Huế.",
        "ຂ້ອຍຊື່ ແກ້ວ",
        "សុភា",
        "မောင်",
        "สมชาย",
    ];
    let mut at: Vec<Vec<u8>> = Vec::new();
    let mut act = |what: &dyn Fn()| {
        at.push(c.snapshot());
        what();
    };
    for (line, text) in (1..).zip(words) {
        act(&|| {
            let id = SegmentId(line);
            store().edit_text(&c.id, id, text, "Su", None).unwrap();
        });
    }
    act(&|| {
        let line = [SegmentId(2)];
        let done = store().set_speaker(&c.id, &line, "interviewee", "Su", None);
        assert_eq!(done.unwrap(), 1);
    });
    act(&|| {
        let moved = Span::new(SamplePos(1_210), SamplePos(1_390));
        let what = Recutting::Retime(SegmentId(5), moved);
        store().recut(&c.id, &what, "Su", None).unwrap();
    });
    act(&|| {
        let read = NewReadBack {
            segment: Some(SegmentId(1)),
            lang: Lang::Zh,
            answer: Answer::Right,
            by: "Su",
        };
        store().note_read_back(&c.id, &read).unwrap();
    });
    act(&|| assert!(store().note_opened(&c.id, serde_json::Map::new()).unwrap()));
    act(&|| {
        c.app
            .give_consent(&c.id.0, &consent, None)
            .map(|_| ())
            .unwrap()
    });
    act(&|| {
        let (choices, cancel) = (ExportChoices::default(), Cancel::new());
        c.app
            .export(
                &c.id.0,
                Format::Txt,
                &choices,
                (&out("a.txt"), false),
                &cancel,
                &|_| {},
            )
            .unwrap();
    });
    act(&|| {
        let heard = Hypothesis {
            lang: Lang::Vi,
            text: "Tôi không biết.".into(),
            confidence: 0.5,
            words: Vec::new(),
            flags: Vec::new(),
            engine: "test engine 1".into(),
        };
        store()
            .record_hypothesis(&c.id, SegmentId(2), &heard)
            .unwrap();
    });
    act(&|| {
        let lines = [SegmentId(1)];
        c.app
            .certify(&c.id.0, &lines, &c.reviewer, Some("read beside the sound"))
            .map(|_| ())
            .unwrap();
    });
    assert!(c.verify().ok, "{:#?}", c.verify());
    let whole = c.snapshot();
    for (behind, old) in at.iter().enumerate() {
        c.cut_back_to(old);
        assert!(c.sees(), "the end from act {behind} on was cut off unseen");
        note(
            &mut tally,
            "store: the end of an unsealed chain cut off with its records".into(),
        );
        fs::write(c.database(), &whole).unwrap();
    }
    assert!(c.verify().ok);
    tally
}

/// The same of a session that is recorded: behind every entry, and behind its end.
pub fn session_ends() -> Tally {
    let mut tally = Tally::new();
    let c = Custody::unsealed(300);
    let id = InterviewId("20261125-090000-fedcba".into());
    let mut store = Store::open(&c.database()).unwrap();
    let new = NewInterview {
        id: id.clone(),
        case: None,
        languages: vec![Lang::Lo, Lang::Km],
        started: "2026-11-25T09:00:00+07:00".into(),
        duration_ms: 60_000,
        audio: Vec::new(),
        channels: c.app.show(&c.id.0).unwrap().0.channels,
        working: Vec::new(),
        notes: Vec::new(),
        asked: None,
    };
    let session = NewSession {
        device: "none".into(),
        practice: false,
        max_utterance_ms: 15_000,
    };
    store.begin_session(&new, &session).unwrap();
    let mut at = Vec::new();
    for (n, label) in (1..).zip(["ຂໍພັກ", "ខ្ញុំមិនយល់", "ထပ်ပြောပါ", "ขอทนาย", "休息", "nghỉ"])
    {
        let event = NewEvent {
            kind: EventKind::Pause,
            label: label.into(),
            channel: None,
            start: SamplePos(n * 8_000),
            end: Some(SamplePos(n * 8_000 + 800)),
            closes: None,
            journal: None,
            at: "2026-11-25T09:00:00+07:00".into(),
        };
        at.push(c.snapshot());
        store.add_event(&id, &event).unwrap();
    }
    at.push(c.snapshot());
    store.end_session(&id, "asked", None, &[]).unwrap();
    drop(store);
    let whole = c.snapshot();
    let verify = || {
        let verdict = c.app.verify_interview(&id.0, None, &Cancel::new(), &|_| {});
        verdict.unwrap()
    };
    assert!(verify().ok, "{:#?}", verify());
    for old in at {
        c.cut_back_to(&old);
        assert!(!verify().ok);
        note(
            &mut tally,
            "session: the end of an unsealed chain cut off with its records".into(),
        );
        fs::write(c.database(), &whole).unwrap();
    }
    tally
}

/// `times` changes of the bytes of the database's file. Much of it is room that nothing stands in, or what
/// is worked out from the records: such a change is not seen where every record is what it was.
pub fn store_file(c: &Custody, times: u64, dice: &mut Dice) -> Tally {
    let mut tally = Tally::new();
    let path = c.database();
    let proofs = || {
        let store = Store::open_read_only(&path)?;
        Ok::<_, store::Error>((store.proofs(&c.id)?, store.own_chain()?))
    };
    let known = proofs().unwrap();
    let good = fs::read(&path).unwrap();
    for n in 0..times {
        let mut bytes = good.clone();
        let what = tamper_bytes(&mut bytes, dice);
        fs::write(&path, bytes).unwrap();
        let told = match c.sees_or_refuses() {
            true => "seen",
            false if !file_is_whole(c) => "seen by the check of the whole file",
            false => {
                assert!(proofs().is_ok_and(|now| now == known), "{n}: {what}");
                UNSEEN
            }
        };
        note(&mut tally, format!("store file: {what}, {told}"));
        for side in [
            "store.sqlite3-wal",
            "store.sqlite3-shm",
            "store.sqlite3-journal",
        ] {
            let _ = fs::remove_file(path.with_file_name(side)); // as a rule it is not there
        }
        fs::write(&path, &good).unwrap();
    }
    assert!(c.verify().ok);
    tally
}

/// What `verify --all` says of the workspace and of its database's file.
fn file_is_whole(c: &Custody) -> bool {
    c.app.verify_workspace().is_ok_and(|verdict| verdict.ok)
}

/// The same of a locked workspace's database, then of its sound; `times` of each. There every page has a
/// seal, so every change is seen.
pub fn locked(times: u64, dice: &mut Dice) -> Tally {
    let c = Custody::new();
    let recovery = RecoveryIdentity::generate().recipient();
    let phrase = "ສີ່ຄຳ ແລະ ແມ່ນ້ຳ ຫນຶ່ງ";
    c.app.lock_workspace(phrase, &recovery, &|_| {}).unwrap();
    assert!(c.verify().ok);
    assert!(file_is_whole(&c));
    let tallies = [store_file(&c, times, dice), sound(&c, times, dice)];
    let unseen = tallies[0].keys().find(|what| what.ends_with(UNSEEN));
    assert_eq!(unseen, None);
    let all = tallies.into_iter().flatten();
    all.map(|(what, times)| (format!("locked {what}"), times))
        .collect()
}

/// `times` changes of the recording and, as many, of what is listened to in its place.
pub fn sound(c: &Custody, times: u64, dice: &mut Dice) -> Tally {
    let working = c.sound().with_file_name("working-0.wav");
    let mut tally = changed(c, &c.sound(), ("sound original.wav", "sound"), times, dice);
    let copies = changed(c, &working, ("working copies", "working copy"), times, dice);
    tally.extend(copies);
    tally
}

/// `times` changes of one file, each told by the check of this name.
fn changed(
    c: &Custody,
    path: &Path,
    (check, called): (&str, &str),
    times: u64,
    dice: &mut Dice,
) -> Tally {
    let mut tally = Tally::new();
    let good = fs::read(path).unwrap();
    for n in 0..times {
        let mut bytes = good.clone();
        let what = tamper_bytes(&mut bytes, dice);
        fs::write(path, bytes).unwrap();
        let what = match dice.roll(50) {
            0 => {
                fs::remove_file(path).unwrap();
                "deleted"
            }
            _ => what,
        };
        assert!(
            c.verify().checks.iter().any(|k| !k.ok && k.name == check),
            "{n}"
        );
        note(&mut tally, format!("{called}: {what}"));
    }
    fs::write(path, &good).unwrap();
    assert!(c.verify().ok);
    tally
}

pub fn fits(app: &App, file: &Path) -> bool {
    app.verify_file(file, None, &Cancel::new(), &|_| {})
        .is_ok_and(|verdict| verdict.ok)
}

/// `times` changes of a bundle's bytes.
pub fn bundle(c: &Custody, times: u64, dice: &mut Dice) -> Tally {
    let mut tally = Tally::new();
    let path = c.bundle("tampered.zip");
    let good = fs::read(&path).unwrap();
    assert!(fits(&c.app, &path));
    let u = Unpacked::new(c);
    let whole = contents(&u.unzipped(&path).unwrap());
    for n in 0..times {
        let mut bytes = good.clone();
        let what = tamper_bytes(&mut bytes, dice);
        fs::write(&path, bytes).unwrap();
        assert!(!fits(&c.app, &path), "tampering {n} was not seen: {what}");
        let by_script = u.sees_unzipped(&path, &whole);
        note(&mut tally, format!("bundle: {what}, {by_script}"));
    }
    fs::remove_file(path).unwrap();
    tally
}

/// Every `step`th byte of a bundle, its lowest bit flipped.
pub fn each_byte(c: &Custody, step: usize) -> Tally {
    let path = c.bundle("flipped.zip");
    let good = fs::read(&path).unwrap();
    let mut flips = 0;
    for at in (0..good.len()).step_by(step) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(
            !fits(&c.app, &path),
            "a flip of byte {at} of {} was not seen",
            good.len()
        );
        flips += 1;
    }
    fs::remove_file(path).unwrap();
    let what = format!("bundle of {} bytes: a byte flipped", good.len());
    Tally::from([(what, flips)])
}

/// Every `step`th byte of an unpacked bundle, its lowest bit flipped, offered to the script, on all cores.
pub fn each_byte_by_script(c: &Custody, step: usize) -> Tally {
    let u = Unpacked::new(c);
    assert!(u.script_agrees(&u.folder));
    let places: Vec<(PathBuf, usize)> = contents(&u.folder)
        .into_iter()
        .flat_map(|(name, bytes)| (0..bytes.len()).map(move |at| (name.clone(), at)))
        .step_by(step)
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (u, places) = (&u, &places);
            scope.spawn(move || {
                let own = u.dir.path().join(format!("flipped-{thread}"));
                copy(&u.folder, &own);
                for (name, at) in places.iter().skip(thread).step_by(threads) {
                    let path = own.join(name);
                    let good = fs::read(&path).unwrap();
                    let mut bytes = good.clone();
                    bytes[*at] ^= 1;
                    fs::write(&path, bytes).unwrap();
                    let of = name.display();
                    assert!(!u.script_agrees(&own), "byte {at} of {of} was not seen");
                    fs::write(&path, good).unwrap();
                }
            });
        }
    });
    let what = "unpacked bundle: a byte flipped, by the script".to_owned();
    Tally::from([(what, places.len() as u64)])
}

/// The interview in bundles signed by a stranger under the officer's name, and by a revoked key.
pub fn resigned(c: &Custody) -> Tally {
    let stranger = Custody::new();
    let out = stranger.bundle("resigned.zip");
    let here = c.dir.path().join("resigned.zip");
    fs::copy(&out, &here).unwrap();
    assert!(!fits(&c.app, &here));
    fs::remove_file(&here).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path());
    trust(&app, &c.officer, dir.path());
    let out = c.bundle("revoked.zip");
    assert!(fits(&app, &out));
    app.revoke_key(&c.officer.public().number, None, None)
        .unwrap();
    assert!(!fits(&app, &out));
    fs::remove_file(&out).unwrap();
    Tally::from([
        ("bundle: signed by a stranger".to_owned(), 1),
        ("bundle: signed by a revoked key".to_owned(), 1),
    ])
}

/// A bundle unpacked in a folder, and the sender's number.
pub struct Unpacked {
    pub dir: tempfile::TempDir,
    pub app: App,
    pub folder: PathBuf,
    pub number: String,
}

impl Unpacked {
    pub fn new(c: &Custody) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let app = open(dir.path());
        trust(&app, &c.officer, dir.path());
        let file = c.bundle("sent.zip");
        let (_, foreign) = app.receive(&file, None, &Cancel::new(), &|_| {}).unwrap();
        fs::remove_file(file).unwrap();
        let folder = dir.path().join("bag");
        copy(&foreign.folder, &folder);
        fs::write(dir.path().join("verify.sh"), SCRIPT).unwrap();
        Self {
            number: c.officer.public().number.clone(),
            dir,
            app,
            folder,
        }
    }

    /// Whether the script, which is not taken from the bundle, finds that everything fits.
    pub fn script_agrees(&self, folder: &Path) -> bool {
        let output = Command::new("sh")
            .arg(self.dir.path().join("verify.sh"))
            .args([folder.as_os_str(), self.number.as_ref()])
            .output()
            .unwrap();
        assert!(
            output.status.success() || output.status.code() == Some(3),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.status.success()
    }
}

/// Every file below a folder with what is in it.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let read = |name: PathBuf| (name.clone(), fs::read(folder.join(name)).unwrap());
    files(folder).into_iter().map(read).collect()
}

impl Unpacked {
    /// Unpacks a bundle with the stock tool, where that goes without a complaint and gives one folder.
    fn unzipped(&self, file: &Path) -> Option<PathBuf> {
        let out = self.dir.path().join("unzipped");
        let _ = fs::remove_dir_all(&out); // there is none before the first one
        let done = Command::new("unzip")
            .arg("-qq")
            .arg(file)
            .arg("-d")
            .arg(&out)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let folders = done.status.success().then(|| fs::read_dir(&out).unwrap());
        let folders: Vec<PathBuf> = folders?.map(|entry| entry.unwrap().path()).collect();
        match &folders[..] {
            [folder] if folder.is_dir() => Some(folder.clone()),
            _ => None,
        }
    }

    /// What stock tools make of a tampered container: it cannot be unpacked, or the script finds what
    /// does not fit, or the change lay in the container alone and every file is what it was.
    fn sees_unzipped(&self, file: &Path, whole: &[(PathBuf, Vec<u8>)]) -> &'static str {
        let Some(folder) = self.unzipped(file) else {
            return UNPACKED;
        };
        if !self.script_agrees(&folder) {
            return "seen by the script";
        }
        assert_eq!(contents(&folder), whole, "the script did not see a change");
        SAME
    }
}

/// `times` changes of an unpacked bundle, each seen by the program and by the script.
pub fn unpacked(c: &Custody, times: u64, dice: &mut Dice) -> Tally {
    let mut tally = Tally::new();
    let u = Unpacked::new(c);
    assert!(fits(&u.app, &u.folder) && u.script_agrees(&u.folder));
    let names = files(&u.folder);
    for n in 0..times {
        let bad = u.dir.path().join("bad");
        copy(&u.folder, &bad);
        let what = tamper_folder(&bad, &names, dice);
        assert!(!fits(&u.app, &bad), "tampering {n} was not seen: {what}");
        assert!(
            !u.script_agrees(&bad),
            "the script did not see tampering {n}: {what}"
        );
        note(&mut tally, format!("unpacked: {what}"));
        fs::remove_dir_all(bad).unwrap();
    }
    tally
}

fn tamper_folder(folder: &Path, names: &[PathBuf], dice: &mut Dice) -> String {
    let (name, other) = (
        &names[dice.roll(names.len())],
        &names[dice.roll(names.len())],
    );
    let path = folder.join(name);
    match dice.roll(10) {
        0 => {
            fs::remove_file(path).unwrap();
            "a file deleted".into()
        }
        1 => {
            fs::write(folder.join("data/extra.txt"), "x").unwrap();
            "a file added".into()
        }
        2 => {
            let target = path.with_extension("moved");
            fs::rename(&path, &target).unwrap();
            #[cfg(unix)]
            std::os::unix::fs::symlink(target, &path).unwrap();
            "a link".into()
        }
        3 if name != other => {
            let (a, b) = (
                fs::read(&path).unwrap(),
                fs::read(folder.join(other)).unwrap(),
            );
            fs::write(&path, b).unwrap();
            fs::write(folder.join(other), a).unwrap();
            "two files swapped".into()
        }
        4 => {
            // All of it signed anew, faultlessly, by somebody else.
            let key = SecretKey::new("李明", Role::Officer).unwrap();
            let number = &key.public().number;
            fs::write(folder.join("signer.pem"), to_pem(number).unwrap()).unwrap();
            let info = fs::read_to_string(folder.join("bag-info.txt")).unwrap();
            let info: String = info
                .lines()
                .map(|line| match line.split_once(": ") {
                    Some(("Mekong-Signer", _)) => format!("Mekong-Signer: {number}\n"),
                    _ => format!("{line}\n"),
                })
                .collect();
            fs::write(folder.join("bag-info.txt"), info).unwrap();
            sign(folder, &key);
            "signed anew by a stranger".into()
        }
        _ => {
            let mut bytes = fs::read(&path).unwrap();
            let what = tamper_bytes(&mut bytes, dice);
            fs::write(&path, bytes).unwrap();
            what.into()
        }
    }
}

/// Writes the tag manifest and the signature of a bag anew.
pub fn sign(folder: &Path, key: &SecretKey) {
    let tags = [
        "bag-info.txt",
        "bagit.txt",
        "manifest-sha256.txt",
        "signer.pem",
        "verify.sh",
    ];
    let lines: String = tags
        .iter()
        .map(|name| {
            let digest = mekong_interview::evidence::sha256(&fs::read(folder.join(name)).unwrap());
            format!("{digest}  {name}\n")
        })
        .collect();
    fs::write(folder.join("tagmanifest-sha256.txt"), &lines).unwrap();
    let signature = key.sign(lines.as_bytes());
    assert_eq!(hex(&signature).len(), 128);
    fs::write(folder.join("tagmanifest-sha256.sig"), signature).unwrap();
}

/// Every file below a folder, by its path inside it, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(inside) = open.pop() {
        for entry in fs::read_dir(folder.join(&inside)).unwrap() {
            let entry = entry.unwrap();
            let path = inside.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            } else {
                all.push(path);
            }
        }
    }
    all.sort();
    all
}

/// Copies a folder; the copies can be written.
pub fn copy(from: &Path, to: &Path) {
    for name in files(from) {
        let path = to.join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, fs::read(from.join(name)).unwrap()).unwrap();
    }
}

/// Offers each file to a fresh workspace that trusts the sender; each must be refused with a reason
/// and a next step, and the store and the folder must stay as they are. Counts the reasons.
pub fn refuse_all(sender: &SecretKey, good: &[u8], bad: &[(String, Vec<u8>)]) -> Tally {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path());
    trust(&app, sender, dir.path());
    let (file, received) = (dir.path().join("offered"), dir.path().join("received"));
    fs::create_dir_all(&received).unwrap();
    let state = || (fs::read(app.workspace().store()).unwrap(), files(&received));
    let before = state();
    let mut reasons = Tally::new();
    for (what, bytes) in bad {
        fs::write(&file, bytes).unwrap();
        let refused = app.receive(&file, None, &Cancel::new(), &|_| {});
        let error = refused.map(|_| ()).expect_err(what);
        assert!(!error.help().is_empty());
        assert_eq!(state(), before, "{what} left something behind");
        let reason = error.to_string();
        let end = reason.find(['\'', '/']).unwrap_or(reason.len());
        note(
            &mut reasons,
            reason[..end].trim_end_matches([':', ' ']).to_owned(),
        );
    }
    // The same workspace takes the good one.
    fs::write(&file, good).unwrap();
    app.receive(&file, None, &Cancel::new(), &|_| {}).unwrap();
    reasons
}
