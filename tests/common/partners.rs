//! What partners send and send back, what was exported, and what holds the workspace's own chain: each told
//! from what somebody put in its place.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use mekong_interview::app::{App, Error, ExportChoices, Foreign};
use mekong_interview::domain::{Asked, Cancel, InterviewId, Lang, SegmentId};
use mekong_interview::evidence::{
    self, Audience, Check, Consent, Draft, Event, Kind, Limit, Opened, Receipt, Role, SecretKey,
    Sign, canonical, hex,
};
use mekong_interview::export::Format;
use mekong_interview::pipeline::{Intake, IntakePlan, intake_file};
use mekong_interview::store::Store;
use serde_json::{Map, Value, json};

use super::common::{mekong, stderr};
use super::custody::{Custody, Edits as _, trust};
use super::tamper::fits;
use super::{covered, forge, own_key, partner};

/// A person's new words for the second line.
fn edit(c: &Custody, text: &str) {
    let mut store = Store::open(&c.database()).unwrap();
    let line = SegmentId(2);
    store
        .edit_text(&c.id, line, text, "Su", Some("ຟັງແລ້ວ"))
        .unwrap();
}

fn receive(app: &App, file: &Path) -> Result<(Opened, Foreign), Error> {
    app.receive(file, None, &Cancel::new(), &|_| {})
}

/// The events of one kind of the interview.
fn events(c: &Custody, kind: Kind) -> Vec<Event> {
    let links = Store::open(&c.database()).unwrap().chain(&c.id).unwrap();
    let all = evidence::read(&c.id.0, &links).unwrap();
    let mut found = all;
    found.retain(|e| e.kind == kind.as_str());
    found
}

/// A signed line of canonical JSON with other words in it, signed anew in its field `proof`.
fn signed_anew(line: &str, proof: &str, key: &SecretKey, other: &[(&str, &str)]) -> String {
    let mut fields: Map<String, Value> = serde_json::from_str(line).unwrap();
    fields.remove(proof);
    for (name, value) in other {
        fields.insert((*name).to_owned(), json!(value));
    }
    let message = canonical(&Value::Object(fields.clone())).unwrap();
    let signature = hex(&key.sign(message.as_bytes()));
    fields.insert(proof.to_owned(), json!(signature));
    canonical(&Value::Object(fields)).unwrap()
}

#[test]
fn a_receipt_is_for_the_history_that_is_here_and_of_the_person_who_has_the_key() {
    let c = Custody::unsealed(300);
    let (_dir, theirs) = partner(&c);
    let lan = SecretKey::new("Nguyễn Lan", Role::Officer).unwrap();
    trust(&c.app, &lan, c.dir.path());
    let before = c.snapshot();
    edit(&c, "Tôi đến từ Huế.");
    let (whole, _) = receive(&theirs, &c.bundle("sent.zip")).unwrap();
    let (copy, _) = receive(&theirs, &covered(&c, "copy.zip", false).unwrap()).unwrap();
    let fits_line = |line: &str| {
        let file = c.dir.path().join("receipt.json");
        fs::write(&file, line).unwrap();
        fits(&c.app, &file)
    };
    let [whole, copy] = [whole, copy].map(|opened| Receipt::sign(&opened, &lan));
    assert!(fits_line(&whole) && fits_line(&copy));
    for (field, other) in [("role", "administrator"), ("by", "ຄຳ"), ("by", "สมชาย")] {
        let other = signed_anew(&whole, "signature", &lan, &[(field, other)]);
        assert!(!fits_line(&other), "{field}");
    }
    // The head of the copy that was sent, and of no other.
    let other = "ab".repeat(32);
    let other = signed_anew(&copy, "signature", &lan, &[("head", &other)]);
    assert!(!fits_line(&other));
    // The interview is written anew, and what says that it was sent is put into it.
    let sent = events(&c, Kind::Bundled);
    fs::write(c.database(), before).unwrap();
    edit(&c, "Tôi đến từ Vinh.");
    assert!(!fits_line(&whole), "it was never sent");
    for event in &sent {
        let mut draft = Draft::of(Kind::Bundled, &[]);
        draft.facts = event.facts.clone();
        forge(&c, 1, &draft, &event.at);
    }
    assert!(!fits_line(&whole), "another history");
}

/// What a bundle that was taken in says of those that came before.
fn earlier(opened: &Opened) -> Option<&Check> {
    opened.checks.iter().find(|k| k.name == "earlier bundles")
}

#[test]
fn a_second_bundle_of_an_interview_goes_on_with_its_history_or_is_refused() {
    let c = Custody::unsealed(300);
    let old = c.bundle("old.zip");
    let before = c.snapshot();
    edit(&c, "Tôi đến từ Huế.");
    let new = c.bundle("new.zip");
    let copies = ["a.zip", "b.zip"].map(|name| covered(&c, name, false).unwrap());
    fs::write(c.database(), before).unwrap();
    edit(&c, "Tôi đến từ Vinh.");
    let other = c.bundle("other.zip");
    let refused = |theirs: &App, file: &Path| {
        let before = theirs.received().unwrap();
        let told = receive(theirs, file).unwrap_err();
        assert_eq!(told.exit_code(), 3, "{told}");
        assert!(!fits(theirs, file), "told before it is taken in");
        assert!(told.to_string().contains("another history"), "{told}");
        let day = &before[0].received[..10];
        assert!(told.to_string().contains(day), "{told}");
        assert_eq!(theirs.received().unwrap(), before);
        let folder = theirs.workspace().received();
        assert_eq!(fs::read_dir(folder).unwrap().count(), before.len());
    };
    // A sender who had to go back to a copy of the workspace: both are kept, and it is told from then on.
    let (_g, theirs) = partner(&c);
    receive(&theirs, &new).unwrap();
    refused(&theirs, &other);
    let (opened, foreign) = receive(&theirs.beside_other_histories(), &other).unwrap();
    assert!(earlier(&opened).is_some_and(|k| !k.ok && k.detail.contains("another history")));
    let verdict = theirs.verify_received(&foreign, &Cancel::new(), &|_| {});
    assert!(!verdict.unwrap().ok);
    // Newer ones, and covered copies beside them, in any order.
    let (_a, theirs) = partner(&c);
    assert!(earlier(&receive(&theirs, &old).unwrap().0).is_none());
    receive(&theirs, &copies[0]).unwrap();
    let (opened, _) = receive(&theirs, &new).unwrap();
    assert!(earlier(&opened).is_some_and(|k| k.ok && k.detail.contains("goes on")));
    receive(&theirs, &copies[1]).unwrap();
    refused(&theirs, &other);
    let mut all = theirs.received().unwrap();
    for foreign in &all {
        let verdict = theirs.verify_received(foreign, &Cancel::new(), &|_| {});
        assert!(verdict.unwrap().ok);
    }
    // An older one that comes late is taken, and it is told.
    let (_b, theirs) = partner(&c);
    receive(&theirs, &other).unwrap();
    refused(&theirs, &new);
    assert!(fits(&theirs, &old));
    let (opened, _) = receive(&theirs, &old).unwrap();
    assert!(earlier(&opened).is_some_and(|k| k.ok && k.detail.contains("older")));
    refused(&theirs, &new);
    // Where the earlier one is not what it was, nobody can tell: it is taken, and that is told.
    let (_d, theirs) = partner(&c);
    let (_, foreign) = receive(&theirs, &new).unwrap();
    fs::remove_dir_all(&foreign.folder).unwrap();
    let (opened, _) = receive(&theirs, &old).unwrap();
    assert!(earlier(&opened).is_some_and(|k| k.detail.contains("not be compared")));
    // Two that an earlier program took in side by side are told of when they are looked at again.
    let (_e, theirs) = partner(&c);
    receive(&theirs, &new).unwrap();
    let second = {
        let (_f, elsewhere) = partner(&c);
        let (opened, foreign) = receive(&elsewhere, &other).unwrap();
        let folder = theirs.workspace().received().join(&opened.bundle);
        super::tamper::copy(&foreign.folder, &folder);
        let mut facts = Map::new();
        for (name, fact) in [
            ("bundle", &opened.bundle),
            ("foreign", &opened.interview),
            ("signer", &opened.signer.number),
            ("last", &opened.head),
            ("manifest", &opened.manifest),
        ] {
            facts.insert(name.to_owned(), json!(fact));
        }
        let mut store = Store::open(&theirs.workspace().store()).unwrap();
        store.note_own(Kind::Received, facts, None).unwrap();
        opened.bundle
    };
    all = theirs.received().unwrap();
    let looked = all.iter().find(|f| f.bundle == second).unwrap();
    let verdict = theirs.verify_received(looked, &Cancel::new(), &|_| {});
    assert!(!verdict.unwrap().ok);
}

/// Trusts a line that is a public key.
fn pin(app: &App, line: &str, dir: &Path) {
    let file = dir.join("pinned.json");
    fs::write(&file, line).unwrap();
    app.trust_key(&file, None).unwrap();
    fs::remove_file(file).unwrap();
}

#[test]
fn a_key_inside_a_bundle_is_the_one_that_is_known_here() {
    let c = Custody::new();
    let file = c.bundle("sent.zip");
    let own = c.reviewer.public().to_text();
    for (field, other) in [("role", "officer"), ("name", "ສົມພອນ"), ("name", "ကိုအောင်")]
    {
        let (dir, theirs) = partner(&c);
        let other = signed_anew(&own, "proof", &c.reviewer, &[(field, other)]);
        pin(&theirs, &other, dir.path());
        let told = receive(&theirs, &file).unwrap_err();
        let number = &c.reviewer.public().number[..16];
        assert!(told.to_string().contains(number), "{field}: {told}");
        assert!(theirs.received().unwrap().is_empty());
    }
    let (dir, theirs) = partner(&c);
    pin(&theirs, &own, dir.path());
    receive(&theirs, &file).unwrap();
}

#[test]
fn events_of_a_revoked_key_are_the_senders_word_but_for_those_that_came_before() {
    let c = Custody::new();
    let told = |opened: &Opened| {
        let found = opened.checks.iter().find(|k| k.name == "signatures");
        found.unwrap().detail.clone()
    };
    let (dir, theirs) = partner(&c);
    trust(&theirs, &c.reviewer, dir.path());
    let (opened, _) = receive(&theirs, &c.bundle("a.zip")).unwrap();
    assert_eq!(told(&opened), "2 signatures");
    let number = &c.reviewer.public().number;
    theirs.revoke_key(number, None, None).unwrap();
    let again = c.bundle("b.zip");
    let (opened, _) = receive(&theirs, &again).unwrap();
    assert_eq!(told(&opened), "2 signatures", "they lay here before");
    // Here nothing did.
    let (dir, others) = partner(&c);
    trust(&others, &c.reviewer, dir.path());
    others.revoke_key(number, None, None).unwrap();
    let (opened, _) = receive(&others, &again).unwrap();
    let detail = told(&opened);
    assert!(detail.starts_with("2 signatures; 1 of them by a key that was revoked here"));
    assert!(detail.contains("the sender's word"), "{detail}");
}

#[test]
fn what_lay_here_before_a_revocation_is_good_whatever_its_date() {
    let c = Custody::new();
    let u = super::tamper::Unpacked::new(&c);
    // The sender's clock is years ahead.
    let bag = u.dir.path().join("late");
    super::tamper::copy(&u.folder, &bag);
    let keys = [&c.officer, &c.reviewer];
    super::session::rechain(&bag, &keys, &|_, event, _| {
        if event["kind"] == "certified" || event["kind"] == "sealed" {
            event["at"] = json!("2999-01-01T00:00:00Z");
        }
    });
    let number = &c.reviewer.public().number;
    let ok = |app: &App, bag: &Path| {
        let verdict = app.verify_file(bag, None, &Cancel::new(), &|_| {});
        verdict.unwrap().ok
    };
    let (dir, theirs) = partner(&c);
    trust(&theirs, &c.reviewer, dir.path());
    let (_, foreign) = theirs.receive(&bag, None, &Cancel::new(), &|_| {}).unwrap();
    let looked = |app: &App| app.verify_received(&foreign, &Cancel::new(), &|_| {});
    assert!(looked(&theirs).unwrap().ok);
    theirs.revoke_key(number, None, None).unwrap();
    let verdict = looked(&theirs).unwrap();
    assert!(verdict.ok, "it came before: {verdict:#?}");
    assert!(ok(&theirs, &bag));
    // Where it did not, there is only the date.
    let (dir, others) = partner(&c);
    trust(&others, &c.reviewer, dir.path());
    assert!(ok(&others, &bag));
    others.revoke_key(number, None, None).unwrap();
    assert!(!ok(&others, &bag));
}

#[test]
fn a_sender_is_who_every_note_on_the_key_says() {
    let c = Custody::new();
    let file = c.bundle("sent.zip");
    let own = c.officer.public().to_text();
    let number = c.officer.public().number.clone();
    let put = |app: &App, text: &str| {
        app.workspace().make_folders().unwrap();
        let keys = app.workspace().keys();
        fs::create_dir_all(&keys).unwrap();
        let named = keys.join(&number[..16]).with_extension("public.json");
        let _ = fs::remove_file(&named); // it may only be read
        fs::write(named, text).unwrap();
    };
    let look = |app: &App| app.verify_file(&file, None, &Cancel::new(), &|_| {});
    // A file that came in by no event is nobody's key.
    let dir = tempfile::tempdir().unwrap();
    let nobody = super::custody::open(dir.path());
    drop(Store::open(&nobody.workspace().store()).unwrap());
    put(&nobody, &own);
    let told = look(&nobody).unwrap();
    let detail = &told.checks[0].detail;
    assert!(!told.ok && detail.contains("not trusted here"), "{told:?}");
    let other = signed_anew(&own, "proof", &c.officer, &[("name", "ສົມພອນ")]);
    let note = |app: &App, kind: Kind, public: Option<&str>| {
        let mut facts = Map::new();
        facts.insert("key".into(), json!(number));
        facts.insert("role".into(), json!("officer"));
        if let Some(text) = public {
            facts.insert("public".into(), json!(evidence::sha256(text.as_bytes())));
        }
        let mut store = Store::open(&app.workspace().store()).unwrap();
        store.note_own(kind, facts, None).unwrap();
    };
    for (first, later) in [(Some(own.as_str()), None), (None, Some(own.as_str()))] {
        let dir = tempfile::tempdir().unwrap();
        let app = super::custody::open(dir.path());
        drop(Store::open(&app.workspace().store()).unwrap());
        put(&app, &own);
        // Earlier programs noted the role alone.
        note(&app, Kind::KeyTrusted, first);
        assert!(look(&app).unwrap().ok);
        if later.is_some() {
            note(&app, Kind::KeyTrusted, later);
            assert!(look(&app).unwrap().ok);
        }
        put(&app, &other);
        // It counts for nobody, and a check of the workspace tells of it.
        let told = look(&app).unwrap();
        let detail = &told.checks[0].detail;
        assert!(!told.ok && detail.contains("not trusted here"), "{told:?}");
        assert!(!app.verify_workspace().unwrap().ok);
        put(&app, &own);
        assert!(look(&app).unwrap().ok && app.verify_workspace().unwrap().ok);
        // What this sender sent is judged all the same where the file of another key is not as noted.
        let reviewer = c.reviewer.public();
        trust(&app, &c.reviewer, dir.path());
        let text = reviewer.to_text();
        let other = signed_anew(&text, "proof", &c.reviewer, &[("name", "ສົມພອນ")]);
        let named = app.workspace().keys().join(&reviewer.number[..16]);
        let named = named.with_extension("public.json");
        let _ = fs::remove_file(&named); // it may only be read
        fs::write(named, other).unwrap();
        assert!(look(&app).unwrap().ok && !app.verify_workspace().unwrap().ok);
    }
}

/// Writes the workspace's own chain anew without the events of one kind.
fn without(c: &Custody, gone: Kind) {
    let own = Store::open(&c.database()).unwrap().own_chain().unwrap();
    let own = evidence::read("workspace", &own).unwrap();
    let db = super::unguarded(&c.database());
    db.execute("DELETE FROM chain WHERE subject = 0", [])
        .unwrap();
    drop(db);
    let kinds = [
        Kind::KeyMade,
        Kind::KeyTrusted,
        Kind::Imported,
        Kind::Head,
        Kind::Certified,
        Kind::Sealed,
        Kind::Bundled,
        Kind::Unlocked,
        Kind::Received,
    ];
    for event in own.iter().filter(|e| e.kind != gone.as_str()) {
        let kind = kinds.iter().find(|k| k.as_str() == event.kind).unwrap();
        let mut draft = Draft::of(*kind, &[]);
        draft.facts = event.facts.clone();
        forge(c, 0, &draft, &event.at);
    }
}

#[test]
fn what_stood_in_the_workspaces_own_chain_is_held_by_the_next_seal_and_bundle() {
    for seals in [true, false] {
        let c = Custody::unsealed(300);
        let mut store = Store::open(&c.database()).unwrap();
        store.note_own(Kind::Unlocked, Map::new(), None).unwrap();
        drop(store);
        if seals {
            let sealed = c.app.seal(&c.id.0, &c.officer, &Cancel::new(), &|_| {});
            sealed.unwrap();
        } else {
            c.bundle("sent.zip");
        }
        assert!(c.verify().ok, "{:#?}", c.verify());
        without(&c, Kind::Unlocked);
        let verdict = c.verify();
        let bad: Vec<_> = verdict.checks.iter().filter(|k| !k.ok).collect();
        assert_eq!(bad.len(), 1, "{verdict:#?}");
        assert_eq!(bad[0].name, "workspace", "{bad:?}");
    }
}

#[test]
fn the_digits_of_the_workspaces_own_chain_are_shown_and_found_again() {
    let c = Custody::new();
    let run = |args: &[&str]| {
        let told = mekong(c.dir.path()).args(args).output().unwrap();
        let value: Value = serde_json::from_slice(&told.stdout).unwrap_or_default();
        (told.status.code(), value, stderr(&told))
    };
    let (code, told, _) = run(&["verify", "--all", "--json"]);
    assert_eq!(code, Some(0), "{told}");
    let links = Store::open(&c.database()).unwrap().own_chain().unwrap();
    let head = evidence::head(&links).to_owned();
    let workspace = told["workspace"][0]["detail"].as_str().unwrap();
    assert!(workspace.contains(&head), "{workspace}");
    edit(&c, "Tôi đến từ Huế.");
    let grouped = format!("{} {}", &head[..8], &head[8..16]);
    for (digits, code) in [
        (head.as_str(), 0),
        (&grouped, 0),
        (&c.paper, 0),
        (&head[..12], 3),
        ("0000000000000000", 3),
    ] {
        let (found, told, error) = run(&["verify", "--all", "--head", digits, "--json"]);
        assert_eq!(found, Some(code), "{digits}: {told} {error}");
        let last = told["workspace"].as_array().unwrap().last().unwrap();
        assert_eq!(last["name"], "head");
    }
    // Cut off without a trace, but for what was written down.
    let mut store = Store::open(&c.database()).unwrap();
    let last = store.note_own(Kind::Unlocked, Map::new(), None).unwrap();
    drop(store);
    let digits = last.hash.as_str();
    assert_eq!(run(&["verify", "--all", "--head", digits]).0, Some(0));
    super::unguarded(&c.database())
        .execute(
            "DELETE FROM chain WHERE subject = 0 AND kind = 'workspace-unlocked'",
            [],
        )
        .unwrap();
    assert_eq!(run(&["verify", "--all", "--head", digits]).0, Some(3));
}

#[test]
fn an_export_is_known_again_and_its_entry_names_the_forms_it_was_made_of() {
    let c = Custody::new();
    let choices = ExportChoices {
        person: Some(Asked::Witness),
        ..ExportChoices::default()
    };
    let export = |format, name: &str| {
        let out = c.dir.path().join(name);
        let (place, cancel) = ((out.as_path(), true), Cancel::new());
        c.app
            .export(&c.id.0, format, &choices, place, &cancel, &|_| {})
            .unwrap();
        out
    };
    let verdict = |file: &Path| {
        let verdict = c.app.verify_file(file, None, &Cancel::new(), &|_| {});
        verdict.unwrap()
    };
    for (format, name) in [
        (Format::Record, "record.docx"),
        (Format::RecordPdf, "record.pdf"),
        (Format::Json, "a.json"),
        (Format::Txt, "a.txt"),
    ] {
        let out = export(format, name);
        let told = verdict(&out);
        assert!(told.ok, "{name}: {told:?}");
        let number = events(&c, Kind::Exported).last().unwrap().number;
        let wanted = format!("export of {}, event {number}", c.id);
        assert_eq!(told.checks[0].detail, wanted);
        let mut bytes = fs::read(&out).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&out, bytes).unwrap();
        assert!(!verdict(&out).ok, "{name} was changed");
    }
    let exported = |kind| {
        let all = events(&c, kind);
        let forms = all.last().unwrap().facts.get("templates");
        forms.cloned().unwrap_or_default()
    };
    assert_eq!(exported(Kind::Exported), Value::Null, "a text has no form");
    export(Format::Record, "b.docx");
    let before = exported(Kind::Exported);
    assert_eq!(exported(Kind::OpenedForExport), before);
    for file in ["record-zh.toml", "record-vi.toml"] {
        assert_eq!(before[file].as_str().unwrap().len(), 64, "{before}");
    }
    // Rights and formula are changed in the agency's own form.
    c.app.copy_templates().unwrap();
    let form = c.dir.path().join("templates/record-vi.toml");
    let text = fs::read_to_string(&form).unwrap();
    fs::write(&form, format!("{text}\n# khác\n")).unwrap();
    export(Format::Record, "c.docx");
    let after = exported(Kind::Exported);
    assert_eq!(after["record-zh.toml"], before["record-zh.toml"]);
    assert_eq!(
        after["record-vi.toml"],
        evidence::sha256(&fs::read(&form).unwrap())
    );
    // The register's export stands in the workspace's own chain.
    own_key(&c.app, "Ruth", Role::Administrator);
    let people = c.dir.path().join("people.jsonl");
    c.app.export_people(None, &people, false).unwrap();
    let told = verdict(&people);
    assert!(
        told.ok && told.checks[0].detail.contains("register"),
        "{told:?}"
    );
}

#[test]
fn a_receipt_for_an_interview_that_is_not_here_fits_nothing() {
    let c = Custody::new();
    let (_dir, theirs) = partner(&c);
    let lan = SecretKey::new("Lan", Role::Officer).unwrap();
    trust(&c.app, &lan, c.dir.path());
    let (mut opened, _) = receive(&theirs, &c.bundle("sent.zip")).unwrap();
    opened.interview = InterviewId("20200101-000000-000000".into()).0;
    let file = c.dir.path().join("receipt.json");
    fs::write(&file, Receipt::sign(&opened, &lan)).unwrap();
    assert!(!fits(&c.app, &file));
}

#[test]
fn a_victims_recording_that_is_brought_in_is_bound_until_a_consent_is_entered() {
    let c = Custody::unsealed(300);
    let here = c.dir.path();
    let talk = here.join("talk.json");
    let lines = json!([{"start_ms": 0, "lang": "vi", "text": "Tôi tên là Hạnh, số 0812345678."}]);
    fs::write(&talk, json!({ "segments": lines }).to_string()).unwrap();
    let import = |of: &[&str]| {
        let talk = talk.to_str().unwrap();
        let args = ["import", talk, "--again", "--languages", "zh,vi", "--json"];
        let done = mekong(here).args(args).args(of).output().unwrap();
        let told: Value = serde_json::from_slice(&done.stdout).unwrap();
        told[0]["id"].as_str().unwrap().to_owned()
    };
    let bundle = |id: &str| {
        let (out, cancel) = (here.join(format!("{id}.zip")), Cancel::new());
        c.app.bundle(id, None, &out, &c.officer, &cancel, &|_| {})
    };
    let victim = import(&["--of", "victim"]);
    assert_eq!(super::limit(bundle(&victim)), Limit::Unasked);
    assert!(bundle(&import(&["--of", "witness"])).is_ok());
    assert!(bundle(&import(&[])).is_ok());
    let consent = Consent {
        asked: Asked::Victim,
        seen_by: Audience::Anyone,
        until: None,
        sound: true,
        pseudonym: None,
        person: None,
        by: "王芳".into(),
    };
    let signer = Some(&c.officer);
    c.app.give_consent(&victim, &consent, signer).unwrap();
    assert!(bundle(&victim).is_ok());
    // So is a recording, also one whose taking in was cut off and is taken up again by its plan.
    let plan = IntakePlan {
        id: InterviewId("20261126-090000-abcdef".into()),
        case: None,
        languages: vec![Lang::Km, Lang::My],
        channels: Vec::new(),
        started: "2026-11-26T09:00:00+07:00".into(),
        original_name: "សំឡេង.wav".into(),
        max_utterance_ms: 15_000.into(),
        again: true,
        speech_models: Vec::new(),
        asked: Some(Asked::Victim),
    };
    let plan: IntakePlan = serde_json::from_value(serde_json::to_value(plan).unwrap()).unwrap();
    let intake = Intake {
        recordings: &c.app.workspace().recordings(),
        cancel: &Cancel::new(),
        watcher: &|_| {},
    };
    let mut store = Store::open(&c.database()).unwrap();
    intake_file(&intake, &mut store, &here.join("sound.wav"), &plan).unwrap();
    drop(store);
    assert_eq!(super::limit(bundle(&plan.id.0)), Limit::Unasked);
    // A plan of an earlier program says nothing of it.
    let mut old = serde_json::to_value(&plan).unwrap();
    old.as_object_mut().unwrap().remove("asked");
    let old: IntakePlan = serde_json::from_value(old).unwrap();
    assert_eq!(old.asked, None);
}

#[test]
fn words_that_commands_show_of_lines_are_noted() {
    let c = Custody::unsealed(300);
    let run = |args: &[&str]| {
        let done = mekong(c.dir.path())
            .args(args)
            .stdin(Stdio::null())
            .output();
        let done = done.unwrap();
        assert!(done.status.success(), "{args:?}: {}", stderr(&done));
    };
    let through = |way: &str| {
        let all = events(&c, Kind::Opened);
        all.iter()
            .filter(|e| e.fact("through") == Some(way))
            .count()
    };
    let id = c.id.0.as_str();
    for _ in 0..2 {
        run(&["people", "candidates", id]);
        run(&["read-back", id, "--by", "Su"]);
    }
    // Once a day.
    assert_eq!(through("people candidates"), 1);
    assert_eq!(through("read-back"), 1);
}
