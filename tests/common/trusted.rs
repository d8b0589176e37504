//! Who is trusted, told by events and not by files: keys brought along, revocations taken away, acts
//! that no role allows, interviews that vanish, and what is listened to.

use std::fs;

use mekong_interview::app::Error;
use mekong_interview::domain::{
    Cancel, EventKind, InterviewId, SamplePos, SegmentId, Span, Status,
};
use mekong_interview::evidence::{
    self, Asked, Audience, Consent, Draft, Kind, Limit, Role, SecretKey, Sign as _,
};
use mekong_interview::store::{NewEvent, NewInterview, NewSession, Recutting, Store};
use serde_json::json;

use super::custody::{Custody, append_noted, make, trust, unguarded};
use super::{forge, limit, victim};

fn bad(c: &Custody, name: &str) -> String {
    let checks = c.verify().checks;
    let found = checks.into_iter().find(|k| k.name == name && !k.ok);
    found.map(|k| k.detail).unwrap_or_default()
}

#[test]
fn a_key_that_came_in_as_a_partners_signs_nothing_here() {
    let c = Custody::new();
    let roles = [
        ("สมชาย", Role::Reviewer),
        ("ကိုအောင်", Role::Officer),
        ("ສົມພອນ", Role::Administrator),
    ];
    for (name, role) in roles {
        let key = SecretKey::new(name, role).unwrap();
        let cancel = Cancel::new();
        let tries = || {
            [
                c.app
                    .certify(&c.id.0, &[SegmentId(1)], &key, None)
                    .map(drop),
                c.app.seal(&c.id.0, &key, &cancel, &|_| {}).map(drop),
                c.app.lift_consent(&c.id.0, "court", &key).map(drop),
            ]
        };
        // Unknown, and trusted as a partner's: the same.
        for known in [false, true] {
            if known {
                trust(&c.app, &key, c.dir.path());
            }
            let elsewhere = |e: &Result<(), Error>| {
                matches!(e, Err(Error::Evidence(evidence::Error::MadeElsewhere(_))))
            };
            assert!(tries().iter().any(elsewhere), "{name}");
            assert!(tries().iter().all(Result::is_err), "{name}");
        }
    }
    // Signed all the same, by another program: seen.
    let key = SecretKey::new("សុខា", Role::Officer).unwrap();
    trust(&c.app, &key, c.dir.path());
    let mut seal = Draft::of(Kind::Sealed, &[]).with("lines", 6);
    seal.signer = Some(&key);
    forge(&c, 1, &seal, &jiff::Timestamp::now().to_string());
    assert!(bad(&c, "workspace").contains("not made in this workspace"));
}

#[test]
fn a_revocation_stays_when_its_files_are_taken_away() {
    let c = Custody::new();
    c.app.revoke_key("Nguyễn Thu", Some("left"), None).unwrap();
    let keys = c.app.workspace().keys();
    let named = keys.join(&c.reviewer.public().number[..16]);
    fs::remove_file(named.with_extension("revoked.json")).unwrap();
    let refused = c.app.certify(&c.id.0, &[SegmentId(1)], &c.reviewer, None);
    assert!(
        matches!(refused, Err(Error::Evidence(evidence::Error::Revoked(_)))),
        "{refused:?}"
    );
    let listed = c.app.keys().unwrap().find("Nguyễn Thu").unwrap();
    assert!(listed.revoked.is_some());
    // A note with a later day does not make it good for longer.
    let later = json!({"number": c.reviewer.public().number, "at": "2999-01-01T00:00:00Z"});
    fs::write(named.with_extension("revoked.json"), later.to_string()).unwrap();
    let listed = c.app.keys().unwrap().find("Nguyễn Thu").unwrap();
    assert!(!listed.is_trusted_at("2998-01-01T00:00:00Z"));
    // Nor does trusting it anew, with every file of it gone.
    for ending in ["revoked.json", "public.json"] {
        fs::remove_file(named.with_extension(ending)).unwrap();
    }
    let file = c.dir.path().join("again.json");
    fs::write(&file, c.reviewer.public().to_text()).unwrap();
    let refused = c.app.trust_key(&file, None).unwrap_err();
    assert!(
        matches!(refused, Error::Evidence(evidence::Error::Revoked(_))),
        "{refused}"
    );
}

#[test]
fn a_certificate_that_no_signature_stands_behind_is_seen_here_and_at_the_partners() {
    let c = Custody::new();
    assert!(c.verify().ok, "{:#?}", c.verify());
    // A row that says certified, brought in by an event that nobody signed.
    let columns = json!({"line": 1, "version": 2, "lang": "zh", "text": "我叫李四。", "status": "certified",
        "author": "Nguyễn Thu", "reason": null, "confidence": null, "words": "[]", "flags": "[]",
        "at": "2030-01-01T00:00:00Z"});
    let db = unguarded(&c.database());
    db.execute(
        "INSERT INTO text_version (segment, version, lang, text, status, author, words, flags, at)
         VALUES (1, 2, 'zh', '我叫李四。', 'certified', 'Nguyễn Thu', '[]', '[]',
                 '2030-01-01T00:00:00Z')",
        [],
    )
    .unwrap();
    drop(db);
    let row = evidence::Row::new("text 1.2".into(), columns.as_object().unwrap().clone()).unwrap();
    let rows = [row];
    let edited = Draft::of(Kind::Edited, &rows);
    forge(&c, 1, &edited, &jiff::Timestamp::now().to_string());
    assert_eq!(bad(&c, "records"), "", "the row is in an event");
    assert!(bad(&c, "certificates").contains("no signature"));
}

#[test]
fn whoever_moved_a_line_does_not_certify_it() {
    let dir = tempfile::tempdir().unwrap();
    let app = super::open(dir.path());
    let lan = SecretKey::new("N. Lan", Role::Interpreter).unwrap();
    make(&app, &lan, dir.path());
    let id = super::custody::record(&app, dir.path());
    let mut store = Store::open(&app.workspace().store()).unwrap();
    let span = Span::new(SamplePos(310), SamplePos(480));
    store
        .recut(&id, &Recutting::Retime(SegmentId(2), span), "n. lan", None)
        .unwrap();
    let refused = app.certify(&id.0, &[SegmentId(2)], &lan, None).unwrap_err();
    assert!(refused.to_string().contains("same person"), "{refused}");
    assert!(app.certify(&id.0, &[SegmentId(4)], &lan, None).is_ok());
    let line = store.segment(&id, SegmentId(4)).unwrap();
    assert_eq!(line.status, Status::Certified);
}

#[test]
fn an_interview_that_vanishes_whole_is_missed_by_every_other_one() {
    let c = Custody::new();
    let other = c.dir.path().join("other.json");
    let lines = json!({"segments": [{"start_ms": 0, "end_ms": 900, "speaker": "officer",
        "lang": "km", "text": "ខ្ញុំឈ្មោះ សុខា"}]});
    fs::write(&other, lines.to_string()).unwrap();
    let request = mekong_interview::app::ImportRequest {
        languages: vec!["km".parse().unwrap(), "zh".parse().unwrap()],
        case: None,
        channels: Vec::new(),
        again: false,
        speech_models: Vec::new(),
        asked: None,
    };
    let outcomes = c
        .app
        .import(&[other], &request, &Cancel::new(), &|_| (), &mut |_| ())
        .unwrap();
    assert!(outcomes[0].result.is_ok());
    assert!(c.verify().ok, "{:#?}", c.verify());
    let db = unguarded(&c.database());
    db.execute_batch(
        "DELETE FROM chain WHERE subject = 2; DELETE FROM text_version WHERE segment IN
             (SELECT key FROM segment WHERE interview = 2);
         DELETE FROM segment WHERE interview = 2; DELETE FROM channel WHERE interview = 2;
         DELETE FROM audio WHERE interview = 2; DELETE FROM interview WHERE key = 2;",
    )
    .unwrap();
    drop(db);
    assert!(bad(&c, "workspace").contains("is gone"));
}

#[test]
fn what_is_listened_to_is_what_was_decoded() {
    let c = Custody::new();
    let told = c.verify().checks;
    let copies = told.iter().find(|k| k.name == "working copies").unwrap();
    assert_eq!(copies.detail, "1 file");
    let path = c.app.workspace().recording(&c.id).join("working-0.wav");
    let whole = fs::read(&path).unwrap();
    let mut bytes = whole.clone();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(bad(&c, "working copies").contains("working-0.wav"));
    let refused = c
        .app
        .seal(&c.id.0, &c.officer, &Cancel::new(), &|_| {})
        .unwrap_err();
    assert_eq!(refused.exit_code(), 3);
    fs::remove_file(&path).unwrap();
    assert!(bad(&c, "working copies").contains("working-0.wav"));
    fs::write(&path, whole).unwrap();
    assert!(c.verify().ok);
}

#[test]
fn a_consent_that_allows_more_is_signed_and_one_that_allows_less_never_needs_to_be() {
    let c = Custody::new();
    let narrow = victim(&c, vec!["ab".repeat(32)]);
    c.app.give_consent(&c.id.0, &narrow, None).unwrap();
    let wider = [
        Consent {
            seen_by: Audience::Anyone,
            ..narrow.clone()
        },
        Consent {
            until: None,
            ..narrow.clone()
        },
        Consent {
            sound: true,
            ..narrow.clone()
        },
        Consent {
            pseudonym: None,
            ..narrow.clone()
        },
        Consent {
            person: None,
            ..narrow.clone()
        },
        Consent {
            seen_by: Audience::Partners(vec!["cd".repeat(32)]),
            ..narrow.clone()
        },
    ];
    for consent in &wider {
        for signer in [None, Some(&c.reviewer)] {
            let refused = c.app.give_consent(&c.id.0, consent, signer).unwrap_err();
            let told = matches!(refused, Error::Evidence(evidence::Error::WiderConsent));
            assert!(told, "{refused}: {consent:?}");
        }
    }
    let agency = Consent {
        seen_by: Audience::Agency,
        ..narrow.clone()
    };
    c.app.give_consent(&c.id.0, &agency, None).unwrap();
    let signer = Some(&c.officer);
    c.app.give_consent(&c.id.0, &wider[0], signer).unwrap();
    assert!(c.verify().ok, "{:#?}", c.verify());
    // Taken back by whoever is at the desk, also with a partner's key open; brought back by none but one
    // that was made here.
    let partner = SecretKey::new("Khin", Role::Officer).unwrap();
    trust(&c.app, &partner, c.dir.path());
    let less = c.app.give_consent(&c.id.0, &agency, Some(&partner));
    assert!(less.is_ok(), "{less:?}");
    let more = c.app.give_consent(&c.id.0, &wider[0], Some(&partner));
    assert!(
        matches!(
            more,
            Err(Error::Evidence(evidence::Error::MadeElsewhere(_)))
        ),
        "{more:?}"
    );
    let back = Consent {
        seen_by: Audience::Nobody,
        ..narrow
    };
    c.app.give_consent(&c.id.0, &back, None).unwrap();
    let forged = Draft {
        facts: wider[0].facts(),
        ..Draft::of(Kind::Consented, &[])
    };
    forge(&c, 1, &forged, &jiff::Timestamp::now().to_string());
    assert_eq!(c.app.consent(&c.id.0).unwrap().1, Some(back));
    assert!(bad(&c, "consent").contains("nobody signed it"));
}

#[test]
fn a_victim_of_whom_nobody_asked_stays_in_the_house() {
    let c = Custody::new();
    let dir = tempfile::tempdir().unwrap();
    let app = super::open(dir.path());
    for key in [&c.officer, &c.reviewer] {
        make(&app, key, dir.path());
    }
    let id = InterviewId("20261124-100000-abcdef".into());
    let mut store = Store::open(&app.workspace().store()).unwrap();
    let talk = NewInterview {
        id: id.clone(),
        case: None,
        languages: vec!["zh".parse().unwrap(), "km".parse().unwrap()],
        started: "2026-11-24T10:00:00+07:00".into(),
        duration_ms: 0,
        audio: Vec::new(),
        channels: Vec::new(),
        working: Vec::new(),
        notes: Vec::new(),
        asked: None,
    };
    let session = NewSession {
        device: "microphone".into(),
        practice: false,
        max_utterance_ms: 15_000,
    };
    store.begin_session(&talk, &session).unwrap();
    let purpose = NewEvent {
        kind: EventKind::Marker,
        label: "purpose: victim".into(),
        channel: None,
        start: SamplePos(0),
        end: Some(SamplePos(0)),
        closes: None,
        journal: None,
        at: "2026-11-24T09:00:00Z".into(),
    };
    store.add_event(&id, &purpose).unwrap();
    store.end_session(&id, "asked", None, &[]).unwrap();
    drop(store);
    let cancel = Cancel::new();
    let bundle = |name: &str| {
        let out = dir.path().join(name);
        app.bundle(&id.0, None, &out, &c.officer, &cancel, &|_| {})
    };
    assert_eq!(limit(bundle("a.zip")), Limit::Unasked);
    let consent = Consent {
        asked: Asked::Victim,
        seen_by: Audience::Anyone,
        until: None,
        sound: true,
        pseudonym: None,
        person: None,
        by: "王芳".into(),
    };
    // What allows more than that is signed, also where it is the first answer.
    let refused = app.give_consent(&id.0, &consent, None).unwrap_err();
    let wider = |e: &Error| matches!(e, Error::Evidence(evidence::Error::WiderConsent));
    assert!(wider(&refused), "{refused}");
    let refused = app.give_consent(&id.0, &consent, Some(&c.reviewer));
    assert!(wider(&refused.unwrap_err()));
    let ok = || {
        let verdict = app.verify_interview(&id.0, None, &Cancel::new(), &|_| {});
        verdict.unwrap().ok
    };
    // Entered all the same, past the program: it counts for nothing.
    let database = app.workspace().store();
    let good = fs::read(&database).unwrap();
    let forged = Draft {
        facts: consent.facts(),
        ..Draft::of(Kind::Consented, &[])
    };
    append_noted(&unguarded(&database), &id, &forged);
    assert!(!ok());
    assert!(matches!(bundle("c.zip"), Err(Error::DoesNotFit(_))));
    fs::write(&database, good).unwrap();
    assert_eq!(limit(bundle("d.zip")), Limit::Unasked);
    // To let the agency alone see it needs nobody.
    let agency = Consent {
        seen_by: Audience::Agency,
        sound: false,
        ..consent.clone()
    };
    app.give_consent(&id.0, &agency, None).unwrap();
    app.give_consent(&id.0, &consent, Some(&c.officer)).unwrap();
    assert!(ok() && bundle("b.zip").is_ok());
}

#[test]
fn a_clock_that_is_set_back_brings_no_consent_back_that_is_over() {
    let c = Custody::new();
    let consent = Consent {
        until: Some("2030-01-31".parse().unwrap()),
        seen_by: Audience::Anyone,
        sound: true,
        pseudonym: None,
        ..victim(&c, Vec::new())
    };
    c.app.give_consent(&c.id.0, &consent, None).unwrap();
    let bundle = |name: &str| {
        let out = c.dir.path().join(name);
        let cancel = Cancel::new();
        c.app
            .bundle(&c.id.0, None, &out, &c.officer, &cancel, &|_| {})
    };
    assert!(bundle("a.zip").is_ok());
    // Somebody opened the workspace after that day, by an event of its own; then the clock went back.
    let unlocked = Draft::of(Kind::Unlocked, &[]).with("place", "window");
    forge(&c, 0, &unlocked, "2030-02-01T09:00:00Z");
    let day = "2030-01-31".parse().unwrap();
    assert_eq!(limit(bundle("b.zip")), Limit::Over(day));
}

#[test]
fn what_a_person_does_at_the_desk_is_signed_with_their_open_key() {
    let dir = tempfile::tempdir().unwrap();
    let app = super::open(dir.path());
    let id = super::custody::record(&app, dir.path());
    let phrase = || evidence::Passphrase::new("nine blue boats at dawn".to_owned());
    for (name, role) in [("ສົມພອນ", Role::Officer), ("Thu", Role::Reviewer)] {
        app.make_key(name, role, phrase(), None).unwrap();
    }
    let open = |name: &str| {
        let ring = app.keys().unwrap();
        ring.unlock(&ring.own(Some(name)).unwrap(), phrase())
            .unwrap()
    };
    let edit = |line: i64, by: &str| {
        let edit = mekong_interview::app::Edit {
            text: Some(format!("{line} {by}")),
            translation: None,
            by: by.into(),
            reason: None,
        };
        app.edit(&id.0, line, &edit).unwrap();
    };
    app.sit_down(Some(std::sync::Arc::new(open("ສົມພອນ"))))
        .unwrap();
    edit(1, " ສົມພອນ");
    edit(2, "Somchai");
    app.set_speaker(&id.0, SegmentId(4), false, "witness", ("ສົມພອນ", None))
        .unwrap();
    let span = Span::new(SamplePos(1_210), SamplePos(1_390));
    app.recut(&id.0, &Recutting::Retime(SegmentId(5), span), "ສົມພອນ", None)
        .unwrap();
    let signed = || {
        let store = Store::open(&app.workspace().store()).unwrap();
        let events = evidence::read(&id.0, &store.chain(&id).unwrap()).unwrap();
        let by = events.iter().rev().take(4).map(|e| e.signed.is_some());
        by.collect::<Vec<_>>()
    };
    assert_eq!(signed(), [true, true, false, true]);
    // Whoever gets up signs nothing more, and neither does a key that was revoked meanwhile.
    app.sit_down(None).unwrap();
    edit(1, "ສົມພອນ ");
    assert!(!signed()[0]);
    let reviewer = open("Thu");
    let lines = [SegmentId(2), SegmentId(4)];
    let refused = app.certify(&id.0, &lines, &reviewer, None).unwrap_err();
    assert!(refused.to_string().contains("did not sign"), "{refused}");
    app.certify(&id.0, &lines, &reviewer, Some("read beside the sound"))
        .unwrap();
    let verdict = app
        .verify_interview(&id.0, None, &Cancel::new(), &|_| {})
        .unwrap();
    assert!(verdict.ok, "{verdict:#?}");
    let told = verdict.checks.iter().find(|k| k.name == "certificates");
    let detail = "2 lines, 1 of them with work that nobody signed";
    assert_eq!(told.unwrap().detail, detail);
    let key = std::sync::Arc::new(open("ສົມພອນ"));
    app.sit_down(Some(std::sync::Arc::clone(&key))).unwrap();
    app.close();
    edit(3, "ສົມພອນ");
    assert!(
        !signed()[0],
        "whoever comes after a lock signs for themselves"
    );
    app.sit_down(Some(key)).unwrap();
    app.revoke_key("ສົມພອນ", None, None).unwrap();
    edit(6, "ສົມພອນ");
    assert!(!signed()[0]);
}

#[test]
fn a_trusted_sender_who_leaves_out_a_record_or_a_recording_is_seen_by_the_script_too() {
    let c = Custody::new();
    let u = super::tamper::Unpacked::new(&c);
    assert!(u.script_agrees(&u.folder));
    let file = |name: &str| fs::read_to_string(u.folder.join(name)).unwrap();
    let (records, manifest) = (file("data/records.jsonl"), file("manifest-sha256.txt"));
    let digest = |text: &str| evidence::sha256(text.as_bytes());
    let write = |name: &str, text: &str| {
        let path = u.folder.join(name);
        let _ = fs::remove_file(&path); // it may only be read
        fs::write(path, text).unwrap();
    };
    let seen = |records: &str, manifest: &str| {
        write("data/records.jsonl", records);
        write("manifest-sha256.txt", manifest);
        for name in ["tagmanifest-sha256.txt", "tagmanifest-sha256.sig"] {
            fs::remove_file(u.folder.join(name)).unwrap();
        }
        super::tamper::sign(&u.folder, &c.officer);
        !u.script_agrees(&u.folder) && !super::fits(&u.app, &u.folder)
    };
    for at in 0..records.lines().count() {
        let kept = records.lines().enumerate().filter(|(n, _)| *n != at);
        let fewer: String = kept.map(|(_, line)| format!("{line}\n")).collect();
        let told = manifest.replace(&digest(&records), &digest(&fewer));
        assert!(seen(&fewer, &told), "{at}");
    }
    // Another recording in the place of the one that was recorded.
    let sound = u.folder.join("data/audio/original.wav");
    let other = String::from_utf8_lossy(&fs::read(&sound).unwrap()).replace("WAVE", "WAVF");
    let was = evidence::sha256(&fs::read(&sound).unwrap());
    write("data/audio/original.wav", &other);
    assert!(seen(&records, &manifest.replace(&was, &digest(&other))));
}
