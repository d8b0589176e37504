//! Paper through other programs' eyes: a word processor opens the DOCX, and what is copied from the
//! pages is what was said, in all six scripts, in Vietnamese with every blank. Starts poppler and, where it
//! is there, LibreOffice, so only on request: `scripts/proof paper`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

#[path = "common/mod.rs"]
mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

const LINES: [(&str, &str, &str); 6] = [
    (
        "zh",
        "我叫张伟，护照号码是E12345678。",
        "Tôi tên là Trương Vĩ.",
    ),
    (
        "vi",
        "Tôi đến từ Hà Nội, làm việc ở Móng Cái.",
        "我来自河内。",
    ),
    ("th", "ผมทำงานที่เชียงใหม่ ดื่มน้ำ", "我在清迈工作。"),
    ("my", "ကျွန်တော့်နာမည် ကိုအောင်ပါ။ မြန်မာ က္ကန္တာရ", "我叫哥昂。"),
    ("lo", "ຂ້ອຍເຮັດວຽກຢູ່ຫຼວງພະບາງ ນ້ຳ", "我在琅勃拉邦工作。"),
    ("km", "ខ្ញុំឈ្មោះ សុខ ឱ្យខ្ញុំឆ្លើយ ស្រីស្អាត", "我叫索克。"),
];

/// Runs of blanks and ends of lines as one blank.
fn tidied(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the words stand in what was copied: in Vietnamese with every blank in its place and no other, where
/// the end of a line stands for one. In scripts that are written without blanks other programs guess some
/// from the room between letters; there only the letters are compared.
fn holds(copied: &str, lang: &str, words: &str) -> bool {
    if lang == "vi" {
        return tidied(copied).contains(&tidied(words));
    }
    let packed = |text: &str| text.split_whitespace().collect::<String>();
    packed(copied).contains(&packed(words))
}

fn copied(pdf: &Path) -> String {
    let output = Command::new("pdftotext")
        .args([Path::new("-raw"), pdf, Path::new("-")])
        .output()
        .expect("pdftotext (package poppler-utils)");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The text of a DOCX by a word processor; `None` where none is installed.
fn converted(docx: &Path, office: &Path) -> Option<String> {
    let status = Command::new("soffice")
        .args(["--headless", "--convert-to", "txt:Text", "--outdir"])
        .arg(office)
        .arg(docx)
        .status();
    assert!(status.ok()?.success());
    let name = Path::new(docx.file_name().unwrap()).with_extension("txt");
    Some(fs::read_to_string(office.join(name)).unwrap())
}

#[test]
#[ignore = "starts poppler and LibreOffice: scripts/proof paper"]
fn other_programs_read_every_script_from_paper() {
    let folder = tempfile::tempdir().unwrap();
    let folder = match std::env::var_os("MEKONG_KEEP_PAPER") {
        Some(kept) => Path::new(&kept).to_owned(),
        None => folder.path().to_owned(),
    };
    let workspace = folder.join("workspace");
    fs::create_dir_all(&workspace).unwrap();
    let (mut compared, mut left_out) = (0, 0);
    for (lang, words, made) in LINES {
        let to = if lang == "zh" { "vi" } else { "zh" };
        let languages = format!("zh,{}", if lang == "zh" { "vi" } else { lang });
        let line = json!({"segments": [{"start_ms": 1_000, "end_ms": 4_000, "speaker": "interviewee",
            "lang": lang, "text": words, "translations": [{"lang": to, "text": made}]}]});
        let file = folder.join(format!("{lang}.json"));
        fs::write(&file, line.to_string()).unwrap();
        let file = file.to_str().unwrap();
        let told = common::json(
            &workspace,
            &["import", file, "--languages", &languages, "--json"],
        );
        let id = told[0]["id"].as_str().unwrap().to_owned();
        for format in ["record", "record-pdf", "docx", "pdf"] {
            let ending = if format.contains("pdf") {
                "pdf"
            } else {
                "docx"
            };
            let out = folder.join(format!("{lang}-{format}.{ending}"));
            let path = out.to_str().unwrap();
            let args = [
                "export", &id, "--format", format, "--of", "witness", "--out", path, "--force",
            ];
            let output = common::run(&workspace, &args);
            assert!(output.status.success(), "{}", common::stderr(&output));
            let text = match ending {
                "docx" => converted(&out, &folder.join("office")),
                _ => Some(copied(&out)),
            };
            let Some(text) = text else {
                left_out += 1;
                continue;
            };
            compared += 1;
            for (lang, wanted) in [(lang, words), (to, made)] {
                assert!(
                    holds(&text, lang, wanted),
                    "{lang} {format}: {wanted}\n{text}"
                );
            }
        }
    }
    println!(
        "paper: {compared} documents in six scripts hold every word and every blank of theirs"
    );
    if left_out > 0 {
        println!("paper: {left_out} for a word processor were left out: soffice is not there");
    }
}
