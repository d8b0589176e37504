//! Taking changes back: what stood before stands again as one more version, no certificate is lost by it, and
//! a line that was parted is whole again once nobody's work is in its halves.

use super::super::{Error, Former, Record, RecutKind, Recutting, SplitAt, Store};
use super::Edits as _;
use super::recut::whole;
use super::{SIX_LINES, heard, id, told, translated};
use crate::domain::{Lang, SamplePos, Segment, SegmentId, Span, Status};
use crate::evidence::{Role, SecretKey};

const A: &str = "a-1";

/// The only other language of the interview of a line.
fn other(lang: Lang) -> Lang {
    if lang == Lang::Zh { Lang::Vi } else { Lang::Zh }
}

/// A store with one line and its translation.
fn one_line(lang: Lang, text: &str) -> Store {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, A, lang, &[text]);
    let made = translated(other(lang), "第一", 1);
    store
        .record_translation(&id(A), SegmentId(1), &made)
        .unwrap();
    store
}

fn line(store: &Store, number: i64) -> Segment {
    store.segment(&id(A), SegmentId(number)).unwrap()
}

fn undo(store: &mut Store, number: u32) -> Result<RecutKind, Error> {
    let done = store.recut(&id(A), &Recutting::Undo(number), "Lan", None);
    done.map(|done| done.kind)
}

/// Parts the line after so many characters, without its translation.
fn part(store: &mut Store, number: i64, text: Option<usize>) {
    let at = SplitAt {
        at: SamplePos::from_ms(700),
        text,
        translations: Vec::new(),
    };
    let split = Recutting::Split(SegmentId(number), at);
    store.recut(&id(A), &split, "Lan", None).unwrap();
}

fn certify(store: &mut Store, number: i64) {
    let key = SecretKey::new("Duc", Role::Reviewer).unwrap();
    let lines = [SegmentId(number)];
    store
        .certify(&id(A), &lines, &key, &|_| false, Some("read"))
        .unwrap();
}

#[test]
fn what_a_machine_heard_anew_is_put_back_with_language_and_translation_in_every_script() {
    for (lang, text, _) in SIX_LINES {
        let mut store = one_line(lang, text);
        let again = heard(other(lang), "nghe lại");
        let record = super::super::NewRecord {
            interview: &id(A),
            segment: SegmentId(1),
            what: Record::HeardAgain(&again, "Lan"),
        };
        store.record(&[record]).unwrap();
        assert_eq!(line(&store, 1).lang, other(lang));
        let former = Former {
            said: Some((lang, text.to_owned())),
            translations: vec![(other(lang), "第一".to_owned())],
        };
        let signed = ("Sok", Some("taken back"));
        store
            .put_back(&id(A), SegmentId(1), &former, signed)
            .unwrap();
        let now = line(&store, 1);
        assert_eq!((now.lang, now.text.as_str(), now.version), (lang, text, 3));
        assert_eq!((now.status, now.author.as_str()), (Status::Edited, "Sok"));
        let [made] = &now.translations[..] else {
            panic!("{lang}: {:?}", now.translations)
        };
        assert_eq!((made.text.as_str(), made.of_version), ("第一", 3), "{lang}");
        assert!(store.pending_translation(None).unwrap().is_empty());
        let all = store.history(&id(A), SegmentId(1)).unwrap();
        assert_eq!(all.len(), 3, "{lang}: nothing is gone");
        assert_eq!(all[2].reason.as_deref(), Some("taken back"));
        let twice = store.put_back(&id(A), SegmentId(1), &former, signed);
        assert!(matches!(twice, Err(Error::Unchanged)), "{twice:?}");
        let nobody = store.put_back(&id(A), SegmentId(1), &former, (" ", None));
        assert!(matches!(nobody, Err(Error::NoAuthor)), "{nobody:?}");
        whole(&store);
    }
}

#[test]
fn an_empty_line_is_put_where_nothing_was_heard_and_heard_written_or_taken_back() {
    let mut store = Store::open_in_memory().unwrap();
    let (lang, text, _) = SIX_LINES[3];
    let new = super::interview(A, &[Lang::Zh, lang]);
    store.create_interview(&new, &[]).unwrap();
    let span = |from: u64, to: u64| Span::new(SamplePos::from_ms(from), SamplePos::from_ms(to));
    let add = |store: &mut Store, channel, at| {
        let line = Recutting::Add(channel, at, lang);
        store.recut(&id(A), &line, "Lan", None)
    };
    let done = add(&mut store, 1, span(4_000, 6_000)).unwrap();
    assert_eq!(done.standing().collect::<Vec<_>>(), [SegmentId(1)]);
    let now = line(&store, 1);
    assert_eq!((now.status, now.version), (Status::Pending, 0));
    assert_eq!((now.speaker.as_str(), now.lang), ("interviewee", lang));
    // A machine hears it with all others that wait.
    let waits = store.pending_recognition(None, false).unwrap();
    assert_eq!((waits.len(), waits[0].span), (1, span(4_000, 6_000)));
    add(&mut store, 0, span(1_000, 2_000)).unwrap();
    let order: Vec<i64> = store
        .segments(&id(A))
        .unwrap()
        .iter()
        .map(|l| l.id.0)
        .collect();
    assert_eq!(order, [2, 1], "by time");
    store
        .edit_text(&id(A), SegmentId(1), text, "Lan", None)
        .unwrap();
    assert!(matches!(undo(&mut store, 1), Err(Error::NotUndone(1))));
    undo(&mut store, 2).unwrap();
    assert_eq!(store.segments(&id(A)).unwrap().len(), 1);
    // Who put it there wrote in it.
    let key = SecretKey::new("Lan", Role::Reviewer).unwrap();
    let own = |author: &str| author == "Lan";
    let signed = store.certify(&id(A), &[SegmentId(1)], &key, &own, Some("read"));
    assert!(matches!(signed, Err(Error::OwnWork(1))), "{signed:?}");
    for (channel, at) in [
        (7, span(0, 1_000)),
        (0, span(1_000, 1_000)),
        (0, span(59_000, 60_001)),
    ] {
        let refused = add(&mut store, channel, at);
        assert!(matches!(refused, Err(Error::BadSpan(_))), "{refused:?}");
    }
    whole(&store);
}

#[test]
fn a_certificate_is_not_lost_by_taking_back() {
    let (lang, text, _) = SIX_LINES[4];
    let mut store = one_line(lang, text);
    store
        .edit_text(&id(A), SegmentId(1), "ຂ້ອຍ", "Lan", None)
        .unwrap();
    certify(&mut store, 1);
    let former = Former {
        said: Some((lang, text.to_owned())),
        translations: Vec::new(),
    };
    let done = store.put_back(
        &id(A),
        SegmentId(1),
        &former,
        ("Lan", Some("an automatic reason")),
    );
    assert!(matches!(done, Err(Error::CertifiedLine(1))), "{done:?}");
    assert_eq!(line(&store, 1).status, Status::Certified);
    whole(&store);
}

#[test]
fn halves_are_one_line_again_once_what_was_written_in_them_was_taken_back() {
    for (lang, text, _) in SIX_LINES {
        let mut store = one_line(lang, "ກ ຂ");
        // A person's words from before the cut are in its halves, so they keep nothing.
        store
            .edit_text(&id(A), SegmentId(1), text, "Lan", None)
            .unwrap();
        let cut = text.chars().count() / 2;
        part(&mut store, 1, Some(cut));
        let half = line(&store, 2);
        store
            .edit_text(&id(A), SegmentId(2), "ກ", "Lan", None)
            .unwrap();
        let kept = undo(&mut store, 1);
        assert!(matches!(kept, Err(Error::NotUndone(1))), "{lang}: {kept:?}");
        let former = Former {
            said: Some((lang, half.text.clone())),
            translations: Vec::new(),
        };
        store
            .put_back(&id(A), SegmentId(2), &former, ("Lan", None))
            .unwrap();
        // Who speaks is said, and said otherwise again.
        for (speaker, may) in [("ສົມພອນ", false), (half.speaker.as_str(), true)] {
            store
                .set_speaker(&id(A), &[SegmentId(3)], speaker, "Lan", None)
                .unwrap();
            if !may {
                assert!(undo(&mut store, 1).is_err(), "{lang}");
            }
        }
        assert_eq!(undo(&mut store, 1).unwrap(), RecutKind::Undo, "{lang}");
        let now = store.segments(&id(A)).unwrap();
        assert_eq!((now.len(), now[0].text.as_str()), (1, text), "{lang}");
        whole(&store);
        // What stood in the half is there when it stands again.
        undo(&mut store, 2).unwrap();
        assert_eq!(line(&store, 2).text, half.text, "{lang}");
        assert_eq!(line(&store, 2).version, 3, "{lang}");
    }
}

#[test]
fn a_halfs_certificate_or_first_words_or_first_translation_keep_it() {
    let (lang, text, _) = SIX_LINES[5];
    let mut store = one_line(lang, text);
    part(&mut store, 1, Some(5));
    certify(&mut store, 3);
    assert!(matches!(undo(&mut store, 1), Err(Error::NotUndone(1))));
    // A translation that was left to be made anew, and a person made it.
    let mut store = one_line(lang, text);
    part(&mut store, 1, Some(5));
    store
        .edit_translation(&id(A), SegmentId(2), Lang::Zh, "我叫", "Lan", None)
        .unwrap();
    assert!(matches!(undo(&mut store, 1), Err(Error::NotUndone(1))));
    // A machine's is none of a person's work.
    let mut store = one_line(lang, text);
    part(&mut store, 1, Some(5));
    let made = translated(Lang::Zh, "我叫", 1);
    store
        .record_translation(&id(A), SegmentId(2), &made)
        .unwrap();
    undo(&mut store, 1).unwrap();
    // A line that had no words, and a person heard them.
    let mut store = Store::open_in_memory().unwrap();
    let new = super::interview(A, &[Lang::Zh, lang]);
    store
        .create_interview(&new, &[super::cut(1, 0, lang)])
        .unwrap();
    part(&mut store, 1, None);
    store
        .edit_text(&id(A), SegmentId(3), text, "Lan", None)
        .unwrap();
    assert!(matches!(undo(&mut store, 1), Err(Error::NotUndone(1))));
    whole(&store);
}
