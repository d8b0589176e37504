//! What leaves the house: one lift for one file, an entry before a name, nothing out of a workspace that
//! cannot be written, nothing heard of who is covered, and no name in the entries.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mekong_interview::app::{Error, ExportChoices};
use mekong_interview::domain::{Cancel, FactKind, SamplePos, SegmentId, Span};
use mekong_interview::evidence::{
    self, Asked, Audience, Consent, Event, Role, SecretKey, Sign as _, Story,
};
use mekong_interview::export::Format;
use mekong_interview::store::{NewFact, Recutting, Store};

use super::custody::{Custody, Edits as _, LONG, trust};
use super::{holds, list, open_consent, own_key, victim};

fn events(c: &Custody) -> Vec<Event> {
    let store = Store::open(&c.database()).unwrap();
    Story::of(&c.id.0, &store.chain(&c.id).unwrap()).0.events
}

/// Writes the interview to a file of this name; what is in it.
fn export(
    c: &Custody,
    name: &str,
    choices: &ExportChoices,
    format: Format,
) -> Result<Vec<u8>, Error> {
    let (out, cancel) = (c.dir.path().join(name), Cancel::new());
    let place = (out.as_path(), false);
    c.app
        .export(&c.id.0, format, choices, place, &cancel, &|_| {})
        .map(|_| fs::read(out).unwrap())
}

#[test]
fn a_line_that_was_moved_or_parted_is_not_heard_where_it_stood() {
    let c = Custody::unsealed(LONG);
    let mut store = Store::open(&c.database()).unwrap();
    // The line with the name is moved to its first fiftieth of a second.
    let moved = Span::new(SamplePos(0), SamplePos(800));
    store
        .recut(&c.id, &Recutting::Retime(SegmentId(1), moved), "A", None)
        .unwrap();
    let stood = store.stood(&c.id).unwrap();
    let of_first: Vec<Span> = stood
        .iter()
        .filter(|(l, _)| l.0 == 1)
        .map(|(_, s)| *s)
        .collect();
    let whole = Span::new(SamplePos(0), SamplePos(LONG * 2 / 3));
    assert_eq!(of_first, [whole, moved]);
    drop(store);
    let choices = ExportChoices {
        redact: Some(list(&c)),
        ..ExportChoices::default()
    };
    let sound = export(&c, "a.wav", &choices, Format::Audio).unwrap();
    let data = sound.windows(4).position(|w| w == b"data").unwrap() + 8;
    let at = |n: usize| i16::from_le_bytes([sound[data + 2 * n], sound[data + 2 * n + 1]]);
    let loud = |from: usize| (from..from + 16).any(|n| at(n).abs() > 1_000);
    for from in [0, 1_000, 8_000, 15_900, 20_000] {
        assert!(loud(from), "{from}");
    }
    // The second line is heard, and behind the margin of the last one nothing is.
    assert!(!loud(30_000) && (30_000..31_000).any(|n| at(n) != 0));
    assert!(loud(137_000) && (141_000..144_000).all(|n| at(n) == 0));
}

#[test]
fn what_the_register_knows_beside_the_name_is_covered_too() {
    let c = Custody::new();
    let mut store = Store::open(&c.database()).unwrap();
    let facts = [
        NewFact::new(FactKind::Name, "张伟"),
        NewFact::new(FactKind::Document, "E 1234 5678"),
        NewFact::new(FactKind::Phone, "+84 912 345 678"),
    ];
    let person = store.add_person(None, "王芳", &facts).unwrap();
    let same = [
        NewFact::new(FactKind::Place, "ຫຼວງພະບາງ"),
        NewFact::new(FactKind::Name, "Wei"),
    ];
    let same = store.add_person(None, "王芳", &same).unwrap();
    let verdict = mekong_interview::domain::Verdict::Same;
    store.decide(&person, &same, verdict, "王芳", None).unwrap();
    drop(store);
    let consent = open_consent(&c, Some(&person.0), Audience::Agency);
    assert_eq!(consent.asked, Asked::Victim);
    let text = export(&c, "a.txt", &ExportChoices::default(), Format::Txt).unwrap();
    for word in ["张伟", "E12345678", "ຫຼວງພະບາງ"] {
        assert!(!holds(&text, word), "{word}");
    }
    for word in [
        "[Mai]",
        "[redacted: document]",
        "[redacted: place]",
        "Hà Nội",
    ] {
        assert!(holds(&text, word), "{word}");
    }
}
