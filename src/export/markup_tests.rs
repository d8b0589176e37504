//! Tests of the exports that are markup: well-formed, true to their formats' rules, proof against
//! what a text may hold.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use super::tests::{SIX, export, interview, line, translation};
use super::{Error, Format, Sound, Source, write};
use crate::domain::{Flag, FlagKind, Lang, SamplePos, Segment, Span, Status};

/// Everything that could open, close or hide something.
const HOSTILE: &str =
    "a</seg></script><script>alert(1)</script>]]>&lt;<!--\u{202E}\u{0}\u{1B}\"' onload='x'";

/// One element with what stands in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: HashMap<String, String>,
    text: String,
    inner: Vec<Element>,
}

impl Element {
    fn all<'a>(&'a self, name: &str, found: &mut Vec<&'a Element>) {
        for element in &self.inner {
            if element.name == name {
                found.push(element);
            }
            element.all(name, found);
        }
    }

    fn every(&self, name: &str) -> Vec<&Element> {
        let mut found = Vec::new();
        self.all(name, &mut found);
        found
    }
}

/// The document as a tree; panics where it is not well-formed.
fn parse(text: &str) -> Element {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                let mut element = Element {
                    name: String::from_utf8(tag.name().as_ref().to_vec()).unwrap(),
                    ..Element::default()
                };
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let name = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
                    let value = attribute
                        .normalized_value(XmlVersion::Explicit1_0)
                        .unwrap()
                        .into_owned();
                    assert!(element.attributes.insert(name, value).is_none());
                }
                open.push(element);
            }
            Event::End(_) => {
                let element = open.pop().unwrap();
                open.last_mut().unwrap().inner.push(element);
            }
            Event::Text(piece) => {
                let piece = piece.xml10_content().unwrap();
                assert!(!piece.contains(['\0', '\u{1B}', '\u{202E}']));
                open.last_mut().unwrap().text.push_str(&piece);
            }
            Event::GeneralRef(reference) => {
                let c = match &*reference {
                    b"lt" => '<',
                    b"gt" => '>',
                    b"amp" => '&',
                    b"quot" => '"',
                    _ => reference.resolve_char_ref().unwrap().unwrap(),
                };
                open.last_mut().unwrap().text.push(c);
            }
            Event::Eof => break,
            Event::Decl(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(open.len(), 1, "an element is not closed");
    let mut document = open.pop().unwrap();
    assert_eq!(document.inner.len(), 1, "one root");
    document.inner.pop().unwrap()
}

/// A line in each language with a translation into the next.
fn six_lines() -> Vec<Segment> {
    (1..)
        .zip(SIX)
        .map(|(id, (lang, text))| {
            let mut segment = line(id, lang, text);
            let (to, words) = SIX[usize::try_from(id).unwrap() % SIX.len()];
            segment.translations.push(translation(to, words));
            segment
        })
        .collect()
}

fn hostile_line(id: i64) -> Segment {
    let mut segment = line(id, Lang::Zh, HOSTILE);
    segment.speaker = HOSTILE.to_owned();
    segment.author = HOSTILE.to_owned();
    segment.flags = vec![Flag::with(FlagKind::NumberMismatch, HOSTILE)];
    let mut t = translation(Lang::Vi, HOSTILE);
    t.engine = HOSTILE.to_owned();
    segment.translations.push(t);
    segment
}

#[test]
fn elan_tiers_keep_the_rules_of_the_format() {
    let mut segments = six_lines();
    // The same speaker at the same time, an empty span, no text.
    let mut over = line(7, Lang::Zh, "重叠");
    over.span = segments[0].span;
    let mut none = line(8, Lang::Zh, "");
    none.status = Status::Pending;
    none.span = Span::new(SamplePos::from_ms(9_000), SamplePos::from_ms(9_000));
    segments.extend([over, none, hostile_line(9)]);
    let root = parse(&export(Format::Eaf, &interview(&Lang::SIX), &segments));
    assert_eq!(root.name, "ANNOTATION_DOCUMENT");
    assert_eq!(root.attributes["FORMAT"], "3.0");
    let order = [
        "HEADER",
        "TIME_ORDER",
        "TIER",
        "LINGUISTIC_TYPE",
        "LANGUAGE",
        "CONSTRAINT",
    ];
    let places: Vec<usize> = root
        .inner
        .iter()
        .map(|e| order.iter().position(|name| *name == e.name).unwrap())
        .collect();
    assert!(places.is_sorted());
    let slots: HashMap<&str, u64> = root
        .every("TIME_SLOT")
        .iter()
        .map(|s| {
            let value = s.attributes["TIME_VALUE"].parse().unwrap();
            (s.attributes["TIME_SLOT_ID"].as_str(), value)
        })
        .collect();
    let tiers = root.every("TIER");
    let names: HashSet<&str> = tiers
        .iter()
        .map(|t| t.attributes["TIER_ID"].as_str())
        .collect();
    assert_eq!(names.len(), tiers.len());
    let types = root.every("LINGUISTIC_TYPE");
    let languages = root.every("LANGUAGE");
    let mut ids = HashSet::new();
    let mut said = HashSet::new();
    for tier in &tiers {
        let of = |name: &str| tier.attributes.get(name).map(String::as_str);
        assert!(types.iter().any(
            |t| Some(t.attributes["LINGUISTIC_TYPE_ID"].as_str()) == of("LINGUISTIC_TYPE_REF")
        ));
        if let Some(lang) = of("LANG_REF") {
            assert!(languages.iter().any(|l| l.attributes["LANG_ID"] == lang));
        }
        if let Some(parent) = of("PARENT_REF") {
            assert!(names.contains(parent));
        }
        let mut end = 0;
        for a in tier.every("ALIGNABLE_ANNOTATION") {
            let at = |name: &str| slots[a.attributes[name].as_str()];
            let (start, stop) = (at("TIME_SLOT_REF1"), at("TIME_SLOT_REF2"));
            assert!(start >= end && stop > start, "{start} {stop}");
            end = stop;
            said.insert(a.attributes["ANNOTATION_ID"].clone());
            assert!(ids.insert(a.attributes["ANNOTATION_ID"].clone()));
        }
        let mut parents = HashSet::new();
        for a in tier.every("REF_ANNOTATION") {
            assert!(ids.insert(a.attributes["ANNOTATION_ID"].clone()));
            // One to one.
            assert!(parents.insert(a.attributes["ANNOTATION_REF"].clone()));
        }
    }
    for a in root.every("REF_ANNOTATION") {
        assert!(said.contains(&a.attributes["ANNOTATION_REF"]));
    }
    let values: Vec<&str> = root
        .every("ANNOTATION_VALUE")
        .iter()
        .map(|v| v.text.as_str())
        .collect();
    for (_, words) in SIX {
        assert_eq!(values.iter().filter(|v| **v == words).count(), 2);
    }
    assert!(values.contains(&"[pending]"));
    assert!(values.iter().any(|v| v.starts_with("zh: machine engine 1")));
    assert!(values.iter().any(|v| v.contains("</seg></script>")));
}

#[test]
fn a_translation_memory_pairs_lines_and_marks_the_machine() {
    let mut segments = six_lines();
    segments[0].status = Status::Certified;
    segments[0].translations[0].log_prob = None;
    segments[0].translations[0].status = Status::Edited;
    segments.push(line(7, Lang::Vi, "Không ai dịch."));
    segments.push(hostile_line(8));
    let root = parse(&export(Format::Tmx, &interview(&Lang::SIX), &segments));
    assert_eq!(
        (root.name.as_str(), root.attributes["version"].as_str()),
        ("tmx", "1.4")
    );
    let header = &root.inner[0];
    for name in [
        "creationtool",
        "creationtoolversion",
        "segtype",
        "o-tmf",
        "adminlang",
        "srclang",
        "datatype",
    ] {
        assert!(!header.attributes[name].is_empty(), "{name}");
    }
    let units = root.every("tu");
    // The line without a translation is no pair.
    assert_eq!(units.len(), 7);
    let paired = segments.iter().filter(|s| !s.translations.is_empty());
    for (unit, segment) in units.iter().zip(paired) {
        let sides = unit.every("tuv");
        assert_eq!(sides.len(), 2);
        let origin = |at: usize| {
            let props = sides[at].every("prop");
            let origin = props.iter().find(|p| p.attributes["type"] == "x-origin");
            origin.unwrap().text.clone()
        };
        assert_eq!(sides[0].attributes["xml:lang"], segment.lang.code());
        if segment.id.0 < 7 {
            assert_eq!(sides[0].every("seg")[0].text, segment.text);
            assert_eq!(sides[1].every("seg")[0].text, segment.translations[0].text);
        }
        let expected = if segment.id.0 == 1 {
            "person"
        } else {
            "machine"
        };
        assert_eq!(
            (origin(0).as_str(), origin(1).as_str()),
            (expected, expected)
        );
        // Properties stand before the words.
        for side in sides {
            assert_eq!(side.inner.last().unwrap().name, "seg");
        }
    }
}

#[test]
fn a_page_shows_everything_and_runs_nothing_of_an_interview() {
    let mut segments = six_lines();
    segments.push(hostile_line(7));
    let mut shown = interview(&Lang::SIX);
    shown.case = Some(HOSTILE.to_owned());
    shown.notes = vec![HOSTILE.to_owned()];
    let page = export(Format::Html, &shown, &segments);
    assert!(!page.contains("<script>alert") && !page.contains("<!--"));
    assert!(!page.contains(['\u{202E}', '\0', '\u{1B}']));
    // Without sound there is nothing to run at all, and no button.
    assert_eq!(page.matches("<script").count(), 0);
    assert_eq!(page.matches("<button").count(), 0);
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    // As the policy allows no inline handler, none may stand there.
    assert!(!page.contains(" onload='x'"));
    assert!(page.contains("A number, a date or a document number differs"));
    assert!(page.contains("said, machine") && page.contains("translated, machine"));
    assert!(page.contains(super::MACHINE_NOTICE));
    for (lang, words) in SIX {
        assert!(
            page.contains(&format!("lang=\"{lang}\">{words}<")),
            "{lang}"
        );
    }
    let empty = export(Format::Html, &interview(&[Lang::Zh, Lang::Vi]), &[]);
    assert!(empty.contains("no lines") && !empty.contains("<table"));
}

/// A working copy with so many samples of a tone.
pub(super) fn working_copy(folder: &std::path::Path, name: &str, samples: u32) -> PathBuf {
    let path = folder.join(name);
    let bytes = samples * 2;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend([1, 0, 1, 0]);
    file.extend(16_000u32.to_le_bytes());
    file.extend(32_000u32.to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    for at in 0..samples {
        let sample = (9_000.0 * (f64::from(at) * 0.05).sin()) as i16;
        file.extend(sample.to_le_bytes());
    }
    std::fs::write(&path, file).unwrap();
    path
}

#[test]
fn a_page_carries_the_sound_and_a_button_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        (0, working_copy(folder.path(), "0.wav", 200_000)),
        (1, working_copy(folder.path(), "1.wav", 100_000)),
    ];
    let (interview, segments) = (interview(&[Lang::Zh, Lang::Vi]), six_lines());
    let mut source = Source::new(&interview, &segments);
    source.sound = Sound {
        files: &files,
        covered: &[],
        heard: None,
    };
    let of = |source: &Source<'_>| {
        let (mut out, mut told) = (Vec::new(), Vec::new());
        write(Format::Html, source, &mut out, &mut |done, total| {
            told.push((done, total));
            Ok(())
        })
        .unwrap();
        (String::from_utf8(out).unwrap(), told)
    };
    let (page, told) = of(&source);
    assert_eq!(page.matches("<button").count(), segments.len());
    assert!(page.contains("data-channel=\"0\" data-from=\"16000\" data-to=\"28800\""));
    assert!(page.contains("id=\"sound-0\"") && page.contains("id=\"sound-1\""));
    assert_eq!(told.last(), Some(&(300_000, 400_000)));
    source.with_sound = false;
    assert!(!of(&source).0.contains("<button"));
}

#[test]
fn a_copy_of_the_sound_holds_every_sample() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        (0, working_copy(folder.path(), "0.wav", 170_000)),
        (1, working_copy(folder.path(), "1.wav", 1_000)),
    ];
    let interview = interview(&[Lang::Zh, Lang::Vi]);
    let mut source = Source::new(&interview, &[]);
    let nothing = write(Format::Audio, &source, &mut Vec::new(), &mut |_, _| Ok(()));
    assert!(matches!(nothing, Err(Error::NoSound)));
    let covered = [Span::new(SamplePos(160_500), SamplePos(161_000))];
    source.sound = Sound {
        files: &files,
        covered: &covered,
        heard: None,
    };
    let mut out = Vec::new();
    write(Format::Audio, &source, &mut out, &mut |_, _| Ok(())).unwrap();
    assert_eq!(
        u32::from_le_bytes(out[4..8].try_into().unwrap()) as usize,
        out.len() - 8
    );
    let text = String::from_utf8_lossy(&out[..400]).into_owned();
    assert!(text.contains(&"ab".repeat(32)));
    let data = out.windows(4).position(|w| w == b"data").unwrap() + 8;
    assert_eq!(out.len() - data, 170_000 * 4);
    let original = std::fs::read(&files[0].1).unwrap();
    for at in 0..170_000 {
        let copied = &out[data + at * 4..data + at * 4 + 2];
        let same = copied == &original[44 + at * 2..46 + at * 2];
        let hidden = (160_500..161_000).contains(&at);
        assert!(same || hidden, "{at}");
    }
    let cut = &out[data + 160_500 * 4..data + 161_000 * 4];
    let loud = cut
        .chunks(4)
        .map(|f| i16::from_le_bytes([f[0], f[1]]).unsigned_abs());
    assert!(loud.max().unwrap() < 6_600);
}

#[test]
fn a_wish_to_stop_ends_an_export() {
    let folder = tempfile::tempdir().unwrap();
    let files = [(0, working_copy(folder.path(), "0.wav", 500_000))];
    let interview = interview(&[Lang::Zh, Lang::Vi]);
    let mut source = Source::new(&interview, &[]);
    source.sound = Sound {
        files: &files,
        covered: &[],
        heard: None,
    };
    for format in [Format::Html, Format::Audio] {
        let stopped = write(format, &source, &mut Vec::new(), &mut |_, _| {
            Err(Error::Cancelled)
        });
        assert!(matches!(stopped, Err(Error::Cancelled)), "{format}");
    }
}
