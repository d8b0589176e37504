//! Several workers at once: the same texts, each line once, and one bad line that stops no other.

use super::crew::Worker;
use super::tests::{Bed, FakeTongue, LINES, ZH_VI, interview};
use super::{Backlog, Engines, Error, LineOptions, SourceLine, translate_line};
use crate::domain::{
    Cancel, FactKind, FlagKind, InterviewId, Lang, LangPair, SamplePos, Span, Status,
};
use crate::glossary::Glossary;
use crate::store::{ImportedLine, NewFact, NewInterview, Store};
use crate::translate::{self, DecodeOptions, Decoded, Translator};

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
    for (cores, a_core) in [(2, 1), (3, 1), (8, 1), (50, 1), (1, 4), (2, 3), (5, 4)] {
        let many = Bed {
            cores,
            a_core,
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
fn recognisers_that_share_cores_have_a_worker_each_and_every_core_a_translator() {
    let bed = Bed {
        a_core: 4,
        ..Bed::new()
    };
    for (cores, spoken, lines, workers, hear, translate) in [
        (2, 12, 12, 8, 8, 2),
        (2, 5, 40, 5, 5, 2),
        (2, 1, 40, 2, 2, 2),
        (2, 0, 40, 2, 2, 2),
        (2, 1, 1, 2, 1, 1),
        (1, 12, 12, 5, 4, 1),
        (3, 2, 2, 2, 2, 2),
    ] {
        let backlog = Backlog {
            store: &bed.store(),
            recordings: bed.dir.path(),
            glossary: &Glossary::default(),
            options: LineOptions {
                decode: DecodeOptions::default(),
                raw: false,
                names: Default::default(),
            },
            retry_failed: false,
            cores,
            memory: 1 << 30,
            cancel: &bed.cancel,
            watcher: &|_| {},
        };
        let mut engines = bed.engines(&[], None, &[ZH_VI]);
        let mut crew = backlog.crew(&mut engines, spoken, lines);
        let does: Vec<(bool, bool)> = crew.workers().iter().map(Worker::does).collect();
        let found = (
            does.len(),
            does.iter().filter(|(hears, _)| *hears).count(),
            does.iter().filter(|(_, translates)| *translates).count(),
        );
        assert_eq!(
            found,
            (workers, hear, translate),
            "{cores} {spoken} {lines}"
        );
    }
}

#[test]
fn a_cancel_among_several_workers_leaves_only_whole_and_pending_lines() {
    let bed = Bed {
        cores: 2,
        a_core: 2,
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

#[test]
fn thai_and_lao_are_translated_in_the_parts_that_the_speaker_made() {
    let bed = Bed::new();
    for (from, text) in [
        (Lang::Th, "ผมไม่เคยไปที่นั่น เขาบอกให้ผมรอ"),
        (Lang::Lo, "ຂ້ອຍບໍ່ເຄີຍໄປບ່ອນນັ້ນ ລາວບອກໃຫ້ຂ້ອຍລໍຖ້າ"),
    ] {
        let pair = LangPair::new(from, Lang::Vi);
        let mut routes = bed.engines(&[], None, &[pair]).translation;
        let (first, second) = text.split_once(' ').unwrap();
        let heard = [first.len() + 1];
        for (pauses, raw, wanted) in [
            (&heard[..], false, format!("<{first}> <{second}>")),
            (&[], false, format!("<{text}>")),
            (&heard, true, format!("<{text}>")),
        ] {
            let source = SourceLine { text, pauses, pair };
            let options = LineOptions {
                decode: DecodeOptions::default(),
                raw,
                names: Default::default(),
            };
            let glossary = Glossary::default();
            let line = translate_line(&mut routes, &glossary, &source, &options, &Cancel::new());
            assert_eq!(line.unwrap().text, wanted, "{from}");
        }
    }
}

/// Writes of everything that it rains.
struct Weather;

impl Translator for Weather {
    fn engine(&self) -> &str {
        "weather"
    }

    fn supports(&self, _: LangPair) -> bool {
        true
    }

    fn translate(
        &mut self,
        _: &str,
        _: LangPair,
        _: &DecodeOptions,
        _: &Cancel,
    ) -> Result<Decoded, translate::Error> {
        Ok(Decoded {
            text: "Hôm qua trời mưa.".into(),
            token_ids: vec![1],
            log_prob: -0.1,
            score: -0.1,
            truncated: false,
        })
    }
}

#[test]
fn names_of_the_register_are_looked_for_in_their_case_alone() {
    let bed = Bed::new();
    let mut store = Store::open(&bed.store()).unwrap();
    let name = |value| NewFact::new(FactKind::Name, value);
    store
        .add_person(Some("K-1"), "Li", &[name("张建国")])
        .unwrap();
    store.add_person(None, "Li", &[name("王丽华")]).unwrap();
    let line = ImportedLine {
        speaker: "officer".into(),
        span: Span::new(SamplePos::from_ms(0), SamplePos::from_ms(900)),
        lang: Lang::Zh,
        text: "昨天张建国和王丽华来了。".into(),
        translations: Vec::new(),
        machine: false,
        flags: Vec::new(),
    };
    for (name, case, missing) in [
        ("20260101-000000-000011", Some("K-1"), "张建国, 王丽华"),
        ("20260101-000000-000012", Some("K-2"), "王丽华"),
        ("20260101-000000-000013", None, "王丽华"),
    ] {
        let id = InterviewId(name.to_owned());
        let new = NewInterview {
            case: case.map(str::to_owned),
            working: Vec::new(),
            asked: None,
            ..interview(&id)
        };
        store
            .create_from_transcript(&new, std::slice::from_ref(&line), "a test", None)
            .unwrap();
        let mut engines = bed.engines(&[], None, &[ZH_VI]);
        engines.translation[0].engine = Box::new(Weather);
        bed.run_on(&id, engines).unwrap();
        let line = store.segments(&id).unwrap().remove(0);
        let flags = line.translations[0].flags.iter();
        let named: Vec<&str> = flags
            .filter(|f| f.kind == FlagKind::NameDiffers)
            .filter_map(|f| f.detail.split(" |").next())
            .collect();
        assert_eq!(named, [missing], "{case:?}");
    }
}
