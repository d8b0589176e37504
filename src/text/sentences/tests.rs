//! Sentences in all six scripts, with marks, with pauses and with nothing to part them by.

use proptest::prelude::*;

use super::*;

/// An ordinary clause a script, without a mark and without a space where the script has none.
const CLAUSES: [(Lang, &str); 6] = [
    (Lang::Zh, "他们在边境拿走了我的护照"),
    (Lang::Vi, "họ lấy hộ chiếu của tôi ở biên giới"),
    (Lang::Th, "พวกเขายึดหนังสือเดินทางของฉันที่ชายแดน"),
    (Lang::My, "သူတို့ကကျွန်တော့်ရဲ့နိုင်ငံကူးလက်မှတ်ကိုယူသွားတယ်"),
    (Lang::Lo, "ພວກເຂົາຍຶດໜັງສືຜ່ານແດນຂອງຂ້ອຍຢູ່ຊາຍແດນ"),
    (Lang::Km, "ពួកគេបានយកលិខិតឆ្លងដែនរបស់ខ្ញុំនៅព្រំដែន"),
];

/// That the parts stand in the text in order, with nothing but white space between them.
fn assert_whole(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        assert!(!part.is_empty() && part.trim() == *part, "{part:?}");
        rest = rest.trim_start().strip_prefix(part).unwrap();
    }
    assert_eq!(rest.trim(), "");
}

fn word(text: &str, start_ms: u64, end_ms: u64) -> Word {
    Word {
        text: text.to_owned(),
        start_ms,
        end_ms,
        confidence: 0.9,
    }
}

#[test]
fn a_pause_lies_before_the_word_that_follows_it() {
    for (lang, clause) in CLAUSES {
        let line = format!("{clause} {clause}");
        let ranges = words(&line, lang);
        let second = ranges.iter().position(|r| r.start > clause.len()).unwrap();
        let said = |pause: u64| -> Vec<Word> {
            let late = |at: usize| if at >= second { pause } else { 0 };
            let one = |(at, r): (usize, &Range<usize>)| {
                let start = at as u64 * 200 + late(at);
                word(&line[r.clone()], start, start + 200)
            };
            ranges.iter().enumerate().map(one).collect()
        };
        assert_eq!(pauses(&line, &said(300)), [clause.len() + 1], "{lang}");
        assert_eq!(pauses(&line, &said(299)), [0usize; 0], "{lang}");
        // Words that a person has changed since have no place, nor have their pauses.
        assert_eq!(pauses("3500", &said(300)), [0usize; 0], "{lang}");
    }
}

#[test]
fn thai_and_lao_are_parted_where_the_speaker_paused() {
    for (lang, clause) in CLAUSES {
        let text = [clause; 3].join(" ");
        let second = clause.len() + 1;
        let third = second + clause.len() + 1;
        let parted = matches!(lang, Lang::Th | Lang::Lo);
        for (pauses, parts) in [
            (vec![second, third], 3),
            (vec![third], 2),
            // A few letters beside the space, as estimated times are.
            (vec![second - 7], 2),
            (vec![second + 6, third + 6], 3),
            // In the middle of a clause there is no space to cut at.
            (vec![second / 6 * 3], 1),
            // Inside a letter, and outside the text.
            (vec![1, 2, usize::MAX], 1),
            (Vec::new(), 1),
        ] {
            let found = spoken_sentences(&text, lang, &pauses);
            let wanted = if parted { parts } else { 1 };
            assert_eq!(found.len(), wanted, "{lang} {pauses:?}: {found:?}");
            assert_whole(&text, &found);
        }
    }
}

#[test]
fn a_short_answer_a_number_and_a_repeated_word_stay_together() {
    for (lang, text) in [
        (Lang::Th, "ครับ ผมไม่เคยไปที่นั่น"),
        (Lang::Lo, "ແມ່ນ ຂ້ອຍບໍ່ເຄີຍໄປບ່ອນນັ້ນ"),
        (Lang::Th, "ผมจ่ายเงินให้เขาไป 3500 บาทที่ชายแดน"),
        (Lang::Lo, "ຂ້ອຍຈ່າຍເງິນໃຫ້ລາວໄປ ໓໕໐໐ ກີບຢູ່ຊາຍແດນ"),
        (Lang::Th, "พวกเขาไปที่ต่าง ๆ ด้วยกันทุกวัน"),
        (Lang::Lo, "ພວກເຂົາໄປບ່ອນຕ່າງ ໆ ນຳກັນທຸກມື້"),
    ] {
        let at = text.find(' ').unwrap() + 1;
        assert_eq!(spoken_sentences(text, lang, &[at]), [text]);
    }
}

#[test]
fn a_long_line_is_cut_next_to_a_pause_before_it_is_cut_at_another_space() {
    for (lang, clause) in CLAUSES {
        let text = [clause; 30].join(" ");
        let second = clause.len() + 1;
        let third = second + second;
        let calm = sentences(&text, lang);
        let found = spoken_sentences(&text, lang, &[third]);
        assert_whole(&text, &found);
        let quarter = Lengths::of(lang).good / 4;
        if matches!(lang, Lang::Th | Lang::Lo) || text[..third].chars().count() > quarter + 1 {
            assert_eq!(found[0].len(), third - 1, "{lang}");
        }
        assert!(found.len() >= calm.len() && calm[0].len() > third, "{lang}");
    }
}

#[test]
fn text_without_marks_and_spaces_is_cut_between_words() {
    for (lang, clause) in CLAUSES {
        let run = if lang == Lang::Vi {
            format!("{clause} ")
        } else {
            clause.to_owned()
        };
        let text = run.repeat(10_000 / run.chars().count() + 1);
        let parts = sentences(&text, lang);
        assert_whole(&text, &parts);
        let any = Lengths::of(lang).any;
        assert!(parts.iter().all(|p| p.chars().count() <= any), "{lang}");
        assert!(parts.len() <= 10_000 / 90, "{lang}: {}", parts.len());
        let edges: Vec<usize> = words(&text, lang).iter().map(|w| w.start).collect();
        let mut inside = 0;
        for part in parts.iter().skip(1) {
            let at = part.as_ptr() as usize - text.as_ptr() as usize;
            inside += usize::from(edges.binary_search(&at).is_err());
        }
        // The dictionary may see a word that lies over a repeat of the clause otherwise.
        assert!(
            inside * 5 <= parts.len(),
            "{lang}: {inside} of {}",
            parts.len()
        );
    }
}

#[test]
fn long_chinese_and_vietnamese_are_cut_after_commas_but_not_in_numbers() {
    let zh = format!("{}，", CLAUSES[0].1).repeat(30);
    let parts = sentences(&zh, Lang::Zh);
    assert_whole(&zh, &parts);
    assert!(
        parts.len() > 2 && parts.iter().all(|p| p.ends_with('，')),
        "{parts:?}"
    );
    assert!(parts.iter().all(|p| p.chars().count() <= 150));
    let vi = format!("{}, trả 3,500 tệ, ", CLAUSES[1].1).repeat(30);
    let parts = sentences(&vi, Lang::Vi);
    assert_whole(&vi, &parts);
    assert!(
        parts.len() > 2
            && parts
                .iter()
                .all(|p| p.ends_with("tôi ở biên giới,") || p.ends_with("tệ,"))
    );
    // What fits stays whole.
    assert_eq!(sentences(&zh[..zh.len() / 5], Lang::Zh).len(), 1);
    assert_eq!(sentences(&vi[..vi.len() / 9], Lang::Vi).len(), 1);
}

#[test]
fn letters_and_odd_runs_of_any_length_come_through() {
    for lang in Lang::ALL {
        for run in [
            "a",
            "，",
            "က္က",
            "ก็",
            "\u{17D2}\u{179A}",
            "e\u{301}",
            "3",
            ". ",
            "ๆ ",
        ] {
            let text = run.repeat(3_000);
            let parts = sentences(&text, lang);
            assert_whole(&text, &parts);
        }
    }
}

proptest! {
    #[test]
    fn the_parts_put_together_are_the_text(
        text in "[一-丅，。ก-ฮะ-ูเ-ๆກ-ຮະ-ູເ-ໆက-အါ-ှ။ក-អា-្។aăâđêơ, .?!0-9]{0,700}",
        pauses in proptest::collection::vec(0usize..2200, 0..6),
    ) {
        for lang in Lang::ALL {
            let parts = spoken_sentences(&text, lang, &pauses);
            let mut rest = text.as_str();
            for part in &parts {
                let next = rest.trim_start().strip_prefix(part);
                prop_assert!(!part.is_empty() && next.is_some());
                rest = next.unwrap_or_default();
            }
            prop_assert_eq!(rest.trim(), "");
        }
    }
}
