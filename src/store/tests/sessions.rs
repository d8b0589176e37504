//! Live sessions: begun, filled, ended; entries that only ever grow.

use rusqlite::params;

use super::super::{Error, NewAudio, NewEvent, NewSession, Store};
use super::{cut, id, interview};
use crate::domain::{EventKind, Lang, SamplePos, Span};

fn begun() -> Store {
    let mut store = Store::open_in_memory().unwrap();
    let mut new = interview("live-1", &[Lang::Zh, Lang::Km]);
    let session = NewSession {
        device: "alsa:hw:CARD=Desk,DEV=0".into(),
        practice: false,
        max_utterance_ms: 7000,
    };
    new.audio.clear();
    new.duration_ms = 0;
    store.begin_session(&new, &session).unwrap();
    store
}

fn event(kind: EventKind, label: &str, start: u64, end: Option<u64>) -> NewEvent {
    NewEvent {
        kind,
        label: label.into(),
        channel: None,
        start: SamplePos::from_ms(start),
        end: end.map(SamplePos::from_ms),
        closes: None,
        journal: None,
        at: "2026-11-24T01:00:00Z".into(),
    }
}

#[test]
fn a_session_is_in_progress_until_it_is_ended_and_only_once() {
    let mut store = begun();
    let live = id("live-1");
    let state = store.session(&live).unwrap().unwrap();
    assert!(state.in_progress && !state.practice && state.ended.is_none());
    assert_eq!(store.open_sessions().unwrap(), std::slice::from_ref(&live));
    assert_eq!(store.session_limit_ms(&live).unwrap(), Some(7000));
    store
        .append_segments(&live, &[cut(0, 0, Lang::Zh)], 2_000)
        .unwrap();
    store.grow(&live, 9_000).unwrap();
    store.grow(&live, 3_000).unwrap();
    assert_eq!(store.interview(&live).unwrap().duration_ms, 9_000);
    store.end_session(&live, "asked", None, &[]).unwrap();
    let state = store.session(&live).unwrap().unwrap();
    assert_eq!(
        (state.in_progress, state.ended.as_deref()),
        (false, Some("asked"))
    );
    assert!(store.open_sessions().unwrap().is_empty());
    assert!(store.end_session(&live, "recovered", None, &[]).is_err());
    store
        .create_interview(&interview("filed", &[Lang::Zh, Lang::Vi]), &[])
        .unwrap();
    assert_eq!(store.session(&id("filed")).unwrap(), None);
    assert!(
        store.end_session(&id("filed"), "asked", None, &[]).is_err(),
        "it was never live"
    );
    store.check().unwrap();
}

#[test]
fn parts_are_added_once_and_in_order() {
    let mut store = begun();
    let live = id("live-1");
    for name in ["part-001.wav", "part-002.wav", "part-001.wav"] {
        let mut audio: NewAudio = interview("x", &[Lang::Zh]).audio.remove(0);
        audio.file.path = name.into();
        store.add_audio(&live, &audio).unwrap();
    }
    let parts: Vec<String> = store
        .interview(&live)
        .unwrap()
        .audio
        .into_iter()
        .map(|a| a.path)
        .collect();
    assert_eq!(parts, ["part-001.wav", "part-002.wav"]);
}

#[test]
fn an_entry_with_an_end_is_one_entry_and_what_lasts_says_so() {
    let mut store = begun();
    let live = id("live-1");
    let reason = "ทนายความขอคุยส่วนตัว";
    store
        .add_event(&live, &event(EventKind::Pause, reason, 1_000, None))
        .unwrap();
    store
        .add_event(
            &live,
            &event(EventKind::Marker, "物证三", 1_500, Some(1_500)),
        )
        .unwrap();
    let lasting = &store.events(&live).unwrap()[0];
    assert!(lasting.lasts && lasting.label == reason);
    let end = NewEvent {
        closes: Some(EventKind::Pause),
        ..event(EventKind::Pause, "", 1_000, Some(4_000))
    };
    store.add_event(&live, &end).unwrap();
    store
        .add_event(&live, &event(EventKind::Pause, "break", 6_000, None))
        .unwrap();
    let events = store.events(&live).unwrap();
    let seen: Vec<_> = events.iter().map(|e| (e.kind, e.span, e.lasts)).collect();
    let span = |from, to| Span::new(SamplePos::from_ms(from), SamplePos::from_ms(to));
    assert_eq!(
        seen,
        [
            (EventKind::Pause, span(1_000, 4_000), false),
            (EventKind::Marker, span(1_500, 1_500), false),
            (EventKind::Pause, span(6_000, 6_000), true),
        ]
    );
}

#[test]
fn the_journal_may_be_read_again_and_again() {
    let mut store = begun();
    let live = id("live-1");
    let gap = NewEvent {
        journal: Some(4),
        ..event(EventKind::Gap, "unplugged", 500, Some(900))
    };
    assert!(store.add_event(&live, &gap).unwrap().is_some());
    assert!(store.add_event(&live, &gap).unwrap().is_none());
    assert_eq!(store.events(&live).unwrap().len(), 1);
}

#[test]
fn nothing_of_a_session_can_be_changed_or_removed() {
    let mut store = begun();
    let live = id("live-1");
    let gap = NewEvent {
        journal: Some(1),
        ..event(EventKind::Gap, "unplugged", 500, Some(900))
    };
    store.add_event(&live, &gap).unwrap();
    store.end_session(&live, "asked", None, &[]).unwrap();
    for sql in [
        "UPDATE session SET device = 'other'",
        "DELETE FROM session",
        "UPDATE session_end SET how = 'other'",
        "DELETE FROM session_end",
        "UPDATE event SET label = 'other'",
        "DELETE FROM event",
        "INSERT OR REPLACE INTO event SELECT key, interview, kind, 'x', channel, start_sample,
             end_sample, closes, journal, at FROM event",
        "INSERT OR REPLACE INTO session SELECT interview, 'x', practice, max_utterance_ms,
             started_at FROM session",
        "INSERT OR REPLACE INTO session_end SELECT interview, 'x', at FROM session_end",
    ] {
        let refused = store.conn.execute(sql, params![]).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    assert!(matches!(
        store.add_event(&id("nobody"), &gap),
        Err(Error::NoInterview(_))
    ));
}
