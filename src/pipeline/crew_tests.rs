//! Several workers at once: the same texts, each line once, and one bad line that stops no other.

use super::tests::{Bed, FakeTongue, LINES, ZH_VI};
use super::{Engines, Error};
use crate::domain::{Cancel, FlagKind, Lang, Status};
use crate::store::Store;

/// Texts and translations by line.
fn words(bed: &Bed) -> Vec<(String, Vec<String>)> {
    let store = Store::open(&bed.store()).unwrap();
    let lines = store.segments(&bed.id).unwrap();
    let of = |t: &crate::domain::Translation| t.text.clone();
    lines
        .iter()
        .map(|s| (s.text.clone(), s.translations.iter().map(of).collect()))
        .collect()
}

fn with_tongue(bed: &Bed, tongue: FakeTongue) -> Engines {
    let mut engines = bed.engines(&[], None, &[ZH_VI]);
    engines.translation[0].engine = Box::new(tongue);
    engines
}

#[test]
fn any_number_of_workers_writes_the_same_and_hears_each_line_once() {
    let alone = Bed::new();
    alone
        .run(alone.engines(&[], None, &[ZH_VI]), false)
        .unwrap();
    for cores in [2, 3, 8, 50] {
        let many = Bed {
            cores,
            ..Bed::new()
        };
        let report = many.run(many.engines(&[], None, &[ZH_VI]), false).unwrap();
        assert_eq!((report.recognised, report.translated), (LINES, LINES));
        assert_eq!(words(&many), words(&alone), "{cores} cores");
        let mut heard = many.heard.lock().unwrap().clone();
        heard.sort_unstable();
        assert_eq!(heard, (0..LINES).collect::<Vec<_>>(), "{cores} cores");
    }
}

#[test]
fn a_cancel_among_several_workers_leaves_only_whole_and_pending_lines() {
    let bed = Bed {
        cores: 4,
        ..Bed::new()
    };
    let stopped = bed.run(bed.engines(&[], Some(5), &[ZH_VI]), false);
    assert!(matches!(stopped, Err(Error::Cancelled)));
    let done = bed.statuses();
    assert!(done.contains(&Status::Pending));
    assert!(
        done.iter()
            .all(|s| matches!(s, Status::Pending | Status::Machine))
    );
    let bed = Bed {
        cancel: Cancel::new(),
        ..bed
    };
    bed.run(bed.engines(&[], None, &[ZH_VI]), false).unwrap();
    let whole = Bed::new();
    whole
        .run(whole.engines(&[], None, &[ZH_VI]), false)
        .unwrap();
    assert_eq!(words(&bed), words(&whole));
}

#[test]
fn a_translator_that_panics_or_fails_on_a_line_does_the_others_and_marks_it() {
    for cores in [1, 3] {
        let bed = Bed {
            cores,
            ..Bed::new()
        };
        let bad = FakeTongue {
            panics_at: Some("第4句"),
            fails_at: Some("第9句"),
        };
        let report = bed.run(with_tongue(&bed, bad), false).unwrap();
        assert_eq!((report.recognised, report.translated), (LINES, LINES - 2));
        assert_eq!((report.failed, report.untranslated), (0, 2));
        assert!(report.reason.is_some());

        let store = Store::open(&bed.store()).unwrap();
        let lines = store.segments(&bed.id).unwrap();
        for (n, line) in lines.iter().enumerate() {
            let flag = line.flags.iter().find(|f| f.kind == FlagKind::EngineFailed);
            assert_eq!(flag.is_some(), [4, 9].contains(&n), "line {n}");
            assert_eq!(line.status, Status::Machine);
            if let Some(flag) = flag {
                assert!(flag.detail.starts_with(Lang::Vi.code()), "{}", flag.detail);
                assert!(line.translations.is_empty());
            }
        }
        assert_eq!(store.list(None).unwrap()[0].pending, 0);

        // Not tried again unasked; asked, tried once more, and a better engine mends them.
        let again = bed.run(with_tongue(&bed, bad), false).unwrap();
        assert_eq!(again, super::Report::default());
        let again = bed.run(with_tongue(&bed, bad), true).unwrap();
        assert_eq!((again.translated, again.untranslated), (0, 2));
        let mended = bed.run(bed.engines(&[], None, &[ZH_VI]), true).unwrap();
        assert_eq!((mended.translated, mended.untranslated), (2, 0));
        let lines = store.segments(&bed.id).unwrap();
        let failed = |f: &crate::domain::Flag| f.kind == FlagKind::EngineFailed;
        assert!(!lines.iter().any(|s| s.flags.iter().any(failed)));
    }
}
