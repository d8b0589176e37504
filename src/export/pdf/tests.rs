//! Tests of the PDF: what is copied from it is what was written, in all six scripts, whether a reader
//! knows `/ActualText` or not. Needs fonts for the scripts; those that no installed font shows are
//! left out.

use std::collections::HashMap;
use std::io::Read as _;
use std::process::Command;

use flate2::read::ZlibDecoder;

use super::*;
use crate::domain::Lang;
use crate::export::paper::{Paragraph, Size, Words};
use crate::fonts;

const TEXTS: [(Lang, &str); 6] = [
    (
        Lang::Zh,
        "我叫张伟，护照号码是E12345678。请问“翻译人员”在哪里？",
    ),
    (
        Lang::Vi,
        "Tôi tên là Nguyễn Văn Hùng, đến từ Hà Nội; số hộ chiếu E12345678.",
    ),
    (
        Lang::Th,
        "ฉันชื่อสมชาย ทำงานที่เชียงใหม่ ดื่มน้ำ ผู้ต้องหาให้การว่าเงิน 3,500 บาท",
    ),
    (Lang::My, "ကျွန်တော့်နာမည် ကိုအောင်ပါ။ နိုင်ငံကူးလက်မှတ် က္ကန္တာရ၊ မြန်မာ ၁၂၃"),
    (Lang::Lo, "ຂ້ອຍຊື່ສົມພອນ ເຮັດວຽກຢູ່ຫຼວງພະບາງ ນ້ຳ ຄຳໃຫ້ການ"),
    (
        Lang::Km,
        "ខ្ញុំឈ្មោះ\u{200B}សុខា ស្រីស្អាត ប្រាំពីរ ឱ្យខ្ញុំឆ្លើយ។ កម្ពុជា ភ្នំពេញ បើ កៅ",
    ),
];

fn paper(texts: &[(Lang, String)]) -> Paper {
    let rows = texts.iter().map(|(lang, text)| {
        Row::wide(vec![Paragraph::new(Size::Body).with(
            *lang,
            Look::Plain,
            text,
        )])
    });
    let number = Paragraph::new(Size::Small)
        .with(Lang::En, Look::Quiet, "page ")
        .number(Lang::En, Words::Page)
        .with(Lang::En, Look::Quiet, " of ")
        .number(Lang::En, Words::Pages);
    Paper {
        title: "题 title".to_owned(),
        lang: Lang::Zh,
        rows: rows.collect(),
        foot: vec![Row::wide(vec![number])],
    }
}

fn written(paper: &Paper, faces: &[Face]) -> Vec<u8> {
    let mut out = Vec::new();
    write(paper, faces, &mut out, &mut |_, _| Ok(())).unwrap();
    out
}

/// The file's objects; streams are unpacked.
fn objects(file: &[u8]) -> HashMap<usize, (String, Vec<u8>)> {
    let find = |from: usize, what: &[u8]| {
        let place = file[from..].windows(what.len()).position(|w| w == what);
        place.map(|at| at + from)
    };
    let table = String::from_utf8_lossy(&file[file.len() - 60..]).into_owned();
    let start: usize = table
        .split("startxref\n")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let places = String::from_utf8(file[start..].to_vec()).unwrap();
    let mut found = HashMap::new();
    for (number, line) in places
        .lines()
        .skip(2)
        .filter(|l| l.ends_with(" n "))
        .enumerate()
    {
        let from: usize = line[..10].parse().unwrap();
        let number = number + if places.contains("65535 f") { 1 } else { 0 };
        assert!(file[from..].starts_with(format!("{number} 0 obj\n").as_bytes()));
        let end = find(from, b"endobj").unwrap();
        let stream = find(from, b"stream\n").filter(|at| *at < end);
        let head = String::from_utf8_lossy(&file[from..stream.unwrap_or(end)]).into_owned();
        let mut data = Vec::new();
        if let Some(at) = stream {
            ZlibDecoder::new(&file[at + 7..])
                .read_to_end(&mut data)
                .unwrap();
        }
        found.insert(number, (head, data));
    }
    found
}

fn number_after(text: &str, key: &str) -> Option<usize> {
    let rest = text.split(key).nth(1)?.trim_start();
    rest.split(' ').next()?.parse().ok()
}

fn from_utf16(hex: &str) -> String {
    let units: Vec<u16> = (0..hex.len() / 4)
        .map(|at| u16::from_str_radix(&hex[at * 4..at * 4 + 4], 16).unwrap())
        .collect();
    String::from_utf16(&units).unwrap()
}

/// The text of all pages as a reader would copy it.
fn copied(file: &[u8], actual_text: bool) -> String {
    let objects = objects(file);
    let resources = objects
        .values()
        .find(|(head, _)| head.contains("<</Font<<"))
        .unwrap();
    let mut maps: HashMap<String, HashMap<String, String>> = HashMap::new();
    for part in resources.0.split("/F").skip(2) {
        let (name, id) = part.split_once(' ').unwrap();
        let font = &objects[&id.split(' ').next().unwrap().parse().unwrap()].0;
        let unicode = &objects[&number_after(font, "/ToUnicode").unwrap()].1;
        let unicode = String::from_utf8(unicode.clone()).unwrap();
        let pairs = unicode
            .lines()
            .filter_map(|l| l.strip_prefix('<')?.strip_suffix('>')?.split_once("><"));
        let map = pairs
            .map(|(code, text)| (code.to_owned(), from_utf16(text)))
            .collect();
        maps.insert(format!("F{name}"), map);
    }
    let mut pages: Vec<usize> = objects
        .values()
        .filter(|(head, _)| head.contains("/Type/Page/"))
        .map(|(head, _)| number_after(head, "/Contents").unwrap())
        .collect();
    pages.sort_unstable();
    let mut text = String::new();
    for page in pages {
        let content = String::from_utf8(objects[&page].1.clone()).unwrap();
        let (mut font, mut covered) = (String::new(), false);
        for line in content.lines() {
            if let Some(rest) = line.strip_prefix('/').and_then(|l| l.strip_suffix(" Tf")) {
                font = rest.split(' ').next().unwrap().to_owned();
            } else if let Some(rest) = line.strip_prefix("/Span<</ActualText<FEFF") {
                if actual_text {
                    text.push_str(&from_utf16(rest.strip_suffix(">>>BDC").unwrap()));
                    covered = true;
                }
            } else if line == "EMC" {
                covered = false;
            } else if let Some(codes) = line.strip_prefix('<').and_then(|l| l.strip_suffix(">Tj")) {
                for at in (0..codes.len()).step_by(4) {
                    let told = maps[&font].get(&codes[at..at + 4]);
                    text.push_str(told.filter(|_| !covered).map_or("", String::as_str));
                }
            } else if line == "ET" {
                text.push('\n');
            }
        }
    }
    text
}

/// Runs of blanks as one; a line that the page broke is a line end.
fn tidied(text: &str) -> String {
    let mut tidy = String::new();
    let mut run: Option<char> = None;
    for c in text.chars() {
        if c.is_whitespace() {
            let end = c == '\n' || run == Some('\n');
            run = Some(if end { '\n' } else { ' ' });
        } else {
            tidy.extend(run.take().filter(|_| !tidy.is_empty()));
            tidy.push(c);
        }
    }
    tidy
}

/// Whether the words stand in what was copied with every blank in its place and no other. The end of a line
/// stands for a blank; where words are written without blanks it may also stand for nothing.
fn holds(copied: &str, lang: Lang, words: &str) -> bool {
    let (copied, words) = (tidied(copied), tidied(words));
    let stands = |from: &str| {
        let mut rest = from.chars().peekable();
        words.chars().all(|wanted| {
            if rest.peek() == Some(&'\n') {
                rest.next();
                if wanted == ' ' {
                    return true;
                }
                if !lang.unspaced() {
                    return false;
                }
            }
            rest.next() == Some(wanted)
        })
    };
    copied.char_indices().any(|(at, _)| stands(&copied[at..]))
}

#[test]
fn a_blank_that_is_lost_or_put_in_is_noticed() {
    let words = "Tôi đến từ  Hà Nội";
    assert!(holds("x Tôi đến\n từ Hà Nội y", Lang::Vi, words));
    for wrong in [
        "Tôiđến từ Hà Nội",
        "Tôi đến từ Hà N ội",
        "Tôi đến từ Hà N\nội",
    ] {
        assert!(!holds(wrong, Lang::Vi, words), "{wrong}");
    }
    for (lang, words) in TEXTS.into_iter().filter(|(lang, _)| lang.unspaced()) {
        let half = words.char_indices().nth(4).unwrap().0;
        let broken = format!("{}\n{}", &words[..half], &words[half..]);
        assert!(holds(&broken, lang, words), "{lang}");
        assert!(!holds(&broken.replace('\n', " "), lang, words), "{lang}");
    }
}

/// Without white space: lines are broken where the page wants it.
fn packed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn shown(faces: &[Face]) -> Vec<(Lang, String)> {
    let there = |lang: &Lang| faces.iter().any(|f| f.lang == *lang);
    TEXTS
        .into_iter()
        .filter(|(lang, _)| there(lang))
        .map(|(lang, text)| (lang, text.to_owned()))
        .collect()
}

#[test]
fn copied_text_is_the_text_that_was_written() {
    let found = fonts::find();
    let texts = shown(&found.faces);
    if texts.is_empty() {
        return;
    }
    let file = written(&paper(&texts), &found.faces);
    for actual_text in [true, false] {
        let text = copied(&file, actual_text);
        for (lang, words) in &texts {
            assert!(holds(&text, *lang, words), "{lang} {actual_text}: {text}");
        }
        assert!(text.contains("page 1 of 1"), "{text}");
    }
    assert!(
        file.len() < 400_000,
        "fonts are embedded in part: {}",
        file.len()
    );
}

#[test]
fn another_program_copies_the_same() {
    let found = fonts::find();
    let texts = shown(&found.faces);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pdf");
    std::fs::write(&path, written(&paper(&texts), &found.faces)).unwrap();
    let told = Command::new("pdftotext")
        .arg("-raw")
        .arg(&path)
        .arg("-")
        .output();
    let Ok(output) = told else {
        eprintln!(
            "pdftotext is not on this machine: only 'scripts/proof paper' copies with another program"
        );
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    for (lang, words) in &texts {
        // It guesses blanks from the room between letters, also in scripts that are written without.
        let whole = match lang.unspaced() {
            true => packed(&text).contains(&packed(words)),
            false => holds(&text, *lang, words),
        };
        assert!(whole, "{lang}: {text}");
    }
}

#[test]
fn long_texts_break_into_lines_and_pages_and_lose_nothing() {
    let found = fonts::find();
    let texts: Vec<(Lang, String)> = shown(&found.faces)
        .into_iter()
        .map(|(lang, text)| (lang, text.repeat(150)))
        .collect();
    if texts.is_empty() {
        return;
    }
    let file = written(&paper(&texts), &found.faces);
    let text = packed(&copied(&file, true));
    // The numbers of pages stand between.
    let parts: Vec<&str> = text.split("page").collect();
    let count = parts.len() - 1;
    assert!(count > 5, "{count}");
    let mut body = String::new();
    for (at, part) in parts.iter().enumerate() {
        let foot = format!("{at}of{count}");
        body.push_str(part.strip_prefix(&foot).unwrap_or(part));
    }
    let expected: String = texts.iter().map(|(_, text)| packed(text)).collect();
    assert!(body == expected, "something was lost or doubled");
    // Nothing stands outside the page.
    for (_, data) in objects(&file).values() {
        let content = String::from_utf8_lossy(data);
        for place in content
            .lines()
            .filter_map(|l| l.strip_suffix(" Tm")?.strip_prefix("1 0 0 1 "))
        {
            let (x, y) = place.split_once(' ').unwrap();
            let (x, y): (f32, f32) = (x.parse().unwrap(), y.parse().unwrap());
            assert!(
                (20.0..PAGE.0 - 20.0).contains(&x) && (20.0..PAGE.1 - 20.0).contains(&y),
                "{place}"
            );
        }
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let found = fonts::find();
    let texts = shown(&found.faces);
    let paper = paper(&texts);
    assert_eq!(written(&paper, &found.faces), written(&paper, &found.faces));
}

#[test]
fn a_cancel_ends_the_work() {
    let found = fonts::find();
    let paper = paper(&shown(&found.faces));
    let stopped = write(&paper, &found.faces, &mut Vec::new(), &mut |_, _| {
        Err(Error::Cancelled)
    });
    assert!(matches!(stopped, Err(Error::Cancelled)) || paper.rows.is_empty());
}
