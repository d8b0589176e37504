//! Speech models that a person chose for an interview: kept with its channels, said in its first event,
//! never changed; and databases from before.

use rusqlite::Connection;

use super::super::{NewInterview, NewSession, Store, open};
use super::{cut, id, interview};
use crate::domain::{Channel, Lang, SpeechModel, SpeechModels};
use crate::evidence::{Story, check_rows};

/// An interpreter's channel beside the officer's, with a model for each of the six languages.
fn chosen() -> NewInterview {
    let mut new = interview("a-1", &Lang::SIX);
    new.channels[1].languages = Lang::SIX.to_vec();
    for lang in Lang::SIX {
        let model = format!("telephone {} {}", lang.code(), lang.native_name());
        new.channels[1].speech_models.insert(lang, model);
    }
    new
}

fn whole(store: &Store) -> bool {
    let (links, rows) = store.proofs(&id("a-1")).unwrap();
    let (story, first) = Story::of("a-1", &links);
    first.ok && check_rows(&story.events, &rows).ok
}

fn models(channels: &[Channel]) -> Vec<SpeechModels> {
    channels.iter().map(|c| c.speech_models.clone()).collect()
}

#[test]
fn they_come_back_with_the_channels_the_list_and_the_lines_that_wait() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.sqlite3");
    let (new, plain) = (chosen(), interview("b-1", &[Lang::Zh, Lang::Lo]));
    let mut store = Store::open(&path).unwrap();
    let cuts = [cut(0, 1_000, Lang::Zh), cut(1, 4_000, Lang::Km)];
    store.create_interview(&new, &cuts).unwrap();
    store.create_interview(&plain, &cuts).unwrap();
    drop(store);
    let store = Store::open(&path).unwrap();
    let read = store.interview(&id("a-1")).unwrap().channels;
    assert_eq!(models(&read), models(&new.channels));
    let other = store.interview(&id("b-1")).unwrap().channels;
    assert!(models(&other).iter().all(SpeechModels::is_empty));
    for listed in store.list(None).unwrap() {
        let own: Vec<SpeechModel> = match listed.id.0.as_str() {
            "a-1" => Lang::SIX.map(|lang| SpeechModel {
                channel: 1,
                lang,
                model: new.channels[1].speech_models[&lang].clone(),
            }),
            _ => {
                assert!(listed.speech_models.is_empty());
                continue;
            }
        }
        .to_vec();
        let mut found = listed.speech_models.clone();
        found.sort_by_key(|m| Lang::SIX.iter().position(|lang| *lang == m.lang));
        assert_eq!(found, own);
    }
    let pending = store.pending_recognition(Some(&id("a-1")), false).unwrap();
    let own: Vec<SpeechModels> = pending.into_iter().map(|row| row.speech_models).collect();
    assert_eq!(own, models(&new.channels));
    assert!(whole(&store));
    store.check().unwrap();
}

#[test]
fn a_session_keeps_them_from_its_beginning_on() {
    let mut store = Store::open_in_memory().unwrap();
    let session = NewSession {
        device: "alsa:hw:0".to_owned(),
        practice: false,
        max_utterance_ms: 7_000,
    };
    let new = NewInterview {
        audio: Vec::new(),
        asked: None,
        ..chosen()
    };
    store.begin_session(&new, &session).unwrap();
    let read = store.interview(&id("a-1")).unwrap().channels;
    assert_eq!(models(&read), models(&new.channels));
    let (links, _) = store.proofs(&id("a-1")).unwrap();
    let first = &links[0].body;
    assert!(first.contains("speech-model 1.km"), "{first}");
    assert!(whole(&store));
}

#[test]
fn nobody_changes_removes_or_adds_one_unseen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.sqlite3");
    let mut store = Store::open(&path).unwrap();
    store.create_interview(&chosen(), &[]).unwrap();
    drop(store);
    let conn = Connection::open(&path).unwrap();
    for sql in [
        "UPDATE speech_model SET model = 'x'",
        "DELETE FROM speech_model",
        "INSERT OR REPLACE INTO speech_model SELECT * FROM speech_model",
        // The first event is there: it says what was chosen.
        "INSERT INTO speech_model (interview, channel, lang, model) VALUES (1, 0, 'zh', 'late')",
    ] {
        let refused = conn.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    drop(conn);
    for (guard, sql) in [
        (
            "speech_model_no_update",
            "UPDATE speech_model SET model = 'x' WHERE lang = 'my'",
        ),
        (
            "speech_model_at_first",
            "INSERT INTO speech_model (interview, channel, lang, model) VALUES (1, 0, 'zh', 'late')",
        ),
        (
            "speech_model_no_delete",
            "DELETE FROM speech_model WHERE lang = 'lo'",
        ),
    ] {
        let copy = dir.path().join("copy.sqlite3");
        Connection::open(&path)
            .unwrap()
            .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
            .unwrap();
        let conn = Connection::open(&copy).unwrap();
        conn.execute_batch(&format!("DROP TRIGGER {guard}; {sql};"))
            .unwrap();
        drop(conn);
        assert!(!whole(&Store::open(&copy).unwrap()), "{sql}");
        std::fs::remove_file(copy).unwrap();
    }
    assert!(whole(&Store::open(&path).unwrap()));
}

#[test]
fn a_database_from_before_opens_as_it_was_and_takes_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("old.sqlite3");
    let (before, form) = (Store::open(&path).unwrap(), open::SCHEMA - 1);
    drop(before);
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("DROP TABLE speech_model").unwrap();
    conn.pragma_update(None, "user_version", form).unwrap();
    // As a program of that form wrote it.
    conn.execute_batch(
        "INSERT INTO interview (id, languages, started, started_ms, duration_ms, stored_at)
             VALUES ('2026-01-05-old', 'km lo', '2026-01-05T09:00:00Z', 1, 0, '2026-01-05T09:00:00Z');
         INSERT INTO channel VALUES (1, 0, 'officer', 'km lo', 'working-0.wav');
         INSERT INTO tally (interview, segments, pending, flagged) VALUES (1, 0, 0, 0);",
    )
    .unwrap();
    drop(conn);
    let refused = Store::open_read_only(&path).unwrap_err().to_string();
    assert!(!refused.is_empty());
    let mut store = Store::open(&path).unwrap();
    let old = store.interview(&id("2026-01-05-old")).unwrap();
    assert!(models(&old.channels).iter().all(SpeechModels::is_empty));
    assert!(store.list(None).unwrap()[0].speech_models.is_empty());
    store.create_interview(&chosen(), &[]).unwrap();
    assert!(whole(&store));
    let read = store.interview(&id("a-1")).unwrap().channels;
    assert_eq!(models(&read), models(&chosen().channels));
}
