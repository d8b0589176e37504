//! Tamperings by one who knows the program: keys under another role, lines behind the seal, changes in
//! another order, certificates of other words, keys and consents that nobody signed.

use std::fs;
use std::path::Path;

use mekong_interview::app::{App, Error};
use mekong_interview::domain::{Cancel, FactKind, SamplePos, SegmentId, Span};
use mekong_interview::evidence::{
    Asked, Audience, Consent, Draft, Kind, Passphrase, PublicKey, Role, SecretKey, Sign as _, hex,
};
use mekong_interview::store::{NewFact, Recutting, Store};
use serde_json::json;

use super::common;
use super::custody::{Custody, add_line, append, append_noted, make, row, swap_changes, unguarded};
use super::session::sign_anew;
use super::tamper::{Unpacked, copy, fits};

fn phrase() -> Passphrase {
    Passphrase::new("nine blue boats at dawn".to_owned())
}

fn bad(c: &Custody) -> Vec<(String, String)> {
    let checks = c.verify().checks.into_iter().filter(|k| !k.ok);
    checks.map(|k| (k.name, k.detail)).collect()
}

fn told(c: &Custody, name: &str, what: &str) {
    let bad = bad(c);
    let found = bad
        .iter()
        .any(|(of, detail)| of == name && detail.contains(what));
    assert!(found, "{name}: {what}: {bad:#?}");
}

/// The file of a key under another name or role, with the proof that its holder can make.
fn as_another(key: &SecretKey, name: &str, role: Role) -> PublicKey {
    let mut public = key.public().clone();
    (public.name, public.role) = (name.to_owned(), role);
    public.proof = hex(&key.sign(public.statement().as_bytes()));
    public
}

/// Puts it in the place of the key's own file.
fn put(app: &App, public: &PublicKey) {
    let named = app.workspace().keys().join(&public.number[..16]);
    fs::write(named.with_extension("public.json"), public.to_text()).unwrap();
}

#[test]
fn a_key_that_takes_another_role_or_name_signs_nothing_and_is_seen() {
    let c = Custody::unsealed(300);
    let people = [
        ("李芳", Role::Interpreter, "李芳", Role::Officer),
        (
            "Nguyễn Lan",
            Role::Interpreter,
            "Nguyễn Lan",
            Role::Administrator,
        ),
        ("สมชาย", Role::Reviewer, "สมชาย", Role::Interpreter),
        ("ကိုအောင်", Role::Interpreter, "ကိုမောင်", Role::Interpreter),
        ("ສົມພອນ", Role::Reviewer, "ສົມສີ", Role::Reviewer),
        ("សុខា", Role::Officer, "សុភា", Role::Officer),
    ];
    for (name, role, other, other_role) in people {
        let public = c.app.make_key(name, role, phrase(), None).unwrap();
        let open = || {
            let ring = c.app.keys().unwrap();
            let known = ring.numbered(&public.number).unwrap().unwrap();
            ring.unlock(&known, phrase()).unwrap()
        };
        let key = open();
        assert!(c.app.may_sign(&key).is_ok() && c.verify().ok);
        put(&c.app, &as_another(&key, other, other_role));
        // What is opened from the file is another person by it.
        let changed = open();
        assert_eq!(
            (changed.public().name.as_str(), changed.public().role),
            (other, other_role)
        );
        let tries = [
            c.app
                .certify(&c.id.0, &[SegmentId(1)], &changed, None)
                .map(drop),
            c.app
                .seal(&c.id.0, &changed, &Cancel::new(), &|_| {})
                .map(drop),
            c.app.may_sign(&changed),
        ];
        assert!(tries.iter().all(Result::is_err), "{name}: {tries:?}");
        assert!(matches!(tries[2], Err(Error::DoesNotFit(_))), "{tries:?}");
        told(&c, "workspace", "another name or role");
        put(&c.app, key.public());
        assert!(c.verify().ok);
        // Revoked while the other file lies there: its own one still fits once it is put back.
        put(&c.app, &as_another(&key, other, other_role));
        c.app.revoke_key(&public.number, None, None).unwrap();
        put(&c.app, key.public());
        assert!(c.verify().ok, "{name}: {:#?}", c.verify());
    }
    // A key of an earlier program, whose event tells no more than its role.
    put(
        &c.app,
        &as_another(&c.reviewer, "Nguyễn Thu", Role::Officer),
    );
    told(&c, "workspace", "another name or role");
    put(&c.app, c.reviewer.public());
    // Brought in again under another role, with its file gone.
    let file = c.dir.path().join("again.json");
    let named = c
        .app
        .workspace()
        .keys()
        .join(&c.reviewer.public().number[..16]);
    fs::remove_file(named.with_extension("public.json")).unwrap();
    let again = as_another(&c.reviewer, "Nguyễn Thu", Role::Administrator);
    fs::write(&file, again.to_text()).unwrap();
    assert!(c.app.trust_key(&file, None).is_err());
    fs::write(&file, c.reviewer.public().to_text()).unwrap();
    c.app.trust_key(&file, None).unwrap();
    assert!(c.verify().ok);
}

#[test]
fn nothing_is_added_behind_the_seal_unseen() {
    let c = Custody::new();
    let good = c.snapshot();
    let db = unguarded(&c.database());
    add_line(&db, &c.id);
    drop(db);
    told(&c, "records", "behind the seal");
    fs::write(c.database(), &good).unwrap();
    // The length, and with it what may be cut away or put in, told anew.
    let db = unguarded(&c.database());
    let anew = Draft::of(Kind::Noted, &[]).with("duration_ms", 100);
    append_noted(&db, &c.id, &anew);
    db.execute("UPDATE interview SET duration_ms = 100", [])
        .unwrap();
    drop(db);
    told(&c, "records", "behind the seal");
    fs::write(c.database(), &good).unwrap();
    // Texts may come, and stand where all can see it.
    let mut store = Store::open(&c.database()).unwrap();
    let speaker = store.set_speaker(&c.id, &[SegmentId(1)], "witness", "Su", None);
    assert_eq!(speaker.unwrap(), 1);
    drop(store);
    assert!(c.verify().ok, "{:#?}", c.verify());
}

/// Adds an event with one record to an unpacked bundle and signs it anew as its sender.
fn add_event(c: &Custody, bag: &Path, draft: &Draft<'_>) {
    let change = |name: &str, line: &str| {
        let path = bag.join(name);
        let old = fs::read(&path).unwrap();
        let new = [old.as_slice(), line.as_bytes(), b"\n"].concat();
        fs::write(&path, &new).unwrap();
        sign_anew(bag, Path::new(name), (&old, &new), &c.officer);
    };
    for row in draft.rows {
        change("data/records.jsonl", &row.line);
    }
    let chain = fs::read_to_string(bag.join("data/chain.jsonl")).unwrap();
    let last = chain.lines().next_back().unwrap();
    let previous = mekong_interview::evidence::sha256(last.as_bytes());
    let number = chain.lines().count() as u64 + 1;
    let link = draft.link(&c.id.0, number, &previous, "2999-01-01T00:00:00Z");
    change("data/chain.jsonl", &link.unwrap().body);
}

#[test]
fn what_a_sender_adds_behind_the_seal_is_seen_by_the_partner_and_by_the_script() {
    let c = Custody::new();
    let u = Unpacked::new(&c);
    let columns = |name: &str| json!({"key": 1, "kind": "marker", "label": name, "at": "2026-11-24T09:00:00Z"});
    let seen = |draft: &Draft<'_>| {
        let bag = u.dir.path().join("late");
        copy(&u.folder, &bag);
        add_event(&c, &bag, draft);
        let seen = [!fits(&u.app, &bag), !u.script_agrees(&bag)];
        fs::remove_dir_all(bag).unwrap();
        seen
    };
    // What may come: the same way is no tampering.
    let note = [row(
        "untranslated 77",
        json!({"line": 1, "lang": "vi", "reason": "x"}),
    )];
    assert_eq!(seen(&Draft::of(Kind::Failed, &note)), [false, false]);
    for name in [
        "entry 1",
        "session",
        "session-end",
        "recut 1",
        "recut 1.1",
        "speech-model 9.lo",
    ] {
        let rows = [row(name, columns("ဒေါ်မြ \",\"kind\":\"sealed\""))];
        assert_eq!(seen(&Draft::of(Kind::Noted, &rows)), [true, true], "{name}");
    }
    let rows = [row(
        "untranslated 78",
        json!({"line": 1, "lang": "vi", "reason": "x"}),
    )];
    let longer = Draft::of(Kind::Failed, &rows).with("duration_ms", 200);
    assert_eq!(seen(&longer), [true, true]);
    let words = Draft::of(Kind::Opened, &[]).with("reason", "\"duration_ms\": 1, \"entry 1\"");
    assert_eq!(seen(&words), [false, false]);
}

#[test]
fn of_two_changes_of_a_line_the_later_one_counts_whatever_their_rows_are_called() {
    let c = Custody::unsealed(300);
    let mut store = Store::open(&c.database()).unwrap();
    for (start, end) in [(1_210, 1_390), (1_220, 1_380)] {
        let place = Span::new(SamplePos(start), SamplePos(end));
        let what = Recutting::Retime(SegmentId(5), place);
        store.recut(&c.id, &what, "Su", None).unwrap();
    }
    drop(store);
    assert!(c.verify().ok, "{:#?}", c.verify());
    let db = unguarded(&c.database());
    assert!(swap_changes(&db));
    drop(db);
    told(&c, "shown", "line 5");
    // The program itself goes by the numbers.
    let mut store = Store::open(&c.database()).unwrap();
    store.rebuild_index(&mut |_, _| {}, &Cancel::new()).unwrap();
    let line = store.segment(&c.id, SegmentId(5)).unwrap();
    assert_eq!((line.span.start.0, line.span.end.0), (1_220, 1_380));
    store.recut(&c.id, &Recutting::Undo(2), "Su", None).unwrap();
    let line = store.segment(&c.id, SegmentId(5)).unwrap();
    assert_eq!((line.span.start.0, line.span.end.0), (1_210, 1_390));
    drop(store);
    assert!(c.verify().ok, "{:#?}", c.verify());
}

#[test]
fn whoever_certifies_certifies_the_words_that_stand() {
    let c = Custody::unsealed(300);
    let good = c.snapshot();
    let at = "2030-01-01T00:00:00Z";
    let forge = |sql: &str, rows: &[mekong_interview::evidence::Row]| {
        let db = unguarded(&c.database());
        db.execute_batch(sql).unwrap();
        let mut draft = Draft::of(Kind::Certified, rows);
        draft.signer = Some(&c.reviewer);
        append_noted(&db, &c.id, &draft);
    };
    let text = |words: &str, lang: &str| {
        row(
            "text 1.2",
            json!({"line": 1, "version": 2, "lang": lang, "text": words,
            "status": "certified", "author": "Nguyễn Thu", "reason": null, "confidence": null,
            "words": "[]", "flags": "[]", "at": at}),
        )
    };
    let insert = |words: &str, lang: &str| {
        format!(
        "INSERT INTO text_version (segment, version, lang, text, status, author, words, flags, at)
             VALUES (1, 2, '{lang}', '{words}', 'certified', 'Nguyễn Thu', '[]', '[]', '{at}');
         UPDATE line SET version = 2 WHERE segment = 1;")
    };
    let own = super::custody::WORDS[0].1;
    forge(&insert(own, "zh"), &[text(own, "zh")]);
    assert_eq!(bad(&c), [], "the words that stood");
    for (words, lang) in [("我叫李四。", "zh"), (own, "lo"), ("សុខា", "zh")] {
        fs::write(c.database(), &good).unwrap();
        forge(&insert(words, lang), &[text(words, lang)]);
        told(&c, "certificates", "other words");
    }
    // A translation beside the right words.
    fs::write(c.database(), &good).unwrap();
    let made = row(
        "translation 1.vi.2",
        json!({"line": 1, "lang": "vi", "version": 2, "of_version": 2,
        "text": "Tên là gì?", "status": "certified", "author": "Nguyễn Thu", "reason": null,
        "log_prob": null, "terms": "[]", "flags": "[]", "at": at}),
    );
    let sql = format!(
        "{} INSERT INTO translation (segment, lang, version, of_version, text, status,
             author, terms, flags, at)
         VALUES (1, 'vi', 2, 2, 'Tên là gì?', 'certified', 'Nguyễn Thu', '[]', '[]', '{at}');",
        insert(own, "zh")
    );
    forge(&sql, &[text(own, "zh"), made]);
    told(&c, "certificates", "other words");
}

#[test]
fn once_an_administrator_vouches_every_note_of_a_key_is_signed() {
    let c = Custody::unsealed(300);
    let number = "ab".repeat(32);
    for (kind, why) in [
        (Kind::KeyMade, "no administrator vouched"),
        (Kind::KeyTrusted, "no administrator signed"),
        (Kind::KeyRevoked, "no administrator signed"),
    ] {
        for role in ["officer", "interpreter", "reviewer", "administrator"] {
            let c = Custody::unsealed(300);
            let forge = |c: &Custody| {
                let draft = Draft::of(kind, &[])
                    .with("key", number.as_str())
                    .with("role", role);
                let db = unguarded(&c.database());
                append(
                    &db,
                    (0, "workspace"),
                    &draft,
                    &jiff::Timestamp::now().to_string(),
                );
            };
            // Nobody there who could vouch: as it is.
            forge(&c);
            assert_eq!(bad(&c), [], "{kind:?} {role}");
            let c = Custody::unsealed(300);
            c.app
                .make_key("ສົມພອນ", Role::Administrator, phrase(), None)
                .unwrap();
            assert_eq!(bad(&c), []);
            forge(&c);
            told(&c, "workspace", why);
        }
    }
    // One whom an earlier program made vouches from the first signature on.
    let mya = SecretKey::new("Daw Mya", Role::Administrator).unwrap();
    make(&c.app, &mya, c.dir.path());
    let som = SecretKey::new("สมชาย", Role::Officer).unwrap();
    make(&c.app, &som, c.dir.path());
    assert_eq!(bad(&c), []);
}

#[test]
fn a_wider_consent_that_nobody_signed_is_seen_also_behind_one_that_nobody_had_to_sign() {
    let narrow = Consent {
        asked: Asked::Witness,
        seen_by: Audience::Agency,
        until: None,
        sound: false,
        pseudonym: None,
        person: None,
        by: "王芳".into(),
    };
    let wide = Consent {
        seen_by: Audience::Anyone,
        sound: true,
        ..narrow.clone()
    };
    let c = Custody::unsealed(300);
    c.app.give_consent(&c.id.0, &narrow, None).unwrap();
    assert_eq!(bad(&c), []);
    let db = unguarded(&c.database());
    append_noted(
        &db,
        &c.id,
        &Draft {
            facts: wide.facts(),
            ..Draft::of(Kind::Consented, &[])
        },
    );
    drop(db);
    told(&c, "consent", "nobody signed it");
    let out = c.dir.path().join("out.zip");
    let left = c
        .app
        .bundle(&c.id.0, None, &out, &c.officer, &Cancel::new(), &|_| {});
    assert!(left.is_err() && !out.exists());
    // Where nobody has a key that could sign, the answer is taken as it is given, also once one is made.
    let dir = tempfile::tempdir().unwrap();
    let app = super::open(dir.path());
    let id = super::custody::record(&app, dir.path());
    app.give_consent(&id.0, &narrow, None).unwrap();
    app.give_consent(&id.0, &wide, None).unwrap();
    app.make_key("李明", Role::Officer, phrase(), None).unwrap();
    let verdict = app
        .verify_interview(&id.0, None, &Cancel::new(), &|_| {})
        .unwrap();
    assert!(verdict.ok, "{verdict:#?}");
}

/// What `verify --all` says of the workspace after a change of the database.
fn whole(c: &Custody, sql: &str) -> Vec<String> {
    let good = c.snapshot();
    let db = unguarded(&c.database());
    db.execute_batch(sql).unwrap();
    drop(db);
    let verdict = c.app.verify_workspace().unwrap();
    fs::write(c.database(), good).unwrap();
    let bad = verdict.checks.into_iter().filter(|k| !k.ok);
    bad.map(|k| format!("{}: {}", k.name, k.detail)).collect()
}

#[test]
fn guards_and_tables_are_those_of_the_program() {
    let c = Custody::new();
    assert_eq!(whole(&c, "SELECT 1"), [""; 0]);
    // Nothing but the guards taken away, for good.
    for (sql, name) in [
        (
            "CREATE TRIGGER late AFTER INSERT ON text_version BEGIN
              UPDATE text_version SET text = '张' WHERE segment = NEW.segment; END",
            "late",
        ),
        ("CREATE TABLE shadow (text TEXT)", "shadow"),
        ("CREATE VIEW seen AS SELECT * FROM text_version", "seen"),
        ("DROP INDEX chain_by_kind", "chain_by_kind"),
        (
            "DROP INDEX recut_line_by_segment; CREATE INDEX recut_line_by_segment ON recut_line (recut)",
            "recut_line_by_segment",
        ),
        ("ALTER TABLE audio ADD COLUMN more TEXT", "audio"),
    ] {
        let told = whole(&c, sql);
        assert!(
            told.len() == 1 && told[0].contains(&format!("'{name}'")),
            "{sql}: {told:?}"
        );
    }
    let good = c.snapshot();
    let db = rusqlite::Connection::open(c.database()).unwrap();
    db.execute_batch("DROP TRIGGER text_version_no_update")
        .unwrap();
    drop(db);
    told(&c, "database", "'text_version_no_update'");
    let refused = c.app.certify(&c.id.0, &[SegmentId(4)], &c.reviewer, None);
    assert!(refused.is_ok(), "work goes on");
    assert!(
        c.app
            .seal(&c.id.0, &c.officer, &Cancel::new(), &|_| {})
            .is_err()
    );
    fs::write(c.database(), good).unwrap();
    assert!(c.verify().ok);
}

#[test]
fn what_is_worked_out_from_the_records_is_what_they_say() {
    let c = Custody::whole();
    let mut store = Store::open(&c.database()).unwrap();
    let facts = ["+855 12 345 678", "0812345678"].map(|n| [NewFact::new(FactKind::Phone, n)]);
    for fact in &facts {
        store.add_person(None, "王芳", fact).unwrap();
    }
    drop(store);
    assert_eq!(whole(&c, "SELECT 1"), [""; 0]);
    for sql in [
        "UPDATE line SET flagged = 1 - flagged WHERE segment = 2",
        "UPDATE line SET waits = 2 WHERE segment = 6",
        "UPDATE line SET interview = 9 WHERE segment = 6",
        "UPDATE tally SET flagged = flagged + 1",
        "UPDATE tally SET pending = pending + 1",
        "DELETE FROM search WHERE rowid = 4; INSERT INTO search (rowid, words) VALUES (4, 'x')",
        "DELETE FROM search WHERE rowid = 4; INSERT INTO search (rowid, words) VALUES (4444, 'x')",
        "UPDATE person_fact SET plain = '1' WHERE kind = 'phone' AND key = (SELECT max(key) FROM person_fact)",
        "UPDATE person_fact SET plain = '85512345678' WHERE plain = '0812345678'",
        "UPDATE person_fact SET plain = 'x' WHERE kind = 'name'",
        "DELETE FROM sound WHERE token = '张'",
        "UPDATE sound SET key = 'h:li' WHERE token = '张'",
        "INSERT INTO sound SELECT key, '炜' FROM sound WHERE token = '伟'",
        "DELETE FROM name_page",
        "UPDATE name_page SET keys = zeroblob(24)",
        "UPDATE name_page SET keys = substr(keys, 2)",
        "INSERT INTO name_page (keys) SELECT keys FROM name_page LIMIT 1",
    ] {
        let told = whole(&c, sql);
        assert!(
            told.iter().any(|t| t.starts_with("database")),
            "{sql}: {told:?}"
        );
    }
}

#[test]
fn a_damaged_place_is_named_and_everything_else_is_looked_at_all_the_same() {
    let c = Custody::new();
    let good = c.snapshot();
    let db = unguarded(&c.database());
    db.execute("UPDATE interview SET languages = 'zh ??'", [])
        .unwrap();
    drop(db);
    let verdict = c.verify();
    let ok = |name: &str| verdict.checks.iter().find(|k| k.name == name).map(|k| k.ok);
    assert_eq!(
        (ok("chain"), ok("records"), ok("database")),
        (Some(true), Some(false), Some(false))
    );
    assert_eq!(ok("workspace"), Some(true), "{verdict:#?}");
    drop(c.app.verify_workspace().unwrap());
    let all = |c: &Custody| {
        let output = common::run(c.dir.path(), &["verify", "--all", "--json"]);
        assert_eq!(output.status.code(), Some(3), "{}", common::stderr(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let told = all(&c);
    assert_eq!(told["interviews"][0]["ok"], false, "{told}");
    fs::write(c.database(), &good).unwrap();
    // The workspace's own chain is broken: no list of what was received can be trusted.
    let db = unguarded(&c.database());
    let cut = "UPDATE chain SET body = replace(body, '\"facts\"', '\"farts\"') WHERE subject = 0 AND number = 2";
    assert_eq!(db.execute(cut, []).unwrap(), 1);
    drop(db);
    let told = all(&c);
    assert_eq!(told["interviews"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["workspace"][0]["ok"], false);
    fs::write(c.database(), &good).unwrap();
    // A key's file that is none.
    put(
        &c.app,
        &as_another(&c.reviewer, "Nguyễn Thu", Role::Officer),
    );
    let named = c
        .app
        .workspace()
        .keys()
        .join(&c.reviewer.public().number[..16]);
    let file = named.with_extension("public.json");
    fs::write(&file, "{}").unwrap();
    let verdict = c.verify();
    assert!(!verdict.ok && verdict.checks.iter().any(|k| k.name == "records" && k.ok));
    put(&c.app, c.reviewer.public());
    assert!(c.verify().ok);
}
