//! Paper through other programs' eyes: a word processor opens the DOCX, and what is copied from the
//! pages is what was said, in all six scripts. Starts LibreOffice and poppler, so only on request:
//! `cargo test --release --test paper -- --ignored`.
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

fn packed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn copied(pdf: &Path) -> String {
    let output = Command::new("pdftotext")
        .args([Path::new("-raw"), pdf, Path::new("-")])
        .output()
        .expect("pdftotext (package poppler-utils)");
    assert!(output.status.success());
    packed(&String::from_utf8(output.stdout).unwrap())
}

#[test]
#[ignore = "starts LibreOffice and poppler"]
fn other_programs_read_every_script_from_paper() {
    let folder = tempfile::tempdir().unwrap();
    let folder = match std::env::var_os("MEKONG_KEEP_PAPER") {
        Some(kept) => Path::new(&kept).to_owned(),
        None => folder.path().to_owned(),
    };
    let workspace = folder.join("workspace");
    fs::create_dir_all(&workspace).unwrap();
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
            let text = if ending == "docx" {
                let office = folder.join("office");
                let status = Command::new("soffice")
                    .args(["--headless", "--convert-to", "txt:Text", "--outdir"])
                    .arg(&office)
                    .arg(&out)
                    .status()
                    .expect("soffice (package libreoffice-writer-nogui)");
                assert!(status.success());
                packed(&fs::read_to_string(office.join(format!("{lang}-{format}.txt"))).unwrap())
            } else {
                copied(&out)
            };
            for wanted in [words, made] {
                assert!(
                    text.contains(&packed(wanted)),
                    "{lang} {format}: {wanted}\n{text}"
                );
            }
        }
    }
}
