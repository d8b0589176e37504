//! Tests of covering what was moved, parted, or is known otherwise than by a name.

use super::tests::NAMES;
use super::*;
use crate::domain::{FactKind, Lang, Word};
use crate::export::tests::{interview, line, translation};

/// A rule of one word.
fn rule(word: &str) -> Redaction {
    let text = format!("[[redact]]\nwords = [\"{word}\"]\nreason = \"name\"");
    Redaction::parse(&text).unwrap()
}

#[test]
fn a_name_is_not_heard_where_its_line_ever_stood() {
    let shown = interview(&Lang::SIX);
    let span = |from, to| Span::new(SamplePos::from_ms(from), SamplePos::from_ms(to));
    for (lang, text, word, _) in NAMES {
        // Moved to 50 ms; the words say where they were heard, and so does the first cut.
        let mut moved = line(1, lang, text);
        moved.span = span(60_000, 60_050);
        moved.words = vec![Word {
            text: word.to_owned(),
            start_ms: 70_000,
            end_ms: 70_500,
            confidence: 1.0,
        }];
        let other = line(2, lang, "...");
        let stood = [
            (SegmentId(1), span(20_000, 29_000)),
            (SegmentId(1), span(100, 900)),
            (SegmentId(2), span(40_000, 41_000)),
        ];
        let copy = rule(word)
            .apply(&shown, &[moved, other], &stood, "")
            .unwrap();
        let expected = [
            span(0, 1_200),
            span(19_700, 29_300),
            span(59_700, 60_350),
            span(69_700, 70_800),
        ];
        assert_eq!(copy.covered, expected, "{lang}");
        // What no line stands for is silent.
        let heard = [(0, span(1_700, 3_100)), (0, span(59_700, 60_350))];
        assert_eq!(copy.heard.as_deref(), Some(&heard[..]), "{lang}");
        assert!(copy.notice().contains("outside of the lines"));
    }
    // At the end of the recording the margin ends.
    let shown = Interview {
        duration_ms: 1_900,
        ..shown
    };
    let copy = rule("Hùng").apply(&shown, &[line(1, Lang::Vi, "Anh Hùng.")], &[], "");
    assert_eq!(copy.unwrap().covered, [span(700, 1_900)]);
}

#[test]
fn a_name_that_was_parted_with_its_line_is_covered_in_both() {
    let shown = interview(&Lang::SIX);
    let parted = [
        (Lang::Zh, "证人叫欧", "阳翡翠。", "欧阳翡翠"),
        (
            Lang::Vi,
            "Tên là Nguyễn Văn",
            "Hùng, ở đây.",
            "Nguyễn Văn Hùng",
        ),
        (Lang::Th, "เขาชื่อสม", "ชายครับ", "สมชาย"),
        (Lang::My, "သူ့နာမည် ကိုအောင်", "မြင့်ပါ။", "ကိုအောင်မြင့်"),
        (Lang::Lo, "ລາວຊື່ສົມ", "ພອນ", "ສົມພອນ"),
        (Lang::Km, "គាត់ឈ្មោះសុ", "ខាបាទ", "សុខា"),
    ];
    for (lang, one, two, word) in parted {
        let to = if lang == Lang::Zh { Lang::Vi } else { Lang::Zh };
        let mut lines = [
            line(1, lang, one),
            line(2, lang, two),
            line(3, lang, "..."),
            line(4, lang, two),
        ];
        for line in &mut lines {
            line.translations.push(translation(to, "secret other side"));
        }
        // Another channel between them changes nothing, and its lines are not the next ones.
        let mut between = line(5, lang, "...");
        between.channel = 1;
        let lines = [&lines[..1], &[between], &lines[1..]].concat();
        let copy = rule(word).apply(&shown, &lines, &[], "").unwrap();
        let text = |at: usize| copy.segments[at].text.as_str();
        assert!(text(0).ends_with("[redacted: name]") && text(0) != "[redacted: name]");
        assert!(
            text(2).starts_with("[redacted: name]"),
            "{lang}: {}",
            text(2)
        );
        for at in [0, 2] {
            assert_eq!(copy.segments[at].translations[0].text, "[redacted: name]");
        }
        assert_eq!((text(1), text(3), text(4)), ("...", "...", two), "{lang}");
        assert_eq!(copy.lines, 2);
        assert_eq!(copy.covered.len(), 1);
        // It stands in the interview, so a pseudonym may take its place.
        let mut by_name = Redaction::default();
        by_name.add_names(&[word.to_owned()], "Mai");
        assert!(by_name.apply(&shown, &lines, &[], "").is_ok(), "{lang}");
    }
}

#[test]
fn what_else_is_known_of_a_person_is_covered_where_it_stands() {
    let facts = [
        (FactKind::Phone, "+855 12 345 678"),
        (FactKind::Document, "N-1234567"),
        (FactKind::Plate, "云A12345"),
        (FactKind::Place, "ຫຼວງພະບາງ"),
        (FactKind::Place, "Nowhere Else"),
        (FactKind::Place, "Mai"),
        (FactKind::BirthYear, "2530"),
        (FactKind::Mention, "阿雄"),
        (FactKind::Mention, "Mai"),
        (FactKind::Note, "ที่ไหน"),
    ];
    let facts = facts.map(|(kind, value)| (kind, value.to_owned()));
    let mut rules = Redaction::default();
    rules.add_names(&["张伟".to_owned()], "Mai");
    rules.add_facts(&facts, "Mai");
    let said = [
        (
            Lang::Zh,
            "张伟和阿雄，一九八七年，云Ａ-12345",
            "[Mai]和[Mai]，[redacted: birth-year]年，[redacted: plate]",
        ),
        (
            Lang::Vi,
            "Số 012.345.678, n1234567",
            "Số 0[redacted: phone], [redacted: document]",
        ),
        (
            Lang::Th,
            "เกิดปี ๒๕๓๐ ที่ไหน",
            "เกิดปี [redacted: birth-year] ที่ไหน",
        ),
        (Lang::My, "ဖုန်း ၀၁၂၃၄၅၆၇၈", "ဖုန်း ၀[redacted: phone]"),
        (
            Lang::Lo,
            "ຂ້ອຍຢູ່ຫຼວງພະບາງ ໑໙໘໗",
            "ຂ້ອຍຢູ່[redacted: place] [redacted: birth-year]",
        ),
        (Lang::Km, "+៨៥៥១២៣៤៥៦៧៨", "+[redacted: phone]"),
    ];
    let lines: Vec<Segment> = (1..)
        .zip(said)
        .map(|(id, (lang, text, _))| line(id, lang, text))
        .collect();
    let copy = rules
        .apply(&interview(&Lang::SIX), &lines, &[], "")
        .unwrap();
    for (line, (lang, _, left)) in copy.segments.iter().zip(said) {
        assert_eq!(line.text, left, "{lang}");
    }
    // A year is no part of a longer number.
    assert_eq!(rules.covered("19870, 张伟"), "19870, [Mai]");
}
