//! Records: what goes in comes out, people stand before machines, nothing is ever overwritten.

use super::super::{
    Correction, Error, ImportedLine, ImportedTranslation, NewRecord, Record, Store,
};
use super::Edits as _;
use super::{SIX_LINES, cut, heard, id, interview, translated};
use crate::domain::{
    Flag, FlagKind, Lang, LangPair, SamplePos, SegmentId, Span, Status, TermUse, Word,
};

const FIRST: SegmentId = SegmentId(1);
const SECOND: SegmentId = SegmentId(2);

/// Two lines: the officer's at 0 s in zh, the other's at 2 s in vi.
fn store() -> Store {
    let mut store = Store::open_in_memory().unwrap();
    let cuts = [cut(1, 2_000, Lang::Vi), cut(0, 0, Lang::Zh)];
    store
        .create_interview(&interview("a-1", &[Lang::Zh, Lang::Vi]), &cuts)
        .unwrap();
    store
}

#[test]
fn an_interview_comes_back_as_it_went_in() {
    let store = store();
    let new = interview("a-1", &[Lang::Zh, Lang::Vi]);
    let found = store.interview(&id("a-1")).unwrap();
    assert_eq!(found.id, new.id);
    assert_eq!(found.case, new.case);
    assert_eq!(found.languages, new.languages);
    assert_eq!(found.started, new.started);
    assert_eq!(found.duration_ms, new.duration_ms);
    assert_eq!(found.audio, [new.audio[0].file.clone()]);
    assert_eq!(found.channels, new.channels);
}

#[test]
fn lines_are_numbered_by_time_then_channel() {
    let mut store = Store::open_in_memory().unwrap();
    let cuts = [
        cut(1, 5_000, Lang::Vi),
        cut(1, 1_000, Lang::Vi),
        cut(0, 1_000, Lang::Zh),
        cut(0, 0, Lang::Zh),
    ];
    store
        .create_interview(&interview("a-1", &[Lang::Zh, Lang::Vi]), &cuts)
        .unwrap();
    let lines: Vec<_> = store
        .segments(&id("a-1"))
        .unwrap()
        .into_iter()
        .map(|s| (s.id.0, s.span.start.as_ms(), s.channel, s.status))
        .collect();
    let pending = Status::Pending;
    assert_eq!(
        lines,
        [
            (1, 0, 0, pending),
            (2, 1_000, 0, pending),
            (3, 1_000, 1, pending),
            (4, 5_000, 1, pending)
        ]
    );
}

#[test]
fn recognition_and_translation_empty_the_backlog() {
    let mut store = store();
    let a = id("a-1");
    let waiting = store.pending_recognition(None, false).unwrap();
    assert_eq!(waiting.len(), 2);
    assert_eq!(waiting[0].working, "working-0.wav");
    assert_eq!(waiting[1].languages, [Lang::Vi]);
    assert!(store.pending_translation(None).unwrap().is_empty());

    store
        .record_hypothesis(&a, SECOND, &heard(Lang::Vi, "Tôi đói."))
        .unwrap();
    assert_eq!(store.pending_recognition(Some(&a), true).unwrap().len(), 1);
    let waiting = store.pending_translation(Some(&a)).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].pair, LangPair::new(Lang::Vi, Lang::Zh));
    assert_eq!(
        (waiting[0].version, waiting[0].text.as_str()),
        (1, "Tôi đói.")
    );

    let mut t = translated(Lang::Zh, "我饿了。", 1);
    t.terms = vec![TermUse {
        source: "đói".into(),
        target: "饿".into(),
        satisfied: true,
        alternative: String::new(),
    }];
    t.flags = vec![Flag::with(FlagKind::NumberMismatch, "1 | 2")];
    store.record_translation(&a, SECOND, &t).unwrap();
    assert!(store.pending_translation(None).unwrap().is_empty());
    let line = store.segment(&a, SECOND).unwrap();
    assert_eq!(line.translations, [t]);
    assert_eq!(line.status, Status::Machine);
    assert_eq!(line.confidence, Some(0.875));
    assert_eq!(store.segments(&a).unwrap()[1], line);
    let listed = &store.list(None).unwrap()[0];
    assert_eq!((listed.segments, listed.pending, listed.flagged), (2, 1, 1));
}

#[test]
fn an_empty_hypothesis_waits_for_nothing() {
    let mut store = store();
    store
        .record_hypothesis(&id("a-1"), FIRST, &heard(Lang::Zh, "  "))
        .unwrap();
    assert!(store.pending_translation(None).unwrap().is_empty());
    assert_eq!(
        store.segment(&id("a-1"), FIRST).unwrap().status,
        Status::Machine
    );
}

#[test]
fn words_and_flags_survive_in_all_six_scripts() {
    for (lang, text, word) in SIX_LINES {
        let mut store = Store::open_in_memory().unwrap();
        let mut cut = cut(1, 0, lang);
        cut.flags = vec![Flag::new(FlagKind::CutWithoutPause)];
        store
            .create_interview(&interview("a-1", &[Lang::Zh, lang]), &[cut])
            .unwrap();
        let mut h = heard(lang, text);
        h.words = vec![Word {
            text: word.into(),
            start_ms: 10,
            end_ms: 20,
            confidence: 0.5,
        }];
        // Half a second later the rest of the line, as a word of its own.
        let at = text.find(word).unwrap() + word.len();
        h.words.push(Word {
            text: text[at..].into(),
            start_ms: 520,
            end_ms: 600,
            confidence: 0.5,
        });
        store.record_hypothesis(&id("a-1"), FIRST, &h).unwrap();
        for waiting in store.pending_translation(None).unwrap() {
            assert_eq!(waiting.pauses, [at], "{lang}");
        }
        let line = store.segment(&id("a-1"), FIRST).unwrap();
        assert_eq!((line.text.as_str(), line.lang), (text, lang));
        assert_eq!(line.words, h.words);
        let kinds: Vec<_> = line.flags.iter().map(|f| f.kind).collect();
        assert_eq!(kinds, [FlagKind::CutWithoutPause, FlagKind::PracticeModel]);
    }
}

#[test]
fn a_failure_is_shown_with_its_reason_and_can_be_tried_again() {
    let mut store = store();
    let a = id("a-1");
    store.record_failure(&a, FIRST, "first reason").unwrap();
    store.record_failure(&a, FIRST, "second reason").unwrap();
    let line = store.segment(&a, FIRST).unwrap();
    assert_eq!(line.status, Status::Failed);
    assert_eq!(
        line.flags,
        [Flag::with(FlagKind::EngineFailed, "second reason")]
    );
    assert_eq!(store.pending_recognition(None, false).unwrap().len(), 1);
    assert_eq!(store.pending_recognition(None, true).unwrap().len(), 2);
    assert_eq!(store.list(None).unwrap()[0].flagged, 1);
    store
        .record_hypothesis(&a, FIRST, &heard(Lang::Zh, "好"))
        .unwrap();
    let line = store.segment(&a, FIRST).unwrap();
    assert_eq!(line.status, Status::Machine);
    assert_eq!(line.flags, [Flag::new(FlagKind::PracticeModel)]);
    assert_eq!(store.list(None).unwrap()[0].flagged, 0);
}

#[test]
fn a_correction_adds_a_version_and_asks_for_a_new_translation() {
    let mut store = store();
    let a = id("a-1");
    store
        .record_hypothesis(&a, SECOND, &heard(Lang::Vi, "Tôi tên Hung."))
        .unwrap();
    store
        .record_translation(&a, SECOND, &translated(Lang::Zh, "我叫雄。", 1))
        .unwrap();
    assert!(store.pending_translation(None).unwrap().is_empty());
    let version = store.edit_text(&a, SECOND, "Tôi tên Hùng.", "Li", Some("heard again"));
    assert_eq!(version.unwrap(), 2);
    assert_eq!(store.pending_translation(None).unwrap()[0].version, 2);
    let history = store.history(&a, SECOND).unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(history[0].text, "Tôi tên Hung.");
    assert_eq!(
        (history[0].status, history[1].status),
        (Status::Machine, Status::Edited)
    );
    assert_eq!(history[1].reason.as_deref(), Some("heard again"));
    assert_eq!(history[1].author, "Li");
    assert!(history[1].at.parse::<jiff::Timestamp>().is_ok());
    let line = store.segment(&a, SECOND).unwrap();
    assert_eq!((line.version, line.confidence), (2, None));
    assert_eq!(line.translations[0].of_version, 1);
    assert!(line.flags.is_empty());
}

#[test]
fn a_machine_never_stands_before_a_person() {
    let mut store = store();
    let a = id("a-1");
    store
        .edit_text(&a, SECOND, "người viết", "Li", None)
        .unwrap();
    store
        .edit_translation(&a, SECOND, Lang::Zh, "人写的", "Li", None)
        .unwrap();
    // What a machine still had in hand arrives late.
    store
        .record_hypothesis(&a, SECOND, &heard(Lang::Vi, "máy viết"))
        .unwrap();
    store
        .record_translation(&a, SECOND, &translated(Lang::Zh, "机器写的", 2))
        .unwrap();
    let line = store.segment(&a, SECOND).unwrap();
    assert_eq!((line.text.as_str(), line.version), ("người viết", 1));
    assert_eq!(line.status, Status::Edited);
    assert_eq!(line.translations[0].text, "人写的");
    assert_eq!(store.segments(&a).unwrap()[1], line);
    assert_eq!(store.history(&a, SECOND).unwrap().len(), 2);
    assert_eq!(
        store
            .translation_history(&a, SECOND, Lang::Zh)
            .unwrap()
            .len(),
        2
    );
    assert!(store.pending_translation(None).unwrap().is_empty());
    store
        .edit_text(&a, SECOND, "người viết lại", "Li", None)
        .unwrap();
    assert!(store.pending_translation(None).unwrap().is_empty());
}

#[test]
fn what_a_change_needs_is_asked_for() {
    let mut store = store();
    let a = id("a-1");
    let by = |store: &mut Store, text, by| store.edit_text(&a, FIRST, text, by, None);
    assert!(matches!(by(&mut store, "好", " "), Err(Error::NoAuthor)));
    by(&mut store, "好", "Li").unwrap();
    assert!(matches!(
        by(&mut store, "好", "Wang"),
        Err(Error::Unchanged)
    ));
    let translate = store.edit_translation(&a, SECOND, Lang::Zh, "x", "Li", None);
    assert!(matches!(translate, Err(Error::NoText)));
    let nobody = store.edit_text(&a, SegmentId(99), "x", "Li", None);
    assert!(matches!(nobody, Err(Error::NoSegment { segment: 99, .. })));
    let nowhere = store.edit_text(&id("b"), FIRST, "x", "Li", None);
    assert!(matches!(nowhere, Err(Error::NoInterview(_))));
    let twice = store.create_interview(&interview("a-1", &[Lang::Zh]), &[]);
    assert!(matches!(twice, Err(Error::Exists(_))));
    for bad in ["", "../x", "A", "a b", "名"] {
        let refused = store.create_interview(&interview(bad, &[Lang::Zh]), &[]);
        assert!(matches!(refused, Err(Error::BadName(_))), "{bad}");
    }
    let mut new = interview("b", &[Lang::Zh]);
    new.started = "yesterday".to_owned();
    assert!(matches!(
        store.create_interview(&new, &[]),
        Err(Error::BadTime(_))
    ));
    let none = store.create_interview(&interview("b", &[]), &[]);
    assert!(matches!(none, Err(Error::NoLanguage)));
    assert_eq!(store.list(None).unwrap().len(), 1);
}

#[test]
fn a_transcript_from_elsewhere_counts_as_a_persons() {
    let mut store = Store::open_in_memory().unwrap();
    let line = |start: u64, speaker: &str, lang, text: &str, to, words: &str| ImportedLine {
        speaker: speaker.to_owned(),
        span: Span::new(SamplePos::from_ms(start), SamplePos::from_ms(start + 1)),
        lang,
        text: text.to_owned(),
        translations: vec![ImportedTranslation::new(to, words.to_owned(), false)],
        machine: false,
        flags: Vec::new(),
    };
    let lines = [
        line(900, "interviewee", Lang::Km, "បាទ", Lang::Zh, "是的"),
        line(100, "officer", Lang::Zh, "对吗？", Lang::Km, "មែនទេ?"),
    ];
    let mut new = interview("a-1", &[Lang::Zh, Lang::Km]);
    new.working.clear();
    store
        .create_from_transcript(&new, &lines, "imported from srt", Some("ab"))
        .unwrap();
    let found = store.segments(&id("a-1")).unwrap();
    assert_eq!(found[0].text, "对吗？");
    assert_eq!(store.holding("ab").unwrap(), Some(id("a-1")));
    assert_eq!(store.holding("abc").unwrap(), None);
    assert_eq!((found[1].channel, found[1].status), (1, Status::Edited));
    assert_eq!(found[1].author, "imported from srt");
    assert_eq!(found[1].translations[0].text, "是的");
    assert_eq!(found[1].translations[0].log_prob, None);
    assert_eq!(found[1].translations[0].status, Status::Edited);
    assert!(store.pending_recognition(None, true).unwrap().is_empty());
    assert!(store.pending_translation(None).unwrap().is_empty());
}

#[test]
fn a_live_interview_grows() {
    let mut store = store();
    let a = id("a-1");
    let added = store
        .append_segments(&a, &[cut(0, 90_000, Lang::Zh)], 95_000)
        .unwrap();
    assert_eq!(added, [SegmentId(3)]);
    assert_eq!(store.interview(&a).unwrap().duration_ms, 95_000);
    store.append_segments(&a, &[], 10).unwrap();
    assert_eq!(store.interview(&a).unwrap().duration_ms, 95_000);
    assert_eq!(store.list(None).unwrap()[0].segments, 3);
}

#[test]
fn names_resolve_by_their_beginning() {
    let mut store = store();
    store
        .create_interview(&interview("a-10", &[Lang::Zh]), &[])
        .unwrap();
    store
        .create_interview(&interview("b-1", &[Lang::Zh]), &[])
        .unwrap();
    assert_eq!(store.resolve("a-1").unwrap(), id("a-1"));
    assert_eq!(store.resolve(" B").unwrap(), id("b-1"));
    assert!(matches!(store.resolve("a"), Err(Error::Ambiguous { .. })));
    for nothing in ["", "c", "%", "_-1", "a-1'--"] {
        assert!(
            matches!(store.resolve(nothing), Err(Error::NoInterview(_))),
            "{nothing}"
        );
    }
}

#[test]
fn a_list_shows_one_case_latest_first() {
    let mut store = store();
    let mut late = interview("late", &[Lang::Zh]);
    // Later than 14:05 at +07:00, though the text sorts before it.
    late.started = "2026-11-23T09:00:00Z".to_owned();
    store.create_interview(&late, &[]).unwrap();
    let mut other = interview("other", &[Lang::Zh]);
    other.case = None;
    store.create_interview(&other, &[]).unwrap();
    let names = |case| -> Vec<String> {
        store
            .list(case)
            .unwrap()
            .into_iter()
            .map(|i| i.id.0)
            .collect()
    };
    assert_eq!(names(Some("案件一")), ["late", "a-1"]);
    assert_eq!(names(None).len(), 3);
    assert!(names(Some("x")).is_empty());
}

#[test]
fn the_database_itself_refuses_to_change_or_remove_records() {
    let mut store = store();
    let a = id("a-1");
    store
        .record_hypothesis(&a, FIRST, &heard(Lang::Zh, "好"))
        .unwrap();
    store
        .record_translation(&a, FIRST, &translated(Lang::Vi, "tốt", 1))
        .unwrap();
    store.record_failure(&a, SECOND, "no sound").unwrap();
    let failed = Record::NotTranslated {
        lang: Lang::Vi,
        of_version: 1,
        reason: "a fault",
    };
    let failed = NewRecord {
        interview: &a,
        segment: FIRST,
        what: failed,
    };
    store.record(&[failed]).unwrap();
    let before = store.segments(&a).unwrap();
    for (table, column) in [
        ("interview", "id"),
        ("audio", "sha256"),
        ("channel", "speaker"),
        ("segment", "speaker"),
        ("text_version", "text"),
        ("translation", "text"),
        ("failure", "reason"),
        ("translation_failure", "reason"),
    ] {
        for sql in [
            format!("UPDATE {table} SET {column} = 'x'"),
            format!("UPDATE OR REPLACE {table} SET {column} = 'x'"),
            format!("DELETE FROM {table}"),
            format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"),
            format!("INSERT INTO {table} SELECT * FROM {table} WHERE 1 ON CONFLICT DO NOTHING"),
        ] {
            let refused = store.conn.execute(&sql, []).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
    }
    let shorter = store
        .conn
        .execute("UPDATE interview SET duration_ms = 1", []);
    assert!(shorter.unwrap_err().to_string().contains("append-only"));
    assert_eq!(store.segments(&a).unwrap(), before);
}

#[test]
fn a_correction_of_text_and_translation_is_stored_whole_or_not_at_all() {
    for (lang, text, _) in SIX_LINES {
        let to = if lang == Lang::Zh { Lang::Vi } else { Lang::Zh };
        let mut store = Store::open_in_memory().unwrap();
        let a = id("a-1");
        store
            .create_interview(&interview("a-1", &[lang, to]), &[cut(0, 0, lang)])
            .unwrap();
        store
            .record_hypothesis(&a, FIRST, &heard(lang, "1 2 3"))
            .unwrap();
        let new = Correction {
            text: Some(text),
            translation: Some((to, "9")),
            by: "Li",
            reason: Some("misheard"),
        };
        let made = store.edit(&a, FIRST, &new).unwrap();
        assert_eq!((made.text, made.translation), (Some(2), Some(1)));
        let line = store.segment(&a, FIRST).unwrap();
        assert_eq!((line.text.as_str(), line.version), (text, 2));
        assert_eq!(line.translations[0].of_version, 2);

        // The second half is refused, so the first is not stored either.
        let refused = Correction {
            text: Some("4 5 6"),
            translation: Some((to, "x")),
            by: " ",
            ..new
        };
        assert!(store.edit(&a, FIRST, &refused).is_err());
        let unchanged = Correction {
            text: Some(text),
            translation: Some((to, "10")),
            ..new
        };
        assert!(matches!(
            store.edit(&a, FIRST, &unchanged),
            Err(Error::Unchanged)
        ));
        assert_eq!(store.segment(&a, FIRST).unwrap(), line);
    }
}
