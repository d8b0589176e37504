//! Custody beyond the seal: covered copies for a partner, what a person allows and what that forbids,
//! reading back, clocks that were set back, keys that were revoked, exports that were cut off.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

#[path = "common/binding.rs"]
mod binding;
mod common;
#[path = "common/custody.rs"]
mod custody;
#[path = "common/forged.rs"]
mod forged;
#[path = "common/leaving.rs"]
mod leaving;
#[path = "common/partners.rs"]
mod partners;
#[path = "common/session.rs"]
mod session;
#[path = "common/tamper.rs"]
mod tamper;
#[path = "common/trusted.rs"]
mod trusted;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{mekong, stderr};
use custody::{Custody, Dice, Edits as _, LONG, make, open, trust, unguarded};
use mekong_interview::app::{App, Cover, Error, ExportChoices};
use mekong_interview::domain::{
    Cancel, EventKind, FactKind, Lang, ReadAnswer, SamplePos, SegmentId,
};
use mekong_interview::evidence::{
    self, Asked, Audience, Consent, Draft, Kind, Limit, Passphrase, Receipt, Role, SecretKey, Sign,
    Story,
};
use mekong_interview::export::Format;
use mekong_interview::store::{Answer, NewEvent, NewFact, NewReadBack, Store};
use serde_json::json;
use tamper::{files, fits};

fn list(c: &Custody) -> PathBuf {
    let path = c.dir.path().join("list.toml");
    let text = "[[redact]]\nwords = [\"张伟\", \"E12345678\"]\nreason = \"name\"\n\
                [[redact]]\nwords = [\"សុខា\"]\nreason = \"name\"\n";
    fs::write(&path, text).unwrap();
    path
}

/// A covered copy of the interview, open for everybody.
fn covered(c: &Custody, name: &str, sound: bool) -> Result<PathBuf, Error> {
    let out = c.dir.path().join(name);
    let list = list(c);
    let cover = Cover {
        list: Some(&list),
        sound,
    };
    let cancel = Cancel::new();
    c.app
        .bundle_covered(&c.id.0, cover, None, &out, &c.officer, (&cancel, &|_| {}))?;
    Ok(out)
}

/// Every byte of every file below a folder, one after the other.
fn everything(folder: &Path) -> Vec<u8> {
    let all = files(folder).into_iter();
    all.flat_map(|name| fs::read(folder.join(name)).unwrap())
        .collect()
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|w| w == word.as_bytes())
}

/// A workspace of somebody else who trusts the officer.
fn partner(c: &Custody) -> (tempfile::TempDir, App) {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path());
    trust(&app, &c.officer, dir.path());
    (dir, app)
}

#[test]
fn a_covered_copy_crosses_the_border_without_what_is_covered_and_names_its_parent() {
    let c = Custody::new();
    let parent = {
        let store = Store::open(&c.database()).unwrap();
        evidence::head(&store.chain(&c.id).unwrap()).to_owned()
    };
    let file = covered(&c, "copy.zip", true).unwrap();
    assert!(c.verify().ok, "the whole one is as it was");
    let (dir, theirs) = partner(&c);
    let (opened, foreign) = theirs
        .receive(&file, None, &Cancel::new(), &|_| {})
        .unwrap();
    let told = |name: &str| {
        let found = opened.checks.iter().find(|check| check.name == name);
        found.map(|check| check.detail.clone()).unwrap_or_default()
    };
    assert_eq!(foreign.interview, format!("{}-covered", c.id));
    assert!(
        told("covered copy").contains(&parent),
        "{:?}",
        opened.checks
    );
    assert_eq!(told("sound"), "1 recordings");
    // Nothing of it, neither in the file nor in anything that came out of it.
    let bytes = [fs::read(&file).unwrap(), everything(&foreign.folder)].concat();
    for word in ["张伟", "E12345678", "សុខា"] {
        assert!(!holds(&bytes, word), "{word}");
    }
    // No hash of a record of the whole one: names could be tried until one fits.
    let store = Store::open(&c.database()).unwrap();
    let (links, rows) = store.proofs(&c.id).unwrap();
    for row in &rows {
        assert!(!holds(&bytes, &row.digest()), "{}", row.name);
    }
    // The uncovered lines are there, and the parent's digits are found again here.
    assert!(holds(&bytes, "Hà Nội") && holds(&bytes, &parent));
    let verdict = c
        .app
        .verify_interview(&c.id.0, Some(&parent), &Cancel::new(), &|_| {})
        .unwrap();
    assert!(verdict.ok, "{verdict:?}");
    // The chain tells what was sent, and the receipt is known again.
    let (story, _) = Story::of(&c.id.0, &links);
    let sent = story.events.last().unwrap();
    assert_eq!(sent.kind, "bundled");
    assert_eq!(sent.fact("covered"), Some(opened.head.as_str()));
    let key = SecretKey::new("สมชาย", Role::Officer).unwrap();
    trust(&c.app, &key, dir.path());
    let receipt = dir.path().join("receipt.json");
    fs::write(&receipt, Receipt::sign(&opened, &key)).unwrap();
    assert!(fits(&c.app, &receipt));
    // What lies there is checked again by the program and by the script alone.
    let script = dir.path().join("verify.sh");
    fs::write(&script, evidence::SCRIPT).unwrap();
    let agrees = |folder: &Path| {
        let sh = std::process::Command::new("sh")
            .arg(&script)
            .arg(folder)
            .output();
        sh.unwrap().status.code() == Some(0)
    };
    assert!(fits(&theirs, &foreign.folder) && agrees(&foreign.folder));
    let mut dice = Dice(5);
    let names = files(&foreign.folder);
    for n in 0..60 {
        let bad = dir.path().join(format!("bad-{n}"));
        tamper::copy(&foreign.folder, &bad);
        let path = bad.join(&names[dice.roll(names.len())]);
        let mut bytes = fs::read(&path).unwrap();
        let old = bytes.clone();
        let what = custody::tamper_bytes(&mut bytes, &mut dice);
        fs::write(&path, &bytes).unwrap();
        // Also by the sender, who signs all of it anew.
        let name = path.strip_prefix(&bad).unwrap();
        if name.starts_with("data") && n % 4 > 0 {
            session::sign_anew(&bad, name, (&old, &bytes), &c.officer);
        }
        assert!(!fits(&theirs, &bad), "{n}: {what} in {}", path.display());
        assert!(!agrees(&bad), "the script: {what} in {}", path.display());
    }
    let refused = theirs.receive(&file, None, &Cancel::new(), &|_| {});
    assert!(refused.unwrap_err().to_string().contains("received before"));
}

#[test]
fn the_sound_of_a_covered_copy_is_a_tone_where_words_are_covered() {
    let c = Custody::unsealed(LONG);
    let (dir, theirs) = partner(&c);
    let file = covered(&c, "copy.zip", true).unwrap();
    let (_, foreign) = theirs
        .receive(&file, None, &Cancel::new(), &|_| {})
        .unwrap();
    let sound = fs::read(foreign.folder.join("data/audio/covered.wav")).unwrap();
    let data = sound.windows(4).position(|w| w == b"data").unwrap() + 8;
    let gap = LONG as usize;
    let at = |sample: usize| {
        i16::from_le_bytes([sound[data + 2 * sample], sound[data + 2 * sample + 1]])
    };
    let loud = |line: usize| {
        // Each line lasts two thirds of the way to the next; what was recorded is as good as silent.
        (gap * line..gap * line + gap * 2 / 3).any(|n| at(n).abs() > 1_000)
    };
    assert!(loud(0) && loud(5) && !loud(1), "lines 1 and 6 are covered");
    assert!((gap..2 * gap).any(|n| at(n) != 0), "line 2 is heard");
    // Heard through the program it is the same, line by line, and nothing is written for it.
    let before = files(&foreign.folder);
    let (_, interview, lines) = theirs.show_foreign(&foreign.bundle).unwrap();
    assert_eq!(interview.audio.len(), 1);
    for line in &lines {
        let heard = theirs
            .foreign_sound(&foreign.bundle, line.channel, line.span, &Cancel::new())
            .unwrap();
        let from = line.span.start.0 as usize;
        let same = heard
            .iter()
            .enumerate()
            .all(|(n, sample)| (sample * 32_768.0).round() as i16 == at(from + n));
        assert!(
            same && heard.len() as u64 == line.span.samples(),
            "{}",
            line.id.0
        );
    }
    let none = theirs.foreign_sound(&foreign.bundle, 7, lines[0].span, &Cancel::new());
    assert!(matches!(none, Err(Error::NoSound)));
    assert_eq!(files(&foreign.folder), before);
    // Without it, there is none, and nothing temporary is left behind.
    let silent = covered(&c, "silent.zip", false).unwrap();
    let (_, foreign) = theirs
        .receive(&silent, None, &Cancel::new(), &|_| {})
        .unwrap();
    assert!(!foreign.folder.join("data/audio").exists());
    let (_, interview, lines) = theirs.show_foreign(&foreign.bundle).unwrap();
    assert!(interview.audio.is_empty());
    let none = theirs.foreign_sound(&foreign.bundle, 0, lines[0].span, &Cancel::new());
    assert!(matches!(none, Err(Error::NoSound)));
    for root in [c.dir.path(), dir.path()] {
        let left = fs::read_dir(root).unwrap().map(|e| e.unwrap().file_name());
        assert!(
            left.into_iter()
                .all(|n| !n.to_string_lossy().starts_with(".covered"))
        );
    }
    // A copy in which nothing is covered is none.
    let (cancel, out) = (Cancel::new(), c.dir.path().join("nothing.zip"));
    let refused = c.app.bundle_covered(
        &c.id.0,
        Cover::default(),
        None,
        &out,
        &c.officer,
        (&cancel, &|_| {}),
    );
    assert!(matches!(refused, Err(Error::NothingToCover)), "{refused:?}");
    assert!(!out.exists());
}

/// A key of somebody at that desk, opened.
fn own_key(app: &App, name: &str, role: Role) -> SecretKey {
    let phrase = || Passphrase::new("nine blue boats at dawn".to_owned());
    app.make_key(name, role, phrase(), None).unwrap();
    let key = app.keys().unwrap().own(Some(name)).unwrap();
    app.keys().unwrap().unlock(&key, phrase()).unwrap()
}

fn victim(c: &Custody, partners: Vec<String>) -> Consent {
    let mut store = Store::open(&c.database()).unwrap();
    let names = [
        NewFact::new(FactKind::Name, "张伟"),
        NewFact::new(FactKind::Name, "សុខា"),
    ];
    let person = store.add_person(None, "王芳", &names).unwrap();
    Consent {
        asked: Asked::Victim,
        seen_by: Audience::Partners(partners),
        until: Some("2999-01-01".parse().unwrap()),
        sound: false,
        pseudonym: Some("Mai".into()),
        person: Some(person.0),
        by: "王芳".into(),
    }
}

fn limit(result: Result<impl std::fmt::Debug, Error>) -> Limit {
    match result {
        Err(Error::Evidence(evidence::Error::Consent(limit))) => limit,
        other => panic!("not refused for a consent: {other:?}"),
    }
}

#[test]
fn what_a_person_allows_binds_exports_and_bundles_until_an_administrator_lifts_it_once() {
    let c = Custody::new();
    let (_dir, theirs) = partner(&c);
    let khin = own_key(&theirs, "Daw Khin", Role::Administrator);
    let other = SecretKey::new("Somchai", Role::Officer).unwrap();
    for key in [&khin, &other] {
        trust(&c.app, key, c.dir.path());
    }
    let consent = victim(&c, vec![khin.public().number.clone()]);
    c.app.give_consent(&c.id.0, &consent, None).unwrap();
    assert_eq!(c.app.consent(&c.id.0).unwrap().1, Some(consent.clone()));
    let work = || -> (Cancel, fn(mekong_interview::pipeline::Progress)) { (Cancel::new(), |_| {}) };
    let export = |format, name: &str| {
        let (cancel, hear) = work();
        let choices = ExportChoices {
            person: Some(Asked::Victim),
            ..ExportChoices::default()
        };
        let out = c.dir.path().join(name);
        c.app
            .export(&c.id.0, format, &choices, (&out, false), &cancel, &hear)
            .map(|_| fs::read(out).unwrap())
    };
    let whole = |to: Option<&SecretKey>, name: &str| {
        let (cancel, hear) = work();
        let out = c.dir.path().join(name);
        let to = to.map(Sign::public);
        c.app.bundle(&c.id.0, to, &out, &c.officer, &cancel, &hear)
    };
    // The sound, a stranger, everybody, the name: each refused by itself.
    assert_eq!(limit(export(Format::Audio, "a.wav")), Limit::Sound);
    assert_eq!(limit(export(Format::Html, "a.html")), Limit::Sound);
    assert_eq!(limit(whole(Some(&other), "a.zip")), Limit::Partner);
    assert_eq!(limit(whole(None, "b.zip")), Limit::Open);
    assert_eq!(limit(whole(Some(&khin), "c.zip")), Limit::Sound);
    assert_eq!(limit(covered(&c, "d.zip", false)), Limit::Open);
    // An export covers the names by itself; the record to be signed holds them, as the law asks.
    let text = export(Format::Txt, "a.txt").unwrap();
    assert!(holds(&text, "[Mai]") && !holds(&text, "张伟") && !holds(&text, "សុខា"));
    assert!(export(Format::Record, "a.docx").is_ok());
    // A covered copy without the sound may go to the partner who is named, and tells the limits.
    let out = c.dir.path().join("e.zip");
    let (cancel, hear) = work();
    let to = Some(khin.public());
    c.app
        .bundle_covered(
            &c.id.0,
            Cover::default(),
            to,
            &out,
            &c.officer,
            (&cancel, &hear),
        )
        .unwrap();
    let (opened, _) = theirs
        .receive(&out, Some(&khin), &cancel, &hear)
        .unwrap_or_else(|e| panic!("{e}"));
    let told = opened.checks.iter().find(|k| k.name == "consent").unwrap();
    assert!(told.detail.contains("until 2999-01-01"), "{told:?}");
    // Lifted by an administrator, with a reason, for one file.
    let refused = c.app.lift_consent(&c.id.0, "court order", &c.officer);
    assert!(refused.unwrap_err().to_string().contains("officer"));
    // Trusted is not made here: a partner's administrator has no say, whatever lies in the folder.
    let refused = c.app.lift_consent(&c.id.0, "court order", &khin);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("not made in this workspace")
    );
    let mya = SecretKey::new("Daw Mya", Role::Administrator).unwrap();
    make(&c.app, &mya, c.dir.path());
    assert!(c.app.lift_consent(&c.id.0, " ", &mya).is_err());
    c.app.lift_consent(&c.id.0, "court order 12", &mya).unwrap();
    assert!(whole(None, "f.zip").is_ok());
    assert_eq!(limit(whole(None, "g.zip")), Limit::Open);
    let verdict = c.verify();
    assert!(verdict.ok, "{verdict:#?}");
    assert!(verdict.checks.iter().any(|k| k.name == "consent"));
    // Over, and taken back.
    let over = Consent {
        until: Some("2020-01-31".parse().unwrap()),
        ..consent.clone()
    };
    c.app.give_consent(&c.id.0, &over, None).unwrap();
    let day = "2020-01-31".parse().unwrap();
    assert_eq!(limit(export(Format::Txt, "h.txt")), Limit::Over(day));
    let back = Consent {
        seen_by: Audience::Nobody,
        ..consent
    };
    c.app.give_consent(&c.id.0, &back, None).unwrap();
    assert_eq!(limit(export(Format::Json, "i.json")), Limit::Nobody);
    assert!(!c.dir.path().join("i.json").exists());
    // Who changes the consent in the database is seen, and nothing leaves the house meanwhile.
    let db = unguarded(&c.database());
    db.execute(
        "UPDATE chain SET body = replace(body, '\"nobody\"', '\"anyone\"') WHERE kind = 'consented'",
        [],
    )
    .unwrap();
    drop(db);
    assert!(c.sees());
    let refused = export(Format::Json, "j.json").unwrap_err();
    assert!(matches!(refused, Error::DoesNotFit(_)), "{refused}");
}

/// A consent that binds nothing but the name, or what `change` makes of it.
fn open_consent(c: &Custody, person: Option<&str>, seen_by: Audience) -> Consent {
    let consent = Consent {
        asked: Asked::Victim,
        seen_by,
        until: None,
        sound: false,
        pseudonym: Some("Mai".into()),
        person: person.map(str::to_owned),
        by: "王芳".into(),
    };
    let signer = Some(&c.officer);
    c.app.give_consent(&c.id.0, &consent, signer).unwrap();
    consent
}

#[test]
fn a_list_that_covers_something_else_is_no_pseudonym() {
    let c = Custody::new();
    let names = |of: &[&str]| {
        let mut store = Store::open(&c.database()).unwrap();
        let names: Vec<NewFact<'_>> = of
            .iter()
            .map(|name| NewFact::new(FactKind::Name, name))
            .collect();
        store.add_person(None, "王芳", &names).unwrap()
    };
    let place = c.dir.path().join("place.toml");
    let other = "[[redact]]\nwords = [\"Hà Nội\"]\nreason = \"place\"\n";
    fs::write(&place, other).unwrap();
    let export = |list: &Path| {
        let choices = ExportChoices {
            redact: Some(list.to_owned()),
            ..ExportChoices::default()
        };
        let mut out = Vec::new();
        let to = &mut out;
        let cancel = Cancel::new();
        c.app
            .export_to(&c.id.0, Format::Txt, &choices, to, &cancel, &|_| {})
            .map(|_| out)
    };
    let bundle = |list: &Path, name: &str| {
        let cover = Cover {
            list: Some(list),
            sound: false,
        };
        let (out, cancel) = (c.dir.path().join(name), Cancel::new());
        c.app
            .bundle_covered(&c.id.0, cover, None, &out, &c.officer, (&cancel, &|_| {}))
            .map(|_| fs::read(out).unwrap())
    };
    // Nobody knows whose name it is.
    open_consent(&c, None, Audience::Anyone);
    assert_eq!(limit(export(&place)), Limit::Name);
    assert_eq!(limit(bundle(&place, "a.zip")), Limit::Name);
    // The register spells it as no line does, in six scripts.
    let elsewhere = ["章伟", "Trương Vĩ", "จางเหว่ย", "ဇန်းဝေး", "ຈາງເຫວ່ຍ", "ចាង វ៉ី"];
    let person = names(&elsewhere);
    open_consent(&c, Some(&person.0), Audience::Anyone);
    for refused in [export(&place), bundle(&place, "b.zip")] {
        let refused = refused.unwrap_err();
        let told = refused.to_string();
        assert!(told.contains("no name that the register has"), "{told}");
        assert!(refused.help().contains("people note"), "{}", refused.help());
    }
    assert!(!c.dir.path().join("b.zip").exists());
    // The same person under another entry, as the lines spell it.
    let same = names(&["张伟", "សុខា"]);
    let mut store = Store::open(&c.database()).unwrap();
    let decided = mekong_interview::domain::Verdict::Same;
    store.decide(&person, &same, decided, "王芳", None).unwrap();
    drop(store);
    // A list that covers the name itself comes first, and is as good.
    for (list, name) in [(place, "c.zip"), (list(&c), "d.zip")] {
        for left in [export(&list).unwrap(), bundle(&list, name).unwrap()] {
            assert!(!holds(&left, "张伟") && !holds(&left, "សុខា"));
        }
    }
}

#[test]
fn the_register_leaves_the_house_as_far_as_consent_allows() {
    let c = Custody::new();
    let ruth = own_key(&c.app, "Ruth", Role::Administrator);
    let mut store = Store::open(&c.database()).unwrap();
    let line = Some((&c.id, SegmentId(6)));
    let facts = [
        NewFact::new(FactKind::Name, "สุขา"),
        NewFact::new(FactKind::Phone, "+855 12 345 678"),
        NewFact {
            line,
            ..NewFact::new(FactKind::Mention, "សុខា")
        },
    ];
    let whose = store.add_person(None, "王芳", &facts).unwrap();
    let alias = [NewFact::new(FactKind::Name, "Sokha of the river")];
    let alias = store.add_person(None, "王芳", &alias).unwrap();
    let facts = [
        NewFact::new(FactKind::Name, "ບຸນມີ"),
        NewFact {
            line,
            ..NewFact::new(FactKind::Document, "N7654321")
        },
    ];
    store.add_person(None, "王芳", &facts).unwrap();
    let same = mekong_interview::domain::Verdict::Same;
    store.decide(&alias, &whose, same, "王芳", None).unwrap();
    drop(store);
    let export = |name: &str| {
        let out = c.dir.path().join(name);
        let told = c.app.export_people(None, &out, false).unwrap();
        (told, fs::read(out).unwrap())
    };
    let shown = |bytes: &[u8]| {
        let hidden = ["สุขา", "345", "សុខា", "Sokha"];
        hidden.iter().filter(|word| holds(bytes, word)).count()
    };
    let (told, all) = export("all.jsonl");
    assert_eq!((told.people, told.left_out, shown(&all)), (3, 0, 4));
    // Under a pseudonym: the name and nothing that tells who it is, not even who is the same.
    open_consent(&c, Some(&whose.0), Audience::Agency);
    let (told, some) = export("mai.jsonl");
    assert_eq!((told.people, told.renamed, told.left_out), (3, 2, 0));
    assert_eq!(shown(&some), 0, "{}", String::from_utf8_lossy(&some));
    assert!(holds(&some, "\"Mai\"") && holds(&some, "ບຸນມີ") && holds(&some, "N7654321"));
    assert!(!holds(&some, "Similar"));
    // Taken back, and over: neither the person nor what was entered from the interview.
    let consent = open_consent(&c, Some(&whose.0), Audience::Nobody);
    let over = Consent {
        seen_by: Audience::Anyone,
        until: Some("2020-01-31".parse().unwrap()),
        ..consent
    };
    for (n, refused) in [None, Some(over)].into_iter().enumerate() {
        if let Some(over) = refused {
            let signer = Some(&c.officer);
            c.app.give_consent(&c.id.0, &over, signer).unwrap();
        }
        let (told, left) = export(&format!("left-{n}.jsonl"));
        assert_eq!((told.people, told.left_out, told.entries), (1, 2, 1));
        assert_eq!(shown(&left), 0);
        assert!(!holds(&left, "Mai") && !holds(&left, "N7654321") && holds(&left, "ບຸນມີ"));
    }
    // Lifted for one file, which is then used up.
    c.app.lift_consent(&c.id.0, "court order", &ruth).unwrap();
    assert_eq!(shown(&export("court.jsonl").1), 4);
    assert_eq!(shown(&export("after.jsonl").1), 0);
    // It stands in the workspace's own chain, with the hash of the file.
    let store = Store::open(&c.database()).unwrap();
    let own = evidence::read("workspace", &store.own_chain().unwrap()).unwrap();
    let of = |kind: &str| own.iter().filter(|e| e.kind == kind).count();
    assert_eq!((of("opened-for-export"), of("exported")), (6, 6));
    let last = own.iter().rfind(|e| e.kind == "exported").unwrap();
    assert_eq!(last.facts["left_out"], 2);
    assert_eq!(last.fact("sha256").unwrap().len(), 64);
    assert!(c.verify().ok, "{:#?}", c.verify());
}

#[test]
fn what_is_read_back_stands_in_the_chain_and_in_the_record_until_the_words_change() {
    let c = Custody::new();
    let answer = |line: Option<i64>, lang, answer| {
        let new = NewReadBack {
            segment: line.map(SegmentId),
            lang,
            answer,
            by: "N. Lan",
        };
        c.app.note_read_back(&c.id.0, &new)
    };
    answer(Some(1), Lang::Vi, Answer::Right).unwrap();
    answer(Some(2), Lang::Vi, Answer::Right).unwrap();
    answer(Some(2), Lang::Vi, Answer::Corrected("Tôi đến từ Huế.")).unwrap();
    answer(Some(4), Lang::Vi, Answer::Corrected("Tên là gì?")).unwrap();
    answer(Some(5), Lang::Vi, Answer::Refused("tôi không nói vậy")).unwrap();
    assert!(answer(None, Lang::Vi, Answer::Right).is_err());
    answer(None, Lang::Vi, Answer::Refused("tôi không ký")).unwrap();
    // No words, no reason, no line, no change.
    assert!(answer(Some(3), Lang::Vi, Answer::Corrected(" ")).is_err());
    assert!(answer(Some(3), Lang::Vi, Answer::Refused(" ")).is_err());
    assert!(answer(Some(3), Lang::Km, Answer::Right).is_err());
    assert!(answer(Some(99), Lang::Vi, Answer::Right).is_err());
    assert!(answer(Some(2), Lang::Vi, Answer::Corrected("Tôi đến từ Huế.")).is_err());
    let given = |line: Option<i64>| {
        let all = c.app.read_backs(&c.id).unwrap();
        let found = all.into_iter().find(|a| a.segment.map(|s| s.0) == line);
        found.map(|a| (a.answer, a.stands))
    };
    assert_eq!(given(Some(1)), Some((ReadAnswer::Right, true)));
    assert_eq!(given(Some(2)), Some((ReadAnswer::Corrected, true)));
    assert_eq!(given(None), Some((ReadAnswer::Refused, true)));
    // The corrections are versions: one of what was said, one of a translation.
    let (_, lines) = c.app.show(&c.id.0).unwrap();
    assert_eq!(lines[1].text, "Tôi đến từ Huế.");
    assert_eq!(lines[3].translations[0].text, "Tên là gì?");
    // Whoever corrected a line cannot certify it; it is seen where an answer is changed.
    assert!(c.verify().ok, "{:#?}", c.verify());
    let lan = SecretKey::new("N. Lan", Role::Interpreter).unwrap();
    make(&c.app, &lan, c.dir.path());
    assert!(c.app.certify(&c.id.0, &[SegmentId(2)], &lan, None).is_err());
    let out = c.dir.path().join("record.docx");
    let choices = ExportChoices {
        person: Some(Asked::Witness),
        ..ExportChoices::default()
    };
    let cancel = Cancel::new();
    c.app
        .export(
            &c.id.0,
            Format::Record,
            &choices,
            (&out, false),
            &cancel,
            &|_| {},
        )
        .unwrap();
    let unzipped = Command::new("unzip")
        .args(["-p", out.to_str().unwrap(), "word/document.xml"])
        .output()
        .unwrap();
    let paper = String::from_utf8(unzipped.stdout).unwrap();
    for wanted in [
        "已更正：2, 4",
        "từ chối: 5",
        "tôi không nói vậy",
        "tôi không ký",
    ] {
        assert!(paper.contains(wanted), "{wanted}");
    }
    // Another change after it was read: it has to be read again.
    let mut store = Store::open(&c.database()).unwrap();
    store
        .edit_text(&c.id, SegmentId(2), "Tôi đến từ Vinh.", "A", None)
        .unwrap();
    assert_eq!(given(Some(2)), Some((ReadAnswer::Corrected, false)));
    assert_eq!(given(Some(1)), Some((ReadAnswer::Right, true)));
    let db = unguarded(&c.database());
    db.execute(
        "UPDATE chain SET body = replace(body, '\"refused\"', '\"right\"') WHERE kind = 'read-back'",
        [],
    )
    .unwrap();
    drop(db);
    assert!(c.sees());
}

/// Adds an event to a chain as if it had happened at another time. Returns its hash.
fn forge(c: &Custody, subject: i64, draft: &Draft<'_>, at: &str) -> String {
    let store = Store::open(&c.database()).unwrap();
    let (links, name) = match subject {
        0 => (store.own_chain().unwrap(), "workspace"),
        _ => (store.chain(&c.id).unwrap(), c.id.0.as_str()),
    };
    drop(store);
    let number = links.len() as u64 + 1;
    let link = draft
        .link(name, number, evidence::head(&links), at)
        .unwrap();
    let db = unguarded(&c.database());
    db.execute(
        "INSERT INTO chain (subject, number, kind, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
        rusqlite::params![
            subject,
            number as i64,
            draft.kind.as_str(),
            link.body,
            link.hash
        ],
    )
    .unwrap();
    link.hash
}

/// The text of a word processor's file.
fn words_of(docx: &Path) -> String {
    let mut zip = zip::ZipArchive::new(fs::File::open(docx).unwrap()).unwrap();
    let mut text = String::new();
    let mut part = zip.by_name("word/document.xml").unwrap();
    std::io::Read::read_to_string(&mut part, &mut text).unwrap();
    text
}

#[test]
fn the_record_tells_the_session_and_the_register_and_a_covered_one_no_name() {
    let c = Custody::unsealed(300);
    let mut store = Store::open(&c.database()).unwrap();
    let facts = [
        NewFact::new(FactKind::Name, "สุขา แซ่ลี้"),
        NewFact::new(FactKind::Document, "P7654321"),
    ];
    let person = store.add_person(None, "王芳", &facts).unwrap();
    unguarded(&c.database())
        .execute(
            "INSERT INTO session (interview, device, practice, max_utterance_ms, started_at)
             VALUES (1, 'x', 0, 15000, '2026-11-24T09:00:00+07:00')",
            [],
        )
        .unwrap();
    let entry = |kind, label: &str, start: u64, end: u64| NewEvent {
        kind,
        label: label.into(),
        channel: None,
        start: SamplePos(start),
        end: Some(SamplePos(end)),
        closes: None,
        journal: None,
        at: "2026-11-24T09:00:00Z".into(),
    };
    for event in [
        entry(EventKind::Marker, "present: ສົມພອນ interpreter", 0, 0),
        entry(EventKind::Pause, "ဒေါ်မြ ဖျားသည်", 16_000, 48_000),
    ] {
        store.add_event(&c.id, &event).unwrap();
    }
    drop(store);
    let consent = Consent {
        asked: Asked::Witness,
        seen_by: Audience::Anyone,
        until: None,
        sound: true,
        pseudonym: None,
        person: Some(person.0),
        by: "王芳".into(),
    };
    c.app.give_consent(&c.id.0, &consent, None).unwrap();
    let export = |name: &str, redact: Option<PathBuf>| {
        let choices = ExportChoices {
            person: Some(Asked::Witness),
            redact,
            ..ExportChoices::default()
        };
        let (cancel, out) = (Cancel::new(), c.dir.path().join(name));
        c.app
            .export(
                &c.id.0,
                Format::Record,
                &choices,
                (&out, false),
                &cancel,
                &|_| {},
            )
            .unwrap();
        words_of(&out)
    };
    let names = ["สุขา แซ่ลี้", "P7654321", "ສົມພອນ", "ဒေါ်မြ"];
    let whole = export("whole.docx", None);
    for name in names {
        assert!(whole.contains(name), "{name}");
    }
    assert!(whole.contains("[00:00:01 - 00:00:03]") && whole.contains("暂停"));
    let covered = export("covered.docx", Some(list(&c)));
    for name in names {
        assert!(!covered.contains(name), "{name}");
    }
    assert!(covered.contains("[00:00:01 - 00:00:03]") && covered.contains("暂停"));
}

#[test]
fn what_an_administrator_lifted_is_used_up_though_the_end_of_the_chain_is_cut_off() {
    let c = Custody::unsealed(300);
    let consent = Consent {
        asked: Asked::Witness,
        seen_by: Audience::Nobody,
        until: None,
        sound: false,
        pseudonym: None,
        person: None,
        by: "王芳".into(),
    };
    c.app.give_consent(&c.id.0, &consent, None).unwrap();
    let mya = SecretKey::new("Daw Mya", Role::Administrator).unwrap();
    make(&c.app, &mya, c.dir.path());
    c.app.lift_consent(&c.id.0, "court order 12", &mya).unwrap();
    let export = |name: &str| {
        let (choices, cancel) = (ExportChoices::default(), Cancel::new());
        let out = c.dir.path().join(name);
        c.app.export(
            &c.id.0,
            Format::Txt,
            &choices,
            (&out, false),
            &cancel,
            &|_| {},
        )
    };
    let before = c.snapshot();
    export("a.txt").unwrap();
    assert_eq!(limit(export("b.txt")), Limit::Nobody);
    assert!(c.verify().ok, "{:#?}", c.verify());
    // The entries of the export are taken away: the limits would be lifted again.
    c.cut_back_to(&before);
    let refused = export("c.txt").unwrap_err();
    assert!(matches!(refused, Error::DoesNotFit(_)), "{refused}");
    assert!(c.sees() && !c.dir.path().join("c.txt").exists());
}

/// Makes the workspace's own chain one of an earlier program, which noted no heads of what people did, and
/// the seal one that says nothing of that chain.
fn forget_heads(c: &mut Custody) {
    let sealed = Store::open(&c.database()).unwrap().chain(&c.id).unwrap();
    let sealed = evidence::read(&c.id.0, &sealed).unwrap().pop().unwrap();
    assert!(sealed.facts.contains_key("workspace_head"));
    unguarded(&c.database())
        .execute(
            "DELETE FROM chain WHERE subject = 1 AND kind = 'sealed'",
            [],
        )
        .unwrap();
    let seal = {
        let mut seal = Draft::of(Kind::Sealed, &[]);
        seal.facts = sealed.facts.clone();
        seal.facts.remove("workspace_head");
        seal.signer = Some(&c.officer);
        forge(c, 1, &seal, &sealed.at)
    };
    let own = Store::open(&c.database()).unwrap().own_chain().unwrap();
    let own = evidence::read("workspace", &own).unwrap();
    let heads = own.iter().filter(|e| e.kind == Kind::Head.as_str()).count();
    assert!(heads > 0);
    unguarded(&c.database())
        .execute("DELETE FROM chain WHERE subject = 0", [])
        .unwrap();
    let kinds = [
        Kind::KeyMade,
        Kind::KeyTrusted,
        Kind::Imported,
        Kind::Certified,
        Kind::Sealed,
    ];
    for event in &own {
        let Some(kind) = kinds.iter().find(|kind| event.kind == kind.as_str()) else {
            continue;
        };
        let mut draft = Draft::of(*kind, &[]);
        draft.facts = event.facts.clone();
        draft.facts.remove(Kind::ENDS);
        if *kind == Kind::Sealed {
            draft.facts.insert("head".into(), json!(seal));
        }
        forge(c, 0, &draft, &event.at);
    }
    c.paper = seal;
}

#[test]
fn a_workspace_of_an_earlier_program_fits_and_goes_on() {
    let mut c = Custody::new();
    forget_heads(&mut c);
    assert!(c.verify().ok, "{:#?}", c.verify());
    let mut store = Store::open(&c.database()).unwrap();
    let edit = |store: &mut Store, text: &str| {
        store
            .edit_text(&c.id, SegmentId(1), text, "Su", None)
            .unwrap();
    };
    edit(&mut store, "我叫张卫。");
    edit(&mut store, "我叫张巍。");
    assert!(c.verify().ok, "{:#?}", c.verify());
    // From the first one on that is noted, all are: here the last note of the own chain is gone.
    let db = unguarded(&c.database());
    let last = "DELETE FROM chain WHERE subject = 0 AND number = (SELECT max(number) FROM chain
        WHERE subject = 0)";
    db.execute(last, []).unwrap();
    assert!(c.sees());
}

#[test]
fn a_clock_that_was_set_back_is_noted_and_told_and_nothing_is_refused() {
    let c = Custody::new();
    assert!(c.verify().checks.iter().all(|k| k.name != "clock"));
    assert_eq!(c.app.clock_is_behind(), None);
    // An event of the day after tomorrow: the clock was ahead, and is right again.
    let ahead = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48)).to_string();
    forge(&c, 1, &Draft::of(Kind::Recognised, &[]), &ahead);
    let behind = c.app.clock_is_behind().unwrap();
    assert!((172_000..=172_800).contains(&behind), "{behind}");
    // The next thing that happens is taken down all the same, and says so itself.
    let mut store = Store::open(&c.database()).unwrap();
    store
        .edit_text(&c.id, SegmentId(1), "我叫张卫。", "Su", None)
        .unwrap();
    let (story, _) = Story::of(&c.id.0, &store.chain(&c.id).unwrap());
    let noted = story.events.last().unwrap().facts["clock_set_back_s"].clone();
    assert!(noted.as_i64().unwrap() >= 172_000, "{noted}");
    store
        .edit_text(&c.id, SegmentId(1), "我叫张巍。", "Su", None)
        .unwrap();
    let (story, _) = Story::of(&c.id.0, &store.chain(&c.id).unwrap());
    assert!(story.events.last().unwrap().facts.is_empty(), "only once");
    let verdict = c.verify();
    assert!(verdict.ok, "{verdict:#?}");
    let told = verdict.checks.iter().find(|k| k.name == "clock").unwrap();
    assert!(
        told.detail.contains("the clock was set back") || told.detail.contains("clock was set")
    );
    // The partner is told too, and so is whoever looks after the machine.
    let file = c.bundle("late.zip");
    let (_dir, theirs) = partner(&c);
    let (opened, _) = theirs
        .receive(&file, None, &Cancel::new(), &|_| {})
        .unwrap();
    assert!(opened.checks.iter().any(|k| k.name == "clock" && k.ok));
}

#[test]
fn a_revoked_key_signs_nothing_whatever_the_clock_says() {
    let c = Custody::new();
    let file = c.bundle("before.zip");
    let (_dir, theirs) = partner(&c);
    c.app.revoke_key("李明", Some("lost"), None).unwrap();
    theirs.revoke_key("李明", None, None).unwrap();
    let refused = theirs.receive(&file, None, &Cancel::new(), &|_| {});
    assert!(refused.unwrap_err().to_string().contains("revoked"));
    // The seal that it made before stays good.
    assert!(c.verify().ok, "{:#?}", c.verify());
    // One who kept the secret sets the clock back to the day before and seals.
    let mut seal = Draft::of(Kind::Sealed, &[]).with("lines", 6);
    seal.signer = Some(&c.officer);
    let head = forge(&c, 1, &seal, "2020-01-01T00:00:00Z");
    let note = Draft::of(Kind::Sealed, &[])
        .with("interview", c.id.0.as_str())
        .with("head", head.as_str());
    forge(&c, 0, &note, "2020-01-01T00:00:00Z");
    let verdict = c.verify();
    let bad: Vec<_> = verdict.checks.iter().filter(|k| !k.ok).collect();
    assert_eq!(bad.len(), 1, "{verdict:#?}");
    assert!(
        bad[0].detail.contains("signed after its key was revoked"),
        "{bad:?}"
    );
    assert!(verdict.checks.iter().any(|k| k.name == "clock"));
}

#[test]
fn a_bundle_whose_taking_in_was_killed_comes_in_the_next_time() {
    let c = Custody::new();
    let file = c.bundle("សំណុំរឿង.zip");
    let receive = |app: &App| app.receive(&file, None, &Cancel::new(), &|_| {});
    let (_elsewhere, other) = partner(&c);
    let bundle = receive(&other).unwrap().1.bundle;

    // The kill came after the folder had its place and before the event.
    let (dir, theirs) = partner(&c);
    let received = dir.path().join("received");
    let place = received.join(&bundle);
    fs::create_dir_all(place.join("data")).unwrap();
    fs::write(place.join("data/half.txt"), "ຫຼວງພະບາງ").unwrap();
    assert!(theirs.received().unwrap().is_empty());
    let (_, foreign) = receive(&theirs).unwrap();
    assert_eq!(foreign.folder, place);
    assert!(!place.join("data/half.txt").exists());
    let verdict = theirs.verify_file(&place, None, &Cancel::new(), &|_| {});
    assert!(verdict.unwrap().ok);

    // What was received stays as it is, and no attempt leaves anything.
    let before = files(&received);
    let again = receive(&theirs).unwrap_err();
    assert!(
        matches!(again, Error::Evidence(evidence::Error::Replay(_))),
        "{again}"
    );
    assert_eq!(files(&received), before);
    let names = fs::read_dir(&received).unwrap();
    let names: Vec<_> = names.map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, [bundle.as_str()]);
    assert_eq!(theirs.received().unwrap().len(), 1);
}

#[test]
fn an_export_that_is_killed_leaves_no_half_file_and_says_so_in_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let lines: Vec<_> = (0..4_000)
        .map(|n| {
            json!({"start_ms": n * 1_000, "lang": "vi", "text": "Tôi đến từ Hà Nội.",
                   "translations": [{"lang": "zh", "text": "我来自河内。"}]})
        })
        .collect();
    let file = dir.path().join("talk.json");
    fs::write(&file, json!({ "segments": lines }).to_string()).unwrap();
    let workspace = dir.path().join("workspace");
    fs::create_dir(&workspace).unwrap();
    let args = [
        "import",
        file.to_str().unwrap(),
        "--languages",
        "zh,vi",
        "--json",
    ];
    let told = common::json(&workspace, &args);
    let id = told[0]["id"].as_str().unwrap().to_owned();
    let out = dir.path().join("whole.docx");
    let command = || {
        let mut command = mekong(&workspace);
        command
            .args(["export", &id, "--format", "docx", "--out"])
            .arg(&out)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    };
    let beside = || {
        let entries = fs::read_dir(dir.path()).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = beside();
    let (mut cut, mut named) = (0u64, 0);
    for millis in [20, 40, 60, 90, 130, 180, 250] {
        let mut child = command().spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        let done = child.wait().unwrap().success();
        if done || out.exists() {
            // Killed after the file got its name: then it is whole.
            let whole = Command::new("unzip").arg("-tq").arg(&out).status();
            assert!(whole.unwrap().success(), "half a file after {millis} ms");
            fs::remove_file(&out).unwrap();
            named += 1;
        }
        cut += u64::from(!done);
    }
    assert!(cut > 0, "no kill came early enough");
    assert_eq!(beside(), before, "a kill left something beside the file");
    let done = command().output().unwrap();
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(fs::read(&out).unwrap().starts_with(b"PK"));
    let app = open(&workspace);
    let store = Store::open(&app.workspace().store()).unwrap();
    let name = store.resolve(&id).unwrap();
    let kinds: Vec<_> = store
        .chain(&name)
        .unwrap()
        .iter()
        .filter_map(|l| l.kind())
        .collect();
    let count = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
    assert!(count("opened-for-export") >= count("exported"));
    assert!(count("exported") > named, "a file without an entry");
    let verdict = app
        .verify_interview(&id, None, &Cancel::new(), &|_| {})
        .unwrap();
    assert!(verdict.ok, "{verdict:#?}");
}
