//! What the readers take, what they refuse and in which line, and that what is written reads back.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::domain::FlagKind;

/// A short sentence in each of the six scripts, with the marks that break careless code.
const SIX: [(Lang, &str); 6] = [
    (Lang::Zh, "请出示您的护照。"),
    (Lang::Vi, "Vui lòng xuất trình hộ chiếu."),
    (Lang::Th, "กรุณาแสดงหนังสือเดินทางของท่าน"),
    (Lang::My, "နိုင်ငံကူးလက်မှတ် ပြပါ။"),
    (Lang::Lo, "ກະລຸນາສະແດງໜັງສືຜ່ານແດນ"),
    (Lang::Km, "សូមបង្ហាញលិខិតឆ្លងដែន ឱ្យខ្ញុំមើល"),
];

fn line(start_ms: u64, end_ms: u64, text: &str) -> Line {
    Line {
        speaker: None,
        start_ms,
        end_ms: Some(end_ms),
        lang: None,
        text: text.to_owned(),
        ..Line::default()
    }
}

fn good(form: Form, text: &str) -> Vec<Line> {
    parse(form, text).unwrap_or_else(|f| panic!("line {}: {}", f.line, f.what))
}

/// The line of the file that is refused and why.
fn bad(form: Form, text: &str) -> (u64, String) {
    let fault = parse(form, text).expect_err("a fault");
    (fault.line, fault.what)
}

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    (dir, path)
}

#[test]
fn json_needs_only_three_fields_and_takes_the_rest() {
    let lines = good(
        Form::Json,
        r#"{"case":null,"segments":[
            {"start_ms":5,"lang":"zh","text":"您好","new_field":{"a":[1]}},
            {"id":2,"start_ms":9,"end_ms":12,"speaker":"officer","lang":"vi","text":"Chào",
             "translations":[{"lang":"zh","text":"您好","engine":"x"},{"lang":"th","text":""}]},
            {"start_ms":20,"lang":"vi","text":"","status":"pending"}]}"#,
    );
    let first = Line {
        end_ms: None,
        lang: Some(Lang::Zh),
        ..line(5, 5, "您好")
    };
    let second = Line {
        speaker: Some("officer".into()),
        lang: Some(Lang::Vi),
        translations: vec![(Lang::Zh, "您好".into())],
        ..line(9, 12, "Chào")
    };
    assert_eq!(lines, [first, second]);
}

#[test]
fn json_faults_name_the_line_and_never_the_words() {
    let cases = [
        (
            "{\"segments\":[\n{\"lang\":\"zh\",\"text\":\"secret\"}]}",
            2,
            "start_ms",
        ),
        (
            "{\"segments\":[\n\n{\"start_ms\":\"secret\",\"lang\":\"zh\"}]}",
            3,
            "expected u64",
        ),
        (
            "{\"segments\":[{\"start_ms\":1,\n\"lang\":\"secret\",\"text\":\"x\"}]}",
            2,
            "lang",
        ),
        (
            "{\"segments\":[{\"start_ms\":-1,\"lang\":\"zh\",\"text\":\"secret\"}]}",
            1,
            "u64",
        ),
        ("{\"segments\":\n\"secret\"}", 2, "a list of segments"),
        ("{\"segments\":[\n", 2, "EOF"),
        ("[]", 1, "an object with segments"),
        ("{}", 1, "segments"),
        (
            "{\"segments\":[{\"start_ms\":9,\"end_ms\":8,\"lang\":\"zh\",\"text\":\"secret\"}]}",
            1,
            "before the start",
        ),
    ];
    for (text, at, what) in cases {
        let (line, message) = bad(Form::Json, text);
        assert_eq!(line, at, "{text}: {message}");
        assert!(message.contains(what), "{text}: {message}");
        assert!(!message.contains("secret"), "{text}: {message}");
    }
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    let deep = "[".repeat(1_000_000);
    assert!(
        bad(Form::Json, &format!("{{\"x\":{deep}"))
            .1
            .contains("EOF")
    );
    bad(Form::Json, &format!("{{\"segments\":{deep}"));
    let shut = "]".repeat(1_000_000);
    let text = format!(
        r#"{{"x":{deep}{shut},"segments":[{{"start_ms":1,"lang":"lo","text":"ສະບາຍດີ"}}]}}"#
    );
    assert_eq!(good(Form::Json, &text).len(), 1);
}

#[test]
fn a_line_of_brackets_costs_no_more_than_another() {
    let text = format!(
        "1\n00:00:01,000 --> 00:00:02,000\n{}\n",
        "<b <".repeat(1 << 20)
    );
    assert!(bad(Form::Srt, &text).1.contains("characters"));
}

#[test]
fn srt_from_other_programs() {
    let text = "1\r\n00:00:01,000 --> 00:00:02,500 X1:10 X2:20\r\n<i>您好</i> {\\an8}a < b\r\n\r\n\
                2\r\n00:00:03.000-->00:00:04.000\r\nmột\r\n\r\nhai\r\n\r\n\r\n\
                3\r\n00:01:00,000 --> 00:01:01,000\r\n42\r\n\r\n\
                4\r\n00:01:02,000 --> 00:01:03,000\r\n";
    let expected = [
        line(1_000, 2_500, "您好 a < b"),
        line(3_000, 4_000, "một\nhai"),
        line(60_000, 61_000, "42"),
    ];
    assert_eq!(good(Form::Srt, text), expected);
}

#[test]
fn srt_without_numbers_keeps_a_number_that_was_said() {
    let text = "00:01,000 --> 00:02,000\n42\n\n00:03,000 --> 00:04,000\n43\n";
    assert_eq!(
        good(Form::Srt, text),
        [line(1_000, 2_000, "42"), line(3_000, 4_000, "43")]
    );
}

#[test]
fn srt_faults_name_the_line() {
    assert_eq!(bad(Form::Srt, "1\n00:00:01,000 --> 00:00:99,000\nx").0, 2);
    assert_eq!(
        bad(Form::Srt, "hello\n00:00:01,000 --> 00:00:02,000\nx").0,
        1
    );
    let backward = "1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:05,000 --> 00:00:04,000\ny\n";
    assert_eq!(
        bad(Form::Srt, backward),
        (6, "the end is before the start".into())
    );
}

#[test]
fn a_bilingual_cue_gives_its_languages_and_translations() {
    let text = "1\n00:00:01,000 --> 00:00:02,000\n[zh] 您好\n再见\n[vi] Xin chào\n[th] สวัสดี\nลาก่อน\n\n\
                2\n00:00:03,000 --> 00:00:04,000\n[vi] [pending]\n\n\
                3\n00:00:05,000 --> 00:00:06,000\n[applause] thanks\n";
    let first = Line {
        lang: Some(Lang::Zh),
        translations: vec![
            (Lang::Vi, "Xin chào".into()),
            (Lang::Th, "สวัสดี\nลาก่อน".into()),
        ],
        ..line(1_000, 2_000, "您好\n再见")
    };
    assert_eq!(
        good(Form::Srt, text),
        [first, line(5_000, 6_000, "[applause] thanks")]
    );
}

#[test]
fn a_cue_that_a_machine_wrote_stays_a_machines() {
    let text = "1\n00:00:01,000 --> 00:00:02,000\n[km, practice model] ខ្ញុំ\n[vi, machine, stale] Tôi\n\n\
                2\n00:00:03,000 --> 00:00:04,000\n[lo, laughing] ຂ້ອຍ\n";
    let first = Line {
        lang: Some(Lang::Km),
        translations: vec![(Lang::Vi, "Tôi".into())],
        machine: true,
        machine_translations: true,
        flags: vec![Flag::new(FlagKind::PracticeModel)],
        ..line(1_000, 2_000, "ខ្ញុំ")
    };
    let second = line(3_000, 4_000, "[lo, laughing] ຂ້ອຍ");
    assert_eq!(good(Form::Srt, text), [first, second]);
    let table =
        "start_ms,end_ms,lang,text,status,flags\n1,2,th,สวัสดี,machine,practice-model no-such\n";
    let row = &good(Form::Csv, table)[0];
    assert!(row.machine && row.machine_translations);
    for (told, machine) in [
        (r#""status":"machine""#, true),
        (r#""by_person":false"#, true),
        (r#""by_person":true"#, false),
        (r#""status":"certified""#, false),
    ] {
        let document = format!(
            r#"{{"segments":[{{"start_ms":1,"lang":"lo","text":"ຂ້ອຍ","status":"edited",
                "translations":[{{"lang":"km","text":"ខ្ញុំ",{told}}}]}}]}}"#
        );
        let row = &good(Form::Json, &document)[0];
        assert_eq!(
            (row.machine, row.machine_translations),
            (false, machine),
            "{told}"
        );
    }
    assert_eq!(row.flags, [Flag::new(FlagKind::PracticeModel)]);
}

#[test]
fn vtt_with_everything_that_it_may_hold() {
    let text = "WEBVTT - interview\nKind: captions\n\nNOTE a note\nwith --> arrow\n\n\
                STYLE\n::cue { color: red }\n\nREGION\nid:x\n\n\
                intro\n00:01.000 --> 00:02.000 align:start line:0\n\
                <v.loud Officer 1>你好 <c.red>先生</c> &amp; &lt;b&gt;<00:01.500> x</v>\n\n\
                01:00:00.000 --> 01:00:01.000\n<v A>một</v>\n<v B>hai</v>\n";
    let said = |speaker: &str, start, end, text| Line {
        speaker: Some(speaker.into()),
        ..line(start, end, text)
    };
    let expected = [
        said("Officer 1", 1_000, 2_000, "你好 先生 & <b> x"),
        said("A", 3_600_000, 3_601_000, "một"),
        said("B", 3_600_000, 3_601_000, "hai"),
    ];
    assert_eq!(good(Form::Vtt, text), expected);
}

#[test]
fn vtt_faults_name_the_line() {
    assert_eq!(bad(Form::Vtt, "00:01.000 --> 00:02.000\nx\n").0, 1);
    assert_eq!(bad(Form::Vtt, "WEBVTTX\n\n").0, 1);
    assert_eq!(bad(Form::Vtt, "WEBVTT\n\nid\n00:01.000 --> soon\nx\n").0, 4);
}

#[test]
fn csv_columns_are_found_by_name_in_any_order() {
    let text = "Lang;note;TEXT;start;speaker;translation_vi\n\
                zh;-;您好;00:01:02.5;officer;Xin chào\n\
                ;;\"a;b\";3.25;;\n";
    let first = Line {
        speaker: Some("officer".into()),
        end_ms: None,
        lang: Some(Lang::Zh),
        translations: vec![(Lang::Vi, "Xin chào".into())],
        ..line(62_500, 0, "您好")
    };
    let second = Line {
        end_ms: None,
        ..line(3_250, 0, "a;b")
    };
    assert_eq!(good(Form::Csv, text), [first, second]);
}

#[test]
fn a_text_that_our_export_kept_from_being_a_formula_reads_back_as_it_was() {
    let text = "start_ms,text\n1,'=1+1\n2,'quoted'\n3,\"'\t-x\"\n";
    let texts: Vec<String> = good(Form::Csv, text).into_iter().map(|l| l.text).collect();
    assert_eq!(texts, ["=1+1", "'quoted'", "\t-x"]);
}

#[test]
fn csv_faults_name_the_line() {
    assert!(bad(Form::Csv, "a,b\n1,2\n").1.contains("start"));
    assert!(bad(Form::Csv, "start_ms,words\n1,2\n").1.contains("text"));
    assert_eq!(bad(Form::Csv, "start_ms,text\n1,\"a\nb\"\nx,c\n").0, 4);
    let (line, what) = bad(Form::Csv, "start_ms,text\n1,a\n2,b,c\n");
    assert_eq!(
        (line, what.as_str()),
        (3, "3 columns, but the header row has 2")
    );
    assert_eq!(bad(Form::Csv, "start_ms,text,lang\n1,a,xx\n").0, 2);
    assert_eq!(
        bad(Form::Csv, "start_ms,text\n99999999999999999999,a\n").0,
        2
    );
}

#[test]
fn a_byte_order_mark_is_dropped_and_other_encodings_are_refused_by_name() {
    let srt = "1\n00:00:01,000 --> 00:00:02,000\nx\n";
    let (_dir, path) = file("a.SRT", format!("\u{feff}{srt}").as_bytes());
    assert_eq!(read(&path).unwrap(), [line(1_000, 2_000, "x")]);

    let wide: Vec<u16> = srt.encode_utf16().collect();
    let little: Vec<u8> = wide.iter().flat_map(|u| u.to_le_bytes()).collect();
    let big: Vec<u8> = wide.iter().flat_map(|u| u.to_be_bytes()).collect();
    let marked: Vec<u8> = [&[0xff, 0xfe][..], &little[..]].concat();
    for (bytes, name) in [
        (little, "UTF-16 (little endian)"),
        (big, "UTF-16 (big endian)"),
        (marked, "UTF-16 (little endian)"),
        (vec![0x84, 0x31, 0x95, 0x33, b'1'], "GB 18030"),
    ] {
        let (_dir, path) = file("a.srt", &bytes);
        assert!(
            matches!(read(&path), Err(Error::Encoding { name: n, .. }) if n == name),
            "{name}"
        );
    }
    let (_dir, path) = file(
        "a.srt",
        b"1\n00:00:01,000 --> 00:00:02,000\n\xc4\xe3\xba\xc3\n",
    );
    assert!(matches!(read(&path), Err(Error::NotUtf8 { line: 3, .. })));
}

#[test]
fn files_that_are_no_transcripts_are_refused_with_a_next_step() {
    let (dir, empty) = file("a.json", b"");
    let missing = dir.path().join("missing.vtt");
    let (_dir, no_text) = file("b.csv", b"start_ms,text\n1,\n");
    let (_dir, picture) = file("c.png", b"x");
    let kinds: Vec<Error> = [empty, missing, no_text, picture]
        .iter()
        .map(|p| read(p).unwrap_err())
        .collect();
    assert!(matches!(kinds[0], Error::Line { line: 1, .. }));
    assert!(matches!(kinds[1], Error::Read { .. }));
    assert!(matches!(kinds[2], Error::NoText(_)));
    assert!(matches!(kinds[3], Error::UnknownForm(_)));
    assert!(kinds.iter().all(|k| !k.help().is_empty()));
}

#[test]
fn bounds_are_kept() {
    let long = "ກ".repeat(MAX_CHARS + 1);
    let text = format!("start_ms,text\n1,{long}\n");
    assert!(bad(Form::Csv, &text).1.contains("20000 characters"));
    assert_eq!(good(Form::Csv, &text.replacen('ກ', "", 1)).len(), 1);
    assert!(
        bad(Form::Csv, "start_ms,text\n3600000001,a\n")
            .1
            .contains("1,000 hours")
    );
    let rows = "1,a\n".repeat(MAX_LINES + 1);
    let (line, what) = bad(Form::Csv, &format!("start_ms,text\n{rows}"));
    assert_eq!(line, MAX_LINES as u64 + 2);
    assert!(what.contains("more than"), "{what}");
}

/// Any line that our own exports can hold without loss.
fn any_line() -> impl Strategy<Value = Line> {
    let text = prop_oneof![
        (0..SIX.len()).prop_map(|i| SIX[i].1.to_owned()),
        "[^\\p{C}\\s\\[<{&'=+@＝＋－＠-][^\\p{C}\\p{Z}<>{}&\\\\]{0,40}",
    ];
    let text = text.prop_filter("no number, no arrow", |t| {
        !t.bytes().all(|b| b.is_ascii_digit()) && !t.contains("-->")
    });
    (
        0..100_000_000_u64,
        0..60_000_u64,
        0..6_usize,
        text.clone(),
        proptest::option::of(text),
    )
        .prop_map(|(start, length, lang, text, translation)| Line {
            lang: Some(SIX[lang].0),
            translations: translation
                .map(|t| (SIX[(lang + 1) % 6].0, t))
                .into_iter()
                .collect(),
            ..line(start, start + length, &text)
        })
}

fn write_cues(lines: &[Line], head: &str, point: char) -> String {
    let clock = |ms: u64| {
        let s = ms / 1000;
        format!(
            "{:02}:{:02}:{:02}{point}{:03}",
            s / 3600,
            s / 60 % 60,
            s % 60,
            ms % 1000
        )
    };
    let mut out = head.to_owned();
    for (number, line) in (1..).zip(lines) {
        let end = line.end_ms.unwrap();
        out += &format!("{number}\n{} --> {}\n", clock(line.start_ms), clock(end));
        let said = (line.lang.unwrap(), line.text.clone());
        for (lang, text) in std::iter::once(&said).chain(&line.translations) {
            out += &format!("[{lang}] {text}\n");
        }
        out += "\n";
    }
    out
}

fn write_csv(lines: &[Line]) -> String {
    let mut table = csv::Writer::from_writer(Vec::new());
    let names = SIX.map(|(lang, _)| format!("translation_{lang}"));
    table
        .write_record(
            ["start_ms", "end_ms", "lang", "text"]
                .map(String::from)
                .iter()
                .chain(&names),
        )
        .unwrap();
    for line in lines {
        let cell = |lang: Lang| {
            let found = line.translations.iter().find(|(l, _)| *l == lang);
            found.map(|(_, t)| t.clone()).unwrap_or_default()
        };
        let mut row = vec![
            line.start_ms.to_string(),
            line.end_ms.unwrap().to_string(),
            line.lang.unwrap().to_string(),
            line.text.clone(),
        ];
        row.extend(SIX.map(|(lang, _)| cell(lang)));
        table.write_record(row).unwrap();
    }
    String::from_utf8(table.into_inner().unwrap()).unwrap()
}

fn write_json(lines: &[Line]) -> String {
    let segments: Vec<_> = lines
        .iter()
        .map(|l| {
            let made: Vec<_> = l
                .translations
                .iter()
                .map(|(lang, text)| serde_json::json!({"lang": lang, "text": text}))
                .collect();
            serde_json::json!({"start_ms": l.start_ms, "end_ms": l.end_ms, "lang": l.lang,
                               "text": l.text, "translations": made})
        })
        .collect();
    serde_json::json!({ "segments": segments }).to_string()
}

proptest! {
    #[test]
    fn what_is_written_reads_back(lines in proptest::collection::vec(any_line(), 1..8)) {
        prop_assert_eq!(&good(Form::Json, &write_json(&lines)), &lines);
        prop_assert_eq!(&good(Form::Csv, &write_csv(&lines)), &lines);
        prop_assert_eq!(&good(Form::Srt, &write_cues(&lines, "", ',')), &lines);
        prop_assert_eq!(&good(Form::Vtt, &write_cues(&lines, "WEBVTT\n\n", '.')), &lines);
    }

    #[test]
    fn no_input_makes_a_reader_crash(text in "(?s).{0,300}", head in 0..4_usize) {
        let heads = ["", "WEBVTT\n\n", "start,text\n", "1\n00:00:01,000 --> 00:00:02,000\n"];
        let text = format!("{}{text}", heads[head]);
        for form in [Form::Json, Form::Srt, Form::Vtt, Form::Csv] {
            if let Ok(lines) = parse(form, &text) {
                prop_assert!(lines.iter().all(|l| check(l).is_ok() && !l.text.is_empty()));
            }
        }
    }
}
