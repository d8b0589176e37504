//! Properties: any text survives, any query is answered, the derived tables always fit the records.

use proptest::prelude::*;

use super::super::{SearchQuery, Store};
use super::Edits as _;
use super::{SIX_LINES, cut, heard, id, interview, told, translated};
use crate::domain::{Cancel, Lang, SegmentId};

/// Text in a mixture of the six scripts with whatever else Unicode has.
fn any_text() -> impl Strategy<Value = String> {
    let scripts = "[\u{4E00}-\u{4FFF}a-zà-ỹ\u{0E01}-\u{0E4E}\u{1000}-\u{1049}\u{0E81}-\u{0ECD}\u{1780}-\u{17D3}0-9 ]{1,24}";
    prop_oneof![3 => scripts, 1 => any::<String>()]
}

#[derive(Clone, Debug)]
enum Step {
    Hear(i64, String),
    Fail(i64),
    Translate(i64, String, u32),
    Edit(i64, String),
    EditTranslation(i64, String),
    Append,
}

fn any_step() -> impl Strategy<Value = Step> {
    let line = 1i64..6;
    prop_oneof![
        (line.clone(), any_text()).prop_map(|(l, t)| Step::Hear(l, t)),
        line.clone().prop_map(Step::Fail),
        (line.clone(), any_text(), 1u32..3).prop_map(|(l, t, v)| Step::Translate(l, t, v)),
        (line.clone(), any_text()).prop_map(|(l, t)| Step::Edit(l, t)),
        (line, any_text()).prop_map(|(l, t)| Step::EditTranslation(l, t)),
        Just(Step::Append),
    ]
}

fn apply(store: &mut Store, step: &Step) {
    let a = id("a");
    // Some steps are refused (no text yet, unchanged, no such line); that is part of the trial.
    let _ = match step {
        Step::Hear(l, t) => store.record_hypothesis(&a, SegmentId(*l), &heard(Lang::My, t)),
        Step::Fail(l) => store.record_failure(&a, SegmentId(*l), "reason"),
        Step::Translate(l, t, v) => {
            store.record_translation(&a, SegmentId(*l), &translated(Lang::Zh, t, *v))
        }
        Step::Edit(l, t) => store
            .edit_text(&a, SegmentId(*l), t, "Li", None)
            .map(|_| ()),
        Step::EditTranslation(l, t) => store
            .edit_translation(&a, SegmentId(*l), Lang::Zh, t, "Li", None)
            .map(|_| ()),
        Step::Append => store
            .append_segments(&a, &[cut(1, 9_000, Lang::My)], 0)
            .map(|_| ()),
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_comes_back_and_finds_its_line(text in any_text()) {
        let mut store = Store::open_in_memory().unwrap();
        told(&mut store, "a", Lang::My, &[&text]);
        prop_assert_eq!(&store.segment(&id("a"), SegmentId(1)).unwrap().text, &text);
        // In quotes nothing is an operator; the quotes of the text itself would end them.
        let quoted = format!("\"{}\"", text.replace(['"', '“', '”', '„', '«', '»', '「', '」', '『', '』', '＂'], " "));
        let q = SearchQuery { text: quoted, limit: 5, ..SearchQuery::default() };
        let page = store.search(&q).unwrap();
        let has_words = !crate::store::terms::terms(&text).is_empty();
        if has_words && text.chars().count() < 100 {
            prop_assert_eq!(page.total, 1);
        }
        for hit in &page.hits {
            let length = hit.text.chars().count();
            let mut last = 0;
            for &(from, to) in &hit.marks {
                prop_assert!(last <= from && from < to && to <= length);
                last = to;
            }
        }
    }

    #[test]
    fn any_query_is_answered(
        text in any_text(),
        middle in "( (AND|OR|NOT|NEAR|NEAR/[0-9]{1,9}) |[\"*()^:+\\-{}%' \u{300}\u{202E}\u{E3A}\u{1F642}]){0,8}",
        end in any_text(),
    ) {
        let mut store = Store::open_in_memory().unwrap();
        for (lang, line, _) in SIX_LINES {
            told(&mut store, lang.code(), lang, &[line]);
        }
        let q = SearchQuery { text: text + &middle + &end, limit: 5, like: true, context: true, ..SearchQuery::default() };
        let page = store.search(&q).unwrap();
        prop_assert!(page.hits.len() as u64 <= page.total.max(5));
        for hit in &page.hits {
            let length = hit.text.chars().count();
            prop_assert!(hit.marks.iter().all(|&(from, to)| from < to && to <= length));
        }
    }

    #[test]
    fn counters_and_index_fit_the_records_after_any_steps(
        steps in proptest::collection::vec(any_step(), 1..20)
    ) {
        let mut store = Store::open_in_memory().unwrap();
        let cuts = [cut(0, 0, Lang::Zh), cut(1, 2_000, Lang::My), cut(1, 4_000, Lang::My)];
        store.create_interview(&interview("a", &[Lang::Zh, Lang::My]), &cuts).unwrap();
        let mut versions = 0;
        for step in &steps {
            apply(&mut store, step);
            let now = store.segments(&id("a")).unwrap().iter()
                .map(|s| store.history(&id("a"), s.id).unwrap().len())
                .sum::<usize>();
            prop_assert!(now >= versions, "a version was lost");
            versions = now;
        }
        store.check().unwrap();
        let listed = store.list(None).unwrap();
        let lines = store.segments(&id("a")).unwrap();
        let waiting = (
            store.pending_recognition(None, true).unwrap(),
            store.pending_translation(None).unwrap(),
        );
        for line in &lines {
            prop_assert_eq!(&store.segment(&id("a"), line.id).unwrap(), line);
        }
        store.rebuild_index(&mut |_, _| {}, &Cancel::new()).unwrap();
        prop_assert_eq!(store.list(None).unwrap(), listed);
        prop_assert_eq!(store.segments(&id("a")).unwrap(), lines);
        prop_assert_eq!(store.pending_recognition(None, true).unwrap(), waiting.0);
        prop_assert_eq!(store.pending_translation(None).unwrap(), waiting.1);
    }
}
