//! What a question may say: operators, quotes, narrowing; near spellings; the lines around a hit.

use super::super::{Matched, SearchPage, SearchQuery, Store, Why};
use super::Edits as _;
use super::{SIX_LINES, id, interview, told};
use crate::domain::{FactKind, FlagKind, Lang, PersonId, SegmentId, Status};
use crate::store::{NewFact, Other, Via};

fn query(text: &str) -> SearchQuery {
    SearchQuery {
        text: text.to_owned(),
        limit: 50,
        ..SearchQuery::default()
    }
}

fn search(store: &Store, text: &str) -> SearchPage {
    store.search(&query(text)).unwrap()
}

/// The numbers of the lines found.
fn found(store: &Store, text: &str) -> Vec<i64> {
    let mut ids: Vec<i64> = search(store, text)
        .hits
        .iter()
        .map(|h| h.segment.0)
        .collect();
    ids.sort_unstable();
    ids
}

fn store_of(lang: Lang, lines: &[&str]) -> Store {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a", lang, lines);
    store
}

#[test]
fn operators_join_part_and_exclude() {
    let store = store_of(
        Lang::Vi,
        &[
            "xe đỏ đi Lào Cai",
            "xe xanh đi Hà Nội",
            "tàu đỏ đi Hà Nội",
            "đi bộ, không xe",
        ],
    );
    for (typed, lines) in [
        ("xe", &[1, 2, 4][..]),
        ("xe AND đỏ", &[1]),
        ("đỏ OR xanh", &[1, 2, 3]),
        ("xe NOT đỏ", &[2, 4]),
        ("xe -đỏ -xanh", &[4]),
        ("(đỏ OR xanh) \"Hà Nội\"", &[2, 3]),
        ("\"xe đi\"", &[]),
        ("xe NEAR/1 đi", &[1, 2]),
        ("xe NEAR/9 đi", &[1, 2, 4]),
        ("xa*", &[2]),
        ("\"ha noi\"", &[2, 3]),
        ("xe and", &[]),
    ] {
        assert_eq!(found(&store, typed), lines, "{typed}");
    }
}

#[test]
fn a_phrase_is_found_in_all_six_scripts_and_its_parts_may_be_excluded() {
    let mut store = Store::open_in_memory().unwrap();
    for (lang, text, _) in SIX_LINES {
        told(&mut store, lang.code(), lang, &[text]);
    }
    for (lang, text, word) in SIX_LINES {
        let quoted = format!("\"{text}\"");
        assert_eq!(search(&store, &quoted).total, 1, "{quoted}");
        let first = text.split(' ').next().unwrap();
        let without = format!("{first} -{word}");
        let left = u64::from(lang == Lang::Vi && !first.contains(word));
        assert!(search(&store, &without).total <= left, "{without}");
        let either = format!("没有 OR {word}");
        assert_eq!(search(&store, &either).total, 1, "{either}");
    }
}

#[test]
fn single_letters_and_letters_beside_words_are_found() {
    let store = store_of(Lang::Zh, &["他付了3500元", "王在E栋", "只有人"]);
    for (typed, lines) in [
        ("王", &[2][..]),
        ("3500元", &[1]),
        ("\"在E栋\"", &[2]),
        ("人", &[3]),
        ("有人", &[3]),
        ("了3500", &[1]),
        ("元人", &[]),
    ] {
        assert_eq!(found(&store, typed), lines, "{typed}");
    }
}

#[test]
fn traditional_and_simplified_characters_find_each_other() {
    let store = store_of(Lang::Zh, &["張偉來自雲南", "张伟来自云南"]);
    assert_eq!(found(&store, "张伟"), [1, 2]);
    assert_eq!(found(&store, "雲南"), [1, 2]);
}

/// What was said, how somebody types it, what is shown as near.
const SLIPS: [(Lang, &str, &str); 11] = [
    (Lang::Zh, "我叫张伟，住在瑞丽市。", "章维"),
    (Lang::Zh, "他在昆明车站", "昆民车站"),
    (Lang::Vi, "tôi tên là Nguyễn Văn Hùng", "Nguyne Hùng"),
    (Lang::Vi, "đi qua Lạng Sơn", "Lạng Xơn"),
    (Lang::Th, "ฉันชื่อสมชาย มาจากเชียงราย", "สมชัย"),
    (Lang::Th, "เขาอยู่ที่แม่สอด", "แม่ซอด"),
    (Lang::My, "ကိုအောင်ပါ မူဆယ်မှာ", "မုဆယ်"),
    (Lang::My, "မန္တလေးကလာတယ်", "မန္တလေကလာ"),
    (Lang::Lo, "ຂ້ອຍຊື່ສົມພອນ", "ສົມຜອນ"),
    (Lang::Km, "ខ្ញុំឈ្មោះសុខា មកពីប៉ោយប៉ែត", "សុខ៉ា"),
    (Lang::Km, "មកពីភ្នំពេញ", "ភ្នុំពេញ"),
];

#[test]
fn slips_of_spelling_and_hearing_are_found_and_said_to_be_near() {
    for (lang, said, typed) in SLIPS {
        let store = store_of(lang, &[said]);
        let page = search(&store, typed);
        assert_eq!(page.total, 1, "{typed}");
        let hit = &page.hits[0];
        assert!(
            matches!(&hit.why, Why::Like(words) if !words.is_empty()),
            "{typed}"
        );
        assert!(!hit.marks.is_empty(), "{typed}");
        assert_eq!(hit.matched, Matched::Text);
    }
}

#[test]
fn near_spellings_stand_below_exact_ones_and_numbers_have_none() {
    let store = store_of(
        Lang::Zh,
        &["章伟来了", "张伟来了", "李明来了", "电话13912345678"],
    );
    assert_eq!(
        found(&store, "张伟"),
        [2],
        "what is found exactly is enough"
    );
    let mut q = query("张伟");
    q.like = true;
    let page = store.search(&q).unwrap();
    let order: Vec<i64> = page.hits.iter().map(|h| h.segment.0).collect();
    assert_eq!(order, [2, 1]);
    assert_eq!(page.hits[0].why, Why::AsAsked);
    assert_eq!(page.hits[1].why, Why::Like(vec!["章伟".to_owned()]));
    assert_eq!(search(&store, "13912345679").total, 0);
}

#[test]
fn a_question_is_narrowed_to_doubts_status_and_people() {
    let mut store = Store::open_in_memory().unwrap();
    told(&mut store, "a", Lang::Lo, &["ສົມພອນມາ", "ສົມພອນໄປ"]);
    told(&mut store, "b", Lang::Lo, &["ສົມພອນຢູ່"]);
    store
        .edit_text(&id("a"), SegmentId(2), "ສົມພອນໄປແລ້ວ", "Li", None)
        .unwrap();
    let count = |change: &dyn Fn(&mut SearchQuery)| {
        let mut q = query("ສົມພອນ");
        change(&mut q);
        store.search(&q).unwrap().total
    };
    assert_eq!(count(&|_| ()), 3);
    assert_eq!(count(&|q| q.status = Some(Status::Edited)), 1);
    assert_eq!(count(&|q| q.status = Some(Status::Machine)), 2);
    assert_eq!(count(&|q| q.status = Some(Status::Certified)), 0);
    assert_eq!(count(&|q| q.flag = Some(FlagKind::PracticeModel)), 2);
    assert_eq!(count(&|q| q.flag = Some(FlagKind::NumberMismatch)), 0);
    assert_eq!(count(&|q| q.speaker = Some("INTERVIEWEE ".into())), 3);
    let (a, fact) = (id("a"), NewFact::new(FactKind::Name, "ສົມພອນ"));
    let fact = NewFact {
        line: Some((&a, SegmentId(1))),
        ..fact
    };
    let person = store.add_person(None, "Li", &[fact]).unwrap();
    let mut q = query("ສົມພອນ");
    q.person = Some(person);
    assert_eq!(
        store.search(&q).unwrap().total,
        2,
        "lines of the interview that names the person"
    );
    q.person = Some(PersonId("p99".to_owned()));
    assert!(store.search(&q).is_err());
}

#[test]
fn the_lines_around_a_hit_are_given_when_asked() {
    let store = store_of(Lang::Th, &["สวัสดี", "ฉันชื่อสมชาย", "ขอบคุณ"]);
    let mut q = query("สมชาย");
    q.context = true;
    let hit = store.search(&q).unwrap().hits.remove(0);
    let around = hit.around.map(|n| n.map(|n| n.text));
    assert_eq!(around, [Some("สวัสดี".to_owned()), Some("ขอบคุณ".to_owned())]);
    q.text = "สวัสดี".to_owned();
    let hit = store.search(&q).unwrap().hits.remove(0);
    assert!(hit.around[0].is_none() && hit.around[1].is_some());
}

#[test]
fn many_hits_are_counted_up_to_a_bound_and_the_newest_shown() {
    let mut store = Store::open_in_memory().unwrap();
    let line = |n: usize| crate::store::ImportedLine {
        speaker: "officer".into(),
        span: super::cut(0, n as u64 * 2_000, Lang::Zh).span,
        lang: Lang::Zh,
        text: if n == 9_000 {
            "大家都好张伟".into()
        } else {
            "大家都好".into()
        },
        translations: Vec::new(),
        machine: true,
        flags: Vec::new(),
    };
    let lines: Vec<_> = (0..10_500).map(line).collect();
    let new = crate::store::NewInterview {
        audio: Vec::new(),
        working: Vec::new(),
        asked: None,
        ..interview("a", &[Lang::Zh])
    };
    store
        .create_from_transcript(&new, &lines, "test", None)
        .unwrap();
    let mut q = query("大家");
    q.limit = 3;
    let page = store.search(&q).unwrap();
    assert_eq!((page.total, page.more, page.complete), (10_000, true, true));
    let order: Vec<i64> = page.hits.iter().map(|h| h.segment.0).collect();
    assert_eq!(order, [10_500, 10_499, 10_498]);
    let page = search(&store, "大家 张伟");
    assert_eq!((page.total, page.more), (1, false));
}

#[test]
fn other_words_for_a_question_or_a_part_of_it_find_lines_below_the_others() {
    let lines = ["他说拐卖在瑞丽", "mua bán người ở Ruili", "拐卖", "在瑞丽"];
    let store = store_of(Lang::Zh, &lines);
    let other = |part: Option<&str>, words: &str| Other {
        part: part.map(str::to_owned),
        words: words.to_owned(),
        via: Via::Term,
    };
    let across = |typed: &str, others: &[Other]| {
        let mut page = search(&store, typed);
        store
            .search_across(&query(typed), others, &mut page)
            .unwrap();
        page.hits
    };
    let hits = across("拐卖", &[other(None, "mua bán người")]);
    let order: Vec<_> = hits.iter().map(|h| (h.segment.0, h.matched)).collect();
    assert_eq!(order.len(), 3);
    assert_eq!(order[2], (2, Matched::Term));
    assert!(matches!(&hits[2].why, Why::Across { words, .. } if words == "mua bán người"));
    assert!(!hits[2].marks.is_empty());
    let hits = across("拐卖 Ruili", &[other(Some("拐卖"), "mua bán người")]);
    assert_eq!(hits.iter().map(|h| h.segment.0).collect::<Vec<_>>(), [2]);
    assert!(across("没有", &[]).is_empty());
}
