//! Tests of TBX: all six scripts there and back, other programs' files, hostile files.

use crate::domain::Lang;
use crate::glossary::{Entry, Error, Glossary, ProblemKind, Review, Term};

const SIX: [(Lang, &str, &str); 6] = [
    (Lang::Zh, "护照", "证件"),
    (Lang::Vi, "hộ chiếu", "giấy thông hành"),
    (Lang::Th, "หนังสือเดินทาง", "พาสปอร์ต"),
    (Lang::My, "နိုင်ငံကူးလက်မှတ်", "ပတ်စပို့"),
    (Lang::Lo, "ໜັງສືຜ່ານແດນ", "ພາສປອດ"),
    (Lang::Km, "លិខិតឆ្លងដែន", "ប៉ាស្ព័រ"),
];

fn six() -> Term {
    let mut term = Term {
        id: "passport 1_x".to_owned(),
        note: "a & b < c ]]> d".to_owned(),
        ..Term::default()
    };
    for (lang, word, other) in SIX {
        let entry = Entry {
            admitted: vec![word.to_owned(), format!("{word}{word}")],
            accepted: vec![other.to_owned()],
            forbidden: vec![format!("{other}{word}")],
            source: "law 53 & \"annex\"".to_owned(),
            review: Review::Sourced,
        };
        term.entries.insert(lang, entry);
    }
    term
}

fn written(terms: Vec<Term>) -> String {
    let mut out = Vec::new();
    Glossary::new(terms).unwrap().write_tbx(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Lines differ: they are those of the file read.
fn same(mut found: Vec<Term>, expected: &[Term]) {
    found.iter_mut().for_each(|t| t.line = 0);
    assert_eq!(found, expected);
}

#[test]
fn a_glossary_comes_back_from_its_own_tbx() {
    let mut bound = six();
    bound.case = "案件 1".to_owned();
    let plain = Term {
        id: "1.é-".to_owned(),
        ..six()
    };
    let terms = vec![six(), bound, plain];
    let text = written(terms.clone());
    let read = Glossary::read_tbx(text.as_bytes()).unwrap();
    assert!(
        !read
            .problems()
            .iter()
            .any(|p| p.kind == ProblemKind::EmptyRow)
    );
    same(read.terms().to_vec(), &terms);
    // Names of elements are unique XML names.
    let ids: Vec<&str> = text.split("conceptEntry id=\"").skip(1).collect();
    let ids: Vec<&str> = ids.iter().map(|t| t.split('"').next().unwrap()).collect();
    let valid = |id: &&str| {
        id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    };
    assert!(ids.len() == 3 && ids.iter().all(valid), "{ids:?}");
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[test]
fn the_form_is_that_of_the_schema() {
    let text = written(vec![six()]);
    assert!(text.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tbx style=\"dct\" type=\"TBX-Basic\""
    ));
    assert!(text.contains("xmlns=\"urn:iso:std:iso:30042:ed-2\""));
    assert_eq!(text.matches("preferredTerm-admn-sts").count(), 6);
    assert_eq!(text.matches("deprecatedTerm-admn-sts").count(), 6);
    // A data category of a term follows its term.
    let term = text.find("<term>").unwrap();
    assert!(term < text.find("<min:administrativeStatus>").unwrap());
    assert!(!text.contains("]]>"));
}

#[test]
fn other_programs_files_are_read() {
    let older = r#"<?xml version="1.0"?>
<martif type="TBX-Basic" xml:lang="en"><text><body>
<termEntry id="t1"><descrip type="subjectField">law</descrip>
<langSet xml:lang="zh-CN"><tig><term>律<hi>师</hi></term><termNote type="administrativeStatus">admittedTerm-admn-sts</termNote></tig>
<tig><term><![CDATA[辩护人]]></term><termNote type="administrativeStatus">preferredTerm-admn-sts</termNote></tig></langSet>
<langSet xml:lang="vi"><ntig><termGrp><term>lu&#x1EAD;t s&#432;</term></termGrp></ntig></langSet>
<langSet xml:lang="fr"><tig><term>avocat</term></tig></langSet>
</termEntry></body></text></martif>"#;
    let read = Glossary::read_tbx(older.as_bytes()).unwrap();
    let entries = &read.terms()[0].entries;
    assert_eq!(entries[&Lang::Zh].admitted, ["辩护人", "律师"]);
    assert_eq!(entries[&Lang::Vi].admitted, ["luật sư"]);
    assert_eq!(entries.len(), 2);
    let told = read.problems();
    assert!(
        told.iter()
            .any(|p| p.kind == ProblemKind::UnknownColumn && p.detail == "fr")
    );
}

#[test]
fn hostile_files_are_refused() {
    let of = |text: &str| Glossary::read_tbx(text.as_bytes()).unwrap_err();
    let doctype = "<!DOCTYPE tbx [<!ENTITY a \"b\">]><tbx></tbx>";
    assert!(matches!(of(doctype), Error::Doctype { line: 1 }));
    assert!(of(doctype).help().contains("DOCTYPE"));
    let entity = "<tbx><text>&secret;</text></tbx>";
    assert!(matches!(of(entity), Error::Xml { .. }));
    let deep = format!("<tbx>{}", "<a>".repeat(1_000_000));
    assert!(matches!(of(&deep), Error::TooDeep { .. }));
    assert!(matches!(of("<html></html>"), Error::NotTbx));
    assert!(matches!(of(""), Error::NotTbx));
    assert!(matches!(of("<tbx>\n<text>"), Error::Xml { line: 2, .. }));
    assert!(matches!(of("<tbx></text>"), Error::Xml { .. }));
    let long = format!("<tbx><note>{}</note></tbx>", "长".repeat(100_000));
    assert!(matches!(of(&long), Error::CellTooLong { .. }));
    let bytes = b"<tbx>\xFF</tbx>";
    assert!(matches!(
        Glossary::read_tbx(bytes),
        Err(Error::NotUtf8 { .. })
    ));
}

#[test]
fn a_term_cannot_smuggle_in_signs_of_the_table() {
    let text = "<tbx><conceptEntry id='a'><langSec xml:lang='vi'><termSec>\
        <term>!=\u{202E}cmd|calc</term></termSec></langSec></conceptEntry></tbx>";
    let read = Glossary::read_tbx(text.as_bytes()).unwrap();
    let entry = &read.terms()[0].entries[&Lang::Vi];
    assert_eq!(entry.admitted, ["cmd calc"]);
    assert!(entry.forbidden.is_empty());
    let mut table = Vec::new();
    read.write_csv(&mut table).unwrap();
    let again = Glossary::read_csv(&[&table[..], b""].concat());
    assert!(matches!(again, Err(Error::TooFewLanguages)));
}

#[test]
fn cut_files_never_pass_for_whole_ones() {
    let text = written(vec![six()]);
    let whole = text.trim_end();
    for cut in (0..whole.len()).filter(|&at| whole.is_char_boundary(at)) {
        assert!(
            Glossary::read_tbx(&whole.as_bytes()[..cut]).is_err(),
            "{cut}"
        );
    }
}
