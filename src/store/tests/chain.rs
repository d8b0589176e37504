//! The chain: every record stands in an event of its own transaction, old interviews begin one, and
//! the database itself refuses to change it.

use std::sync::Arc;

use rusqlite::Connection;

use super::super::{Error, NewEvent, NewSession, Store};
use super::Edits as _;
use super::{SIX_LINES, cut, heard, id, interview, told};
use crate::domain::{EventKind, Flag, FlagKind, Hypothesis, Lang, SamplePos, SegmentId};
use crate::evidence::{Draft, Kind, Role, SecretKey, Story, check_rows};

fn kinds(store: &Store, name: &str) -> Vec<String> {
    let (story, first) = Story::of(name, &store.chain(&id(name)).unwrap());
    assert!(first.ok, "{first:?}");
    story.events.into_iter().map(|e| e.kind).collect()
}

fn fits(store: &Store, name: &str) {
    let (links, rows) = store.proofs(&id(name)).unwrap();
    let (story, first) = Story::of(name, &links);
    let records = check_rows(&story.events, &rows);
    assert!(first.ok && records.ok, "{first:?} {records:?}");
}

#[test]
fn a_session_writes_an_event_for_whatever_it_stores() {
    let mut store = Store::open_in_memory().unwrap();
    let session = NewSession {
        device: "alsa:hw".into(),
        practice: false,
        max_utterance_ms: 15_000,
    };
    let mut new = interview("a-1", &[Lang::Zh, Lang::Km]);
    let audio = new.audio.remove(0);
    store.begin_session(&new, &session).unwrap();
    let a = id("a-1");
    store
        .append_segments(&a, &[cut(0, 0, Lang::Zh)], 1_000)
        .unwrap();
    let event = NewEvent {
        kind: EventKind::Marker,
        label: "rights explained".into(),
        channel: None,
        start: SamplePos(0),
        end: Some(SamplePos(0)),
        closes: None,
        journal: Some(1),
        at: "2026-11-24T00:00:00Z".into(),
    };
    store.add_event(&a, &event).unwrap();
    store.add_event(&a, &event).unwrap(); // the same of the journal: no second event
    store.add_audio(&a, &audio).unwrap();
    store.record_failure(&a, SegmentId(1), "no model").unwrap();
    store
        .edit_text(&a, SegmentId(1), "好。", "Li", None)
        .unwrap();
    store.grow(&a, 90_000).unwrap();
    store.end_session(&a, "asked", None, &[]).unwrap();
    assert_eq!(
        kinds(&store, "a-1"),
        [
            "recording",
            "cut",
            "noted",
            "recorded",
            "failed",
            "edited",
            "ended"
        ]
    );
    fits(&store, "a-1");
    let (story, _) = Story::of("a-1", &store.chain(&a).unwrap());
    assert_eq!(story.duration_ms(), Some(90_000));
}

#[test]
fn an_interview_of_an_older_form_begins_its_chain_with_all_that_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("old.sqlite3");
    let form_1 = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/store-form-1.sqlite3"
    );
    std::fs::copy(form_1, &path).unwrap();
    let mut store = Store::open(&path).unwrap();
    assert_eq!(kinds(&store, "2026-01-05-old"), ["begun"]);
    fits(&store, "2026-01-05-old");
    let old = id("2026-01-05-old");
    store
        .edit_text(&old, SegmentId(3), "好的。", "Li", None)
        .unwrap();
    assert_eq!(kinds(&store, "2026-01-05-old"), ["begun", "edited"]);
    fits(&store, "2026-01-05-old");
    drop(store);
    // Opened again, nothing begins anew.
    assert_eq!(
        kinds(&Store::open(&path).unwrap(), "2026-01-05-old").len(),
        2
    );
}

#[test]
fn the_database_refuses_to_change_the_chain() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a-1", Lang::Th, &["ฉันชื่อสมชาย"]);
    let refused = |store: &Store, sql: &str| {
        let error = store.conn.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("append-only: chain"), "{sql}: {error}");
    };
    refused(&store, "UPDATE chain SET body = '{}'");
    refused(&store, "DELETE FROM chain");
    refused(
        &store,
        "INSERT OR REPLACE INTO chain SELECT * FROM chain WHERE number = 1",
    );
    refused(
        &store,
        "INSERT INTO chain SELECT subject, 99, kind, body, hash FROM chain",
    );
    fits(&store, "a-1");
}

#[test]
fn a_refused_change_leaves_no_event() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a-1", Lang::Vi, &["Tôi tên là Hùng."]);
    let before = store.chain(&id("a-1")).unwrap();
    let same = store.edit_text(&id("a-1"), SegmentId(1), "Tôi tên là Hùng.", "Li", None);
    assert!(matches!(same, Err(Error::Unchanged)));
    let key = SecretKey::new("Li", Role::Reviewer).unwrap();
    let own = store.certify(&id("a-1"), &[SegmentId(1)], &key, &|_| true, None);
    // A machine wrote it, so nobody's own work is in it.
    assert!(own.is_ok());
    assert_eq!(store.chain(&id("a-1")).unwrap().len(), before.len() + 1);
    // A line that somebody signed for is changed with a reason only.
    let silent = store.edit_text(&id("a-1"), SegmentId(1), "x", "Li", None);
    assert!(matches!(silent, Err(Error::CertifiedLine(1))));
    store
        .edit_text(&id("a-1"), SegmentId(1), "x", "Li", Some("misheard"))
        .unwrap();
    let own = store.certify(&id("a-1"), &[SegmentId(1)], &key, &|by| by == "Li", None);
    assert!(matches!(own, Err(Error::OwnWork(1))));
    assert_eq!(store.chain(&id("a-1")).unwrap().len(), before.len() + 2);
    fits(&store, "a-1");
}

#[test]
fn what_a_machine_most_likely_invented_is_certified_only_for_a_reason() {
    let key = SecretKey::new("Li", Role::Reviewer).unwrap();
    for (lang, said, _) in SIX_LINES {
        let mut store = Store::open_in_memory().unwrap();
        told(&mut store, "a-1", lang, &[said, said]);
        let a = id("a-1");
        let invented = Hypothesis {
            flags: vec![Flag::with(FlagKind::PhantomPhrase, said)],
            ..heard(lang, &format!("{said} 2"))
        };
        store
            .record_hypothesis(&a, SegmentId(2), &invented)
            .unwrap();
        let lines = [SegmentId(1), SegmentId(2)];
        let events = store.chain(&a).unwrap().len();
        let shown = store.segments(&a).unwrap();
        assert_eq!(shown[1].quarantined(), Some(FlagKind::PhantomPhrase));
        for none in [None, Some(" \n")] {
            let held = store.certify(&a, &lines, &key, &|_| false, none);
            assert!(matches!(
                held,
                Err(Error::HeldBack(2, FlagKind::PhantomPhrase))
            ));
        }
        // Nothing of it was stored, not even the line beside it.
        assert_eq!(store.chain(&a).unwrap().len(), events);
        assert_eq!(store.segments(&a).unwrap(), shown);
        let heard = Some("heard three times");
        store.certify(&a, &lines, &key, &|_| false, heard).unwrap();
        let (story, _) = Story::of("a-1", &store.chain(&a).unwrap());
        let event = story.events.last().unwrap();
        assert_eq!(event.facts["held_back"], serde_json::json!([2]));
        assert_eq!(event.facts["despite"], "heard three times");
        let line = &store.segments(&a).unwrap()[1];
        assert_eq!(line.quarantined(), None);
        assert!(line.flags.iter().any(|f| f.kind == FlagKind::PhantomPhrase));
        let texts = store.history(&a, SegmentId(2)).unwrap();
        assert_eq!(texts.last().unwrap().reason.as_deref(), heard);
        // The other line needed none.
        let texts = store.history(&a, SegmentId(1)).unwrap();
        assert_eq!(texts.last().unwrap().reason, None);
        fits(&store, "a-1");
    }
}

#[test]
fn a_correction_lifts_what_held_a_line_back() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a-1", Lang::Lo, &["ຂອບໃຈ"]);
    let a = id("a-1");
    let invented = Hypothesis {
        flags: vec![Flag::new(FlagKind::Repetition)],
        ..heard(Lang::Lo, "ຂອບໃຈ ຂອບໃຈ")
    };
    store
        .record_hypothesis(&a, SegmentId(1), &invented)
        .unwrap();
    store.edit_text(&a, SegmentId(1), "ບໍ່", "Lan", None).unwrap();
    assert_eq!(store.segments(&a).unwrap()[0].quarantined(), None);
    let key = SecretKey::new("Li", Role::Reviewer).unwrap();
    let heard = Some("Lan has no key yet");
    store
        .certify(&a, &[SegmentId(1)], &key, &|_| false, heard)
        .unwrap();
    let (story, _) = Story::of("a-1", &store.chain(&a).unwrap());
    let facts = &story.events.last().unwrap().facts;
    assert!(!facts.contains_key("held_back"));
    assert_eq!(facts["unsigned_work"], serde_json::json!([1]));
}

#[test]
fn work_under_which_a_name_was_only_typed_is_certified_once_its_writer_signs_or_for_a_reason() {
    let reviewer = SecretKey::new("Li", Role::Reviewer).unwrap();
    let lan = Arc::new(SecretKey::new("Lan", Role::Interpreter).unwrap());
    for (lang, said, made) in SIX_LINES {
        let mut store = Store::open_in_memory().unwrap();
        told(&mut store, "a-1", lang, &[said, said, said]);
        let a = id("a-1");
        let to = if lang == Lang::Vi { Lang::Zh } else { Lang::Vi };
        let words = format!("{said} {said}");
        let work = |store: &mut Store| {
            store
                .edit_text(&a, SegmentId(1), &words, "Lan", None)
                .unwrap();
            store
                .edit_translation(&a, SegmentId(2), to, made, "Lan", None)
                .unwrap();
            store
                .set_speaker(&a, &[SegmentId(3)], "interpreter", "Lan", None)
                .unwrap();
        };
        work(&mut store);
        let all = [1, 2, 3].map(SegmentId);
        assert_eq!(store.unsigned_work(&a).unwrap(), all.into());
        let certify = |store: &mut Store, line: SegmentId| {
            store.certify(&a, &[line], &reviewer, &|by| by == "Li", None)
        };
        let events = store.chain(&a).unwrap().len();
        for line in all {
            let refused = certify(&mut store, line);
            assert!(matches!(refused, Err(Error::UnsignedWork(n)) if n == line.0));
        }
        assert_eq!(store.chain(&a).unwrap().len(), events);
        // The same again by somebody without a key is nothing new; by her own hand it is.
        let same = store.edit_text(&a, SegmentId(1), &words, "Lan", None);
        assert!(matches!(same, Err(Error::Unchanged)));
        store.set_hand(Some(Arc::clone(&lan)));
        work(&mut store);
        assert!(store.unsigned_work(&a).unwrap().is_empty());
        let same = store.edit_text(&a, SegmentId(1), &words, "Lan", None);
        assert!(
            matches!(same, Err(Error::Unchanged)),
            "signed once is enough"
        );
        for line in all {
            certify(&mut store, line).unwrap();
        }
        fits(&store, "a-1");
    }
}

#[test]
fn the_column_beside_the_body_cannot_lift_a_seal_unseen() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a-1", Lang::My, &["နေကောင်းလား။"]);
    let key = SecretKey::new("Li", Role::Officer).unwrap();
    let facts = Draft::of(Kind::Sealed, &[]).facts;
    store
        .note(&id("a-1"), Kind::Sealed, facts, Some(&key))
        .unwrap();
    let late = store.append_segments(&id("a-1"), &[cut(0, 0, Lang::My)], 1_000);
    assert!(matches!(late, Err(Error::Sealed)), "{late:?}");
    let unguarded: &Connection = &store.conn;
    unguarded
        .execute_batch("DROP TRIGGER chain_no_update")
        .unwrap();
    unguarded
        .execute("UPDATE chain SET kind = 'noted' WHERE kind = 'sealed'", [])
        .unwrap();
    assert!(matches!(store.chain(&id("a-1")), Err(Error::Damaged(_))));
}
