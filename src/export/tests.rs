//! Tests of the exports: six scripts, pending lines, odd speakers, odd characters, broken writers.

use std::io;

use super::{Error, Format, MACHINE_NOTICE, PRACTICE_NOTICE, Source, json_value, timecode, write};
use crate::domain::{
    AudioFile, Channel, Flag, FlagKind, Interview, InterviewId, Lang, SamplePos, Segment,
    SegmentId, Span, Status, TermUse, Translation,
};

pub(super) const SIX: [(Lang, &str); 6] = [
    (Lang::Zh, "我叫张伟。"),
    (Lang::Vi, "Tôi tên là Nguyễn Văn Hùng."),
    (Lang::Th, "ฉันชื่อสมชาย น้ำ"),
    (Lang::My, "ကျွန်တော့်နာမည် ကိုအောင်ပါ။"),
    (Lang::Lo, "ຂ້ອຍຊື່ສົມພອນ"),
    (Lang::Km, "ខ្ញុំឈ្មោះ\u{200B}សុខា"),
];

/// The formats that are text and need nothing but the lines.
const TEXTS: [Format; 8] = [
    Format::Txt,
    Format::Json,
    Format::Csv,
    Format::Srt,
    Format::Vtt,
    Format::Html,
    Format::Eaf,
    Format::Tmx,
];

pub(super) fn interview(languages: &[Lang]) -> Interview {
    Interview {
        id: InterviewId("2026-11-23-a".to_owned()),
        case: Some("案件一".to_owned()),
        languages: languages.to_vec(),
        started: "2026-11-23T14:05:00+07:00".to_owned(),
        duration_ms: 3_723_004,
        audio: vec![AudioFile {
            path: "original.wav".to_owned(),
            original_name: "现场 1.wav".to_owned(),
            sha256: "ab".repeat(32),
            sample_rate: 48_000,
            channels: 2,
        }],
        channels: vec![Channel {
            index: 0,
            speaker: "officer".to_owned(),
            languages: vec![Lang::Zh],
            speech_models: Default::default(),
        }],
        source: None,
        notes: Vec::new(),
    }
}

pub(super) fn line(id: i64, lang: Lang, text: &str) -> Segment {
    let start = u64::try_from(id).unwrap() * 1_000;
    Segment {
        speaker: "officer".to_owned(),
        text: text.to_owned(),
        confidence: Some(0.9),
        status: Status::Machine,
        author: "engine 1".to_owned(),
        version: 1,
        ..Segment::new(
            SegmentId(id),
            Span::new(SamplePos::from_ms(start), SamplePos::from_ms(start + 800)),
            lang,
        )
    }
}

pub(super) fn translation(lang: Lang, text: &str) -> Translation {
    Translation {
        lang,
        text: text.to_owned(),
        engine: "translator 1".to_owned(),
        status: Status::Machine,
        log_prob: Some(-0.5),
        terms: Vec::new(),
        flags: Vec::new(),
        of_version: 1,
    }
}

fn pending(id: i64) -> Segment {
    Segment {
        status: Status::Pending,
        confidence: None,
        author: String::new(),
        version: 0,
        ..line(id, Lang::Vi, "")
    }
}

pub(super) fn export(format: Format, interview: &Interview, segments: &[Segment]) -> String {
    let mut out = Vec::new();
    let source = Source::new(interview, segments);
    write(format, &source, &mut out, &mut |_, _| Ok(())).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_format_carries_all_six_scripts_in_both_languages() {
    let segments: Vec<Segment> = (1..)
        .zip(SIX)
        .map(|(id, (lang, text))| {
            let mut segment = line(id, lang, text);
            let (to, words) = SIX[usize::try_from(id).unwrap() % SIX.len()];
            segment.translations.push(translation(to, words));
            segment
        })
        .collect();
    for format in TEXTS {
        let text = export(format, &interview(&Lang::SIX), &segments);
        for (_, words) in SIX {
            assert_eq!(text.matches(words).count(), 2, "{format}: {words}");
        }
    }
}

#[test]
fn an_empty_transcript_is_valid_in_every_format() {
    let empty = interview(&[Lang::Zh, Lang::Vi]);
    let of = |format| export(format, &empty, &[]);
    assert!(of(Format::Txt).contains("no lines"));
    assert!(!of(Format::Txt).contains(MACHINE_NOTICE));
    let json: serde_json::Value = serde_json::from_str(&of(Format::Json)).unwrap();
    assert_eq!(json["segments"], serde_json::json!([]));
    assert_eq!(of(Format::Csv).lines().count(), 1);
    assert_eq!(of(Format::Srt), "");
    assert_eq!(of(Format::Vtt), "WEBVTT\n\n");
}

#[test]
fn lines_without_text_are_shown_as_such() {
    let mut failed = pending(2);
    failed.status = Status::Failed;
    let segments = [pending(1), failed, line(3, Lang::Vi, " ")];
    let shown = interview(&[Lang::Zh, Lang::Vi]);
    for format in [Format::Txt, Format::Srt, Format::Vtt] {
        let text = export(format, &shown, &segments);
        for mark in ["[pending]", "[failed]", "[no text]"] {
            assert!(text.contains(mark), "{format}: {mark}");
        }
    }
    let table = export(Format::Csv, &shown, &segments);
    assert!(table.contains(",pending,") && table.contains(",failed,"));
    let json = json_value(&shown, &segments);
    assert_eq!(json["segments"][0]["status"], "pending");
    assert_eq!(json["segments"][0]["confidence"], serde_json::Value::Null);
    let untranslated = export(Format::Txt, &shown, &[line(1, Lang::Zh, "好")]);
    assert!(untranslated.contains("vi: [pending]"));
}

#[test]
fn plain_text_says_who_wrote_what_and_how_sure_it_is() {
    let mut first = line(1, Lang::Vi, "Tôi có 3500.");
    first.flags = vec![
        Flag::new(FlagKind::PracticeModel),
        Flag::new(FlagKind::LowConfidence),
    ];
    let mut t = translation(Lang::Zh, "我有350。");
    t.flags = vec![Flag::with(FlagKind::NumberMismatch, "3500 | 350")];
    t.terms = vec![TermUse {
        source: "hộ chiếu".into(),
        target: "护照".into(),
        satisfied: false,
        alternative: String::new(),
    }];
    first.translations.push(t);
    let mut second = line(2, Lang::Zh, "好。");
    second.status = Status::Edited;
    second.author = "Li".to_owned();
    second.version = 2;
    let mut t = translation(Lang::Vi, "Tốt.");
    t.log_prob = None;
    t.status = Status::Edited;
    t.engine = "Wang".to_owned();
    t.flags = vec![Flag::with(FlagKind::Stale, "of an earlier version")];
    second.translations.push(t);
    let text = export(
        Format::Txt,
        &interview(&[Lang::Zh, Lang::Vi]),
        &[first, second],
    );
    let expected = "\
Interview: 2026-11-23-a
Case: 案件一
Languages: Chinese (zh), Vietnamese (vi)
Started: 2026-11-23T14:05:00+07:00
Length: 01:02:03.004
Recording: 现场 1.wav (kept as original.wav; 48000 Hz, channels: 2)
SHA-256: abababababababababababababababababababababababababababababababab
Lines: 2 (1 machine, 1 edited)

Written by a machine; not checked by a person
(what is marked [machine]; what is marked otherwise is a person's)
Written by a practice model: never for casework

1. 00:00:01.000 - 00:00:01.800  officer  [machine] engine 1
    vi: Tôi có 3500.
      ! practice-model
      ! low-confidence
    zh: 我有350。  [machine] translator 1
      ! term: hộ chiếu = 护照
      ! number-mismatch: 3500 | 350

2. 00:00:02.000 - 00:00:02.800  officer  [edited] Li
    zh: 好。
    vi: Tốt.  [person] Wang
      ! stale: of an earlier version
";
    assert_eq!(text, expected);
}

#[test]
fn a_persons_transcript_carries_no_machine_notice() {
    let mut segment = line(1, Lang::Zh, "好。");
    segment.status = Status::Certified;
    let plain = interview(&[Lang::Zh]);
    assert!(!export(Format::Txt, &plain, &[segment.clone()]).contains(MACHINE_NOTICE));
    assert!(!export(Format::Vtt, &plain, &[segment.clone()]).contains("NOTE"));
    // One machine's translation is enough to say so, and a practice model's too.
    let mut t = translation(Lang::Vi, "Tốt.");
    t.flags.push(Flag::new(FlagKind::PracticeModel));
    segment.translations.push(t);
    let all = |segment: &Segment, format| export(format, &plain, std::slice::from_ref(segment));
    for format in [Format::Txt, Format::Vtt, Format::Csv] {
        let text = all(&segment, format);
        assert!(
            text.contains(MACHINE_NOTICE) && text.contains(PRACTICE_NOTICE),
            "{format}"
        );
    }
    // Captions say it in every cue, for nobody sees the head of a film.
    for format in [Format::Srt, Format::Vtt] {
        let text = all(&segment, format);
        assert!(
            text.contains("[zh] 好。") && text.contains("[vi, practice model] Tốt."),
            "{text}"
        );
        let mut old = segment.clone();
        old.translations[0].flags = vec![Flag::new(FlagKind::Stale)];
        assert!(
            all(&old, format).contains("[vi, machine, stale] Tốt."),
            "{format}"
        );
    }
}

#[test]
fn no_text_or_name_can_forge_another_line() {
    let text =
        "one\r\n\n2. 00:00:09.000 - 00:00:09.800  officer  [certified]\n\u{2028}\u{202E}end\0";
    let mut segment = line(1, Lang::Zh, text);
    segment.speaker = format!("a\nb --> <v x>{}", "长".repeat(300));
    let shown = interview(&[Lang::Zh]);
    let plain = export(Format::Txt, &shown, &[segment.clone()]);
    assert!(!plain.lines().any(|l| l.starts_with("2.")), "{plain}");
    assert!(!plain.contains(['\u{202E}', '\0', '\r', '\u{2028}']));
    assert!(plain.contains(&"长".repeat(300)));
    for format in [Format::Srt, Format::Vtt] {
        let cues = export(format, &shown, &[segment.clone(), line(2, Lang::Zh, "好")]);
        let arrows = cues.lines().filter(|l| l.contains("-->")).count();
        assert_eq!(arrows, 2, "{cues}");
        // Header, note and two cues, none of them torn by an empty line.
        let blocks = cues.trim_end().split("\n\n").count();
        assert_eq!(blocks, if format == Format::Vtt { 4 } else { 2 }, "{cues}");
    }
    // JSON carries every character.
    let json: serde_json::Value =
        serde_json::from_str(&export(Format::Json, &shown, &[segment])).unwrap();
    assert_eq!(json["segments"][0]["text"], text);
}

#[test]
fn captions_escape_and_keep_several_lines() {
    let mut segment = line(1, Lang::Zh, "a <b> & c --> d\n\nsecond");
    segment.translations.push(translation(Lang::Km, "ខ្ញុំ"));
    let shown = interview(&[Lang::Zh, Lang::Km]);
    let vtt = export(Format::Vtt, &shown, &[segment.clone()]);
    let cue = "1\n00:00:01.000 --> 00:00:01.800\n<v officer>[zh, machine] a &lt;b&gt; &amp; c --&gt; d\nsecond\n[km, machine] ខ្ញុំ\n\n";
    assert!(vtt.ends_with(cue), "{vtt}");
    let srt = export(Format::Srt, &shown, &[segment.clone()]);
    assert_eq!(
        srt,
        "1\n00:00:01,000 --> 00:00:01,800\n[zh, machine] a <b> & c -- > d\nsecond\n[km, machine] ខ្ញុំ\n\n"
    );
    segment.span = Span::new(SamplePos(0), SamplePos(0));
    assert!(export(Format::Srt, &shown, &[segment]).contains("00:00:00,000 --> 00:00:00,001"));
}

#[test]
fn a_spreadsheet_reads_the_table_and_runs_nothing() {
    let dangers = [
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        " =1",
        "\n=1",
        "＝1",
        "\u{202E}=1",
    ];
    let mut segments: Vec<Segment> = (1..)
        .zip(dangers)
        .map(|(id, text)| line(id, Lang::Zh, text))
        .collect();
    let mut last = line(99, Lang::Zh, "他说：\"好\", 然后\n走了");
    last.speaker = "=HYPERLINK(\"x\")".to_owned();
    last.flags = vec![
        Flag::new(FlagKind::LowConfidence),
        Flag::new(FlagKind::LanguageUncertain),
    ];
    last.translations.push(translation(Lang::Vi, "@SUM(A1)"));
    segments.push(last);
    let text = export(Format::Csv, &interview(&[Lang::Zh, Lang::Vi]), &segments);
    let table = text.strip_prefix('\u{FEFF}').unwrap();
    assert!(table.contains("\r\n"));
    let mut reader = ::csv::Reader::from_reader(table.as_bytes());
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), segments.len());
    for row in &rows {
        for cell in row {
            let start = cell.trim_start();
            assert!(!start.starts_with(['=', '+', '-', '@', '＝']), "{cell:?}");
        }
    }
    let last = rows.last().unwrap();
    assert_eq!(&last[column("text")], "他说：\"好\", 然后\n走了");
    assert_eq!(&last[column("speaker")], "'=HYPERLINK(\"x\")");
    assert_eq!(&last[column("translation_vi")], "'@SUM(A1)");
    assert_eq!(&last[column("flags")], "low-confidence language-uncertain");
    assert_eq!(&last[column("start_ms")], "99000");
    assert_eq!(&last[column("translation_zh")], "");
}

#[test]
fn json_has_the_promised_fields() {
    let mut segment = line(1, Lang::Vi, "Tôi có hộ chiếu.");
    segment.flags = vec![Flag::with(FlagKind::WrongScript, "x")];
    let mut t = translation(Lang::Zh, "我有护照。");
    t.terms = vec![TermUse {
        source: "hộ chiếu".into(),
        target: "护照".into(),
        satisfied: true,
        alternative: String::new(),
    }];
    segment.translations.push(t);
    let json = json_value(&interview(&[Lang::Zh, Lang::Vi]), &[segment]);
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert!(keys(&json).starts_with(
        &["id", "case", "languages", "started", "duration_ms", "audio"].map(String::from)
    ));
    assert_eq!(
        keys(&json["audio"][0]),
        ["path", "sha256", "sample_rate", "channels", "original_name"]
    );
    let line = &json["segments"][0];
    let promised = [
        "id",
        "start_ms",
        "end_ms",
        "speaker",
        "lang",
        "text",
        "confidence",
        "flags",
        "status",
    ];
    assert!(keys(line).starts_with(&promised.map(String::from)));
    assert_eq!(line["confidence"], 0.9);
    assert_eq!(line["flags"], serde_json::json!(["wrong-script"]));
    let t = &line["translations"][0];
    assert!(keys(t).starts_with(&["lang", "text", "engine", "terms", "flags"].map(String::from)));
    assert_eq!(
        t["terms"],
        serde_json::json!([{"source": "hộ chiếu", "target": "护照", "satisfied": true}])
    );
    let written = export(Format::Json, &interview(&[Lang::Zh]), &[]);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&written).unwrap(),
        json_value(&interview(&[Lang::Zh]), &[])
    );
}

#[test]
fn times_of_any_length_are_written() {
    assert_eq!(timecode(0), "00:00:00.000");
    assert_eq!(timecode(3_723_004), "01:02:03.004");
    assert_eq!(timecode(100 * 3_600_000), "100:00:00.000");
    assert_eq!(timecode(u64::MAX).matches(':').count(), 2);
}

#[test]
fn names_of_formats_read_back() {
    for format in Format::ALL {
        assert_eq!(
            format.as_str().to_uppercase().parse::<Format>().unwrap(),
            format
        );
    }
    let error = "doc".parse::<Format>().unwrap_err();
    assert!(error.help().contains("vtt"));
}

struct Broken;

impl io::Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_refuses_is_reported_with_its_kind() {
    let (interview, lines) = (interview(&[Lang::Zh]), [line(1, Lang::Zh, "好")]);
    for format in TEXTS {
        let source = Source::new(&interview, &lines);
        let refused = write(format, &source, &mut Broken, &mut |_, _| Ok(()));
        match refused {
            Err(Error::Write(cause)) => assert_eq!(cause.kind(), io::ErrorKind::BrokenPipe),
            other => panic!("{format}: {other:?}"),
        }
    }
}

#[test]
fn an_interpreters_line_names_what_it_renders_in_every_form_of_reading() {
    let mut lines = vec![line(1, Lang::Zh, SIX[0].1), line(2, Lang::Vi, SIX[1].1)];
    lines[1].speaker = "interpreter".into();
    let interview = interview(&[Lang::Zh, Lang::Vi]);
    let written = |format| export(format, &interview, &lines);
    for format in [Format::Txt, Format::Html] {
        let text = written(format);
        assert_eq!(
            text.matches("interpreter (renders line 1)").count(),
            1,
            "{text}"
        );
        assert_eq!(text.matches("renders line").count(), 1, "{text}");
    }
    let shown = json_value(&interview, &lines);
    assert_eq!(shown["segments"][0]["rendered_by"], serde_json::json!([2]));
    assert_eq!(shown["segments"][1]["renders"], serde_json::json!([1]));
    let table = written(Format::Csv);
    let mut reader = ::csv::Reader::from_reader(table.trim_start_matches('\u{FEFF}').as_bytes());
    let at = reader
        .headers()
        .unwrap()
        .iter()
        .position(|h| h == "renders")
        .unwrap();
    let cells: Vec<String> = reader
        .records()
        .map(|r| r.unwrap()[at].to_owned())
        .collect();
    assert_eq!(cells, ["", "1"]);
}
