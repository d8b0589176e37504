//! How fast the store is with 1,000 interviews of 300 lines. Asserts nothing about time; run it with
//! `cargo test --release --lib store::tests::measure -- --ignored --nocapture`.

use std::time::Instant;

use super::super::{ImportedLine, ImportedTranslation, NewInterview, SearchQuery, Store};
use super::Edits as _;
use super::{SIX_LINES, id, interview};
use crate::domain::{Cancel, Lang, SamplePos, SegmentId, Span};

const INTERVIEWS: usize = 1_000;
const LINES: usize = 300;

/// News in the six languages where it lies beside the project, else six sentences over and over.
fn texts(lang: Lang) -> Vec<String> {
    let path = format!(
        "{}/../shared/text/ntrex/{lang}.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    let other = format!("/work/shared/text/ntrex/{lang}.txt");
    let read = std::fs::read_to_string(path).or_else(|_| std::fs::read_to_string(other));
    match read {
        Ok(text) => text.lines().map(str::to_owned).collect(),
        Err(_) => SIX_LINES
            .iter()
            .filter(|l| l.0 == lang)
            .map(|l| l.1.to_owned())
            .collect(),
    }
}

fn report<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    println!("{what}: {:.1} ms", start.elapsed().as_secs_f64() * 1_000.0);
    done
}

#[test]
#[ignore = "a measurement that takes minutes"]
fn a_thousand_interviews() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.sqlite3");
    let others: Vec<Lang> = Lang::SIX.into_iter().filter(|l| *l != Lang::Zh).collect();
    let spoken: Vec<Vec<String>> = others.iter().map(|l| texts(*l)).collect();
    let chinese = texts(Lang::Zh);
    let mut store = report("open a new store", || Store::open(&path).unwrap());
    report("store 1,000 interviews of 300 lines", || {
        for n in 0..INTERVIEWS {
            let lang = others[n % others.len()];
            let said = &spoken[n % others.len()];
            let lines: Vec<ImportedLine> = (0..LINES)
                .map(|l| {
                    let at = (n * 37 + l) % said.len();
                    ImportedLine {
                        speaker: "interviewee".to_owned(),
                        span: Span::new(
                            SamplePos::from_ms(l as u64 * 3_000),
                            SamplePos::from_ms(l as u64 * 3_000 + 2_000),
                        ),
                        lang,
                        text: said[at].clone(),
                        translations: vec![ImportedTranslation::new(
                            Lang::Zh,
                            chinese[at % chinese.len()].clone(),
                            false,
                        )],
                        machine: false,
                        flags: Vec::new(),
                    }
                })
                .collect();
            let new = NewInterview {
                case: Some(format!("case-{}", n % 50)),
                asked: None,
                ..interview(&format!("i-{n:04}"), &[Lang::Zh, lang])
            };
            store
                .create_from_transcript(&new, &lines, "measurement", None)
                .unwrap();
        }
    });
    drop(store);
    println!(
        "size: {} MiB",
        std::fs::metadata(&path).unwrap().len() >> 20
    );
    let mut store = report("open", || Store::open(&path).unwrap());
    let listed = report("list, first time", || store.list(None).unwrap());
    assert_eq!(listed.len(), INTERVIEWS);
    report("list, again", || store.list(None).unwrap());
    report("list one case", || store.list(Some("case-7")).unwrap());
    report("one interview's lines", || {
        store.segments(&id("i-0500")).unwrap()
    });
    report("pending, both", || {
        (
            store.pending_recognition(None, true).unwrap(),
            store.pending_translation(None).unwrap(),
        )
    });
    report("one edit", || {
        store
            .edit_text(&id("i-0500"), SegmentId(7), "我叫张伟", "Li", None)
            .unwrap()
    });
    for text in [
        "张伟",
        "威尔士",
        "的",
        "Quốc hội",
        "nguyen",
        "สมาชิก",
        "သည်",
        "ສະພາ",
        "រដ្ឋ",
        "zzqx",
    ] {
        let q = SearchQuery {
            text: text.to_owned(),
            limit: 50,
            ..SearchQuery::default()
        };
        let page = report(&format!("search '{text}'"), || store.search(&q).unwrap());
        println!("    {} lines, complete: {}", page.total, page.complete);
    }
    report("check", || store.check().unwrap());
    let lines = report("rebuild", || {
        store.rebuild_index(&mut |_, _| {}, &Cancel::new()).unwrap()
    });
    assert_eq!(lines, (INTERVIEWS * LINES) as u64);
}
