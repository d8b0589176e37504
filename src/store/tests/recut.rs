//! Parting, joining and moving lines: what stood before stays readable, what counts follows.

use rusqlite::Connection;

use super::super::{Error, Recut, RecutKind, Recutting, SearchQuery, SplitAt, Store};
use super::Edits as _;
use super::{cut, heard, id, interview, told, translated};
use crate::domain::{
    Cancel, Flag, FlagKind, Lang, Place, SamplePos, Segment, SegmentId, Side, Span, Status, Word,
};
use crate::evidence::{Role, SecretKey, Story, check_rows};

/// Language, two parts of what was said, two parts of its translation into Chinese (for Chinese: into
/// Vietnamese). The cut lies between two clusters with marks where the script has such.
const SIX: [(Lang, &str, &str, &str, &str); 6] = [
    (
        Lang::Zh,
        "我叫张伟，",
        "住在瑞丽市。",
        "Tôi tên Trương Vĩ,",
        "sống ở Thụy Lệ.",
    ),
    (
        Lang::Vi,
        "Tôi tên Nguyễn",
        "Văn Hùng.",
        "我姓阮，",
        "叫文雄。",
    ),
    (Lang::Th, "ฉันชื่อ", "สมชายที่นี่", "我叫", "颂猜。"),
    (Lang::My, "ကျွန်တော့်နာမည်", "ကိုအောင်ပါ။", "我的名字", "是昂。"),
    (Lang::Lo, "ຂ້ອຍຊື່", "ສົມພອນ", "我叫", "宋蓬。"),
    (Lang::Km, "ខ្ញុំឈ្មោះ", "សុខា", "我叫", "索卡。"),
];

fn space(lang: Lang) -> &'static str {
    if lang == Lang::Vi { " " } else { "" }
}

/// A store with one line of two parts and its translation; the languages' other one.
fn one_line(case: (Lang, &str, &str, &str, &str)) -> (Store, Lang) {
    let (lang, a, b, c, d) = case;
    let mut store = Store::open_in_memory().unwrap();
    let other = if lang == Lang::Zh { Lang::Vi } else { Lang::Zh };
    let new = interview("a-1", &[lang, other]);
    store
        .create_interview(&new, &[cut(1, 1_000, lang), cut(0, 9_000, lang)])
        .unwrap();
    let text = format!("{a}{}{b}", space(lang));
    let translation = format!("{c}{}{d}", space(other));
    store
        .record_hypothesis(&id("a-1"), SegmentId(1), &heard(lang, &text))
        .unwrap();
    store
        .record_translation(
            &id("a-1"),
            SegmentId(1),
            &translated(other, &translation, 1),
        )
        .unwrap();
    (store, other)
}

fn split(at_ms: u64, text: usize, translations: &[(Lang, usize)]) -> Recutting {
    let at = SplitAt {
        at: SamplePos::from_ms(at_ms),
        text: Some(text),
        translations: translations.to_vec(),
    };
    Recutting::Split(SegmentId(1), at)
}

fn lines(store: &Store) -> Vec<Segment> {
    store.segments(&id("a-1")).unwrap()
}

fn told_of(lines: &[Segment]) -> Vec<(i64, u64, u64, &str)> {
    let about = |l: &'_ Segment| (l.id.0, l.span.start.as_ms(), l.span.end.as_ms());
    let texts = lines.iter().map(|l| (about(l), l.text.as_str()));
    texts
        .map(|((id, start, end), text)| (id, start, end, text))
        .collect()
}

fn recut(store: &mut Store, what: &Recutting) -> Recut {
    store
        .recut(&id("a-1"), what, "Lan", Some("two people"))
        .unwrap()
}

pub(super) fn whole(store: &Store) {
    let (links, rows) = store.proofs(&id("a-1")).unwrap();
    let (story, first) = Story::of("a-1", &links);
    let records = check_rows(&story.events, &rows);
    assert!(first.ok && records.ok, "{first:?} {records:?}");
    assert_eq!(store.wrongly_shown(&id("a-1")).unwrap(), None);
    store.check().unwrap();
}

fn hits(store: &Store, text: &str) -> Vec<i64> {
    let query = SearchQuery {
        text: text.to_owned(),
        context: true,
        limit: 10,
        ..SearchQuery::default()
    };
    let page = store.search(&query).unwrap();
    page.hits.iter().map(|h| h.segment.0).collect()
}

#[test]
fn a_line_of_every_script_becomes_two_and_the_whole_one_stays_in_the_history() {
    for case in SIX {
        let (lang, a, b, c, d) = case;
        let (mut store, other) = one_line(case);
        let before = store.list(None).unwrap()[0].clone();
        let place = (a.chars().count(), c.chars().count());
        let done = recut(&mut store, &split(1_600, place.0, &[(other, place.1)]));
        assert_eq!((done.number, done.kind), (1, RecutKind::Split));
        assert_eq!(done.replaced().collect::<Vec<_>>(), [SegmentId(1)]);
        let now = lines(&store);
        assert_eq!(
            told_of(&now),
            [
                (3, 1_000, 1_600, a),
                (4, 1_600, 2_500, b),
                (2, 9_000, 10_500, "")
            ],
            "{lang}"
        );
        for (line, words) in now.iter().zip([c, d]) {
            let [made] = &line.translations[..] else {
                panic!("{lang}: {:?}", line.translations)
            };
            assert_eq!((made.text.as_str(), made.lang), (words, other));
            assert_eq!(
                (line.status, line.author.as_str()),
                (Status::Machine, "engine 1")
            );
            assert_eq!(line.flags, [Flag::new(FlagKind::PracticeModel)]);
            assert!(
                made.log_prob.is_some() && made.flags.is_empty(),
                "not stale"
            );
        }
        let parent = store.segment(&id("a-1"), SegmentId(1)).unwrap();
        assert_eq!(parent.text, format!("{a}{}{b}", space(lang)));
        assert_eq!(store.history(&id("a-1"), SegmentId(1)).unwrap().len(), 1);
        let origins = store.origins(&id("a-1"), SegmentId(4)).unwrap();
        assert_eq!(origins, [SegmentId(1)]);
        let after = store.list(None).unwrap()[0].clone();
        assert_eq!((before.segments, after.segments), (2, 3), "{lang}");
        let found = hits(&store, &format!("\"{b}\""));
        assert_eq!(found, [4], "{lang}: only the line that counts is found");
        whole(&store);
        store.rebuild_index(&mut |_, _| {}, &Cancel::new()).unwrap();
        assert_eq!(lines(&store), now, "{lang}");
        assert_eq!(hits(&store, &format!("\"{b}\"")), [4], "{lang}");
        whole(&store);
    }
}

#[test]
fn a_cut_inside_a_letter_of_any_script_goes_before_it() {
    for (lang, text, inside, left) in [
        (Lang::Vi, "hỏi nu\u{0323}ng", 6, "hỏi n"),
        (Lang::Th, "ที่นี่", 4, "ที่"),
        (Lang::My, "ကျွန်တော်", 4, "ကျွ"),
        (Lang::Lo, "ຊື່ຂ້ອຍ", 4, "ຊື່"),
        (Lang::Km, "សុខស្រី", 6, "សុខ"),
        (Lang::Km, "ស្រីសុខ", 2, ""),
        (Lang::Zh, "张伟", 1, "张"),
    ] {
        let mut store = Store::open_in_memory().unwrap();
        told(&mut store, "a-1", lang, &[text]);
        let done = store.recut(&id("a-1"), &split(500, inside, &[]), "Lan", None);
        if left.is_empty() {
            assert!(matches!(done, Err(Error::NoPart(1))), "{lang}: {done:?}");
            continue;
        }
        done.unwrap();
        let now = lines(&store);
        assert_eq!(now[0].text, left, "{lang}");
        assert_eq!(format!("{}{}", now[0].text, now[1].text), text, "{lang}");
    }
}

#[test]
fn two_lines_become_one_again_and_what_was_said_stays_the_same() {
    for case in SIX {
        let (lang, a, b, c, d) = case;
        let (mut store, other) = one_line(case);
        let text = lines(&store)[0].text.clone();
        let place = (a.chars().count(), c.chars().count());
        recut(&mut store, &split(1_600, place.0, &[(other, place.1)]));
        recut(&mut store, &Recutting::Merge(SegmentId(4), SegmentId(3)));
        let now = lines(&store);
        // Where a script parts phrases with a space, a join sets one.
        let joined = if lang == Lang::Zh {
            text
        } else {
            format!("{a} {b}")
        };
        assert_eq!(
            told_of(&now)[0],
            (5, 1_000, 2_500, joined.as_str()),
            "{lang}"
        );
        let translation = if other == Lang::Zh {
            format!("{c}{d}")
        } else {
            format!("{c} {d}")
        };
        assert_eq!(now[0].translations[0].text, translation, "{lang}");
        assert_eq!(
            (now[0].status, now[0].author.as_str()),
            (Status::Machine, "engine 1")
        );
        let origins = store.origins(&id("a-1"), SegmentId(5)).unwrap();
        assert_eq!(
            origins,
            [SegmentId(3), SegmentId(4), SegmentId(1)],
            "{lang}"
        );
        assert_eq!(store.list(None).unwrap()[0].segments, 2);
        whole(&store);
    }
}

#[test]
fn every_change_can_be_taken_back_and_the_taking_back_too() {
    let (mut store, other) = one_line(SIX[5]);
    let first = lines(&store);
    let undo = Recutting::Undo;
    recut(&mut store, &split(1_600, 10, &[(other, 2)]));
    let parted = lines(&store);
    assert_eq!(recut(&mut store, &undo(1)).kind, RecutKind::Undo);
    assert_eq!(lines(&store), first, "as it was");
    assert!(matches!(
        store.recut(&id("a-1"), &undo(1), "Lan", None),
        Err(Error::NotUndone(1))
    ));
    recut(&mut store, &undo(2));
    assert_eq!(lines(&store), parted, "parted again");
    let span = Span::new(SamplePos::from_ms(900), SamplePos::from_ms(1_500));
    recut(&mut store, &Recutting::Retime(SegmentId(3), span));
    assert!(matches!(
        store.recut(&id("a-1"), &undo(3), "Lan", None),
        Err(Error::NotUndone(3))
    ));
    recut(&mut store, &undo(4));
    assert_eq!(lines(&store), parted);
    // What a person wrote since does not leave the transcript.
    store
        .edit_text(&id("a-1"), SegmentId(4), "សុខា។", "Sok", None)
        .unwrap();
    assert!(store.recut(&id("a-1"), &undo(3), "Lan", None).is_err());
    assert_eq!(store.recuts(&id("a-1")).unwrap().len(), 5);
    whole(&store);
}

#[test]
fn a_line_is_moved_and_its_neighbours_in_search_follow() {
    let mut store = Store::open_in_memory().unwrap();
    let six: Vec<&str> = SIX.iter().map(|c| c.2).collect();
    told(&mut store, "a-1", Lang::Zh, &six);
    let start = lines(&store)[5].span.start.as_ms();
    let span = Span::new(SamplePos(0), SamplePos::from_ms(100));
    let one = lines(&store)[0].span;
    recut(
        &mut store,
        &Recutting::Retime(SegmentId(6), Span::new(one.start, one.end)),
    );
    let order: Vec<i64> = lines(&store).iter().map(|l| l.id.0).collect();
    assert_eq!(order, [1, 6, 2, 3, 4, 5]);
    let query = SearchQuery {
        text: SIX[5].2.to_owned(),
        context: true,
        limit: 3,
        ..SearchQuery::default()
    };
    let hit = &store.search(&query).unwrap().hits[0];
    assert_ne!(hit.start_ms, start);
    let around: Vec<_> = hit.around.iter().flatten().map(|n| n.segment.0).collect();
    assert_eq!((hit.segment.0, around), (6, vec![1, 2]));
    for bad in [
        Span::new(SamplePos(100), SamplePos(100)),
        Span::new(SamplePos(0), SamplePos::from_ms(60_001)),
    ] {
        let done = store.recut(
            &id("a-1"),
            &Recutting::Retime(SegmentId(1), bad),
            "Lan",
            None,
        );
        assert!(matches!(done, Err(Error::BadSpan(1))), "{done:?}");
    }
    let first = Recutting::Retime(SegmentId(1), span);
    recut(&mut store, &first);
    let again = store.recut(&id("a-1"), &first, "Lan", None);
    assert!(matches!(again, Err(Error::Unchanged)));
    whole(&store);
}

#[test]
fn words_and_doubts_go_with_the_half_that_they_stand_in() {
    let text = "付给他3500元，12月5日";
    let mut store = Store::open_in_memory().unwrap();
    let new = interview("a-1", &[Lang::Zh, Lang::Vi]);
    store
        .create_interview(&new, &[cut(0, 0, Lang::Zh)])
        .unwrap();
    let word = |text: &str, start_ms| Word {
        text: text.to_owned(),
        start_ms,
        end_ms: start_ms + 100,
        confidence: 0.5,
    };
    let mut h = heard(Lang::Zh, text);
    h.words = vec![
        word("付给", 0),
        word("3500", 400),
        word("12", 900),
        word("unseen", 1_400),
    ];
    store
        .record_hypothesis(&id("a-1"), SegmentId(1), &h)
        .unwrap();
    let place = |side, from, to| Place {
        side,
        from,
        to,
        value: "x".into(),
    };
    let mut t = translated(Lang::Vi, "trả 3500 đồng ngày 5 tháng 12", 1);
    let doubt = |places| Flag::with(FlagKind::NumberMismatch, "3500").at(places);
    t.flags = vec![
        doubt(vec![
            place(Side::Source, 3, 7),
            place(Side::Translation, 4, 8),
        ]),
        doubt(vec![
            place(Side::Source, 9, 11),
            place(Side::Translation, 27, 29),
        ]),
        Flag::new(FlagKind::LengthRatio),
    ];
    store
        .record_translation(&id("a-1"), SegmentId(1), &t)
        .unwrap();
    recut(&mut store, &split(800, 9, &[(Lang::Vi, 14)]));
    let now = lines(&store);
    let words: Vec<Vec<&str>> = now
        .iter()
        .map(|l| l.words.iter().map(|w| w.text.as_str()).collect())
        .collect();
    assert_eq!(words, [vec!["付给", "3500"], vec!["12", "unseen"]]);
    let shown = |line: &Segment, side, from, to| {
        let text = if side == Side::Source {
            &line.text
        } else {
            &line.translations[0].text
        };
        text.chars().skip(from).take(to - from).collect::<String>()
    };
    for (line, values) in now.iter().zip([["3500", "3500"], ["12", "12"]]) {
        let flags = &line.translations[0].flags;
        assert_eq!(flags.len(), 2, "{flags:?}");
        let seen: Vec<String> = flags[0]
            .places
            .iter()
            .map(|p| shown(line, p.side, p.from, p.to))
            .collect();
        assert_eq!(seen, values);
        assert_eq!(flags[1], Flag::new(FlagKind::LengthRatio));
    }
    recut(&mut store, &Recutting::Merge(SegmentId(2), SegmentId(3)));
    let line = &lines(&store)[0];
    let second = &line.translations[0].flags;
    assert_eq!(line.text, text);
    let numbers: Vec<String> = second
        .iter()
        .flat_map(|f| &f.places)
        .map(|p| shown(line, p.side, p.from, p.to))
        .collect();
    assert_eq!(numbers, ["3500", "3500", "12", "12"]);
}

#[test]
fn a_translation_without_a_place_is_left_to_be_made_anew() {
    let (mut store, other) = one_line(SIX[2]);
    recut(&mut store, &split(1_600, 7, &[]));
    let waits = store.pending_translation(None).unwrap();
    let pairs: Vec<_> = waits.iter().map(|w| (w.segment.0, w.pair.to)).collect();
    assert_eq!(pairs, [(3, other), (4, other)]);
    // A line without words is parted by its time alone, and heard anew.
    let silent = SplitAt {
        at: SamplePos::from_ms(10_000),
        text: None,
        translations: Vec::new(),
    };
    recut(&mut store, &Recutting::Split(SegmentId(2), silent));
    let waits = store.pending_recognition(None, false).unwrap();
    let spans: Vec<_> = waits
        .iter()
        .map(|w| (w.segment.0, w.span.start.as_ms(), w.span.end.as_ms()))
        .collect();
    assert_eq!(spans, [(5, 9_000, 10_000), (6, 10_000, 10_500)]);
    whole(&store);
}

#[test]
fn who_worked_on_a_line_cannot_certify_what_was_made_of_it() {
    let (mut store, other) = one_line(SIX[0]);
    let text = lines(&store)[0].text.replace('伟', "薇");
    store
        .edit_text(&id("a-1"), SegmentId(1), &text, "Mai", None)
        .unwrap();
    recut(&mut store, &split(1_600, 5, &[(other, 5)]));
    let key = SecretKey::new("Duc", Role::Reviewer).unwrap();
    for name in ["Mai", "Lan"] {
        let wrote = |author: &str| author == name;
        let done = store.certify(&id("a-1"), &[SegmentId(3)], &key, &wrote, None);
        assert!(matches!(done, Err(Error::OwnWork(3))), "{name}: {done:?}");
    }
    let mut sign = |why| store.certify(&id("a-1"), &[SegmentId(3)], &key, &|_| false, why);
    assert!(matches!(sign(None), Err(Error::UnsignedWork(3))));
    sign(Some("read")).unwrap();
    assert_eq!(lines(&store)[0].status, Status::Certified);
    // A certificate is for one line: joined with another, the words are their writer's again.
    recut(&mut store, &Recutting::Merge(SegmentId(3), SegmentId(4)));
    let now = &lines(&store)[0];
    assert_eq!((now.status, now.author.as_str()), (Status::Edited, "Mai"));
    whole(&store);
}

#[test]
fn what_is_sealed_replaced_or_of_another_channel_is_refused() {
    let (mut store, _) = one_line(SIX[1]);
    let a = id("a-1");
    let merge = Recutting::Merge(SegmentId(1), SegmentId(2));
    let done = store.recut(&a, &merge, "Lan", None);
    assert!(matches!(done, Err(Error::NotNeighbours(1, 2))), "{done:?}");
    for (at, text) in [(1_000, 5), (2_500, 5), (1_600, 0), (1_600, 99)] {
        let done = store.recut(&a, &split(at, text, &[]), "Lan", None);
        assert!(
            matches!(done, Err(Error::NoPart(1))),
            "{at} {text}: {done:?}"
        );
    }
    assert!(matches!(
        store.recut(&a, &split(1_600, 8, &[]), " ", None),
        Err(Error::NoAuthor)
    ));
    recut(&mut store, &split(1_600, 8, &[]));
    let again = store.recut(&a, &split(1_600, 8, &[]), "Lan", None);
    assert!(matches!(again, Err(Error::Replaced(1))), "{again:?}");
    let edit = store.edit_text(&a, SegmentId(1), "khác", "Lan", None);
    assert!(matches!(edit, Err(Error::Replaced(1))), "{edit:?}");
    let key = SecretKey::new("Su", Role::Officer).unwrap();
    store
        .note(
            &a,
            crate::evidence::Kind::Sealed,
            serde_json::Map::new(),
            Some(&key),
        )
        .unwrap();
    let sealed = store.recut(&a, &Recutting::Undo(1), "Lan", None);
    assert!(matches!(sealed, Err(Error::SealedLines)), "{sealed:?}");
    whole(&store);
}

#[test]
fn the_database_itself_refuses_to_change_what_was_recut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.sqlite3");
    let mut store = Store::open(&path).unwrap();
    told(&mut store, "a-1", Lang::Lo, &["ຂ້ອຍຊື່ສົມພອນ"]);
    recut(&mut store, &split(500, 7, &[]));
    drop(store);
    let conn = Connection::open(&path).unwrap();
    for sql in [
        "UPDATE recut SET author = 'x'",
        "DELETE FROM recut",
        "INSERT OR REPLACE INTO recut SELECT * FROM recut",
        "UPDATE recut_line SET start_sample = 0, end_sample = 0",
        "DELETE FROM recut_line",
        "INSERT OR REPLACE INTO recut_line SELECT * FROM recut_line",
    ] {
        let refused = conn.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    conn.execute("UPDATE line SET gone = 0 WHERE segment = 1", [])
        .unwrap();
    drop(conn);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.wrongly_shown(&id("a-1")).unwrap(), Some(SegmentId(1)));
}
