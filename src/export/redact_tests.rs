//! Tests of redaction: nothing that is covered is left anywhere in any format, unpacked.

use std::io::{Cursor, Read as _};

use flate2::read::ZlibDecoder;
use zip::ZipArchive;

use super::*;
use crate::domain::{Asked, Flag, FlagKind, Lang, Status, TermUse, Word};
use crate::export::tests::{interview, line, translation};
use crate::export::{Format, Print, Sound, Source, Template, write};
use crate::fonts;

/// A name in each language, as it stands in a line and, otherwise written, in the list.
pub(super) const NAMES: [(Lang, &str, &str, &str); 6] = [
    (Lang::Zh, "证人叫张·伟，住瑞丽。", "张伟", "张·伟"),
    (
        Lang::Vi,
        "Tên là nguyễn  văn hùng, ở đây.",
        "Nguyễn Văn Hùng",
        "văn hùng",
    ),
    (Lang::Th, "เขาชื่อสมชายครับ", "สมชาย", "สมชาย"),
    (Lang::My, "သူ့နာမည် ကိုအောင်ပါ။", "ကိုအောင်", "ကိုအောင်"),
    (Lang::Lo, "ລາວຊື່ສົມພອນ", "ສົມພອນ", "ສົມພອນ"),
    (Lang::Km, "គាត់ឈ្មោះសុ\u{200B}ខាបាទ", "សុខា", "ខាបាទ"),
];
const PHONE: &str = "0912345678";

fn list() -> Redaction {
    let words = NAMES.iter().map(|(_, _, word, _)| format!("\"{word}\""));
    let words = words.collect::<Vec<_>>().join(", ");
    let text = format!(
        "[[redact]]\nwords = [{words}]\nreason = \"name\"\n\
         [[redact]]\nwords = [\"091 234 5678\"]\nreason = \"phone\"\n\
         [[redact]]\nline = 8\nreason = \"address\"\n\
         [[redact]]\nfrom = \"00:00:09.100\"\nto = \"00:00:09.2\"\nreason = \"place\"\n"
    );
    Redaction::parse(&text).unwrap()
}

fn lines() -> Vec<Segment> {
    let mut lines: Vec<Segment> = (1..)
        .zip(NAMES)
        .map(|(id, (lang, text, word, _))| {
            let mut segment = line(id, lang, text);
            let to = if lang == Lang::Zh { Lang::Vi } else { Lang::Zh };
            segment
                .translations
                .push(translation(to, "secret other side"));
            segment.flags = vec![Flag::with(FlagKind::NumberMismatch, word)];
            segment.words = vec![Word {
                text: word.to_owned(),
                start_ms: 0,
                end_ms: 1,
                confidence: 1.0,
            }];
            segment.translations[0].terms = vec![TermUse {
                source: word.to_owned(),
                target: word.to_owned(),
                satisfied: true,
                alternative: String::new(),
            }];
            segment.speaker = format!("speaker {word}");
            segment
        })
        .collect();
    let mut phone = line(7, Lang::Zh, "电话是+84-0912-345 678。");
    phone
        .translations
        .push(translation(Lang::Vi, "Số là ០912345678."));
    let mut address = line(8, Lang::Zh, "勐卯路八号");
    address
        .translations
        .push(translation(Lang::Vi, "Số tám đường Mãnh Mão"));
    let place = line(9, Lang::Th, "โรงแรมริมโขง");
    lines.extend([
        phone,
        address,
        place,
        line(10, Lang::Vi, "Anh hùngg ở lại."),
    ]);
    lines
}

fn redacted() -> Redacted {
    let mut shown = interview(&Lang::SIX);
    shown.case = Some("案件 张伟".to_owned());
    shown.audio[0].original_name = "张伟.wav".to_owned();
    shown.notes = vec!["Nguyễn Văn Hùng came late".to_owned()];
    list()
        .apply(&shown, &lines(), &[], &"5a".repeat(32))
        .unwrap()
}

#[test]
fn both_sides_are_covered_and_the_rest_stays() {
    let copy = redacted();
    assert_eq!(copy.segments[0].text, "证人叫[redacted: name]，住瑞丽。");
    assert_eq!(copy.segments[1].text, "Tên là [redacted: name], ở đây.");
    assert_eq!(copy.segments[0].translations[0].text, "[redacted: name]");
    assert_eq!(copy.segments[6].text, "电话是+84-[redacted: phone]。");
    assert_eq!(
        copy.segments[6].translations[0].text,
        "Số là [redacted: phone]."
    );
    assert_eq!(copy.segments[7].text, "[redacted: address]");
    assert_eq!(copy.segments[8].text, "[redacted: place]");
    // A longer word is another word.
    assert_eq!(copy.segments[9].text, "Anh hùngg ở lại.");
    assert_eq!(copy.lines, 9);
    // Lines a second apart touch with their margins.
    let at = |ms| SamplePos::from_ms(ms);
    let first_words = Span::new(at(0), at(301));
    assert_eq!(copy.covered, [first_words, Span::new(at(700), at(10_100))]);
    assert!(copy.segments[0].words.is_empty() && copy.segments[9].words.is_empty());
    assert!(copy.notice().contains(&copy.parent));
}

/// Everything a file holds: itself, its packed parts, its texts in UTF-16 digits.
fn unpacked(file: &[u8]) -> String {
    let mut all = String::from_utf8_lossy(file).into_owned();
    if let Ok(mut archive) = ZipArchive::new(Cursor::new(file)) {
        for at in 0..archive.len() {
            let mut part = Vec::new();
            archive
                .by_index(at)
                .unwrap()
                .read_to_end(&mut part)
                .unwrap();
            all.push_str(&String::from_utf8_lossy(&part));
        }
    }
    let streams = file
        .windows(7)
        .enumerate()
        .filter(|(_, w)| *w == b"stream\n");
    let mut packed = String::new();
    for (at, _) in streams {
        let mut part = Vec::new();
        let _ = ZlibDecoder::new(&file[at + 7..]).read_to_end(&mut part);
        packed.push_str(&String::from_utf8_lossy(&part));
    }
    let mut copied = String::new();
    for hex in packed.split("ActualText<FEFF").skip(1) {
        let hex = hex.split('>').next().unwrap();
        let units =
            (0..hex.len() / 4).map(|i| u16::from_str_radix(&hex[i * 4..i * 4 + 4], 16).unwrap());
        copied.extend(char::decode_utf16(units).map(Result::unwrap));
    }
    all + &packed + &copied
}

#[test]
fn nothing_that_is_covered_is_left_in_any_file() {
    let copy = redacted();
    let found = fonts::find();
    let shipped = |lang| Template::of(lang, None).unwrap();
    let templates = [shipped(Lang::Zh), shipped(Lang::Vi)];
    let folder = tempfile::tempdir().unwrap();
    let files = [(0, folder.path().join("0.wav"))];
    let mut wav =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3E\0\0\0\x7D\0\0\x02\0\x10\0data"
            .to_vec();
    wav.extend(640_000u32.to_le_bytes());
    wav.extend([7u8; 640_000]);
    wav[4..8].copy_from_slice(&640_036u32.to_le_bytes());
    std::fs::write(&files[0].1, wav).unwrap();
    for format in Format::ALL {
        if format.needs_fonts() && !found.missing.is_empty() {
            continue;
        }
        let mut source = Source::new(&copy.interview, &copy.segments);
        source.redacted = Some(&copy);
        source.sound = Sound {
            files: &files,
            covered: &copy.covered,
            heard: copy.heard.as_deref(),
        };
        source.print = Print {
            faces: &found.faces,
            templates: &templates,
            person: Some(Asked::Victim),
            ..Print::default()
        };
        let mut out = Vec::new();
        write(format, &source, &mut out, &mut |_, _| Ok(())).unwrap();
        let all = unpacked(&out);
        for (lang, _, word, written) in NAMES {
            for word in [word, written] {
                assert!(!all.contains(word), "{format} {lang}: {word}");
            }
        }
        for word in [PHONE, "345 678", "secret other", "勐卯", "Mãnh", "โรงแรม"] {
            assert!(!all.contains(word), "{format}: {word}");
        }
        if format == Format::Audio {
            let data = out.windows(4).position(|w| w == b"data").unwrap() + 8;
            // Line 1 lies from 1.0 to 1.8 seconds, line 10 from 10.0 and is not covered; what is said
            // outside of all lines nobody wrote down.
            let sample = |ms: usize| {
                // A quarter of a turn later: the tone crosses nothing there.
                let at = data + 2 * (ms * 16 + 4);
                i16::from_le_bytes([out[at], out[at + 1]])
            };
            assert_eq!((sample(600), sample(11_200), sample(15_000)), (0, 0, 0));
            assert_eq!(sample(10_400), 0x0707);
            for ms in [710, 800, 1_500, 1_900, 9_500] {
                assert!(![0, 0x0707].contains(&sample(ms)), "{ms}");
            }
        }
        // Every copy says what it is a copy of.
        let hash = &copy.parent;
        let packed: String = all.chars().filter(|c| !c.is_whitespace()).collect();
        let told = packed.contains(hash.as_str()) || format.needs_fonts();
        assert!(told, "{format} does not name its parent");
    }
}

#[test]
fn a_list_that_would_leave_something_is_refused() {
    let shown = interview(&[Lang::Vi]);
    let of = |text: &str| {
        let list = Redaction::parse(text).unwrap();
        list.apply(&shown, &[line(1, Lang::Vi, "Anh Hùng ở đây.")], &[], "")
    };
    let misspelt = of("[[redact]]\nwords = [\"Hừng\"]\nreason = \"name\"");
    assert!(matches!(misspelt, Err(Error::RedactsNothing(rules)) if rules == [1]));
    let told = of("[[redact]]\nwords = [\"Hùng\"]\nreason = \"name of Hùng\"");
    assert!(matches!(told, Err(Error::WordStays(1))));
}

#[test]
fn a_line_that_nobody_has_read_yet_is_not_heard_where_words_are_covered() {
    let mut waiting = lines();
    for (id, status) in [(11, Status::Pending), (12, Status::Failed)] {
        let mut segment = line(id, Lang::Km, "");
        segment.status = status;
        waiting.push(segment);
    }
    let unread = [waiting[10].span, waiting[11].span];
    let covers = |copy: &Redacted, span: Span| {
        let parts = copy.covered.iter().map(|covered| covered.overlap(span));
        parts.sum::<u64>() == span.samples()
    };
    let shown = interview(&Lang::SIX);
    let heard = |rules: &Redaction| {
        let copy = rules.apply(&shown, &waiting, &[], "").unwrap();
        copy.covered
            .iter()
            .all(|c| unread.iter().all(|span| c.overlap(*span) == 0))
    };
    for (_, _, word, _) in NAMES {
        let by_word = format!("[[redact]]\nwords = [\"{word}\"]\nreason = \"name\"");
        let copy = Redaction::parse(&by_word).unwrap();
        let copy = copy.apply(&shown, &waiting, &[], "").unwrap();
        assert!(unread.iter().all(|s| covers(&copy, *s)), "{word}");
        assert_eq!(copy.lines, 1, "nothing was covered in them");
        let mut by_name = Redaction::default();
        by_name.add_names(&[word.to_owned()], "Mai");
        assert!(!heard(&by_name), "{word}");
    }
    // Who covers one line by its number has heard the others.
    let by_line = Redaction::parse("[[redact]]\nline = 8\nreason = \"address\"").unwrap();
    assert!(heard(&by_line));
}

#[test]
fn times_outside_the_recording_cover_nothing_and_are_refused() {
    let with = |duration_ms, from: &str, to: &str| {
        let shown = Interview {
            duration_ms,
            ..interview(&[Lang::Vi])
        };
        let text = format!("[[redact]]\nfrom = \"{from}\"\nto = \"{to}\"\nreason = \"x\"");
        let list = Redaction::parse(&text).unwrap();
        list.apply(&shown, &[line(1, Lang::Vi, "Anh Hùng ở đây.")], &[], "")
    };
    let of = |from, to| with(60_000, from, to);
    // Minutes typed as hours.
    let outside = of("01:02:00", "01:03:00").unwrap_err();
    assert!(matches!(&outside, Error::RedactsNothing(rules) if *rules == [1]));
    assert!(outside.help().contains("inside the recording"));
    // Where nobody speaks there is sound none the less.
    assert_eq!(of("00:00:58", "00:01:01").unwrap().covered.len(), 1);
    // A transcript without a recording has lines alone.
    assert!(with(0, "00:00:58", "00:01:01").is_err());
    assert_eq!(with(0, "00:00:01", "00:00:02").unwrap().lines, 1);
}

#[test]
fn a_pseudonym_takes_the_place_of_every_name_of_a_person() {
    let shown = interview(&Lang::SIX);
    let names: Vec<String> = NAMES
        .iter()
        .map(|(_, _, word, _)| (*word).to_owned())
        .collect();
    let mut alone = Redaction::default();
    alone.add_names(&names, "Mai");
    let copy = alone.apply(&shown, &lines(), &[], "").unwrap();
    assert_eq!(copy.segments[0].text, "证人叫[Mai]，住瑞丽。");
    assert_eq!(copy.segments[1].text, "Tên là [Mai], ở đây.");
    assert!(copy.segments[..6].iter().all(|line| {
        let heard = copy.covered.iter().map(|c| c.overlap(line.span));
        heard.sum::<u64>() == line.span.samples()
    }));
    // Names that stand nowhere as the register has them: beside a list that covers something else too.
    let nowhere = ["Bounmy".to_owned(), "...".to_owned()];
    let mut alone = Redaction::default();
    alone.add_names(&nowhere, "Mai");
    let refused = alone.apply(&shown, &lines(), &[], "");
    assert!(matches!(refused, Err(Error::NamesNowhere)), "{refused:?}");
    let mut beside = list();
    beside.add_names(&nowhere, "Mai");
    let refused = beside.apply(&shown, &lines(), &[], "");
    assert!(matches!(refused, Err(Error::NamesNowhere)), "{refused:?}");
    // A rule of the list that covers them first is as good.
    let mut before = list();
    before.add_names(&names, "Mai");
    assert!(before.covers_names() && before.apply(&shown, &lines(), &[], "").is_ok());
    let mut none = Redaction::default();
    none.add_names(&["...".to_owned()], "Mai");
    assert!(!none.covers_names());
}

#[test]
fn a_list_that_is_not_understood_is_refused_without_its_words() {
    for text in [
        "",
        "redact = []",
        "[[redact]]\nreason = \"secret\"",
        "[[redact]]\nwords = [\"secret\"]\nreason = \" \"",
        "[[redact]]\nwords = [\"...\"]\nreason = \"x\"",
        "[[redact]]\nwords = [\"secret\"]\nline = 1\nreason = \"x\"",
        "[[redact]]\nwords = [\"secret\"]\nwhy = \"x\"\nreason = \"x\"",
        "[[redact]]\nfrom = \"00:00:02\"\nreason = \"x\"",
        "[[redact]]\nfrom = \"00:00:02\"\nto = \"00:00:01\"\nreason = \"x\"",
        "[[redact]]\nfrom = \"2\"\nto = \"00:00:01\"\nreason = \"x\"",
        "secret secret",
    ] {
        let told = Redaction::parse(text).unwrap_err();
        assert!(
            !told.contains("secret") && !told.is_empty(),
            "{text}: {told}"
        );
    }
    assert_eq!(time("01:02:03.5"), Some(3_723_500));
    assert_eq!(time("100:00:00"), Some(360_000_000));
    assert_eq!(time("1:2"), None);
    assert_eq!(time("00:00:01.1234"), None);
}
