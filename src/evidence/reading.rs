//! The text and the page that people read in a bundle against the JSON beside them, which was compared with
//! the records: byte by byte where this program makes them in the same form, and else by the words of every
//! line in their order.

use std::collections::BTreeMap;

use super::bag::{INTERVIEW, PAGE, TRANSCRIPT};
use super::check::Check;
use super::receive::Copies;

/// What no page of a transcript without sound holds, in any form.
const ACTIVE: [&str; 7] = [
    "<script",
    "<iframe",
    "<object",
    "<embed",
    "<link",
    "<form",
    "javascript:",
];
/// How a page writes signs that mean something to it.
const ENTITIES: [(&str, &str); 6] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&amp;", "&"),
];

/// Compares both. `form` is the one in which the sender made them.
pub(super) fn copies(form: Option<u32>, texts: &BTreeMap<&str, Vec<u8>>, known: Copies) -> Check {
    const NAME: &str = "copies for reading";
    let file = |name: &str| texts.get(name).map(Vec::as_slice).unwrap_or_default();
    let wrong =
        |name: &str| Check::bad(NAME, format!("'{name}' shows what the records do not hold"));
    if form == Some(known.form) {
        let json = (known.json)(file(INTERVIEW)).unwrap_or_default();
        let [text, page] = (known.make)(file(INTERVIEW)).unwrap_or_default();
        let made = [(INTERVIEW, json), (TRANSCRIPT, text), (PAGE, page)];
        let differs = made.iter().find(|(name, made)| file(name) != made);
        return match differs {
            Some((name, _)) => wrong(name),
            None => Check::good(NAME, "they show what the records hold"),
        };
    }
    let [text, page] = [TRANSCRIPT, PAGE].map(|name| String::from_utf8_lossy(file(name)));
    let small = page.to_ascii_lowercase();
    if let Some(tag) = ACTIVE.iter().find(|tag| small.contains(**tag)) {
        return Check::bad(NAME, format!("the page holds '{tag}'"));
    }
    let Some(words) = (known.words)(file(INTERVIEW)) else {
        return wrong(INTERVIEW);
    };
    if !holds(&close(&text), &words) {
        return wrong(TRANSCRIPT);
    }
    // Programs of an earlier version wrote no page.
    if texts.contains_key(PAGE) && !holds(&close(&without_tags(&page)), &words) {
        return wrong(PAGE);
    }
    let detail = "another version of the program wrote them: they hold every line, and what else they \
                  hold was not compared";
    Check::good(NAME, detail)
}

/// Whether a text without its spaces holds the words of every line, line after line.
fn holds(text: &str, lines: &[Vec<String>]) -> bool {
    let mut rest = text;
    lines.iter().all(|line| {
        // The order of a line's languages is not told: the next line stands behind the last of them.
        let mut last = rest;
        for words in line {
            match after(rest, &close(words)) {
                Some(behind) if behind.len() < last.len() => last = behind,
                Some(_) => {}
                None => return false,
            }
        }
        rest = last;
        true
    })
}

fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let at = text.find(words)?;
    text.get(at.saturating_add(words.len())..)
}

/// Without white space and what shows nothing: versions of the program may part and clean lines otherwise.
fn close(text: &str) -> String {
    let shows = |c: &char| !c.is_whitespace() && !crate::text::is_dropped(*c);
    text.chars().filter(shows).collect()
}

/// The words of a page.
fn without_tags(page: &str) -> String {
    let mut words = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, tag)) = rest.split_once('<') {
        words.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, behind)| behind);
    }
    words.push_str(rest);
    let mut plain = words;
    for (entity, sign) in ENTITIES {
        plain = plain.replace(entity, sign);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [(&str, &str); 6] = [
        ("我叫张伟。", "Tôi tên là Trương Vĩ."),
        ("Tôi đến từ Hà Nội.", "我来自河内。"),
        ("คุณทำงานที่ไหน", "你在哪里工作？"),
        ("ကိုအောင်ပါ။", "I <am> \"Ko\" & Aung"),
        ("ຂ້ອຍເຮັດວຽກ", "我工作"),
        ("ខ្ញុំឈ្មោះ សុខា", "我叫索卡"),
    ];

    fn known() -> Copies {
        Copies {
            form: 2,
            json: |json| Some(json.to_ascii_lowercase()),
            make: |_| Some([b"text".to_vec(), b"page".to_vec()]),
            words: |json| {
                let line = |(said, other): (&str, &str)| vec![other.to_owned(), said.to_owned()];
                (!json.is_empty()).then(|| LINES.map(line).to_vec())
            },
        }
    }

    fn told(form: Option<u32>, text: &str, page: &str) -> Check {
        let files = [(INTERVIEW, "{}"), (TRANSCRIPT, text), (PAGE, page)];
        let files = files.map(|(name, text)| (name, text.as_bytes().to_vec()));
        copies(form, &BTreeMap::from(files), known())
    }

    #[test]
    fn the_same_form_is_compared_byte_by_byte() {
        assert!(told(Some(2), "text", "page").ok);
        for (text, page) in [("text ", "page"), ("text", "Page"), ("", "")] {
            let told = told(Some(2), text, page);
            assert!(!told.ok && told.detail.contains("do not hold"), "{told:?}");
        }
    }

    #[test]
    fn json_that_is_spelled_otherwise_is_seen() {
        for (json, same) in [("{}", true), ("{ }", true), ("{\"A\":1}", false)] {
            let files = [(INTERVIEW, json), (TRANSCRIPT, "text"), (PAGE, "page")];
            let files = files.map(|(name, text)| (name, text.as_bytes().to_vec()));
            assert_eq!(copies(Some(2), &BTreeMap::from(files), known()).ok, same);
        }
    }

    #[test]
    fn another_form_is_compared_by_the_words_of_every_line() {
        let text: String = LINES
            .map(|(a, b)| format!("12. {a}\n   vi: {b}\n"))
            .concat();
        let escaped = |words: &str| {
            let words = words.replace('&', "&amp;").replace('<', "&lt;");
            words.replace('>', "&gt;").replace('"', "&quot;")
        };
        let row = |(a, b): (&str, &str)| {
            format!(
                "<tr><td>{}</td><td><b>{}</b></td></tr>",
                escaped(a),
                escaped(b)
            )
        };
        let page: String = LINES.map(row).concat();
        for form in [None, Some(1), Some(3)] {
            let good = told(form, &text, &page);
            assert!(
                good.ok && good.detail.contains("another version"),
                "{good:?}"
            );
        }
        for (from, to) in [
            ("张伟", "李伟"),
            ("Hà Nội", "Hà Nam"),
            ("索卡", ""),
            ("Aung", "Aye"),
        ] {
            assert!(!told(None, &text.replace(from, to), &page).ok, "{from}");
            assert!(!told(None, &text, &page.replace(from, to)).ok, "{from}");
        }
        // Two lines in the other order.
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        lines.rotate_left(2);
        assert!(!told(None, &lines.concat(), &page).ok);
        let active = told(None, &text, &format!("{page}<SCRIPT>"));
        assert!(active.detail.contains("<script"), "{active:?}");
    }
}
