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
#[path = "common/sent.rs"]
mod sent;
#[path = "common/session.rs"]
mod session;
#[path = "common/tamper.rs"]
mod tamper;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{assert_helpful_failure, mekong, stderr};
use custody::{Custody, Dice, Edits as _, make, trust, unguarded};
use mekong_interview::domain::{Cancel, SamplePos, SegmentId, Span, Status};
use mekong_interview::evidence::{self, Draft, Kind, Passphrase, Role, SecretKey, Sign, Story};
use mekong_interview::store::{self, Recutting, Store};
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
            "certificates",
            "length",
            "shown",
            "workspace",
            "seal",
            "sound original.wav",
            "working copies",
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
            .certify(&c.id.0, &lines(segment), &c.reviewer, None)
            .unwrap_err();
        assert!(
            refused.to_string().contains("cannot certify"),
            "{author}: {refused}"
        );
    }
    let refused = c
        .app
        .certify(&c.id.0, &lines(1), &c.officer, None)
        .unwrap_err();
    assert!(refused.to_string().contains("officer"), "{refused}");
    let (_, versions) = c
        .app
        .certify(&c.id.0, &lines(1), &c.reviewer, None)
        .unwrap();
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
fn only_an_officer_or_an_administrator_seals() {
    let c = Custody::new();
    for role in Role::ALL {
        let key = SecretKey::new("Dara", role).unwrap();
        make(&c.app, &key, c.dir.path());
        let sealed = c.app.seal(&c.id.0, &key, &Cancel::new(), &|_| {});
        match role {
            Role::Officer | Role::Administrator => assert!(sealed.is_ok(), "{sealed:?}"),
            Role::Interpreter | Role::Reviewer => {
                let refused = sealed.unwrap_err();
                let told = refused.to_string();
                assert!(
                    told.contains(role.as_str()) && told.contains("seal"),
                    "{told}"
                );
                assert!(!refused.help().is_empty());
            }
        }
    }
    assert!(c.verify().ok, "{:#?}", c.verify());
}

#[test]
fn an_administrator_vouches_for_the_next_one_and_for_whoever_certifies() {
    let c = Custody::new();
    let here = c.dir.path();
    let new = |name: &str, role: &str, by: &[&str], voucher: &str| {
        let args = [&["keys", "new", name, "--role", role][..], by].concat();
        mekong(here)
            .args(args)
            .env_remove("MEKONG_PASSPHRASE_FILE")
            .env("MEKONG_PASSPHRASE", PHRASE)
            .env("MEKONG_VOUCHER_PASSPHRASE", voucher)
            .output()
            .unwrap()
    };
    let refused = |output: Output, why: &str| {
        assert_helpful_failure(&output, why);
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    };
    // Who is named as the signer signs, or is told that nobody does.
    let early = new("X", "officer", &["--by", "王芳"], "");
    let told = stderr(&early);
    assert!(
        !early.status.success() && told.contains("has none yet"),
        "{told}"
    );
    // A reviewer before there is any administrator, and the first of those: free.
    assert!(new("ສົມພອນ", "reviewer", &[], "").status.success());
    assert!(new("Dara", "officer", &[], "").status.success());
    assert!(new("王芳", "administrator", &[], "").status.success());
    let by = ["--by", "王芳"];
    for role in ["administrator", "reviewer", "interpreter", "officer"] {
        refused(new("X", role, &[], ""), "more than one person");
        refused(
            new("X", role, &["--by", "Dara"], ""),
            "'officer' may not vouch",
        );
        refused(
            new("X", role, &by, "nine blue boats at dusk"),
            "does not open",
        );
        let free = c.app.make_key(
            "X",
            Role::parse(role).unwrap(),
            Passphrase::new(PHRASE.to_owned()),
            None,
        );
        assert!(free.unwrap_err().to_string().contains("vouches for"));
    }
    assert!(new("สมชาย", "administrator", &by, PHRASE).status.success());
    assert!(
        new("សុខា", "reviewer", &["--by", "สมชาย"], PHRASE)
            .status
            .success()
    );
    assert!(
        new("Lan", "interpreter", &["--by", "สมชาย"], PHRASE)
            .status
            .success()
    );
    assert!(
        new("Somchai", "officer", &["--by", "สมชาย"], PHRASE)
            .status
            .success()
    );
    // From now on nobody takes a key away, or trusts a partner's, without an administrator.
    let open = |name: &str| {
        let ring = c.app.keys().unwrap();
        let phrase = Passphrase::new(PHRASE.to_owned());
        ring.unlock(&ring.own(Some(name)).unwrap(), phrase).unwrap()
    };
    let partner = SecretKey::new("ကိုအောင်", Role::Officer).unwrap();
    let file = here.join("partner.json");
    fs::write(&file, partner.public().to_text()).unwrap();
    let officer = open("Dara");
    for (signer, why) in [(None, "signs which"), (Some(&officer), "may not say which")] {
        let trusted = c.app.trust_key(&file, signer).unwrap_err();
        let revoked = c.app.revoke_key("Lan", None, signer).unwrap_err();
        for told in [trusted, revoked] {
            assert!(told.to_string().contains(why), "{told}");
        }
    }
    assert!(c.app.keys().unwrap().find("Lan").unwrap().revoked.is_none());
    assert!(c.app.keys().unwrap().find("ကိုအောင်").is_err());
    let signed = mekong(here)
        .args(["keys", "trust", file.to_str().unwrap(), "--by", "王芳"])
        .env("MEKONG_PASSPHRASE", PHRASE)
        .output()
        .unwrap();
    assert!(signed.status.success(), "{}", stderr(&signed));
    // A key revokes itself; whoever revokes the administrators is not the next one.
    c.app.revoke_key("Dara", None, Some(&officer)).unwrap();
    let administrator = open("สมชาย");
    for name in ["王芳", "สมชาย"] {
        c.app.revoke_key(name, None, Some(&administrator)).unwrap();
    }
    assert!(c.app.revoke_key("Lan", None, Some(&administrator)).is_err());
    refused(new("X", "administrator", &by, PHRASE), "revoked");
    let own = || {
        let store = Store::open(&c.database()).unwrap();
        evidence::read("workspace", &store.own_chain().unwrap()).unwrap()
    };
    let signed = own().into_iter().filter(|e| e.signed.is_some());
    let signed: Vec<_> = signed.map(|e| e.kind).collect();
    let revoked = ["key-revoked"; 3];
    assert_eq!(signed[..4], ["key-made"; 4]);
    assert_eq!(signed[4..], [&["key-trusted"][..], &revoked].concat());
    let wrong = || c.verify().checks.into_iter().find(|k| !k.ok);
    assert_eq!(wrong(), None);
    // What came in past the program is seen, though the chain itself fits.
    let good = fs::read(c.database()).unwrap();
    for (kind, why) in [
        (Kind::KeyMade, "no administrator vouched"),
        (Kind::KeyTrusted, "no administrator signed"),
        (Kind::KeyRevoked, "no administrator signed"),
    ] {
        let forged = Draft::of(kind, &[])
            .with("key", "00")
            .with("role", "reviewer");
        let links = Store::open(&c.database()).unwrap().own_chain().unwrap();
        let (number, last) = (links.len() as u64 + 1, evidence::head(&links));
        let link = forged.link("workspace", number, last, "2999-01-01T00:00:00Z");
        let link = link.unwrap();
        unguarded(&c.database())
            .execute(
                "INSERT INTO chain (subject, number, kind, body, hash) VALUES (0, ?1, ?4, ?2, ?3)",
                rusqlite::params![number as i64, link.body, link.hash, kind.as_str()],
            )
            .unwrap();
        let told = wrong().unwrap();
        assert!(told.detail.contains(why), "{told:?}");
        fs::write(c.database(), &good).unwrap();
    }
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
    tamper::store(&Custody::whole(), 80, &mut dice);
    tamper::store(&Custody::unsealed(300), 30, &mut dice);
    tamper::ends();
    tamper::session_ends();
    tamper::sound(&c, 30, &mut dice);
    tamper::store_file(&c, 30, &mut dice);
    tamper::locked(10, &mut dice);
    tamper::bundle(&c, 150, &mut dice);
    tamper::resigned(&c);
    tamper::each_byte(&c, 101);
    tamper::each_byte_by_script(&c, 1_999);
}

#[test]
fn random_tamperings_of_a_recorded_session_are_seen() {
    let talk = session::recorded();
    let mut dice = Dice(3);
    session::stored(&talk, 40, &mut dice);
    session::bundled(&talk, 30, &mut dice);
    session::rewritten(&talk, 12, &mut dice);
    // The same of one that has everything but links of its sound.
    session::bundled(&Custody::whole(), 30, &mut dice);
}

#[test]
fn an_end_that_a_sender_leaves_out_is_missed_only_where_nothing_is_bound_to_it() {
    // The seal is the last event: no end of it can be left out.
    assert_eq!(session::ends_left_out(&session::recorded()), 0);
    // Two answers to a reading back came after this seal.
    assert_eq!(session::ends_left_out(&Custody::whole()), 2);
}

#[test]
fn the_figures_of_a_proof_count_what_they_say() {
    let c = Custody::new();
    let mut dice = Dice(4);
    let here = [
        tamper::store(&Custody::unsealed(300), 5, &mut dice),
        tamper::store_file(&c, 20, &mut dice),
    ];
    let bundles = [
        tamper::bundle(&c, 30, &mut dice),
        tamper::unpacked(&c, 4, &mut dice),
    ];
    let end = "ends: the last note taken away".to_owned();
    let ends = [tamper::Tally::from([(end, 3)])];
    let told = tamper::figures(&here, &ends, &bundles);
    let of = |tallies: &[tamper::Tally], ending: &str| -> u64 {
        let all = tallies.iter().flatten();
        all.filter(|(what, _)| what.ends_with(ending))
            .map(|(_, n)| n)
            .sum()
    };
    let unseen = of(&here, "no record changed");
    let seen = 59 - unseen;
    let first = format!("59 random tamperings, {seen} of them seen by the program");
    assert_eq!(told[0], first);
    assert!(told[1].starts_with(&format!("{unseen} of the database's")));
    // Every one that verify.sh is said to have seen was put before it.
    let by_script = of(&bundles, "seen by the script") + 4;
    let script = format!("34 of these of bundles: {by_script} seen by verify.sh too");
    assert!(told[4].starts_with(&script), "{told:?}");
    assert!(told[5].starts_with("3 ends of chains"), "{told:?}");
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
    // Found there, marked as foreign and by its own line's number; not among the own interviews.
    let found = json(there, &["search", "សុខា", "--json"]);
    let hit = &found["hits"][0];
    assert_eq!(hit["foreign"], made["bundle"], "{found}");
    assert_eq!(
        (&hit["interview"], &hit["case"]),
        (&id.as_str().into(), &"K-17".into())
    );
    let own = json(here, &["search", "សុខា", "--json"]);
    assert_eq!(own["hits"][0]["foreign"], Value::Null);
    for field in ["segment", "text", "start_ms", "speaker"] {
        assert_eq!(hit[field], own["hits"][0][field], "{field}");
    }
    assert_eq!(json(there, &["verify", folder, "--json"])["ok"], true);
    assert_eq!(json(there, &["verify", &file, "--json"])["ok"], true);
    let again = with_phrase(there, PHRASE, &["receive", &file]);
    assert_eq!(again.status.code(), Some(3), "{}", stderr(&again));
    assert!(stderr(&again).contains("received before"));
    // A receipt that was lost is signed again; one that is there is never written over.
    let taken = with_phrase(there, PHRASE, &["receive", &file, "--receipt", &receipt]);
    assert_helpful_failure(&taken, "a receipt that is there");
    let second = path(there, "second.json");
    let got = json(there, &["receive", &file, "--receipt", &second, "--json"]);
    assert_eq!(got["received"]["bundle"], made["bundle"]);
    assert_eq!(json(here, &["verify", &second, "--json"])["ok"], true);
    assert_eq!(
        json(there, &["received", "--json"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // The receipt comes back.
    assert_eq!(json(here, &["verify", &receipt, "--json"])["ok"], true);
    let forged = fs::read_to_string(&receipt)
        .unwrap()
        .replace("2026", "2025");
    fs::write(&receipt, forged).unwrap();
    let told = with_phrase(here, PHRASE, &["verify", &receipt, "--json"]);
    assert_eq!(told.status.code(), Some(3));
    // What was changed after it was received is not searched, and that is said.
    let transcript = Path::new(folder).join("data/interview.json");
    let mut rights = fs::metadata(&transcript).unwrap().permissions();
    #[expect(
        clippy::permissions_set_readonly_false,
        reason = "a file of the test's own"
    )]
    rights.set_readonly(false);
    fs::set_permissions(&transcript, rights).unwrap();
    let changed = fs::read_to_string(&transcript)
        .unwrap()
        .replace("K-17", "K-18");
    fs::write(&transcript, changed).unwrap();
    let told = with_phrase(there, PHRASE, &["search", "សុខា"]);
    assert!(
        stderr(&told).contains("is not what was received"),
        "{}",
        stderr(&told)
    );
    assert!(!String::from_utf8_lossy(&told.stdout).contains("សុខា"));
    let told = json(there, &["search", "សុខា", "--json"]);
    assert_eq!(told["broken"], serde_json::json!([made["bundle"]]));
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
    // A reader who has gone away makes nothing fit.
    let mut child = mekong(c.dir.path())
        .args(["verify", &c.id.0])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(3));
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

/// The detail of a check that `mekong verify` made, and whether it fits.
fn checked(workspace: &Path, what: &str, name: &str) -> (bool, String) {
    let told = with_phrase(workspace, PHRASE, &["verify", what, "--json"]);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let checks = told["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no '{name}' in {told}"));
    let detail = found["detail"].as_str().unwrap().to_owned();
    (found["ok"] == true, detail)
}

#[test]
fn a_session_is_proved_second_by_second_here_and_at_the_partners() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    let device = format!("file:{}", common::practice_sound("zh-vi"));
    let recorded = mekong(here)
        .args(["record", "--languages", "zh,vi", "--device", &device])
        .args(["--channels", "officer=zh,interviewee=vi", "--for", "6"])
        .output()
        .unwrap();
    assert!(recorded.status.success(), "{}", stderr(&recorded));
    let id = json(here, &["list", "--json"])[0]["id"].clone();
    let id = id.as_str().unwrap();
    let (fits, detail) = checked(here, id, "sound chain");
    assert!(fits && !detail.contains("after the session"), "{detail}");
    // What the machines worked with stands in their events.
    let app = custody::open(here);
    let store = Store::open(&app.workspace().store()).unwrap();
    let name = store.interview(&store.resolve(id).unwrap()).unwrap().id;
    let (story, _) = Story::of(&name.0, &store.chain(&name).unwrap());
    let mut machines = 0;
    for event in &story.events {
        if ["recognised", "translated"].contains(&event.kind.as_str()) {
            machines += 1;
            assert!(event.fact("model").is_some(), "{event:?}");
            assert_eq!(event.fact("model_sha256").unwrap().len(), 64);
            assert_eq!(event.fact("glossary").unwrap().len(), 64);
        }
    }
    assert!(machines > 1);
    // A bundle carries the links and a page to read, which the stock tools check too.
    let signer = SecretKey::new("李明", Role::Officer).unwrap();
    make(&app, &signer, here);
    let out = here.join("session.zip");
    let cancel = Cancel::new();
    app.bundle(id, None, &out, &signer, &cancel, &|_| {})
        .unwrap();
    let (fits, told) = checked(here, out.to_str().unwrap(), "sound chain");
    assert!(fits, "{told}");
    let status = std::process::Command::new("unzip")
        .args(["-q", out.to_str().unwrap(), "-d"])
        .arg(here.join("open"))
        .status()
        .unwrap();
    assert!(status.success());
    let folder = fs::read_dir(here.join("open")).unwrap().next().unwrap();
    let folder = folder.unwrap().path();
    let page = fs::read_to_string(folder.join("data/transcript.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains(id));
    let script = || {
        let sh = std::process::Command::new("sh")
            .arg("verify.sh")
            .current_dir(&folder)
            .output();
        sh.unwrap().status.code()
    };
    assert_eq!(script(), Some(0));
    for file in ["data/sound-chain.jsonl", "data/transcript.html"] {
        let whole = fs::read(folder.join(file)).unwrap();
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(folder.join(file), changed).unwrap();
        assert!(!tamper::fits(&app, &folder), "{file}");
        assert_eq!(script(), Some(3), "{file}");
        fs::write(folder.join(file), whole).unwrap();
    }
    // One sample of the third second.
    let part = here.join("recordings").join(id).join("part-001.wav");
    let mut sound = fs::read(&part).unwrap();
    sound[44 + 2 * 64_000 + 100] ^= 1;
    fs::write(&part, sound).unwrap();
    let (fits, detail) = checked(here, id, "sound chain");
    assert!(!fits);
    assert_eq!(detail, "second 3 of the sound (part-001.wav) was changed");
    // Without its links the session is not what it was either.
    fs::remove_file(here.join("recordings").join(id).join("sound-chain.jsonl")).unwrap();
    let (fits, detail) = checked(here, id, "sound chain");
    assert!(!fits && detail.starts_with("0 links are here"), "{detail}");
}

#[test]
fn the_digits_at_the_foot_of_a_page_are_found_again() {
    let c = Custody::new();
    let text = |args: &[&str]| {
        let output = with_phrase(c.dir.path(), PHRASE, args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    };
    let out = c.dir.path().join("record.docx");
    let file = out.to_str().unwrap();
    text(&[
        "export", &c.id.0, "--format", "record", "--of", "witness", "--out", file,
    ]);
    let unzipped = std::process::Command::new("unzip")
        .args(["-p", file, "word/footer1.xml"])
        .output()
        .unwrap();
    let foot = String::from_utf8(unzipped.stdout).unwrap();
    let digits: String = c
        .head_at(|kind| kind == "opened-for-export")
        .chars()
        .take(16)
        .collect();
    let groups: Vec<&str> = (0..4).map(|n| &digits[n * 4..n * 4 + 4]).collect();
    assert!(foot.contains(&groups.join(" ")), "{digits}\n{foot}");
    assert!(foot.contains(" PAGE ") && foot.contains(" NUMPAGES "));
    text(&["verify", &c.id.0, "--head", &groups.join(" ")]);
    for wrong in ["0000 0000 0000 0000", &digits[..12]] {
        let told = with_phrase(c.dir.path(), PHRASE, &["verify", &c.id.0, "--head", wrong]);
        assert_eq!(told.status.code(), Some(3), "{wrong}");
    }
}

#[test]
fn a_certificate_is_for_the_sound_and_the_speaker_that_the_line_had() {
    let dir = tempfile::tempdir().unwrap();
    let app = custody::open(dir.path());
    let reviewer = SecretKey::new("Nguyễn Thu", Role::Reviewer).unwrap();
    make(&app, &reviewer, dir.path());
    let id = custody::record(&app, dir.path());
    let all: Vec<SegmentId> = (1..=6).map(SegmentId).collect();
    app.certify(&id.0, &all, &reviewer, Some("read")).unwrap();
    let mut store = Store::open(&app.workspace().store()).unwrap();
    let certified = |store: &Store, line: SegmentId| {
        let line = store.segment(&id, line).unwrap();
        let [made] = &line.translations[..] else {
            panic!("{line:?}")
        };
        // The third was corrected after it was translated.
        if line.id.0 != 3 {
            assert_eq!((made.of_version, made.status), (line.version, line.status));
        }
        line.status == Status::Certified
    };
    for (n, line) in (0..).zip(&all) {
        assert!(certified(&store, *line));
        let before = store.segment(&id, *line).unwrap();
        let span = Span::new(SamplePos(n * 300 + 10), SamplePos(n * 300 + 210));
        let what = Recutting::Retime(*line, span);
        let mut change = |reason: Option<&str>| {
            if n % 2 == 0 {
                store.recut(&id, &what, "Li", reason).map(|_| ())
            } else {
                let one = [*line];
                store
                    .set_speaker(&id, &one, "interpreter", "Li", reason)
                    .map(|_| ())
            }
        };
        assert!(matches!(change(None), Err(store::Error::CertifiedLine(_))));
        change(Some("听错了位置")).unwrap();
        assert!(!certified(&store, *line), "line {}", line.0);
        let after = store.segment(&id, *line).unwrap();
        assert_eq!(
            (&after.text, after.version),
            (&before.text, before.version + 1)
        );
        assert_eq!(after.author, "Li");
    }
    // Taking the move back moves it again; and all of it fits.
    store.recut(&id, &Recutting::Undo(1), "Li", None).unwrap();
    assert!(!certified(&store, SegmentId(1)));
    let verdict = app
        .verify_interview(&id.0, None, &Cancel::new(), &|_| {})
        .unwrap();
    assert!(verdict.ok, "{verdict:#?}");
    // Whoever had no part in it may certify it anew; a move that is taken back needs a reason then.
    let again = |despite| app.certify(&id.0, &[SegmentId(3)], &reviewer, despite);
    let refused = again(None).unwrap_err();
    assert!(refused.to_string().contains("did not sign"), "{refused}");
    again(Some("read")).unwrap();
    let undo = Recutting::Undo(2);
    let refused = store.recut(&id, &undo, "Li", None);
    assert!(
        matches!(refused, Err(store::Error::CertifiedLine(3))),
        "{refused:?}"
    );
    store.recut(&id, &undo, "Li", Some("x")).unwrap();
    assert!(!certified(&store, SegmentId(3)));
}

/// Changes a file of an unpacked bundle and signs all of it anew with the sender's own key.
fn changed_and_signed(c: &Custody, bag: &Path, file: &str, change: &dyn Fn(&str) -> String) {
    let old = fs::read_to_string(bag.join(file)).unwrap();
    let new = change(&old);
    assert_ne!(old, new);
    fs::write(bag.join(file), &new).unwrap();
    let bytes = (old.as_bytes(), new.as_bytes());
    session::sign_anew(bag, Path::new(file), bytes, &c.officer);
}

#[test]
fn a_sender_who_shows_people_something_else_than_the_records_is_found_out() {
    let c = Custody::new();
    let unpacked = tamper::Unpacked::new(&c);
    assert!(tamper::fits(&unpacked.app, &unpacked.folder));
    for (file, from, to) in [
        ("data/transcript.txt", "Hà Nội", "Hà Nam"),
        ("data/transcript.txt", "[certified]", "[machine]"),
        ("data/transcript.txt", "Length: 00", "Length: 01"),
        ("data/transcript.txt", "  all  [", "  officer  ["),
        ("data/transcript.html", "Hà Nội", "Hà Nam"),
        ("data/transcript.html", ".said {", ".said { display: none;"),
        ("data/transcript.html", "test engine 1", "N. Lan"),
        ("data/transcript.html", "<body>", "<body> "),
        (
            "data/transcript.html",
            "</table>",
            "</table><p>Nhận tội.</p>",
        ),
    ] {
        let bag = unpacked.dir.path().join("shown");
        tamper::copy(&unpacked.folder, &bag);
        changed_and_signed(&c, &bag, file, &|text| text.replacen(from, to, 1));
        let told = unpacked
            .app
            .verify_file(&bag, None, &Cancel::new(), &|_| {})
            .unwrap();
        let detail = &told.checks.last().unwrap().detail;
        assert!(
            !told.ok && detail.contains("do not hold"),
            "{file}: {told:?}"
        );
        assert!(!unpacked.script_agrees(&bag), "{file}: {to}");
        fs::remove_dir_all(&bag).unwrap();
    }
}

#[test]
fn what_a_sender_changes_in_the_interview_is_seen_by_the_program_and_the_script() {
    let c = Custody::new();
    let unpacked = tamper::Unpacked::new(&c);
    for (from, to) in [
        ("\"notes\": [", "\"notes\": [\n    \"sworn\","),
        ("\"notes\"", "\"remarks\""),
        ("\"case\": \"K-17\"", "\"case\": \"K-18\""),
        ("\"started\": \"2026", "\"started\": \"2025"),
        ("现场.wav", "现.wav"),
        ("Hà Nội", "Hà Nam"),
        ("\"status\": \"certified\"", "\"status\": \"edited\""),
        (
            "\"speaker\": \"all\",\n      \"lang\"",
            "\"speaker\": \"officer\",\n      \"lang\"",
        ),
        ("\"author\": \"Nguyễn Thu\"", "\"author\": \"Nguyễn Thi\""),
        ("\"vi\": \"điện thoại 2\"", "\"vi\": \"điện thoại 3\""),
        ("\"vi\": \"điện thoại 2\"", "\"zh\": \"điện thoại 2\""),
        ("\"speech_models\"", "\"other_models\""),
        ("\"version\": 3", "\"version\": 2"),
        ("\"start_ms\": 38", "\"start_ms\": 37"),
        ("\"text\": \"Anh tên gì?\"", "\"text\": \"Anh là ai?\""),
        ("\"engine\": \"test engine 2\"", "\"engine\": \"N. Lan\""),
        ("\"id\": 4", "\"id\": 3"),
        ("\"index\": 0", "\"index\": 1"),
        ("\"confidence\": 0.75", "\"confidence\": 0.76"),
        ("\"confidence\": 0.75", "\"confidence\": 0.750"),
        ("\"log_prob\": -0.25", "\"log_prob\": -0.24"),
        ("\"by_person\": false", "\"by_person\": true"),
        ("\"words\": []", "\"word\": []"),
        (
            "\"flags\": []",
            "\"flags\": [\n        \"no-text\"\n      ]",
        ),
        // Another form that reads alike, where a decoy could hide.
        ("\"by_person\"", "\"by_nobody\""),
        ("\"id\": 4,", "\"id\":  4,"),
        ("\"id\": 4,", "\"id\": 4, "),
        ("\"terms\": [],", "\"terms\": [],\n          \"more\": 1,"),
        ("\"id\": 4,", "\"id\": 4, \"text\": \"x\","),
    ] {
        let bag = unpacked.dir.path().join("shown");
        tamper::copy(&unpacked.folder, &bag);
        let file = "data/interview.json";
        changed_and_signed(&c, &bag, file, &|text| text.replacen(from, to, 1));
        assert!(!tamper::fits(&unpacked.app, &bag), "{from} -> {to}");
        assert!(!unpacked.script_agrees(&bag), "{from} -> {to}");
        fs::remove_dir_all(&bag).unwrap();
    }
}

#[test]
fn the_script_alone_sees_that_an_events_signature_does_not_fit() {
    let c = Custody::new();
    let unpacked = tamper::Unpacked::new(&c);
    assert!(unpacked.script_agrees(&unpacked.folder));
    let last = |text: &str, change: &dyn Fn(&str) -> String| {
        let (before, event) = text.trim_end().rsplit_once('\n').unwrap();
        assert!(event.contains("\"kind\":\"sealed\""), "{event}");
        format!("{before}\n{}\n", change(event))
    };
    let flipped = |event: &str| {
        let (start, digits) = event.split_at(event.len() - 3);
        let other = if digits.starts_with('0') {
            "1\"}"
        } else {
            "0\"}"
        };
        format!("{start}{other}")
    };
    let other_person = |event: &str| event.replacen("\"by\":\"", "\"by\":\"U ", 1);
    let other_fact = |event: &str| event.replacen("\"lines\":6", "\"lines\":7", 1);
    let no_signature = |event: &str| {
        let (start, _) = event.rsplit_once(",\"signature\"").unwrap();
        format!("{start}}}")
    };
    let changes: [&dyn Fn(&str) -> String; 4] =
        [&flipped, &other_person, &other_fact, &no_signature];
    for (n, change) in changes.into_iter().enumerate() {
        let bag = unpacked.dir.path().join(format!("signed-{n}"));
        tamper::copy(&unpacked.folder, &bag);
        changed_and_signed(&c, &bag, "data/chain.jsonl", &|text| last(text, change));
        assert!(!tamper::fits(&unpacked.app, &bag), "{n}");
        assert!(!unpacked.script_agrees(&bag), "{n}");
    }
}

#[test]
fn no_other_key_that_ends_in_the_senders_digits_passes_for_the_senders() {
    let c = Custody::new();
    let unpacked = Unpacked::new(&c);
    let bag = unpacked.dir.path().join("forged");
    tamper::copy(&unpacked.folder, &bag);
    // An RSA key whose public exponent is the officer's number: odd ones have one in two such keys.
    let digits = c.officer.public().number.clone();
    let script = format!(
        "cd '{}' && openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
         -pkeyopt rsa_keygen_pubexp:0x{digits} -out ../rsa.pem 2>/dev/null \
         && openssl pkey -in ../rsa.pem -pubout -out signer.pem",
        bag.display()
    );
    let made = std::process::Command::new("sh")
        .args(["-c", &script])
        .status();
    if !made.unwrap().success() {
        // An even number makes no such key.
        assert!(
            digits.ends_with(['0', '2', '4', '6', '8', 'a', 'c', 'e']),
            "{digits}"
        );
        return;
    }
    fs::write(bag.join("verify.sh"), evidence::SCRIPT).unwrap();
    // Everything else as a forger would: the list anew, signed by that key.
    let sign = format!(
        "cd '{}' && sha256sum bag-info.txt bagit.txt manifest-sha256.txt signer.pem verify.sh \
         > tagmanifest-sha256.txt && openssl pkeyutl -sign -rawin -inkey ../rsa.pem \
         -in tagmanifest-sha256.txt -out tagmanifest-sha256.sig",
        bag.display()
    );
    let signed = std::process::Command::new("sh")
        .args(["-c", &sign])
        .status();
    assert!(signed.unwrap().success());
    assert!(!unpacked.script_agrees(&bag));
    assert!(!fits(&unpacked.app, &bag));
}

#[test]
fn whoever_signs_for_a_cut_signs_for_nobody_elses_words_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let app = custody::open(dir.path());
    let keys = [
        ("N. Thu", Role::Reviewer),
        ("Aung", Role::Officer),
        ("Lan", Role::Interpreter),
    ];
    let [reviewer, officer, lan] = keys.map(|(name, role)| SecretKey::new(name, role).unwrap());
    for key in [&reviewer, &officer, &lan] {
        make(&app, key, dir.path());
    }
    let id = custody::record(&app, dir.path());
    let mut store = Store::open(&app.workspace().store()).unwrap();
    store
        .edit_text(&id, SegmentId(1), "我叫李四，三十岁。", "Lan", None)
        .unwrap();
    store.set_hand(Some(std::sync::Arc::new(officer)));
    let parted = Recutting::Split(
        SegmentId(1),
        store::SplitAt {
            at: SamplePos(100),
            text: Some(5),
            translations: vec![],
        },
    );
    store.recut(&id, &parted, "Aung", None).unwrap();
    let new: Vec<SegmentId> = store.segments(&id).unwrap()[..2]
        .iter()
        .map(|l| l.id)
        .collect();
    for line in &new {
        let refused = app.certify(&id.0, &[*line], &reviewer, None).unwrap_err();
        assert!(refused.to_string().contains("did not sign"), "{refused}");
    }
    // Lan takes one half over in her own name; the other one needs a reason.
    store.set_hand(Some(std::sync::Arc::new(lan)));
    let words = store.segment(&id, new[0]).unwrap().text;
    store.edit_text(&id, new[0], &words, "Lan", None).unwrap();
    app.certify(&id.0, &new[..1], &reviewer, None).unwrap();
    app.certify(&id.0, &new[1..], &reviewer, Some("read"))
        .unwrap();
    let checks = app
        .verify_interview(&id.0, None, &Cancel::new(), &|_| {})
        .unwrap()
        .checks;
    let told = checks
        .iter()
        .find(|check| check.name == "certificates")
        .unwrap();
    assert_eq!(
        told.detail,
        "2 lines, 1 of them with work that nobody signed"
    );
}

#[test]
fn a_receipt_counts_from_whom_the_bundle_was_for_and_from_nobody_else() {
    let c = Custody::new();
    let [lan, other] = ["Lan", "ສົມພອນ"].map(|name| SecretKey::new(name, Role::Officer).unwrap());
    for key in [&lan, &other] {
        trust(&c.app, key, c.dir.path());
    }
    let (out, cancel) = (c.dir.path().join("sent.age"), Cancel::new());
    c.app
        .bundle(
            &c.id.0,
            Some(lan.public()),
            &out,
            &c.officer,
            &cancel,
            &|_| {},
        )
        .unwrap();
    let keys = [evidence::KnownKey {
        public: c.officer.public().clone(),
        own: false,
        revoked: None,
    }];
    let how = evidence::Reception {
        keys: &keys,
        before: &|_| None,
        secret: Some(&lan),
        into: None,
        admit: &mut |_| Ok(()),
        copies: mekong_interview::export::COPIES,
        tell: &mut |_| {},
        cancel: &cancel,
    };
    let opened = evidence::open_bundle(fs::File::open(&out).unwrap(), how).unwrap();
    let receipt = |key: &SecretKey| {
        let file = c.dir.path().join("receipt.json");
        fs::write(&file, evidence::Receipt::sign(&opened, key)).unwrap();
        fits(&c.app, &file)
    };
    assert!(receipt(&lan));
    assert!(!receipt(&other), "another partner");
    assert!(!receipt(&c.officer), "the sender");
    c.app.revoke_key("Lan", None, None).unwrap();
    assert!(!receipt(&lan), "revoked since, whatever its date says");
}

#[test]
fn what_a_partner_sent_is_looked_at_again() {
    let c = Custody::new();
    let dir = tempfile::tempdir().unwrap();
    let app = custody::open(dir.path());
    trust(&app, &c.officer, dir.path());
    let file = c.bundle("sent.zip");
    let (_, foreign) = app.receive(&file, None, &Cancel::new(), &|_| {}).unwrap();
    let ok = || {
        app.verify_received(&foreign, &Cancel::new(), &|_| {})
            .unwrap()
            .ok
    };
    assert!(ok());
    app.revoke_key(&c.officer.public().number, None, None)
        .unwrap();
    assert!(ok(), "it was trusted when it came");
    for name in ["data/transcript.txt", "data/records.jsonl", "bag-info.txt"] {
        let path = foreign.folder.join(name);
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let mut bad = good.clone();
        bad[20] ^= 1;
        fs::write(&path, bad).unwrap();
        assert!(!ok(), "{name}");
        fs::write(&path, good).unwrap();
        assert!(ok());
    }
    fs::remove_dir_all(&foreign.folder).unwrap();
    assert!(!ok(), "gone");
}
