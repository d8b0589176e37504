//! What the six scripts must come through unharmed.

use proptest::prelude::*;

use super::*;
use crate::domain::Lang;

/// One ordinary sentence a script.
const SENTENCES: [(Lang, &str); 6] = [
    (Lang::Zh, "他们在边境拿走了我的护照。"),
    (Lang::Vi, "Họ lấy hộ chiếu của tôi ở biên giới."),
    (Lang::Th, "พวกเขายึดหนังสือเดินทางของฉันที่ชายแดน"),
    (Lang::My, "သူတို့က ကျွန်တော့်ရဲ့ နိုင်ငံကူးလက်မှတ်ကို ယူသွားတယ်။"),
    (Lang::Lo, "ພວກເຂົາຍຶດໜັງສືຜ່ານແດນຂອງຂ້ອຍຢູ່ຊາຍແດນ"),
    (Lang::Km, "ពួកគេបានយកលិខិតឆ្លងដែនរបស់ខ្ញុំនៅព្រំដែន។"),
];

#[test]
fn ordinary_sentences_are_their_own_canonical_form() {
    for (lang, text) in SENTENCES {
        assert_eq!(normalise(text, lang), text);
        assert_eq!(in_script(text, lang), 1.0);
    }
}

#[test]
fn spaces_collapse_and_invisible_characters_go() {
    let text = "\u{FEFF} ພວກ\u{200B}ເຂົາ \u{3000}\u{202E}\n a\u{AD}b\u{17B4} ";
    assert_eq!(normalise(text, Lang::Lo), "ພວກເຂົາ ab");
}

#[test]
fn khmer_coeng_stays_with_its_consonant() {
    let written = "\u{1780}\u{17DD}\u{17D2}\u{179A}";
    let torn = "\u{1780}\u{17D2}\u{17DD}\u{179A}";
    assert_eq!(normalise(written, Lang::Km), written);
    assert_eq!(normalise(torn, Lang::Km), written);
    assert_eq!(graphemes(written).len(), 1);
}

#[test]
fn am_is_one_character_however_it_was_typed() {
    assert_eq!(normalise("น้ำ", Lang::Th), "น้ำ");
    for typed in [
        "น\u{0E49}\u{0E4D}\u{0E32}",
        "น\u{0E4D}\u{0E49}\u{0E32}",
        "น\u{0E33}\u{0E49}",
    ] {
        assert_eq!(normalise(typed, Lang::Th), "น\u{0E49}\u{0E33}");
    }
    for typed in [
        "ນ\u{0EC9}\u{0ECD}\u{0EB2}",
        "ນ\u{0ECD}\u{0EC9}\u{0EB2}",
        "ນ\u{0EB3}\u{0EC9}",
    ] {
        assert_eq!(normalise(typed, Lang::Lo), "ນ\u{0EC9}\u{0EB3}");
    }
    assert_eq!(normalise("ໝໜ", Lang::Lo), "ໝໜ");
    assert_eq!(normalise("เเม่", Lang::Th), "แม่");
}

#[test]
fn folding_lets_variants_meet() {
    for (a, b) in [
        ("Toà án", "tòa án"),
        ("THUÝ", "thúy"),
        ("ủy ban", "uỷ ban"),
        ("ຫນ້າ", "ໜ້າ"),
        ("ຫມູ່", "ໝູ່"),
        ("ផ្ដល់", "ផ្តល់"),
        ("๒๕๖๒ ၂၀၁၉ ២០១៩ ໒໐໑໙ ２０１９", "2562 2019 2019 2019 2019"),
        ("ＡＢＣ！", "abc!"),
        ("e\u{302}\u{301}", "ế"),
    ] {
        assert_eq!(fold(a), fold(b), "{a} {b}");
    }
    assert_eq!(fold("quý"), "quý");
    assert_eq!(fold("hoàn"), "hoàn");
    assert_ne!(fold("ma"), fold("mà"));
    assert_eq!(bare("Nguyễn Thị Đào"), "nguyen thi dao");
    assert_eq!(bare("น้ำ ຂ້ອຍ ကျွန်"), fold("น้ำ ຂ້ອຍ ကျွန်"));
}

#[test]
fn numbers_in_every_digit_system() {
    let text = "3.500 3,500 ๓๕๐๐ ၃၅၀၀ ໓໕໐໐ ៣៥០០ ３５００, 12-5";
    let mut wanted = vec!["3500"; 7];
    wanted.extend(["12", "5"]);
    assert_eq!(numbers(text), wanted);
    assert_eq!(numbers("no digits, at all."), Vec::<String>::new());
    assert_eq!(numbers("2019年11月"), ["2019", "11"]);
}

#[test]
fn share_of_a_script() {
    assert_eq!(in_script("1234 !", Lang::My), 1.0);
    assert_eq!(in_script("hello", Lang::Km), 0.0);
    assert_eq!(in_script("ab中文", Lang::Zh), 0.5);
}

#[test]
fn clusters_are_the_whole_text() {
    for (_, text) in SENTENCES {
        assert_eq!(graphemes(text).concat(), text);
    }
}

#[test]
fn words_are_found_in_every_script() {
    for (lang, text) in SENTENCES {
        let words = words(text, lang);
        assert!(words.len() >= 5, "{lang}: {words:?}");
        let edges = super::segment::cluster_edges(text);
        for word in words {
            assert!(
                edges.contains(&word.start) && edges.contains(&word.end),
                "{lang}"
            );
        }
    }
}

#[test]
fn sentences_end_at_each_scripts_marks() {
    for (lang, text, wanted) in [
        (
            Lang::Zh,
            "你好！你叫什么？“我走了。”他说。",
            vec!["你好！", "你叫什么？", "“我走了。”", "他说。"],
        ),
        (
            Lang::Vi,
            "Tôi 3.500 đồng. Ở TP. Huế? Vâng… không ạ.",
            vec!["Tôi 3.500 đồng.", "Ở TP. Huế?", "Vâng…", "không ạ."],
        ),
        (
            Lang::My,
            "မင်္ဂလာပါ။ နေကောင်းလား။",
            vec!["မင်္ဂလာပါ။", "နေကောင်းလား။"],
        ),
        (Lang::Km, "សួស្តី។ អរគុណ៕ បាទ", vec!["សួស្តី។", "អរគុណ៕", "បាទ"]),
        (Lang::Th, "พ.ศ. 2562 ไป! มา?", vec!["พ.ศ. 2562 ไป!", "มา?"]),
        (
            Lang::Lo,
            "ຂ້ອຍໄປຕະຫຼາດ. ລາວມາແລ້ວ.",
            vec!["ຂ້ອຍໄປຕະຫຼາດ.", "ລາວມາແລ້ວ."],
        ),
    ] {
        assert_eq!(sentences(text, lang), wanted);
    }
    assert!(sentences(" \n ", Lang::Zh).is_empty());
}

#[test]
fn long_text_without_marks_is_cut_at_spaces_only() {
    let clause = SENTENCES[2].1;
    let long = [clause; 12].join(" ");
    let parts = sentences(&long, Lang::Th);
    assert!(parts.len() > 2);
    assert!(parts.iter().all(|p| p.chars().count() <= 200));
    assert_eq!(parts.join(" "), long);
    assert_eq!(sentences(&clause.repeat(12), Lang::Th).len(), 1);
    assert_eq!(sentences("ផ្លែឈើ។ល។ និង បន្លែ", Lang::Km), ["ផ្លែឈើ។ល។", "និង បន្លែ"]);
    assert_eq!(sentences("ດຣ. ສົມຊາຍ ມາແລ້ວ", Lang::Lo).len(), 1);
}

#[test]
fn lines_may_end_between_words_but_not_inside_clusters() {
    for (lang, text) in SENTENCES {
        let breaks = line_breaks(text, lang);
        assert!(breaks.len() >= 4, "{lang}: {breaks:?}");
        let edges = super::segment::cluster_edges(text);
        assert!(breaks.iter().all(|at| edges.contains(at)), "{lang}");
    }
}

#[test]
fn search_tokens_are_clusters_or_words() {
    let texts = |text: &str| {
        index_tokens(text)
            .into_iter()
            .map(|t| t.text)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        texts("他在 Hà Nội，2019年"),
        ["他", "在", "hà", "nội", "2019", "年"]
    );
    assert_eq!(texts("ຫນ້າ"), texts("ໜ້າ"));
    assert_eq!(texts("ກໍາ"), texts("ກຳ"));
    assert_eq!(texts("ខ្ញុំ 1,500"), ["ខ្ញុំ", "1500"]);
    for (_, text) in SENTENCES {
        for token in index_tokens(text) {
            assert_eq!(fold(&text[token.range]), token.text);
        }
    }
}

#[test]
fn loops_are_found_and_speech_is_not() {
    assert_eq!(
        repetition("cảm ơn, cảm ơn, cảm ơn, cảm ơn, cảm ơn").as_deref(),
        Some("cảmơn")
    );
    assert!(repetition(&"ကျေးဇူး".repeat(6)).is_some());
    assert!(repetition(&"谢谢大家".repeat(5)).is_some());
    assert_eq!(repetition("哈哈哈哈"), None);
    assert_eq!(repetition("0000000000000000"), None);
    for (_, text) in SENTENCES {
        assert_eq!(repetition(text), None);
        assert_eq!(said_again(text), None);
    }
}

/// A denial in each script, as people say it three times.
const DENIALS: [&str; 6] = [
    "我真的什么都不知道，",
    "Không biết, ",
    "ไม่ทราบครับ ",
    "ကျွန်တော် ဘာမှ မသိပါဘူး၊ ",
    "ຂ້ອຍບໍ່ຮູ້ຫຍັງເລີຍ ",
    "ខ្ញុំមិនដឹងអ្វីទាំងអស់ ",
];

#[test]
fn a_denial_said_three_times_is_worth_a_look_and_no_loop() {
    for denial in DENIALS {
        let three = denial.repeat(3);
        assert_eq!(repetition(&three), None, "{three}");
        assert!(said_again(&three).is_some(), "{three}");
        assert_eq!(said_again(&denial.repeat(2)), None);
        let looped = denial.repeat(6);
        assert!(repetition(&looped).is_some(), "{looped}");
    }
    assert_eq!(repetition("不知道不知道不知道"), None);
    assert_eq!(said_again("不知道不知道不知道"), None);
}

#[test]
fn a_text_that_goes_on_after_a_loop_does_not_end_in_it() {
    for denial in DENIALS {
        let looped = denial.repeat(6);
        assert!(ends_in_repetition(&looped), "{looped}");
        let gone_on = format!("{looped} 7 abc def");
        assert!(repetition(&gone_on).is_some());
        assert!(!ends_in_repetition(&gone_on), "{gone_on}");
    }
}

#[test]
fn character_errors() {
    assert_eq!(cer("他们在。", "他 们 再"), (1, 3));
    assert_eq!(cer("Họ lấy", "họ lây!"), (1, 5));
    assert_eq!(cer("", "ab"), (2, 0));
    assert_eq!(edit_distance(&["a", "b", "c"], &["b", "c", "d"]), 2);
    assert_eq!(edit_distance(&[], &["b"]), 1);
}

proptest! {
    #[test]
    fn canonical_and_folded_forms_are_stable(text in "[ກ-ໝก-๛ក-៹က-႟aăâđêôơưàảã\u{300}-\u{304}0-9中 \u{200B}]{0,24}") {
        let once = normalise(&text, Lang::Km);
        prop_assert_eq!(normalise(&once, Lang::Km), once.clone());
        let folded = fold(&text);
        prop_assert_eq!(fold(&folded), folded.clone());
        prop_assert_eq!(fold(&once), folded);
    }

    #[test]
    fn boundaries_lie_in_the_text(text in "\\PC{0,40}") {
        prop_assert_eq!(graphemes(&text).concat(), text.clone());
        for lang in Lang::ALL {
            for word in words(&text, lang) {
                prop_assert!(text.get(word).is_some());
            }
            for sentence in sentences(&text, lang) {
                prop_assert!(text.contains(sentence));
            }
            let breaks = line_breaks(&text, lang);
            prop_assert_eq!(breaks.last().copied().unwrap_or(0), text.len());
        }
        let mut end = 0;
        for token in index_tokens(&text) {
            prop_assert!(token.range.start >= end && text.get(token.range.clone()).is_some());
            end = token.range.end;
        }
        repetition(&text);
        said_again(&text);
        ends_in_repetition(&text);
    }
}

#[test]
fn chrf_equals_the_reference_implementation() {
    let golden = include_str!("../../tests/fixtures/text/chrf.tsv");
    let mut corpus = Chrf::default();
    let mut checked = 0;
    for line in golden.lines().filter(|l| !l.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (reference, hypothesis) = (cells[1], cells[2]);
        let wanted: f64 = cells[3].parse().unwrap();
        let got = if cells[0] == "all" {
            corpus.score()
        } else {
            corpus.add(reference, hypothesis);
            chrf(reference, hypothesis)
        };
        assert!((got - wanted).abs() < 1e-9, "{line}: {got}");
        checked += 1;
    }
    assert!(checked > 20);
}
