//! Tests of the DOCX: a whole package, well-formed parts, every text as it was, the font and language
//! of every run.

use std::io::Read as _;

use quick_xml::Reader;
use quick_xml::events::Event;
use zip::ZipArchive;

use super::*;
use crate::export::tests::SIX;

const HOSTILE: &str = "</w:t></w:p>]]>&<w:p>\u{202E}\u{0}\u{1B}\"'";

fn written(rows: Vec<Row>) -> Vec<u8> {
    let number = Paragraph::new(Size::Small).number(Lang::En, Words::Page);
    let paper = Paper {
        title: HOSTILE.to_owned(),
        lang: Lang::Zh,
        rows,
        foot: vec![Row::wide(vec![number.number(Lang::En, Words::Pages)])],
    };
    let mut out = Vec::new();
    write(&paper, &mut out, &mut |_, _| Ok(())).unwrap();
    out
}

fn parts(file: &[u8]) -> Vec<(String, String)> {
    let mut archive = ZipArchive::new(Cursor::new(file)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut part = archive.by_index(at).unwrap();
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            (part.name().unwrap().into_owned(), text)
        })
        .collect()
}

/// The texts of the runs; panics where the part is not well-formed.
fn runs(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let (mut texts, mut open): (Vec<String>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                open.push(tag.name().as_ref().to_vec());
                if open.last().unwrap() == b"w:t" {
                    texts.push(String::new());
                }
            }
            Event::End(_) => drop(open.pop().unwrap()),
            Event::Text(piece) if open.last().is_some_and(|n| n == b"w:t") => {
                texts
                    .last_mut()
                    .unwrap()
                    .push_str(&piece.xml10_content().unwrap());
            }
            Event::GeneralRef(reference) if open.last().is_some_and(|n| n == b"w:t") => {
                let c = match &*reference {
                    b"lt" => '<',
                    b"gt" => '>',
                    b"amp" => '&',
                    b"quot" => '"',
                    _ => reference.resolve_char_ref().unwrap().unwrap(),
                };
                texts.last_mut().unwrap().push(c);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
    texts
}

#[test]
fn every_text_is_there_with_its_font_and_language() {
    let cell = |lang, text| vec![Paragraph::new(Size::Body).with(lang, Look::Plain, text)];
    let rows: Vec<Row> = SIX
        .iter()
        .map(|(lang, text)| Row::beside(vec![cell(*lang, text), cell(Lang::Zh, HOSTILE)]))
        .collect();
    let file = written(rows);
    let parts = parts(&file);
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[0], "[Content_Types].xml");
    for name in [
        "_rels/.rels",
        "word/document.xml",
        "word/footer1.xml",
        "word/styles.xml",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    for (name, text) in &parts {
        runs(text);
        // Every part that is named as content is there.
        let named = text.split("PartName=\"/").skip(1);
        for part in named.map(|rest| rest.split('"').next().unwrap()) {
            assert!(names.contains(&part), "{name}: {part}");
        }
        assert!(!text.contains(['\u{202E}', '\0', '\u{1B}']), "{name}");
    }
    let document = &parts
        .iter()
        .find(|(name, _)| name == "word/document.xml")
        .unwrap()
        .1;
    let texts = runs(document);
    for (_, words) in SIX {
        assert!(texts.iter().any(|t| t == words), "{words}");
    }
    assert_eq!(
        texts.iter().filter(|t| t.starts_with("</w:t>")).count(),
        SIX.len()
    );
    for (lang, font) in [("km-KH", "Noto Sans Khmer"), ("my-MM", "Noto Sans Myanmar")] {
        let run = document
            .split("<w:r>")
            .find(|run| run.contains(lang))
            .unwrap();
        assert!(
            run.contains(&format!("w:cs=\"{font}\"")) && run.contains("<w:cs/>"),
            "{run}"
        );
    }
    let foot = &parts
        .iter()
        .find(|(name, _)| name == "word/footer1.xml")
        .unwrap()
        .1;
    assert!(foot.contains(" PAGE ") && foot.contains(" NUMPAGES "));
}

#[test]
fn cells_and_tables_are_never_empty() {
    let cell = |text| vec![Paragraph::new(Size::Body).with(Lang::Zh, Look::Plain, text)];
    let rows = vec![
        Row::beside(vec![cell("一"), Vec::new()]),
        Row::wide(cell("二")),
        Row::beside(vec![cell("三"), cell("四"), cell("五")]),
    ];
    let file = written(rows);
    let document = &parts(&file)[2].1;
    assert!(!document.contains("</w:tcPr></w:tc>"));
    assert_eq!(document.matches("<w:tbl>").count(), 2);
    assert!(!document.contains("</w:tbl></w:body>") && !document.contains("</w:tbl><w:tbl>"));
    assert!(!document.contains("</w:tbl><w:sectPr>"));
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let rows = || {
        vec![Row::wide(vec![Paragraph::new(Size::Title).with(
            Lang::My,
            Look::Strong,
            "မြန်မာ",
        )])]
    };
    assert_eq!(written(rows()), written(rows()));
}
