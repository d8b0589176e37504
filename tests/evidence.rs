//! Evidence from end to end: every change is seen, bundles cross a border whole or not at all, and
//! whoever signs is not whoever wrote. `scripts/proof tamper` and `malformed` run the long versions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;
#[path = "common/custody.rs"]
mod custody;
#[path = "common/malformed.rs"]
mod malformed;
#[path = "common/tamper.rs"]
mod tamper;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{assert_helpful_failure, mekong, stderr};
use custody::{Custody, Dice, trust, unguarded};
use mekong_interview::domain::{Cancel, SegmentId};
use mekong_interview::evidence::{Role, SecretKey, Sign, Story};
use mekong_interview::store::Store;
use serde_json::Value;
use tamper::{Unpacked, fits};

const PHRASE: &str = "nine blue boats at dawn";

#[test]
fn an_interview_fits_and_every_step_stands_in_its_chain() {
    let c = Custody::new();
    let verdict = c.verify();
    assert!(verdict.ok, "{verdict:#?}");
    let names: Vec<&str> = verdict.checks.iter().map(|k| k.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "chain",
            "records",
            "signatures",
            "length",
            "shown",
            "workspace",
            "seal",
            "sound original.wav",
            "head"
        ]
    );
    let store = Store::open(&c.database()).unwrap();
    let (story, _) = Story::of(&c.id.0, &store.chain(&c.id).unwrap());
    let kinds: Vec<&str> = story.events.iter().map(|e| e.kind.as_str()).collect();
    let mut expected = vec!["imported", "cut"];
    expected.extend(["recognised", "translated"].repeat(6));
    expected.extend(["edited", "certified", "sealed"]);
    assert_eq!(kinds, expected);
    assert_eq!(store.interview(&c.id).unwrap().duration_ms, 200);
}

#[test]
fn nobody_certifies_their_own_words_or_beyond_their_role() {
    let c = Custody::new();
    let lines = |n| [SegmentId(n)];
    let mut store = Store::open(&c.database()).unwrap();
    for (segment, author) in [
        (4, c.reviewer.public().name.clone()),
        (5, c.reviewer.public().name.to_uppercase()),
        (6, c.reviewer.public().number[..12].to_owned()),
    ] {
        store
            .edit_text(&c.id, SegmentId(segment), "x", &author, None)
            .unwrap();
        let refused = c
            .app
            .certify(&c.id.0, &lines(segment), &c.reviewer)
            .unwrap_err();
        assert!(
            refused.to_string().contains("cannot certify"),
            "{author}: {refused}"
        );
    }
    let refused = c.app.certify(&c.id.0, &lines(1), &c.officer).unwrap_err();
    assert!(refused.to_string().contains("officer"), "{refused}");
    let (_, versions) = c.app.certify(&c.id.0, &lines(1), &c.reviewer).unwrap();
    assert_eq!(versions, [2]);
    let line = store.segment(&c.id, SegmentId(1)).unwrap();
    assert_eq!(line.status.as_str(), "certified");
    // The translation was certified with it: nothing waits for a machine again.
    assert_eq!(line.translations[0].of_version, 2);
    assert!(c.verify().ok, "texts behind the seal are allowed, and seen");
    let seal = c
        .verify()
        .checks
        .into_iter()
        .find(|k| k.name == "seal")
        .unwrap();
    assert!(
        seal.detail.ends_with("4 events after the seal"),
        "{}",
        seal.detail
    );
}

#[test]
fn a_sealed_interview_takes_no_sound_line_or_entry() {
    let c = Custody::new();
    let mut store = Store::open(&c.database()).unwrap();
    let line = mekong_interview::store::NewSegment {
        channel: 0,
        speaker: "all".into(),
        span: mekong_interview::domain::Span::new(
            mekong_interview::domain::SamplePos(0),
            mekong_interview::domain::SamplePos(1),
        ),
        lang: mekong_interview::domain::Lang::Km,
        flags: Vec::new(),
    };
    let refused = store.append_segments(&c.id, &[line], 200).unwrap_err();
    assert!(
        matches!(refused, mekong_interview::store::Error::Sealed),
        "{refused}"
    );
    assert!(store.grow(&c.id, 9_000).is_err());
    assert!(c.verify().ok);
}

#[test]
fn random_tamperings_are_seen() {
    let c = Custody::new();
    let mut dice = Dice(1);
    tamper::store(&c, 60, &mut dice);
    tamper::sound(&c, 30, &mut dice);
    tamper::bundle(&c, 150, &mut dice);
    tamper::resigned(&c);
    tamper::each_byte(&c, 101);
}

#[test]
fn an_unpacked_bundle_is_checked_by_openssl_and_sha256sum_alone() {
    let c = Custody::new();
    tamper::unpacked(&c, 24, &mut Dice(2));
}

#[test]
fn who_rewrites_everything_still_lacks_the_key_and_the_digits_on_paper() {
    let c = Custody::new();
    // A faultless interview under the same name, made by somebody who has the whole program.
    let other = Custody::new();
    let theirs = fs::read(other.database()).unwrap();
    fs::write(c.database(), theirs).unwrap();
    assert!(c.sees(), "keys of strangers sealed it");
    let failed: Vec<_> = c.verify().checks.into_iter().filter(|k| !k.ok).collect();
    let names: Vec<&str> = failed.iter().map(|k| k.name.as_str()).collect();
    assert_eq!(names, ["signatures", "workspace", "head"]);
}

#[test]
fn an_older_version_shown_in_place_of_a_correction_is_seen() {
    let c = Custody::new();
    let db = unguarded(&c.database());
    db.execute("UPDATE line SET version = 1 WHERE segment = 3", [])
        .unwrap();
    drop(db);
    let verdict = c.verify();
    let bad: Vec<_> = verdict.checks.iter().filter(|k| !k.ok).collect();
    assert_eq!(bad.len(), 1, "{verdict:#?}");
    assert_eq!(
        (bad[0].name.as_str(), bad[0].detail.as_str()),
        ("shown", "line 3 shows an older version")
    );
}

#[test]
fn malformed_bundles_are_refused_and_leave_nothing() {
    let c = Custody::new();
    let good = fs::read(c.bundle("good.zip")).unwrap();
    let all = malformed::all(&good, &c.officer);
    assert!(all.len() > 1_000, "{}", all.len());
    // A spread of them here; `scripts/proof malformed` takes every one.
    let some: Vec<_> = all.into_iter().step_by(9).collect();
    tamper::refuse_all(&c.officer, &good, &some);
}

fn with_phrase(workspace: &Path, phrase: &str, args: &[&str]) -> Output {
    mekong(workspace)
        .args(args)
        .env_remove("MEKONG_PASSPHRASE_FILE")
        .env("MEKONG_PASSPHRASE", phrase)
        .output()
        .unwrap()
}

fn json(workspace: &Path, args: &[&str]) -> Value {
    let output = with_phrase(workspace, PHRASE, args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn an_interview_crosses_a_border_by_the_command_line() {
    let c = Custody::new();
    let (here, there) = (c.dir.path(), tempfile::tempdir().unwrap());
    let there = there.path();
    let path = |dir: &Path, name: &str| dir.join(name).to_str().unwrap().to_owned();
    // Two people make keys and hand over their public halves.
    json(
        here,
        &["keys", "new", "王芳", "--role", "officer", "--json"],
    );
    json(
        there,
        &["keys", "new", "สมชาย", "--role", "administrator", "--json"],
    );
    let (sender, receiver) = (path(here, "sender.json"), path(there, "receiver.json"));
    json(here, &["keys", "show", "王芳", "--out", &sender, "--json"]);
    json(
        there,
        &["keys", "show", "สมชาย", "--out", &receiver, "--json"],
    );
    json(here, &["keys", "trust", &receiver, "--json"]);
    // Encrypted to the partner.
    let file = path(here, "out.mekong");
    let id = &c.id.0;
    let made = json(
        here,
        &["bundle", id, "--to", "สมชาย", "--out", &file, "--json"],
    );
    assert_eq!(made["encrypted"], true);
    assert!(
        fs::read(&file)
            .unwrap()
            .starts_with(b"age-encryption.org/v1")
    );
    // Not trusted yet: refused, with code 3 and nothing stored.
    let refused = with_phrase(there, PHRASE, &["receive", &file]);
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("not trusted"));
    json(there, &["keys", "trust", &sender, "--json"]);
    let wrong = with_phrase(there, "nine blue boats at dusk", &["receive", &file]);
    assert_helpful_failure(&wrong, "a wrong passphrase");
    let receipt = path(there, "receipt.json");
    let got = json(there, &["receive", &file, "--receipt", &receipt, "--json"]);
    assert_eq!(got["received"]["interview"], *id);
    assert_eq!(got["received"]["head"], made["head"]);
    let folder = got["received"]["folder"].as_str().unwrap();
    let words = fs::read_to_string(Path::new(folder).join("data/transcript.txt")).unwrap();
    for (_, said) in custody::WORDS.iter().filter(|(l, _)| l.code() != "th") {
        assert!(words.contains(said), "{said}");
    }
    // Apart from the receiver's own interviews, and checked again whenever somebody asks.
    assert_eq!(json(there, &["list", "--json"]), Value::Array(Vec::new()));
    assert_eq!(
        json(there, &["received", "--json"])[0]["bundle"],
        made["bundle"]
    );
    assert_eq!(json(there, &["verify", folder, "--json"])["ok"], true);
    assert_eq!(json(there, &["verify", &file, "--json"])["ok"], true);
    let again = with_phrase(there, PHRASE, &["receive", &file]);
    assert_eq!(again.status.code(), Some(3), "{}", stderr(&again));
    assert!(stderr(&again).contains("received before"));
    // The receipt comes back.
    assert_eq!(json(here, &["verify", &receipt, "--json"])["ok"], true);
    let forged = fs::read_to_string(&receipt)
        .unwrap()
        .replace("2026", "2025");
    fs::write(&receipt, forged).unwrap();
    let told = with_phrase(here, PHRASE, &["verify", &receipt, "--json"]);
    assert_eq!(told.status.code(), Some(3));
    // A third party's bundle for somebody else is not taken.
    fs::remove_dir_all(folder).unwrap();
    assert_eq!(json(here, &["verify", id, "--json"])["ok"], true);
}

#[test]
fn verify_ends_with_3_and_names_the_first_place() {
    let c = Custody::new();
    let mut bytes = fs::read(c.sound()).unwrap();
    bytes[2_000] ^= 4;
    fs::write(c.sound(), bytes).unwrap();
    let output = with_phrase(c.dir.path(), PHRASE, &["verify", &c.id.0, "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["ok"], false);
    let bad: Vec<_> = told["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|k| k["ok"] == false)
        .collect();
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0]["name"], "sound original.wav");
    // Nobody signs for that.
    let refused = c
        .app
        .seal(&c.id.0, &c.officer, &Cancel::new(), &|_| {})
        .unwrap_err();
    assert_eq!(refused.exit_code(), 3);
}

#[test]
fn a_bundle_for_another_receiver_is_not_taken() {
    let c = Custody::new();
    let stranger = SecretKey::new("Third", Role::Officer).unwrap();
    trust(&c.app, &stranger, c.dir.path());
    let out = c.dir.path().join("third.age");
    let to = Some(stranger.public());
    let cancel = Cancel::new();
    c.app
        .bundle(&c.id.0, to, &out, &c.officer, &cancel, &|_| {})
        .unwrap();
    let u = Unpacked::new(&c);
    let refused = u
        .app
        .receive(&out, Some(&c.reviewer), &cancel, &|_| {})
        .unwrap_err();
    assert!(
        refused.to_string().contains("not encrypted to this key"),
        "{refused}"
    );
    // Opened by its receiver and passed on under the sender's signature.
    let refused = u
        .app
        .receive(&out, Some(&stranger), &cancel, &|_| {})
        .unwrap_err();
    assert!(
        refused.to_string().contains("another receiver"),
        "{refused}"
    );
    assert!(!fits(&u.app, &out));
}
