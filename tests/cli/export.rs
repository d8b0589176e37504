//! `mekong export`

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::common::{assert_helpful_failure, mekong, stderr};
use crate::fixture::{Desk, TALKS};

const FORMATS: [&str; 8] = ["txt", "json", "csv", "srt", "vtt", "html", "eaf", "tmx"];

#[test]
fn every_format_holds_both_sides_in_all_six_scripts() {
    let (desk, ids) = Desk::with_talks();
    for (talk, id) in TALKS.iter().zip(&ids) {
        for format in FORMATS {
            let text = desk.text(&["export", id, "--format", format, "--out", "-"]);
            for (_, words, made) in talk.lines {
                assert!(
                    text.contains(words) && text.contains(made),
                    "{format}: {text}"
                );
            }
        }
    }
}

#[test]
fn a_file_is_the_same_as_standard_output() {
    let (desk, ids) = Desk::with_talks();
    for format in FORMATS {
        let path = desk.path(&format!("out.{format}"));
        let out = path.to_str().unwrap();
        desk.text(&["export", &ids[2], "--format", format, "--out", out]);
        let text = desk.text(&["export", &ids[2], "--format", format, "--out", "-"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn what_is_exported_can_be_imported_again() {
    let (desk, ids) = Desk::with_talks();
    let lines = |id: &str| -> Vec<Value> {
        let shown = desk.json(&["show", id, "--json"]);
        let segments = shown["segments"].as_array().unwrap().clone();
        segments
            .iter()
            .map(|s| {
                let made = &s["translations"][0];
                json!([
                    s["start_ms"],
                    s["end_ms"],
                    s["lang"],
                    s["text"],
                    made["lang"],
                    made["text"]
                ])
            })
            .collect()
    };
    for (talk, id) in TALKS.iter().zip(&ids) {
        for format in ["json", "csv", "srt", "vtt"] {
            let path = desk.path(&format!("again.{format}"));
            let out = path.to_str().unwrap();
            desk.text(&["export", id, "--format", format, "--out", out, "--force"]);
            let languages = talk.languages.join(",");
            let told = desk.json(&["import", out, "--languages", &languages, "--json"]);
            let again = told[0]["id"].as_str().unwrap();
            assert_eq!(lines(again), lines(id), "{format}");
        }
    }
}

#[test]
fn paper_is_written_whole_and_a_record_is_somebodys() {
    let (desk, ids) = Desk::with_talks();
    let written = |args: &[&str], name: &str| {
        let path = desk.path(name);
        let out = path.to_str().unwrap();
        desk.text(&[&["export", &ids[0], "--out", out], args].concat());
        fs::read(&path).unwrap()
    };
    assert!(written(&["--format", "docx"], "a.docx").starts_with(b"PK"));
    let record = ["--format", "record", "--of", "witness"];
    assert!(written(&record, "b.docx").starts_with(b"PK"));
    let out = desk.path("c.docx");
    let args = [
        "export",
        &ids[0],
        "--format",
        "record",
        "--out",
        out.to_str().unwrap(),
    ];
    assert!(desk.fails(&args).contains("--of suspect"));
    assert!(!out.exists());
    let three = [&args[..], &["--of", "victim", "--languages", "zh,vi,th"]].concat();
    assert!(desk.fails(&three).contains("one language or two"));
    // A machine without fonts is told what to install; one with fonts writes the file.
    let pdf = desk.path("d.pdf");
    let args = [&args[..5], &[pdf.to_str().unwrap(), "--of", "suspect"]].concat();
    let output = desk.run(&args);
    if output.status.success() {
        assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF-1.7"));
    } else {
        assert!(desk.fails(&args).contains("Install a font"));
    }
}

#[test]
fn forms_are_copied_once_and_used_when_they_were_changed() {
    let (desk, ids) = Desk::with_talks();
    let written = desk.json(&["templates", "--json"]);
    assert_eq!(written.as_array().unwrap().len(), 6);
    let form = desk.workspace().join("templates/record-zh.toml");
    let own = fs::read_to_string(&form).unwrap().replace("询问笔录", "");
    fs::write(&form, own + "\nbroken").unwrap();
    assert_eq!(desk.json(&["templates", "--json"]), json!([]));
    let args = [
        "export", &ids[0], "--format", "record", "--of", "witness", "--out", "-",
    ];
    let told = desk.fails(&args);
    assert!(
        told.contains("record-zh.toml") && told.contains("templates"),
        "{told}"
    );
}

#[test]
fn a_covered_copy_holds_no_covered_word_and_leaves_the_store() {
    let (desk, ids) = Desk::with_talks();
    let list = "[[redact]]\nwords = [\"张伟\", \"trương vĩ\"]\nreason = \"name\"\n\
                [[redact]]\nwords = [\"E12345678\"]\nreason = \"passport\"\n";
    let list = desk.file("list.toml", list.as_bytes());
    let shown = desk.json(&["show", &ids[0], "--json"]);
    for format in FORMATS {
        let args = [
            "export", &ids[0], "--format", format, "--redact", &list, "--out", "-",
        ];
        let text = desk.text(&args);
        for word in ["张伟", "Trương", "12345678"] {
            assert!(!text.contains(word), "{format}: {text}");
        }
        assert!(
            text.contains("[redacted: name]") && text.contains("河内"),
            "{format}"
        );
    }
    assert_eq!(desk.json(&["show", &ids[0], "--json"]), shown);
    let wrong = desk.file(
        "wrong.toml",
        b"[[redact]]\nwords = [\"Nobody\"]\nreason = \"name\"\n",
    );
    let out = desk.path("never.txt");
    let out = out.to_str().unwrap();
    let args = [
        "export", &ids[0], "--format", "txt", "--redact", &wrong, "--out", out,
    ];
    let told = desk.fails(&args);
    assert!(
        told.contains("rule 1") && !told.contains("Nobody"),
        "{told}"
    );
    assert!(!desk.path("never.txt").exists());
    // There is no sound to copy.
    let args = ["export", &ids[0], "--format", "audio", "--out", out];
    assert!(desk.fails(&args).contains("without its recording"));
}

#[test]
fn a_failed_export_leaves_the_old_file() {
    let (desk, ids) = Desk::with_talks();
    let old = desk.file("kept.txt", b"kept");
    desk.fails(&["export", "nobody", "--format", "txt", "--out", &old]);
    assert_eq!(fs::read_to_string(&old).unwrap(), "kept");
    desk.fails(&[
        "export",
        &ids[0],
        "--format",
        "txt",
        "--out",
        "/nowhere/at/all.txt",
    ]);
    desk.refused(&["export", &ids[0], "--format", "exe", "--out", "-"]);
    desk.refused(&["export", &ids[0], "--format", "txt"]);
}

#[test]
fn a_file_that_is_there_stays_unless_forced() {
    let (desk, ids) = Desk::with_talks();
    let old = desk.file("kept.txt", b"kept");
    let args = ["export", &ids[0], "--format", "txt", "--out", &old];
    assert!(desk.fails(&args).contains("--force"));
    assert_eq!(fs::read_to_string(&old).unwrap(), "kept");
    desk.text(&[&args[..], &["--force"]].concat());
    assert!(
        fs::read_to_string(&old)
            .unwrap()
            .contains(TALKS[0].lines[0].1)
    );
    let folder = desk.path("folder");
    fs::create_dir(&folder).unwrap();
    let args = ["export", &ids[0], "--format", "txt", "--force", "--out"];
    desk.fails(&[&args[..], &[folder.to_str().unwrap()]].concat());
}

#[test]
fn a_missing_folder_is_named_and_no_temporary_file() {
    let (desk, ids) = Desk::with_talks();
    let out = desk.path("nowhere/out.txt");
    let out = out.to_str().unwrap();
    let told = desk.fails(&["export", &ids[0], "--format", "txt", "--out", out]);
    assert_eq!(told.matches("nowhere").count(), 1, "{told}");
    assert!(
        told.contains(out) && told.contains("no such folder"),
        "{told}"
    );
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let desk = Desk::empty();
    let segments: Vec<Value> = (0..3_000)
        .map(|i| {
            json!({"start_ms": i * 1_000, "lang": "vi", "text": "Tôi đến từ Hà Nội.",
                   "translations": [{"lang": "zh", "text": "我来自河内。"}]})
        })
        .collect();
    let file = desk.file(
        "long.json",
        json!({ "segments": segments }).to_string().as_bytes(),
    );
    let told = desk.json(&["import", &file, "--languages", "zh,vi", "--json"]);
    let id = told[0]["id"].as_str().unwrap();
    for args in [
        vec!["export", id, "--format", "json", "--out", "-"],
        vec!["show", id],
        vec!["show", id, "--json"],
        vec!["search", "Hà Nội", "--limit", "3000"],
    ] {
        // More than a pipe holds, so the program is still writing when the reader goes away.
        let mut child = mekong(&desk.workspace())
            .args(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {told}");
        assert!(
            !told.contains("cannot") && !told.contains("panicked"),
            "{args:?}: {told}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_a_failure() {
    let (desk, ids) = Desk::with_talks();
    for args in [vec!["show", &ids[0], "--json"], vec!["list"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = mekong(&desk.workspace())
            .args(&args)
            .stdout(full)
            .output()
            .unwrap();
        crate::common::assert_helpful_failure(&output, "a full output");
    }
}

#[test]
fn invented_words_are_held_back_until_somebody_signs_for_them_with_a_reason() {
    for talk in &TALKS {
        let desk = Desk::empty();
        let mut document = talk.document();
        for line in document["segments"].as_array_mut().unwrap() {
            line["status"] = json!("machine");
        }
        let (invented, kept) = (talk.lines[0].1, talk.lines[1].1);
        document["segments"][0]["flags"] = json!(["repetition"]);
        let file = desk.file("talk.json", document.to_string().as_bytes());
        let languages = talk.languages.join(",");
        let args = ["import", &file, "--languages", &languages, "--json"];
        let id = desk.json(&args)[0]["id"].as_str().unwrap().to_owned();
        let export = |format| desk.text(&["export", &id, "--format", format, "--out", "-"]);
        for format in FORMATS {
            let text = export(format);
            assert_eq!(text.contains(invented), format == "json", "{format} {text}");
            assert!(text.contains(kept), "{format}");
        }
        assert!(desk.text(&["show", &id]).contains(invented));
        let signed = |args: &[&str]| {
            let mut command = mekong(&desk.workspace());
            command.env("MEKONG_PASSPHRASE", "four words and a river");
            command.args(args).output().unwrap()
        };
        assert!(
            signed(&["keys", "new", "Lan", "--role", "reviewer"])
                .status
                .success()
        );
        let certify = ["certify", &id, "1", "2", "--by", "Lan"];
        for more in [&[][..], &["--despite", " "]] {
            let refused = signed(&[&certify[..], more].concat());
            assert_helpful_failure(&refused, "certify");
            let told = stderr(&refused);
            assert!(
                told.contains("held back (repetition)") && told.contains("--despite"),
                "{told}"
            );
        }
        assert!(!export("srt").contains(invented));
        let done = signed(&[&certify[..], &["--despite", "heard three times"]].concat());
        assert!(done.status.success(), "{}", stderr(&done));
        for format in FORMATS {
            assert!(export(format).contains(invented), "{format}");
        }
        let history = desk.json(&["history", &id, "1", "--json"]);
        assert!(
            history.to_string().contains("heard three times"),
            "{history}"
        );
    }
}

#[test]
fn a_list_from_standard_input_need_not_lie_on_a_disk() {
    use std::io::Write as _;
    let (desk, ids) = Desk::with_talks();
    let words = ["张伟", "หลวงพระบาง", "ဆိုခ်"];
    for (id, word) in ids.iter().zip(words) {
        let args = [
            "export", id, "--format", "txt", "--redact", "-", "--out", "-",
        ];
        let given = |list: &str| {
            let mut child = mekong(&desk.workspace())
                .args(args)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child
                .stdin
                .take()
                .unwrap()
                .write_all(list.as_bytes())
                .unwrap();
            child.wait_with_output().unwrap()
        };
        let done = given(&format!(
            "[[redact]]\nwords = [\"{word}\"]\nreason = \"x\"\n"
        ));
        assert!(done.status.success(), "{}", stderr(&done));
        let text = String::from_utf8(done.stdout).unwrap();
        assert!(
            text.contains("[redacted: x]") && !text.contains(word),
            "{text}"
        );
        let wrong = given("not a list");
        assert_helpful_failure(&wrong, "--redact -");
        assert!(wrong.stdout.is_empty());
    }
}
