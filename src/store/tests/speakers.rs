//! Who speaks in a line: added, never changed; what counts, what is found, who may still sign.

use rusqlite::Connection;

use super::super::{BY_VOICE, Error, Listened, Recutting, SearchQuery, SplitAt, Store};
use super::Edits as _;
use super::{cut, heard, id, interview, told};
use crate::domain::{Lang, SamplePos, SegmentId};
use crate::evidence::{Role, SecretKey, Story, check_rows};

fn say(store: &mut Store, line: i64, who: &str) -> Result<usize, Error> {
    store.set_speaker(
        &id("a-1"),
        &[SegmentId(line)],
        who,
        "Lan",
        Some("her voice"),
    )
}

fn whole(store: &Store) {
    let (links, rows) = store.proofs(&id("a-1")).unwrap();
    let (story, first) = Story::of("a-1", &links);
    let records = check_rows(&story.events, &rows);
    assert!(first.ok && records.ok, "{first:?} {records:?}");
    assert_eq!(store.wrongly_shown(&id("a-1")).unwrap(), None);
    store.check().unwrap();
}

fn two_lines() -> Store {
    let mut store = Store::open_in_memory().unwrap();
    let new = interview("a-1", &[Lang::Km, Lang::Zh]);
    store
        .create_interview(&new, &[cut(0, 1_000, Lang::Km), cut(0, 9_000, Lang::Km)])
        .unwrap();
    for line in [1, 2] {
        store
            .record_hypothesis(&id("a-1"), SegmentId(line), &heard(Lang::Km, "ខ្ញុំឈ្មោះ សុខា"))
            .unwrap();
    }
    store
}

fn found(store: &Store, speaker: &str) -> Vec<i64> {
    let query = SearchQuery {
        text: "សុខា".into(),
        speaker: Some(speaker.into()),
        limit: 10,
        ..SearchQuery::default()
    };
    let hits = store.search(&query).unwrap().hits;
    hits.iter().map(|h| h.segment.0).collect()
}

#[test]
fn the_newest_counts_everywhere_and_the_line_as_cut_stays() {
    let mut store = two_lines();
    let was = store.segment(&id("a-1"), SegmentId(1)).unwrap().speaker;
    assert_eq!(say(&mut store, 1, " សុខា ").unwrap(), 1);
    assert_eq!(say(&mut store, 1, "interpreter").unwrap(), 1);
    assert!(matches!(
        say(&mut store, 1, "interpreter"),
        Err(Error::Unchanged)
    ));
    let line = store.segment(&id("a-1"), SegmentId(1)).unwrap();
    assert_eq!(line.speaker, "interpreter");
    assert_eq!(
        store.segments(&id("a-1")).unwrap()[0].speaker,
        "interpreter"
    );
    assert_eq!(found(&store, "INTERPRETER"), [1]);
    assert_eq!(found(&store, &was), [2]);
    let said = store.speakers(&id("a-1"), SegmentId(1)).unwrap();
    let names: Vec<_> = said
        .iter()
        .map(|s| (s.version, s.speaker.as_str()))
        .collect();
    assert_eq!(names, [(1, "សុខា"), (2, "interpreter")]);
    assert_eq!(said[0].by, "Lan");
    assert!(store.speakers(&id("a-1"), SegmentId(2)).unwrap().is_empty());
    whole(&store);
}

#[test]
fn lines_that_are_parted_keep_the_speaker_and_who_named_it_cannot_certify() {
    let mut store = two_lines();
    say(&mut store, 1, "interpreter").unwrap();
    let at = SplitAt {
        at: SamplePos::from_ms(1_200),
        text: Some(11),
        translations: Vec::new(),
    };
    let split = Recutting::Split(SegmentId(1), at);
    store.recut(&id("a-1"), &split, "Mai", None).unwrap();
    let lines = store.segments(&id("a-1")).unwrap();
    assert_eq!(lines[0].speaker, "interpreter");
    assert_eq!(lines[1].speaker, "interpreter");
    let key = SecretKey::new("Duc", Role::Reviewer).unwrap();
    let done = store.certify(&id("a-1"), &[lines[0].id], &key, &|who| who == "Lan", None);
    assert!(matches!(done, Err(Error::OwnWork(_))), "{done:?}");
    // What was named since stands in the way of taking the change back.
    say(&mut store, lines[0].id.0, "officer").unwrap();
    let undone = store.recut(&id("a-1"), &Recutting::Undo(1), "Mai", None);
    assert!(matches!(undone, Err(Error::NotUndone(1))), "{undone:?}");
    whole(&store);
}

#[test]
fn a_certified_line_is_locked_until_somebody_says_why() {
    let mut store = two_lines();
    let key = SecretKey::new("Duc", Role::Reviewer).unwrap();
    let line = [SegmentId(1)];
    store
        .certify(&id("a-1"), &line, &key, &|_| false, None)
        .unwrap();
    let locked = |done: Result<(), Error>| {
        assert!(matches!(done, Err(Error::CertifiedLine(1))), "{done:?}");
    };
    let a = id("a-1");
    locked(store.set_speaker(&a, &line, "x", "Lan", None).map(|_| ()));
    locked(
        store
            .set_speaker(&a, &line, "x", "Lan", Some(" "))
            .map(|_| ()),
    );
    locked(store.edit_text(&a, line[0], "ខ្ញុំ", "Lan", None).map(|_| ()));
    let moved = Recutting::Retime(
        line[0],
        crate::domain::Span::new(SamplePos(16_000), SamplePos(20_000)),
    );
    locked(store.recut(&a, &moved, "Lan", None).map(|_| ()));
    let reason = Some("a word was misheard");
    store.edit_text(&a, line[0], "ខ្ញុំ", "Lan", reason).unwrap();
    store.recut(&a, &moved, "Lan", None).unwrap();
    whole(&store);
}

#[test]
fn what_was_said_of_a_speaker_cannot_be_changed_and_a_tampered_one_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.sqlite3");
    let mut store = Store::open(&path).unwrap();
    told(&mut store, "a-1", Lang::Lo, &["ຂ້ອຍຊື່ສົມພອນ"]);
    say(&mut store, 1, "interpreter").unwrap();
    whole(&store);
    drop(store);
    let conn = Connection::open(&path).unwrap();
    for sql in [
        "UPDATE speaker_version SET speaker = 'x'",
        "DELETE FROM speaker_version",
        "INSERT OR REPLACE INTO speaker_version SELECT * FROM speaker_version",
    ] {
        let refused = conn.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    conn.execute("UPDATE line SET speaker = 'officer'", [])
        .unwrap();
    drop(conn);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.wrongly_shown(&id("a-1")).unwrap(), Some(SegmentId(1)));
    drop(store);
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "UPDATE line SET speaker = 'interpreter';
         DROP TRIGGER speaker_version_no_update; UPDATE speaker_version SET author = 'x';",
    )
    .unwrap();
    drop(conn);
    let store = Store::open(&path).unwrap();
    let (links, rows) = store.proofs(&id("a-1")).unwrap();
    let (story, _) = Story::of("a-1", &links);
    assert!(
        !check_rows(&story.events, &rows).ok,
        "the author was changed"
    );
}

#[test]
fn voices_are_learnt_only_from_lines_that_a_person_listened_to() {
    let mut store = Store::open_in_memory().unwrap();
    let a = id("a-1");
    let cuts = [0, 3_000, 6_000, 9_000].map(|at| cut(1, at, Lang::Km));
    store
        .create_interview(&interview("a-1", &[Lang::Km, Lang::Zh]), &cuts)
        .unwrap();
    let [one, two, three, four] = [1, 2, 3, 4].map(SegmentId);
    let mut set = |lines: &[SegmentId], listened, who: &str, reason: Option<&str>| {
        let of = (lines, listened);
        store.set_speaker_of(&a, of, who, "Lan", reason).unwrap();
        let known = store.known_speakers(&a).unwrap();
        let known = known.iter().map(|(line, who)| (line.0, who.as_str()));
        let known: Vec<String> = known.map(|(line, who)| format!("{line} {who}")).collect();
        known.join(", ")
    };
    let each = Listened::Each;
    assert_eq!(set(&[one], each, "សុខា", None), "1 សុខា");
    // What the voices suggested teaches them nothing, kept, taken back or made again.
    let by_voice = Some(BY_VOICE);
    assert_eq!(set(&[two, three], each, "សុខា", by_voice), "1 សុខា");
    let back = Some("Taken back");
    let before = Listened::Before;
    assert_eq!(set(&[two, three], before, "interviewee", back), "1 សុខា");
    assert_eq!(set(&[two, three], before, "សុខា", back), "1 សុខា");
    assert_eq!(set(&[two, three], before, "interviewee", None), "1 សុខា");
    // Another name for all lines of a speaker: of these one was listened to, and one before.
    let all = [one, two, three];
    let named = set(&all, Listened::One(two), "Dara", Some("her name"));
    assert_eq!(named, "1 Dara, 2 Dara");
    let said = store.speakers(&a, three).unwrap();
    let last = said.last().unwrap().reason.as_deref();
    assert_eq!(last, Some("her name; not listened to"));
    let mut set = |lines: &[SegmentId], listened, who: &str, reason: Option<&str>| {
        let of = (lines, listened);
        let done = store.set_speaker_of(&a, of, who, "Lan", reason);
        let known = store.known_speakers(&a).unwrap();
        let known: Vec<i64> = known.iter().map(|(line, _)| line.0).collect();
        (done.ok(), known)
    };
    // Taken back, line 1 is who a person once heard there; made again, line 2 too.
    assert_eq!(set(&[one], before, "សុខា", back), (Some(1), vec![1, 2]));
    assert_eq!(set(&[two], before, "interviewee", back), (Some(1), vec![1]));
    assert_eq!(set(&[two], before, "Dara", back), (Some(1), vec![1, 2]));
    // Who listens may confirm what nobody had listened to, once.
    assert_eq!(set(&[three], each, "Dara", None), (Some(1), vec![1, 2, 3]));
    assert_eq!(set(&[three], each, "Dara", None), (None, vec![1, 2, 3]));
    assert_eq!(
        set(&[four], each, "Dara", by_voice),
        (Some(1), vec![1, 2, 3])
    );
    assert_eq!(
        set(&[four], each, "Dara", None),
        (Some(1), vec![1, 2, 3, 4])
    );
    whole(&store);
}
