//! Zawgyi against the practice corpus, written as a Zawgyi keyboard would, and by hand.

use proptest::prelude::*;

use super::*;
use crate::text;

/// The Burmese lines of the practice corpus, slots taken out.
fn corpus() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/recordings/practice/corpus");
    let mut lines = Vec::new();
    for file in ["1-rights", "2-identity", "3-journey", "4-work"] {
        let table = std::fs::read_to_string(format!("{folder}/{file}.tsv")).unwrap();
        for row in table.lines().skip(1) {
            let cell = row.split('\t').nth(7).unwrap();
            let plain: String = cell.split(['{', '}']).step_by(2).collect();
            lines.push(plain);
        }
    }
    assert!(lines.len() >= 400);
    lines
}

/// Unicode as it would have been typed in Zawgyi: what stands before in sight is typed before.
fn to_zawgyi(text: &str) -> String {
    let mut out = String::new();
    let letters: Vec<char> = text.chars().collect();
    let mut i = 0;
    while i < letters.len() {
        let kinzi = letters[i..].starts_with(&['\u{1004}', '\u{103A}', '\u{1039}']);
        if kinzi {
            i += 3;
        }
        let mut end = i + 1;
        let mut below = String::new();
        while letters.get(end) == Some(&STACK) {
            below.push(subscript(letters[end + 1]));
            end += 2;
        }
        while letters
            .get(end)
            .is_some_and(|&c| place(c) < 11 || c == '\u{1038}')
        {
            end += 1;
        }
        let marks: Vec<char> = letters[i + 1 + 2 * below.chars().count()..end].to_vec();
        let has = |m| marks.contains(&m);
        if has(E_VOWEL) {
            out.push(E_VOWEL);
        }
        if has(RA) {
            out.push('\u{103B}');
        }
        out.push(letters[i]);
        if kinzi {
            out.push('\u{1064}');
        }
        out.push_str(&below);
        for m in &marks {
            match *m {
                E_VOWEL | RA => {}
                YA => out.push('\u{103A}'),
                WA => out.push('\u{103C}'),
                HA => out.push('\u{103D}'),
                ASAT => out.push('\u{1039}'),
                other => out.push(other),
            }
        }
        i = end;
    }
    out
}

fn subscript(c: char) -> char {
    ('\u{1060}'..='\u{1085}')
        .find(|&z| below(z) == Some(c))
        .unwrap()
}

#[test]
fn what_was_typed_in_zawgyi_reads_back() {
    let mut known = 0;
    for line in corpus() {
        let typed = to_zawgyi(&line);
        assert_eq!(
            text::normalise(&from_zawgyi(&typed), crate::domain::Lang::My),
            text::normalise(&line, crate::domain::Lang::My),
            "{typed}"
        );
        assert!(!is_zawgyi(&line), "{line}");
        known += usize::from(is_zawgyi(&typed) || typed == line);
    }
    let all = corpus().len();
    assert!(known * 100 >= all * 99, "{known} of {all}");
}

#[test]
fn shapes_stacks_and_signs_have_one_form_each() {
    for (zawgyi, unicode) in [
        ("ျမန္မာ", "မြန်မာ"),
        ("ႀကီး", "ကြီး"),
        ("အဂၤါ", "အင်္ဂါ"),
        ("ဘ႑ာ", "ဘဏ္ဍာ"),
        ("ဒုကၡ", "ဒုက္ခ"),
        ("ကၽြန္ေတာ္", "ကျွန်တော်"),
        ("ကၽြႏု္ပ္", "ကျွန်ုပ်"),
        ("ေယာက္်ား", "ယောက်ျား"),
        ("႔", "\u{1037}"),
        ("ဥာဏ္", "ဥာဏ်"),
        ("အစဥ္", "အစဉ်"),
        ("၎", "၎င်း"),
    ] {
        let read = text::normalise(&from_zawgyi(zawgyi), crate::domain::Lang::Th);
        assert_eq!(
            read,
            text::normalise(unicode, crate::domain::Lang::Th),
            "{zawgyi}"
        );
    }
}

#[test]
fn numbers_stay_numbers() {
    for (typed, read) in [
        ("၀၉၇၇၀၁၂၃၄၅", "၀၉၇၇၀၁၂၃၄၅"),
        ("အသက္၇ႏွစ္", "အသက်၇နှစ်"),
        ("၇၀ ေက်ာ္", "၇၀ ကျော်"),
        ("၁၀၀၀၀", "၁၀၀၀၀"),
        ("လံုး၀ ၀င္", "လုံးဝ ၀င်"),
    ] {
        assert_eq!(from_zawgyi(typed), read);
    }
}

#[test]
fn other_languages_are_never_taken_for_zawgyi() {
    for plain in [
        "",
        "မ",
        "၁၂၃",
        "အမေ",
        "ကေ",
        "Nguyễn",
        "你好",
        "ขอทนาย",
        "ຂໍທະນາຍ",
        "ខ្ញុំ",
        "🙂",
    ] {
        assert!(!is_zawgyi(plain), "{plain}");
        let kept = from_zawgyi(plain);
        if !plain.contains('\u{1031}') {
            assert_eq!(kept, plain);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(
        any in ".{0,40}", burmese in "[\u{1000}-\u{109F} ]{0,40}"
    ) {
        for text in [any, burmese] {
            let _ = is_zawgyi(&text);
            let read = from_zawgyi(&text);
            // Whatever is no Burmese comes through in its order.
            let rest = |t: &str| -> String {
                t.chars().filter(|c| !('\u{1000}'..='\u{109F}').contains(c)).collect()
            };
            prop_assert_eq!(rest(&read), rest(&text));
        }
    }
}
