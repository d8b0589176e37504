//! The fidelity checks on a labelled set: pairs of all six languages, half of them with a planted fault.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::collections::BTreeMap;
use std::path::Path;

use mekong_interview::domain::{FlagKind, Lang, LangPair, Side};
use mekong_interview::translate::compare;

/// What the set must reach on numbers and dates, on each half.
const MIN_PRECISION: f64 = 0.95;
const MIN_RECALL: f64 = 0.90;

struct Pair {
    split: String,
    kind: String,
    pair: LangPair,
    source: String,
    translation: String,
    wanted: Vec<FlagKind>,
}

fn pairs() -> Vec<Pair> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fidelity/pairs.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let lang = |code: &str| code.parse::<Lang>().unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let flags = cells[6].split(',').filter(|f| *f != "-");
            Pair {
                split: cells[0].to_owned(),
                kind: cells[1].to_owned(),
                pair: LangPair::new(lang(cells[2]), lang(cells[3])),
                source: cells[4].to_owned(),
                translation: cells[5].to_owned(),
                wanted: flags.map(|f| FlagKind::parse(f).unwrap()).collect(),
            }
        })
        .collect()
}

/// Right flags, false flags, missed flags.
#[derive(Clone, Copy, Default)]
struct Score {
    right: u32,
    wrong: u32,
    missed: u32,
}

impl Score {
    fn precision(self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.wrong).max(1))
    }

    fn recall(self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.missed).max(1))
    }
}

#[test]
fn flags_on_the_labelled_pairs_are_right_often_enough() {
    let pairs = pairs();
    assert!(pairs.len() >= 600);
    let mut by_flag: BTreeMap<(&str, FlagKind), Score> = BTreeMap::new();
    let mut by_kind: BTreeMap<(&str, &str), Score> = BTreeMap::new();
    for p in &pairs {
        let found: Vec<FlagKind> = compare(&p.source, &p.translation, p.pair)
            .iter()
            .map(|f| f.kind)
            .collect();
        for kind in FlagKind::ALL {
            let score = by_flag.entry((&p.split, kind)).or_default();
            let (wanted, got) = (p.wanted.contains(&kind), found.contains(&kind));
            score.right += u32::from(wanted && got);
            score.wrong += u32::from(!wanted && got);
            score.missed += u32::from(wanted && !got);
            if kind == FlagKind::NumberMismatch {
                let score = by_kind.entry((&p.split, &p.kind)).or_default();
                score.right += u32::from(wanted && got);
                score.wrong += u32::from(!wanted && got);
                score.missed += u32::from(wanted && !got);
            }
            if wanted != got {
                let what = if got { "false" } else { "missed" };
                println!(
                    "{what} {} {} {} {}: {} | {}",
                    kind.as_str(),
                    p.split,
                    p.kind,
                    p.pair,
                    p.source,
                    p.translation
                );
            }
        }
    }
    let show = |name: &str, s: &Score| {
        println!(
            "{name}: precision {:.3}, recall {:.3} (right {}, false {}, missed {})",
            s.precision(),
            s.recall(),
            s.right,
            s.wrong,
            s.missed
        );
    };
    for ((split, kind), s) in &by_kind {
        show(&format!("{split} numbers in {kind}"), s);
    }
    for ((split, kind), s) in by_flag
        .iter()
        .filter(|(_, s)| s.right + s.wrong + s.missed > 0)
    {
        show(&format!("{split} {}", kind.as_str()), s);
    }
    for split in ["tune", "held"] {
        let s = by_flag[&(split, FlagKind::NumberMismatch)];
        assert!(
            s.precision() >= MIN_PRECISION,
            "{split}: precision {:.3}",
            s.precision()
        );
        assert!(
            s.recall() >= MIN_RECALL,
            "{split}: recall {:.3}",
            s.recall()
        );
    }
}

#[test]
fn odd_texts_come_through_with_flags_and_no_harm() {
    let langs = ["zh", "vi", "th", "my", "lo", "km", "en"].map(|l| l.parse::<Lang>().unwrap());
    let long = "我2019年3月5日付了三千五百元，等了两天半。".repeat(500);
    let odd = [
        "",
        " ",
        "a",
        "一",
        "๑",
        "半",
        "😀😀😀",
        "👨‍👩‍👧‍👦🇱🇦",
        "年月日",
        "不",
        "?",
        "ທີ່ 5 ថ្ងៃ năm နှစ် สิบ 十",
        "Facebook 3500 ๓๕๐๐ ３５００",
        "\u{200b}\u{feff}",
        "999999999999999999999999999999999999999999",
        "九千亿亿亿亿亿",
        "không không không",
        "สิบสิบสิบสิบ",
        "မမမမ",
        "1,2,3,4.5.6",
        &long,
    ];
    for from in langs {
        for to in langs.into_iter().filter(|to| *to != from) {
            for source in odd {
                for translation in ["", "😀", "3500", odd[11], source] {
                    if source.len() > 1000 && (translation.len() > 1000 || to != Lang::Th) {
                        continue;
                    }
                    for flag in compare(source, translation, LangPair::new(from, to)) {
                        for place in flag.places {
                            let side = match place.side {
                                Side::Source => source,
                                Side::Translation => translation,
                            };
                            assert!(place.from <= place.to && place.to <= side.chars().count());
                        }
                    }
                }
            }
        }
    }
    let pair = LangPair::new(Lang::Zh, Lang::Vi);
    assert_eq!(compare("😀", "😀", pair), []);
    let long_kinds: Vec<FlagKind> = compare(&long, "Xin chào.", pair)
        .iter()
        .map(|f| f.kind)
        .collect();
    assert!(long_kinds.contains(&FlagKind::NumberMismatch));
    assert!(long_kinds.contains(&FlagKind::LengthRatio));
}
