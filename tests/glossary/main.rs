//! Tables of terms: the one that ships, broken and doubtful ones (`bad`), and matching in all six
//! scripts.

#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod bad;

use std::path::{Path, PathBuf};

use mekong_interview::domain::{FlagKind, Lang, LangPair, Side};
use mekong_interview::glossary::{Entry, Error, Glossary, MAX_BYTES, MAX_ROWS, Review, Term};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn shipped() -> Glossary {
    Glossary::load_csv(&project("glossaries/trafficking.csv")).unwrap()
}

fn fixture(name: &str) -> Result<Glossary, Error> {
    Glossary::load_csv(&project("tests/fixtures/glossary").join(name))
}

fn small(rows: &str) -> Glossary {
    Glossary::read_csv(format!("id,zh,vi,th,my,lo,km,en\n{rows}").as_bytes()).unwrap()
}

#[test]
fn the_shipped_table_is_whole_and_without_problems() {
    let glossary = shipped();
    assert_eq!(glossary.len(), 82);
    assert_eq!(glossary.problems(), []);
    let mut unreviewed = 0;
    for term in glossary.terms() {
        for lang in Lang::ALL {
            let entry = &term.entries[&lang];
            assert!(!entry.admitted.is_empty(), "{} {lang}", term.id);
            let sourced = entry.review == Review::Sourced;
            assert!(
                lang == Lang::En || sourced != entry.source.is_empty(),
                "{}",
                term.id
            );
            unreviewed += usize::from(lang != Lang::En && !sourced);
        }
    }
    assert!(unreviewed > 100, "terms without a source are told apart");
    let trafficking = &glossary.terms()[0];
    assert_eq!(trafficking.entries[&Lang::Zh].admitted, ["贩运人口"]);
    assert_eq!(
        trafficking.entries[&Lang::Vi].admitted,
        ["mua bán người", "buôn bán người"]
    );
    assert!(trafficking.note.contains("拐卖"));
}

#[test]
fn every_shipped_term_is_found_and_satisfied_by_itself_in_every_direction() {
    let glossary = shipped();
    for from in Lang::SIX {
        for to in Lang::SIX.into_iter().filter(|&to| to != from) {
            for term in glossary.terms() {
                let source = &term.entries[&from].admitted[0];
                let required = glossary.required(source, LangPair::new(from, to));
                assert_eq!(required.len(), 1, "{from}-{to} {source}");
                assert_eq!(&required[0].source, source);
                assert_eq!(required[0].preferred, term.entries[&to].admitted[0]);
                let (uses, flags) = glossary.check(&required, &required[0].preferred, to);
                assert!(
                    uses[0].satisfied && flags.is_empty(),
                    "{from}-{to} {source}"
                );
                let (uses, flags) = glossary.check(&required, "—", to);
                assert!(!uses[0].satisfied);
                assert_eq!(flags[0].kind, FlagKind::TermMissing);
                assert_eq!(
                    flags[0].detail,
                    format!("{source} → {}", required[0].preferred)
                );
                // The term, and the whole of the translation that lacks it.
                let whole = source.chars().count();
                let places: Vec<_> = flags[0]
                    .places
                    .iter()
                    .map(|p| (p.side, p.from, p.to))
                    .collect();
                assert_eq!(
                    places,
                    [(Side::Source, 0, whole), (Side::Translation, 0, 1)]
                );
            }
        }
    }
}

#[test]
fn terms_are_found_inside_sentences() {
    let glossary = shipped();
    for (from, text, wanted) in [
        (
            Lang::Zh,
            "他们非法拘禁我，要赎金。",
            vec!["非法拘禁", "赎金"],
        ),
        (
            Lang::Vi,
            "Đây là vụ MUA BÁN NGƯỜI, có Nạn Nhân.",
            vec!["MUA BÁN NGƯỜI", "Nạn Nhân"],
        ),
        (Lang::Th, "เขาเป็นนายหน้าและเรียกค่าไถ่", vec!["นายหน้า", "ค่าไถ่"]),
        (
            Lang::My,
            "သူက ပြန်ပေးငွေ တောင်းတယ်။ ဝရမ်း မရှိဘူး။",
            vec!["ပြန်ပေးငွေ", "ဝရမ်း"],
        ),
        (
            Lang::Lo,
            "ເຂົາຮຽກ ຄ່າໄຖ່ ແລະ ທໍລະມານຂ້ອຍ",
            vec!["ຄ່າໄຖ່", "ທໍລະມານ"],
        ),
        (
            Lang::Km,
            "គេទារប្រាក់លោះហើយធ្វើទារុណកម្មខ្ញុំ។",
            vec!["ប្រាក់លោះ", "ទារុណកម្ម"],
        ),
    ] {
        let required = glossary.required(text, LangPair::new(from, Lang::En));
        let found: Vec<&str> = required.iter().map(|r| r.source.as_str()).collect();
        assert_eq!(found, wanted, "{from}");
        for term in &required {
            assert_eq!(text[term.range.clone()], term.source);
        }
    }
}

#[test]
fn the_longest_term_wins_and_none_overlap() {
    let glossary = small("a,剥削,bóc lột,,,,,\nb,性剥削,bóc lột tình dục,,,,,\nc,削减,cắt,,,,,\n");
    let pair = LangPair::new(Lang::Zh, Lang::Vi);
    let found: Vec<String> = glossary
        .required("性剥削和剥削减", pair)
        .into_iter()
        .map(|r| r.preferred)
        .collect();
    assert_eq!(found, ["bóc lột tình dục", "bóc lột"]);
    let back = glossary.required("Bóc lột tình dục", LangPair::new(Lang::Vi, Lang::Zh));
    assert_eq!(back.len(), 1);
    assert_eq!(back[0].preferred, "性剥削");
}

#[test]
fn terms_keep_to_word_and_cluster_boundaries() {
    let glossary = small("a,人,an,กา,က,ກາ,ក,art\n");
    for (from, text) in [
        (Lang::Vi, "toàn bang, ân, ản"),
        (Lang::En, "start party"),
        (Lang::Th, "ก่า กาน้ำ".split(' ').next().unwrap()),
        (Lang::My, "ကျ ကို"),
        (Lang::Lo, "ກ່າ"),
        (Lang::Km, "ក្រ កា"),
        (Lang::Vi, "a. n"),
    ] {
        assert_eq!(
            glossary.required(text, LangPair::new(from, Lang::Zh)),
            [],
            "{from} {text}"
        );
    }
    let over_the_end = small("a,人口,x y,,,,,\n");
    assert!(
        over_the_end
            .required("x. Y", LangPair::new(Lang::Vi, Lang::Zh))
            .is_empty()
    );
    assert!(
        over_the_end
            .required("人。口", LangPair::new(Lang::Zh, Lang::Vi))
            .is_empty()
    );
}

#[test]
fn spelling_variants_meet() {
    let glossary = small("court,法庭,toà án,น\u{0E33},,ໜີ້ສິນ,ផ្តល់,\n");
    for (from, text) in [
        (Lang::Vi, "Tòa Án"),
        (Lang::Th, "น\u{0E4D}\u{0E32}"),
        (Lang::Lo, "ຫນີ້ສິນ"),
        (Lang::Lo, "ໜີ້\u{200B}ສິນ"),
        (Lang::Km, "ផ្ដល់"),
    ] {
        assert_eq!(
            glossary.required(text, LangPair::new(from, Lang::Zh)).len(),
            1,
            "{from} {text}"
        );
    }
}

#[test]
fn forbidden_variants_are_flagged_unless_inside_an_admitted_one() {
    let glossary = small("t,贩运人口|!拐卖,mua bán người|!mua bán|!bán,,,,,\n");
    let required = glossary.required("贩运人口、贩运人口", LangPair::new(Lang::Zh, Lang::Vi));
    assert_eq!(required.len(), 2);
    let twice = "Tội mua bán người, tội mua bán người.";
    let (uses, flags) = glossary.check(&required, twice, Lang::Vi);
    assert_eq!((uses.len(), flags.len()), (1, 0));
    assert!(uses[0].satisfied);
    // Said twice and written once: one of the two may have become another word.
    let (uses, flags) = glossary.check(&required, "Tội mua bán người.", Lang::Vi);
    assert_eq!((uses.len(), flags.len()), (1, 1));
    assert!(!uses[0].satisfied && flags[0].kind == FlagKind::TermMissing);
    let (uses, flags) = glossary.check(&required, "Họ mua bán.", Lang::Vi);
    assert!(!uses[0].satisfied);
    let kinds: Vec<FlagKind> = flags.iter().map(|f| f.kind).collect();
    assert_eq!(
        kinds,
        [
            FlagKind::TermMissing,
            FlagKind::TermForbidden,
            FlagKind::TermForbidden
        ]
    );
    let places: Vec<Vec<_>> = flags
        .iter()
        .map(|f| f.places.iter().map(|p| (p.side, p.from, p.to)).collect())
        .collect();
    let twice = [(Side::Source, 0, 4), (Side::Source, 5, 9)];
    for (flag, other) in places.iter().zip([(0, 11), (3, 10), (7, 10)]) {
        let (from, to) = other;
        assert_eq!(flag[..2], twice);
        assert_eq!(flag[2..], [(Side::Translation, from, to)]);
    }
    assert!(
        glossary
            .required("拐卖", LangPair::new(Lang::Zh, Lang::Vi))
            .is_empty()
    );
}

#[test]
fn tables_beyond_the_limits_are_refused() {
    let header = "id,zh,vi\n";
    let wide = vec![b'x'; usize::try_from(MAX_BYTES).unwrap() + 1];
    assert!(matches!(Glossary::read_csv(&wide), Err(Error::TooLarge)));
    let rows = |n: usize| (0..n).map(|i| format!("{i},人,a{i}\n")).collect::<String>();
    let fits = format!("{header}{}", rows(MAX_ROWS));
    assert_eq!(Glossary::read_csv(fits.as_bytes()).unwrap().len(), MAX_ROWS);
    let long = format!("{header}{}", rows(MAX_ROWS + 1));
    assert!(matches!(
        Glossary::read_csv(long.as_bytes()),
        Err(Error::TooManyRows)
    ));
    assert!(matches!(
        Glossary::read_csv(b""),
        Err(Error::MissingColumn("id"))
    ));
}

#[test]
fn writing_and_reading_give_the_same_terms() {
    let unplaced = |glossary: &Glossary| -> Vec<Term> {
        glossary
            .terms()
            .iter()
            .map(|t| Term {
                line: 0,
                ..t.clone()
            })
            .collect()
    };
    for glossary in [shipped(), small("t,甲|!乙,\"a, b|!c\",,,,,\n")] {
        let mut written = Vec::new();
        glossary.write_csv(&mut written).unwrap();
        let back = Glossary::read_csv(&written).unwrap();
        assert_eq!(unplaced(&back), unplaced(&glossary));
    }
    let entry = |text: &str| Entry {
        admitted: vec![text.to_owned()],
        ..Entry::default()
    };
    let formula = Term {
        id: "x".to_owned(),
        entries: [(Lang::Zh, entry("人")), (Lang::Vi, entry("=cmd"))].into(),
        case: String::new(),
        note: "@note".to_owned(),
        line: 0,
    };
    let mut written = Vec::new();
    Glossary::new(vec![formula])
        .unwrap()
        .write_csv(&mut written)
        .unwrap();
    let written = String::from_utf8(written).unwrap();
    assert!(
        written.contains(",cmd,") && written.contains(",note"),
        "{written}"
    );
}

#[test]
fn a_merged_glossary_takes_the_place_of_equal_ids() {
    let mut glossary = small("a,人,người,,,,,\nb,钱,tiền,,,,,\n");
    glossary.merge(small("b,金钱,tiền bạc,,,,,\nc,船,thuyền,,,,,\n"));
    assert_eq!(glossary.len(), 3);
    let pair = LangPair::new(Lang::Zh, Lang::Vi);
    let found: Vec<String> = glossary
        .required("人 钱 金钱 船", pair)
        .into_iter()
        .map(|r| r.preferred)
        .collect();
    assert_eq!(found, ["người", "tiền bạc", "thuyền"]);
}

/// A sentence of the practice corpus in every language.
fn practice_sentences() -> Vec<Vec<(Lang, String)>> {
    let mut sentences = Vec::new();
    for file in ["1-rights", "2-identity", "3-journey", "4-work"] {
        let path = project(&format!("recordings/practice/corpus/{file}.tsv"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
        for line in lines {
            let cells = header.iter().zip(line.split('\t'));
            let in_language =
                |(name, text): (&&str, &str)| Some((name.parse().ok()?, text.to_owned()));
            sentences.push(cells.filter_map(in_language).collect());
        }
    }
    sentences
}

/// The practice corpus is parallel: a term that is missing there is a false alarm.
#[test]
fn correct_translations_are_rarely_flagged() {
    let glossary = shipped();
    let (mut asked, mut false_alarms) = (0, Vec::new());
    for sentence in practice_sentences() {
        for (from, source) in sentence.iter().filter(|(l, _)| *l != Lang::En) {
            for (to, translation) in sentence.iter().filter(|(l, _)| *l != Lang::En && l != from) {
                let required = glossary.required(source, LangPair::new(*from, *to));
                let (uses, flags) = glossary.check(&required, translation, *to);
                asked += uses.len();
                let missing = flags
                    .into_iter()
                    .filter(|f| f.kind == FlagKind::TermMissing);
                false_alarms.extend(missing.map(|f| format!("{from}-{to} {}", f.detail)));
            }
        }
    }
    println!(
        "{asked} terms asked for, {} false alarms",
        false_alarms.len()
    );
    assert!(asked > 500, "only {asked} terms are looked for");
    let share = false_alarms.len() as f64 / asked as f64;
    assert!(share < 0.05, "{share:.3}: {false_alarms:#?}");
}

#[test]
fn everyday_forms_are_accepted_and_not_looked_for() {
    let glossary = small("arrest,逮捕,bắt giữ|~bắt,จับกุม|~จับ,ဖမ်းဆီးခြင်း,ຈັບກຸມ,ការចាប់ខ្លួន,arrest\n");
    let vi = LangPair::new(Lang::Zh, Lang::Vi);
    let required = glossary.required("他被逮捕了。", vi);
    assert_eq!(required[0].preferred, "bắt giữ");
    assert_eq!(glossary.check(&required, "Anh ấy bị bắt.", Lang::Vi).1, []);
    assert_eq!(glossary.check(&required, "Anh ấy đi.", Lang::Vi).1.len(), 1);
    let back = LangPair::new(Lang::Vi, Lang::Zh);
    assert_eq!(glossary.required("Bây giờ bắt đầu ghi âm.", back), []);
    let mut written = Vec::new();
    glossary.write_csv(&mut written).unwrap();
    assert!(String::from_utf8(written).unwrap().contains("bắt giữ|~bắt"));
}

#[test]
fn the_verb_of_a_noun_is_accepted_in_a_translation() {
    let glossary = small("consent,同意,sự đồng ý,ความยินยอม,သဘောတူခြင်း,ຄວາມສົມຍອມ,ការយល់ព្រម,consent\n");
    for (to, translation) in [
        (Lang::Vi, "Tôi đồng ý."),
        (Lang::Th, "ฉันยินยอม"),
        (Lang::My, "ကျွန်တော် သဘောတူပါတယ်။"),
        (Lang::Lo, "ຂ້ອຍສົມຍອມ"),
        (Lang::Km, "ខ្ញុំយល់ព្រម។"),
    ] {
        let required = glossary.required("我同意。", LangPair::new(Lang::Zh, to));
        assert_eq!(glossary.check(&required, translation, to).1, [], "{to}");
        assert_eq!(glossary.check(&required, "—", to).1.len(), 1, "{to}");
    }
}

#[test]
fn a_term_inside_a_longer_word_is_not_the_term() {
    let glossary = small("court,法庭,toà án,ศาล,တရားရုံး,ສານ,តុលាការ,court\n");
    let pair = LangPair::new(Lang::Lo, Lang::Zh);
    assert_eq!(glossary.required("ເອກະສານຂອງເຈົ້າຢູ່ໃສ", pair), []);
    assert_eq!(glossary.required("ສານອາດເຫັນສິ່ງນີ້", pair).len(), 1);
}

#[test]
fn a_row_of_a_case_counts_before_the_general_one_and_only_there() {
    let mut all =
        Glossary::read_csv("id,zh,vi\nlawyer,律师,luật sư\nhe,张伟,Trương Vĩ\n".as_bytes())
            .unwrap();
    let own = "id,zh,vi,case\nlawyer,律师,trạng sư,K-17\nzhang,张伟,Zhang Wei,K-17\nlawyer,律师,thầy cãi,K-2\n";
    all.merge(Glossary::read_csv(own.as_bytes()).unwrap());
    let pair = LangPair::new(Lang::Zh, Lang::Vi);
    let wanted = |glossary: &Glossary| -> Vec<Vec<String>> {
        let found = glossary.required("张伟要律师。", pair);
        found.into_iter().map(|t| t.admitted).collect()
    };
    assert!(all.has_cases());
    assert_eq!(wanted(&all), [["Trương Vĩ"], ["luật sư"]]);
    assert_eq!(wanted(&all.for_case(None)), [["Trương Vĩ"], ["luật sư"]]);
    assert_eq!(
        wanted(&all.for_case(Some("K-17"))),
        [["Zhang Wei"], ["trạng sư"]]
    );
    assert_eq!(
        wanted(&all.for_case(Some("K-2"))),
        [["Trương Vĩ"], ["thầy cãi"]]
    );
    let mut written = Vec::new();
    all.write_csv(&mut written).unwrap();
    let back = Glossary::read_csv(&written).unwrap();
    assert_eq!(
        wanted(&back.for_case(Some("K-17"))),
        [["Zhang Wei"], ["trạng sư"]]
    );
}
