//! The register of people: entered, corrected, matched, decided; nothing is changed or removed.

use rusqlite::params;

use super::super::{Error, NewFact, Offer, Store};
use super::Edits as _;
use super::{SIX_LINES, id, told};
use crate::domain::{FactKind, InterviewId, Lang, NameSource, PersonId, SegmentId, Verdict};
use crate::text::names::{Name, SHOWN};

fn name(value: &str) -> NewFact<'_> {
    NewFact::new(FactKind::Name, value)
}

fn offered<'a>(interview: &'a InterviewId, value: &'a str) -> Offer<'a> {
    Offer {
        interview,
        segment: SegmentId(1),
        kind: FactKind::Name,
        value,
    }
}

fn person(store: &mut Store, value: &str) -> PersonId {
    store
        .add_person(Some("案件一"), "Li", &[name(value)])
        .unwrap()
}

#[test]
fn a_person_is_found_by_the_name_in_any_script() {
    let mut store = Store::open_in_memory().unwrap();
    let hung = person(&mut store, "阮文雄");
    person(&mut store, "สมชาย ใจดี");
    person(&mut store, "Zhang Jianguo");
    for asked in [
        "Nguyễn Văn Hùng",
        "เหงียน วัน หุ่ง",
        "ງວຽນ ວັນ ຫຸງ",
        "ង្វៀន វ៉ាន់ ហ៊ុង",
        "ငုယင်ဗန်ဟုန်း",
        "阮文雄",
    ] {
        let found = store
            .match_name(&Name::read(asked, None), SHOWN, 10)
            .unwrap();
        assert_eq!(found.first().map(|f| &f.person), Some(&hung), "{asked}");
        assert!(found[0].comparison.is_some() && found[0].score >= SHOWN);
    }
    assert!(
        store
            .match_name(&Name::read("12", None), 0.0, 10)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_correction_is_a_new_row_and_the_old_name_is_no_longer_found() {
    let mut store = Store::open_in_memory().unwrap();
    let who = person(&mut store, "เหงียน วัน หุ่ง");
    let first = store.person(&who).unwrap().facts[0].id;
    let corrected = NewFact {
        replaces: Some(first),
        source: Some(NameSource::Document),
        lang: Some(Lang::Vi),
        ..name("Trần Thị Mai")
    };
    store.add_fact(&who, "Somchai", &corrected).unwrap();
    let now = store.person(&who).unwrap();
    assert_eq!(now.facts.len(), 1);
    assert_eq!(
        (now.facts[0].value.as_str(), now.facts[0].by.as_str()),
        ("Trần Thị Mai", "Somchai")
    );
    assert_eq!(store.person_history(&who).unwrap().len(), 2);
    assert!(
        store
            .match_name(&Name::read("阮文雄", None), SHOWN, 9)
            .unwrap()
            .is_empty()
    );
    assert!(
        matches!(
            store.add_fact(&who, "Li", &corrected),
            Err(Error::NoFact(_))
        ),
        "it was corrected"
    );
    store
        .withdraw_fact(&who, now.facts[0].id, "Li", Some("another woman"))
        .unwrap();
    assert!(store.person(&who).unwrap().facts.is_empty());
    assert_eq!(store.person_history(&who).unwrap().len(), 3);
    assert!(
        store
            .match_name(&Name::read("陈氏梅", None), SHOWN, 9)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn decisions_pile_up_and_merge_nothing() {
    let mut store = Store::open_in_memory().unwrap();
    let (a, b) = (
        person(&mut store, "សុខ សុភា"),
        person(&mut store, "Sok Sophea"),
    );
    store.decide(&b, &a, Verdict::Unsure, "Li", None).unwrap();
    store
        .decide(&a, &b, Verdict::NotSame, "Li", Some("born in other years"))
        .unwrap();
    let seen: Vec<_> = store
        .decisions(&b)
        .unwrap()
        .iter()
        .map(|d| (d.other.clone(), d.verdict))
        .collect();
    assert_eq!(
        seen,
        [(a.clone(), Verdict::Unsure), (a.clone(), Verdict::NotSame)]
    );
    assert_eq!(store.people(None).unwrap().len(), 2);
    assert!(matches!(
        store.decide(&a, &a, Verdict::Same, "Li", None),
        Err(Error::SamePerson)
    ));
    assert!(matches!(
        store.decide(&a, &b, Verdict::Same, " ", None),
        Err(Error::NoAuthor)
    ));
}

#[test]
fn shared_numbers_and_interviews_link_people() {
    let mut store = Store::open_in_memory().unwrap();
    told(
        &mut store,
        "a-1",
        Lang::Vi,
        &["Tôi tên là Hùng.", "Tôi đi Lào Cai."],
    );
    let (a, b, c) = (
        person(&mut store, "黄小梅"),
        person(&mut store, "မြင့်"),
        person(&mut store, "ສົມພອນ"),
    );
    let interview = id("a-1");
    for (who, phone) in [
        (&a, "081-234-5678"),
        (&b, "๐๘๑ ๒๓๔ ๕๖๗๘"),
        (&c, "0912 000 111"),
    ] {
        store
            .add_fact(who, "Li", &NewFact::new(FactKind::Phone, phone))
            .unwrap();
        let mention = NewFact {
            line: Some((&interview, SegmentId(1))),
            ..NewFact::new(FactKind::Mention, "Hùng")
        };
        if who != &b {
            store.add_fact(who, "Li", &mention).unwrap();
        }
    }
    let shared = store.shared(&[a.clone(), b.clone(), c.clone()]).unwrap();
    let seen: Vec<_> = shared
        .iter()
        .map(|s| (s.kind, s.value.as_str(), s.people.len()))
        .collect();
    assert_eq!(
        seen,
        [
            (FactKind::Mention, "a-1", 2),
            (FactKind::Phone, "081-234-5678", 2)
        ]
    );
    assert_eq!(store.shared(std::slice::from_ref(&b)).unwrap().len(), 1);
    assert_eq!(
        store.people_with(FactKind::Phone, "0812345678").unwrap(),
        [a, b]
    );
    assert_eq!(store.people(Some("案件一")).unwrap().len(), 3);
    assert!(store.people(Some("no such case")).unwrap().is_empty());
}

#[test]
fn what_cannot_be_is_refused_with_a_next_step() {
    let mut store = Store::open_in_memory().unwrap();
    let who = person(&mut store, "ສົມພອນ");
    for (kind, value) in [
        (FactKind::Name, "123"),
        (FactKind::Name, ""),
        (FactKind::BirthYear, "1700"),
        (FactKind::Phone, "12"),
        (FactKind::Place, ""),
    ] {
        let refused = store
            .add_fact(&who, "Li", &NewFact::new(kind, value))
            .unwrap_err();
        assert!(matches!(refused, Error::BadFact(k) if k == kind) && !refused.help().is_empty());
    }
    store
        .add_fact(&who, "Li", &NewFact::new(FactKind::BirthYear, "พ.ศ. 2530"))
        .unwrap();
    let nobody = PersonId("p99".into());
    assert!(matches!(store.person(&nobody), Err(Error::NoPerson(_))));
    assert!(matches!(
        store.add_person(None, "", &[]),
        Err(Error::NoAuthor)
    ));
}

#[test]
fn an_answered_offer_is_remembered() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a-1", Lang::Km, &["ខ្ញុំឈ្មោះសុខា"]);
    store
        .answer_offer(&offered(&id("a-1"), "សុខា"), false, "Li", None)
        .unwrap();
    let answered = store.answered_offers(&id("a-1")).unwrap();
    assert_eq!(answered, [(SegmentId(1), FactKind::Name, "សុខា".to_owned())]);
}

#[test]
fn nothing_of_the_register_can_be_changed_or_removed() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a-1", Lang::Th, &["ฉันชื่อสมชาย"]);
    let (a, b) = (person(&mut store, "สมชาย"), person(&mut store, "Somchai"));
    store.decide(&a, &b, Verdict::Same, "Li", None).unwrap();
    store
        .answer_offer(&offered(&id("a-1"), "สมชาย"), true, "Li", None)
        .unwrap();
    for table in ["person", "person_fact", "person_decision", "person_offer"] {
        for sql in [
            format!("UPDATE {table} SET at = 'x'"),
            format!("DELETE FROM {table}"),
            format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"),
        ] {
            let refused = store.conn.execute(&sql, params![]).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
    }
}

#[test]
fn summaries_of_another_version_are_made_anew() {
    let mut store = Store::open_in_memory().unwrap();
    let who = person(&mut store, "陈氏梅");
    store
        .conn
        .execute_batch("DELETE FROM name_page; UPDATE setting SET value = '0' WHERE name = 'names'")
        .unwrap();
    let asked = Name::read("Trần Thị Mai", None);
    assert!(store.match_name(&asked, SHOWN, 5).unwrap().is_empty());
    super::super::people_match::refresh(&store.conn).unwrap();
    assert_eq!(store.match_name(&asked, SHOWN, 5).unwrap()[0].person, who);
}

/// A register with people, a correction and a decision, and its chain.
fn filled() -> (Store, Vec<crate::evidence::Link>) {
    let mut store = Store::open_in_memory().unwrap();
    // Entered by a program of an earlier version, which told nobody.
    let old =
        "INSERT INTO person (key, id, made_by, at) VALUES (1, 'p1', 'Li', '2025-01-01T00:00:00Z')";
    store.conn.execute(old, []).unwrap();
    assert!(store.register_proofs().unwrap().is_empty());
    let one = person(&mut store, "阮文雄");
    let two = person(&mut store, "Nguyễn Văn Hùng");
    let fact = store.add_fact(&one, "Li", &name("A Hùng")).unwrap();
    store.withdraw_fact(&one, fact, "Li", None).unwrap();
    store
        .decide(&one, &two, Verdict::NotSame, "Lan", Some("ວັນເກີດ"))
        .unwrap();
    let own = store.own_chain().unwrap();
    (store, own)
}

#[test]
fn every_row_of_the_register_stands_in_the_own_chain_by_its_hash() {
    use crate::evidence::{WORKSPACE, check_rows, read};

    let fits = |store: &Store| {
        let events = read(WORKSPACE, &store.own_chain().unwrap()).unwrap();
        check_rows(&events, &store.register_proofs().unwrap())
    };
    let (store, own) = filled();
    let good = fits(&store);
    assert!(good.ok && good.detail == "8 records", "{good:?}");
    let kinds: Vec<String> = own.iter().filter_map(|link| link.kind()).collect();
    let entered = "registered";
    assert_eq!(kinds, [entered, entered, entered, entered, "decided"]);
    let bodies: String = own.iter().map(|link| link.body.as_str()).collect();
    assert!(!bodies.contains("Hùng") && !bodies.contains("阮"));
    // Whoever goes round the triggers is seen.
    for (table, change, told) in [
        (
            "person_decision",
            "UPDATE person_decision SET verdict = 'same'",
            "'person-decision 1' was changed after event 5",
        ),
        (
            "person_fact",
            "DELETE FROM person_fact WHERE withdrawn = 1",
            "'person-fact 4' of event 4 is gone",
        ),
        (
            "person",
            "INSERT INTO person (key, id, made_by, at) VALUES (9, 'p9', 'Li', '2026-01-01')",
            "'person 9' is in no event",
        ),
    ] {
        let (store, _) = filled();
        for act in ["update", "delete", "replace"] {
            let trigger = format!("DROP TRIGGER {table}_no_{act}");
            store.conn.execute(&trigger, []).unwrap();
        }
        store.conn.execute(change, []).unwrap();
        let found = fits(&store);
        assert_eq!((found.ok, found.detail.as_str()), (false, told));
    }
}

#[test]
fn several_entries_are_stored_all_or_none() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a-1", Lang::Zh, &["我叫张伟。"]);
    let who = person(&mut store, "ສົມພອນ");
    let line = id("a-1");
    let at = Some((&line, SegmentId(1)));
    let from_line = NewFact {
        line: at,
        ..name("张伟")
    };
    let wrong = NewFact::new(FactKind::BirthYear, "no year");
    let refused = store.add_facts(&who, "Li", &[from_line, wrong]);
    assert!(matches!(refused, Err(Error::BadFact(FactKind::BirthYear))));
    assert_eq!(store.person_history(&who).unwrap().len(), 1);
    assert!(store.answered_offers(&line).unwrap().is_empty());
    let added = store
        .add_facts(&who, "Li", &[from_line, NewFact::new(FactKind::Note, "สูง")])
        .unwrap();
    assert_eq!(added.len(), 2);
    // What was entered from a line is not offered from it again.
    let answered = store.answered_offers(&line).unwrap();
    assert_eq!(
        answered,
        [(SegmentId(1), FactKind::Name, "张伟".to_owned())]
    );
}

#[test]
fn in_a_case_are_its_people_and_those_of_none() {
    let mut store = Store::open_in_memory().unwrap();
    let hung = person(&mut store, "阮文雄");
    store
        .add_fact(&hung, "Li", &name("Nguyễn Văn Hùng"))
        .unwrap();
    store
        .add_person(Some("案件二"), "Li", &[name("สมชาย ใจดี")])
        .unwrap();
    let place = NewFact::new(FactKind::Place, "ປາກເຊ");
    store
        .add_person(None, "Li", &[name("ສົມພອນ"), place])
        .unwrap();
    let known = |case: Option<&str>| -> Vec<String> {
        let people = store.values_in_force(case, FactKind::Name).unwrap();
        let of = |names: &Vec<(String, Option<Lang>)>| {
            let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
            names.join(" = ")
        };
        people.iter().map(of).collect()
    };
    assert_eq!(known(Some("案件一")), ["阮文雄 = Nguyễn Văn Hùng", "ສົມພອນ"]);
    assert_eq!(known(Some(" 案件二 ")), ["สมชาย ใจดี", "ສົມພອນ"]);
    for none in [None, Some(""), Some("案件三")] {
        assert_eq!(known(none), ["ສົມພອນ"], "{none:?}");
    }
    let places = store.values_in_force(None, FactKind::Place).unwrap();
    assert_eq!(places, [[("ປາກເຊ".to_owned(), None)]]);
}

#[test]
fn forms_of_another_version_are_made_anew_and_are_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.sqlite3");
    let mut store = Store::open(&path).unwrap();
    for (_, _, said) in SIX_LINES {
        let phone = NewFact::new(FactKind::Phone, "081 234 5678");
        store.add_person(None, "Li", &[name(said), phone]).unwrap();
    }
    store.check().unwrap();
    drop(store);
    let change = |more: &str| {
        let db = rusqlite::Connection::open(&path).unwrap();
        let sql = "SELECT sql FROM sqlite_schema WHERE name = 'person_fact_no_update'";
        let guard: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
        let other = "UPDATE person_fact SET plain = plain || 'x'";
        db.execute_batch(&format!(
            "DROP TRIGGER person_fact_no_update; {other}; {guard}; {more}"
        ))
        .unwrap();
    };
    let read = || Store::open_read_only(&path).unwrap();
    change("UPDATE setting SET value = '0' WHERE name = 'index'");
    read().check().unwrap();
    assert!(!read().has_index(), "it is told that it was not compared");
    let store = Store::open(&path).unwrap();
    store.check().unwrap();
    let found = store.people_with(FactKind::Phone, "0812345678").unwrap();
    assert_eq!(found.len(), 6);
    let guarded = store.conn.execute("UPDATE person_fact SET plain = 'y'", []);
    assert!(guarded.is_err(), "the guard is back");
    drop(store);
    // Of this version they are compared.
    change("");
    let told = read().check().unwrap_err().to_string();
    assert!(told.contains("another form than its own"), "{told}");
    // So are the summaries of names, each by a version of its own.
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("DELETE FROM name_page").unwrap();
    drop(db);
    let mut store = Store::open(&path).unwrap();
    store
        .rebuild_index(&mut |_, _| {}, &crate::domain::Cancel::new())
        .unwrap();
    let told = store.check().unwrap_err().to_string();
    assert!(told.contains("by another name"), "{told}");
    let older = "UPDATE setting SET value = '0' WHERE name = 'names'";
    store.conn.execute(older, []).unwrap();
    drop(store);
    read().check().unwrap();
    Store::open(&path).unwrap().check().unwrap();
}
