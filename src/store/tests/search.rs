//! Search in all six scripts, with and without diacritics, digits, filters, marks, odd queries.

use super::super::{Error, Matched, SearchPage, SearchQuery, Store};
use super::Edits as _;
use super::{SIX_LINES, id, interview, told, translated};
use crate::domain::{Flag, FlagKind, Lang, SegmentId};

fn query(text: &str) -> SearchQuery {
    SearchQuery {
        text: text.to_owned(),
        limit: 10,
        ..SearchQuery::default()
    }
}

fn search(store: &Store, text: &str) -> SearchPage {
    store.search(&query(text)).unwrap()
}

/// One interview a language, each with its one line.
fn six() -> Store {
    let mut store = Store::open_in_memory().unwrap();
    for (lang, text, _) in SIX_LINES {
        told(&mut store, lang.code(), lang, &[text]);
    }
    store
}

fn marked(text: &str, marks: &[(usize, usize)]) -> Vec<String> {
    marks
        .iter()
        .map(|&(a, b)| text.chars().skip(a).take(b - a).collect())
        .collect()
}

#[test]
fn a_name_is_found_inside_its_line_in_all_six_scripts() {
    let store = six();
    for (lang, text, word) in SIX_LINES {
        let page = search(&store, word);
        assert_eq!(page.total, 1, "{word}");
        let hit = &page.hits[0];
        assert_eq!(
            (hit.interview.clone(), hit.segment),
            (id(lang.code()), SegmentId(1))
        );
        assert_eq!(
            (hit.lang, hit.text.as_str(), hit.matched),
            (lang, text, Matched::Text)
        );
        assert_eq!(marked(text, &hit.marks), [word]);
        assert!(hit.score > 0.0);
        assert_eq!(hit.start_ms, 0);
    }
}

#[test]
fn the_whole_line_and_its_parts_find_it() {
    let store = six();
    for (_, text, _) in SIX_LINES {
        assert_eq!(search(&store, text).total, 1, "{text}");
        for part in text
            .split([' ', ',', '，', '。', '၊', '။'])
            .filter(|p| !p.is_empty())
        {
            let page = search(&store, part);
            assert_eq!(page.total, 1, "{part}");
            assert!(!page.hits[0].marks.is_empty(), "{part}");
        }
    }
}

#[test]
fn one_character_is_not_found_inside_another() {
    let store = six();
    assert_eq!(search(&store, "张瑞").total, 0);
    assert_eq!(
        search(&store, "张 瑞").total,
        1,
        "two words may stand apart"
    );
    assert_eq!(
        search(&store, "张 Hùng").total,
        0,
        "all words must occur in one line"
    );
}

#[test]
fn vietnamese_is_found_with_and_without_diacritics() {
    let mut store = Store::open_in_memory().unwrap();
    let lines = [
        "Nguyễn Văn Hùng",
        "Nguyen Van Hung",
        "Nguyên vẹn",
        "Đặng Thị",
    ];
    told(&mut store, "v", Lang::Vi, &lines);
    let found = |text: &str| -> Vec<i64> {
        let mut ids: Vec<i64> = search(&store, text)
            .hits
            .iter()
            .map(|h| h.segment.0)
            .collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(found("nguyen"), [1, 2, 3]);
    assert_eq!(found("Nguyễn"), [1]);
    assert_eq!(found("NGUYỄN VĂN"), [1]);
    assert_eq!(found("hùng van"), [1]);
    assert_eq!(found("dang thi"), [4]);
    assert_eq!(
        found("nguyện"),
        [1, 2, 3],
        "other tones when nothing has these"
    );
    // Composed and decomposed letters are the same.
    assert_eq!(found("Nguye\u{302}\u{303}n"), [1]);
    let page = search(&store, "hung");
    let first = page.hits.iter().find(|h| h.segment.0 == 1).unwrap();
    assert_eq!(marked(&first.text, &first.marks), ["Hùng"]);
}

#[test]
fn digits_of_any_system_find_each_other() {
    let mut store = Store::open_in_memory().unwrap();
    let lines = [
        "ราคา ๓๕๐๐ บาท",
        "តម្លៃ ៣៥០០",
        "ຈ່າຍ ໓໕໐໐",
        "၃၅၀၀ ကျပ်",
        "3500元",
        "trả 3.500 đồng",
    ];
    told(&mut store, "n", Lang::Th, &lines);
    for typed in ["3500", "๓๕๐๐", "៣៥០០", "໓໕໐໐", "၃၅၀၀", "３５００"]
    {
        let page = search(&store, typed);
        assert_eq!(page.total, 6, "{typed}");
        assert!(page.hits.iter().all(|h| !h.marks.is_empty()));
    }
}

#[test]
fn full_width_letters_and_digits_are_the_plain_ones() {
    let mut store = Store::open_in_memory().unwrap();
    let lines = [
        "车牌号是云Ａ１２３４５，给了３５００元",
        "车牌号是云A12345，给了3500元",
        "护照：Ｅ１２３４５６７８。",
        "护照：e12345678。",
        "Ｂｉển số ２９Ａ－１２３．４５",
        "Biển số 29A-123.45",
        "ทะเบียน ๒๙Ａ ๑๒๓๔๕",
    ];
    told(&mut store, "n", Lang::Zh, &lines);
    let found = |typed: &str| -> Vec<i64> {
        let hits = search(&store, typed).hits;
        assert!(hits.iter().all(|h| !h.marks.is_empty()), "{typed}");
        let mut ids: Vec<i64> = hits.iter().map(|h| h.segment.0).collect();
        ids.sort_unstable();
        ids
    };
    for (typed, lines) in [
        ("３５００", &[1, 2][..]),
        ("3500元", &[1, 2]),
        ("云Ａ１２３４５", &[1, 2]),
        ("云a12345", &[1, 2]),
        ("E12345678", &[3, 4]),
        ("Ｅ１２３４５６７８", &[3, 4]),
        ("12345678", &[3, 4]),
        ("29A12345", &[5, 6, 7]),
        ("２９Ａ－１２３．４５", &[5, 6, 7]),
        ("29a-123.45", &[5, 6, 7]),
    ] {
        assert_eq!(found(typed), lines, "{typed}");
    }
}

#[test]
fn a_telephone_number_is_found_however_it_is_grouped() {
    let mut store = Store::open_in_memory().unwrap();
    let lines = [
        "โทร 081-234-5678 ครับ",
        "โทร ๐๘๑ ๒๓๔ ๕๖๗๘",
        "电话0812345678",
        "ဖုန်း ၀၈၁၂၃၄၅၆၇၈",
        "ໂທ 081.234.5678",
        "ទូរស័ព្ទ ០៨១-២៣៤៥៦៧៨",
        "số 081 999 5678",
    ];
    told(&mut store, "n", Lang::Th, &lines);
    for typed in [
        "0812345678",
        "081-234-5678",
        "081 234 5678",
        "\"081 234 5678\"",
        "０８１２３４５６７８",
        "០៨១ ២៣៤ ៥៦៧៨",
    ] {
        let page = search(&store, typed);
        let mut ids: Vec<i64> = page.hits.iter().map(|h| h.segment.0).collect();
        ids.sort_unstable();
        assert_eq!(ids, [1, 2, 3, 4, 5, 6], "{typed}");
        assert!(page.hits.iter().all(|h| !h.marks.is_empty()), "{typed}");
    }
    let page = search(&store, "0812345678");
    let first = page.hits.iter().find(|h| h.segment.0 == 1).unwrap();
    assert_eq!(marked(&first.text, &first.marks), ["081-234-5678"]);
}

#[test]
fn what_is_said_stands_above_what_is_translated_however_often() {
    let mut store = Store::open_in_memory().unwrap();
    told(
        &mut store,
        "a",
        Lang::Vi,
        &[
            "Tôi ở xa.",
            "Anh Minh đi rồi, tôi không biết anh ấy đi đâu.",
        ],
    );
    let t = translated(Lang::Zh, "Minh Minh Minh", 1);
    store
        .record_translation(&id("a"), SegmentId(1), &t)
        .unwrap();
    let order: Vec<i64> = search(&store, "Minh")
        .hits
        .iter()
        .map(|h| h.segment.0)
        .collect();
    assert_eq!(order, [2, 1]);
}

#[test]
fn the_last_letter_may_go_on_where_nothing_else_is_found() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a", Lang::Km, &["ឈ្មោះសុខា", "ឈ្មោះភីរុណ"]);
    let whole = |typed: &str| {
        let page = search(&store, typed);
        page.hits
            .into_iter()
            .map(|h| h.segment.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(whole("សុខ"), [1]);
    assert_eq!(whole("ភីរ"), [2]);
    told(&mut store, "b", Lang::Km, &["ឈ្មោះសុខ"]);
    assert_eq!(search(&store, "សុខ").total, 1, "as asked is enough");
    assert_eq!(search(&store, "សុខ*").total, 2);
}

#[test]
fn a_word_said_stands_before_a_word_translated() {
    let mut store = Store::open_in_memory().unwrap();
    told(
        &mut store,
        "a",
        Lang::Vi,
        &["Tôi là Minh, tôi ở xa.", "Anh ấy ở đây."],
    );
    let t = translated(Lang::Zh, "明在这里。Minh 也在。", 1);
    store
        .record_translation(&id("a"), SegmentId(2), &t)
        .unwrap();
    let page = search(&store, "Minh");
    let order: Vec<_> = page.hits.iter().map(|h| (h.segment.0, h.matched)).collect();
    assert_eq!(order, [(1, Matched::Text), (2, Matched::Translation)]);
    assert!(page.hits[1].marks.is_empty());
    assert_eq!(page.hits[1].translation.as_deref(), Some(t.text.as_str()));
    assert_eq!(marked(&t.text, &page.hits[1].translation_marks), ["Minh"]);
    assert_eq!(search(&store, "这里").hits[0].matched, Matched::Translation);
}

#[test]
fn an_edit_replaces_what_is_found() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a", Lang::Lo, &["ຂ້ອຍຊື່ສົມພອນ"]);
    store
        .edit_text(&id("a"), SegmentId(1), "ຂ້ອຍຊື່ບຸນມີ", "Li", None)
        .unwrap();
    assert_eq!(search(&store, "ສົມພອນ").total, 0);
    assert_eq!(search(&store, "ບຸນມີ").total, 1);
    store
        .edit_translation(&id("a"), SegmentId(1), Lang::Zh, "我叫本米", "Li", None)
        .unwrap();
    assert_eq!(search(&store, "本米").total, 1);
    assert_eq!(search(&store, "ບຸນມີ").total, 1);
}

#[test]
fn the_middle_of_a_word_or_number_is_found_at_last() {
    let mut store = Store::open_in_memory().unwrap();
    told(
        &mut store,
        "a",
        Lang::Vi,
        &["Số 0912 345-678 của Lan", "Không biết"],
    );
    for (typed, marks) in [
        ("345678", "345-678"),
        ("12345", "0912 345-678"),
        ("hông", "hông"),
    ] {
        let page = search(&store, typed);
        assert_eq!(page.total, 1, "{typed}");
        assert!(page.complete);
        let hit = &page.hits[0];
        let found = marked(&hit.text, &hit.marks).concat();
        assert!(
            marks.contains(&found) && !found.is_empty(),
            "{typed}: {found}"
        );
    }
}

#[test]
fn burmese_typed_in_zawgyi_is_found_even_where_it_could_be_unicode() {
    let mut store = Store::open_in_memory().unwrap();
    told(
        &mut store,
        "a",
        Lang::My,
        &["ကား မောင်း", "ကျား မြင်", "မက် မက်", "မကျ ဘူး"],
    );
    // U+103A is a medial there and silences here: nothing in this word says which was meant.
    let typed = "က\u{103a}ား";
    assert!(!crate::text::is_zawgyi(typed));
    assert_eq!(search(&store, typed).hits[0].segment, SegmentId(2));
    // What has the words as typed stands first, and the other reading is not asked then.
    let page = search(&store, "မက\u{103a}");
    assert_eq!((page.total, page.hits[0].segment), (1, SegmentId(3)));
}

#[test]
fn a_correction_typed_in_zawgyi_is_kept_in_unicode_with_its_letters_and_found() {
    let typed = "ကၽြန္ေတာ္ ျမန္မာ";
    let read = &crate::text::from_zawgyi(typed);
    assert!(crate::text::is_zawgyi(typed));
    for (lang, text, _) in SIX_LINES {
        let mut store = Store::open_in_memory().unwrap();
        told(&mut store, "a", lang, &["..."]);
        let line = SegmentId(1);
        let (said, made) = match lang {
            Lang::My => (typed, "我叫张伟"),
            _ => (text, typed),
        };
        store.edit_text(&id("a"), line, said, "Su", None).unwrap();
        let to = if lang == Lang::My { Lang::Zh } else { Lang::My };
        store
            .edit_translation(&id("a"), line, to, made, "Su", None)
            .unwrap();
        let stored = store.segment(&id("a"), line).unwrap();
        let made = &stored.translations[0];
        let (burmese, flags, other) = match lang {
            Lang::My => (&stored.text, &stored.flags, &made.text),
            _ => (&made.text, &made.flags, &stored.text),
        };
        assert_eq!(burmese, read, "{lang}");
        assert_eq!(*flags, [Flag::with(FlagKind::Zawgyi, typed)], "{lang}");
        // What is no Burmese stays as it was typed.
        let expected = if lang == Lang::My {
            "我叫张伟"
        } else {
            text
        };
        assert_eq!(other, expected, "{lang}");
        assert_eq!(search(&store, "မြန်မာ").hits[0].segment, line, "{lang}");
        // The same once more is no other version.
        let again = match lang {
            Lang::My => store.edit_text(&id("a"), line, typed, "Su", None),
            _ => store.edit_translation(&id("a"), line, Lang::My, typed, "Su", None),
        };
        assert!(matches!(again, Err(Error::Unchanged)), "{lang}: {again:?}");
    }
}

#[test]
fn filters_narrow() {
    let mut store = Store::open_in_memory().unwrap();
    for (name, case, started) in [
        ("old", "案件一", "2026-01-31T23:30:00+07:00"),
        ("new", "案件二", "2026-02-01T00:30:00+07:00"),
    ] {
        let mut new = interview(name, &[Lang::Zh, Lang::Th]);
        new.case = Some(case.to_owned());
        new.started = started.to_owned();
        let cuts = [super::cut(0, 0, Lang::Zh), super::cut(1, 2_000, Lang::Th)];
        store.create_interview(&new, &cuts).unwrap();
        let said = super::heard(Lang::Zh, "瑞丽");
        store
            .record_hypothesis(&id(name), SegmentId(1), &said)
            .unwrap();
        let said = super::heard(Lang::Th, "瑞丽 อยู่ที่ไหน");
        store
            .record_hypothesis(&id(name), SegmentId(2), &said)
            .unwrap();
    }
    let count = |change: &dyn Fn(&mut SearchQuery)| {
        let mut q = query("瑞丽");
        change(&mut q);
        let page = store.search(&q).unwrap();
        assert_eq!(page.total, page.hits.len() as u64);
        page.total
    };
    assert_eq!(count(&|_| ()), 4);
    assert_eq!(count(&|q| q.lang = Some(Lang::Th)), 2);
    assert_eq!(count(&|q| q.case = Some("案件一".into())), 2);
    assert_eq!(count(&|q| q.speaker = Some("officer".into())), 2);
    assert_eq!(count(&|q| q.since = Some("2026-02-01".into())), 2);
    assert_eq!(count(&|q| q.until = Some("2026-01-31".into())), 2);
    assert_eq!(count(&|q| q.since = Some("2026-01-31T17:00:00Z".into())), 2);
    assert_eq!(count(&|q| q.until = Some("2026-01-30".into())), 0);
    let mut q = query("瑞丽");
    q.limit = 1;
    let page = store.search(&q).unwrap();
    assert_eq!((page.total, page.hits.len()), (4, 1));
    q.since = Some("soon".to_owned());
    assert!(matches!(store.search(&q), Err(Error::BadTime(_))));
}

#[test]
fn whatever_is_typed_is_a_query() {
    let store = six();
    let long = "张".repeat(5_000);
    let many = "a b c d ".repeat(500);
    for odd in [
        "",
        " ",
        "\"",
        "''",
        "*",
        "AND",
        "OR NOT",
        "NEAR(a b)",
        "text:张",
        "张*",
        "^张",
        "(",
        ")",
        "-张",
        "a\"b",
        "%_",
        "\0",
        "张\0伟",
        "\u{E000}",
        "\u{202E}",
        "🙂",
        "ุ",
        "្",
        "\u{200B}",
        "; DROP TABLE segment",
        "{text}: 张",
        "张 + 伟",
        &long,
        &many,
    ] {
        let page = search(&store, odd);
        assert!(page.hits.len() as u64 <= page.total, "{odd:?}");
    }
    assert_eq!(search(&store, "\"张伟\"").total, 1);
    assert_eq!(search(&store, "张伟*").total, 1);
    assert_eq!(search(&store, "!!!").total, 0);
}

#[test]
fn a_phrase_does_not_run_from_one_translation_into_the_next() {
    let mut store = Store::open_in_memory().unwrap();
    let cuts = [super::cut(1, 0, Lang::Vi)];
    store
        .create_interview(&interview("a", &[Lang::Zh, Lang::Vi, Lang::Th]), &cuts)
        .unwrap();
    store
        .record_hypothesis(&id("a"), SegmentId(1), &super::heard(Lang::Vi, "ừ"))
        .unwrap();
    for (lang, text) in [(Lang::Th, "瑞"), (Lang::Zh, "丽")] {
        store
            .record_translation(&id("a"), SegmentId(1), &translated(lang, text, 1))
            .unwrap();
    }
    assert_eq!(search(&store, "瑞丽").total, 0);
    assert_eq!(search(&store, "瑞").total, 1);
}
