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

use super::custody::{Custody, Edits as _, LONG, make};
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
fn of_many_exports_at_once_one_uses_the_lift() {
    let c = Custody::new();
    let ruth = own_key(&c.app, "Ruth", Role::Administrator);
    let consent = victim(&c, Vec::new());
    let consent = Consent {
        seen_by: Audience::Nobody,
        ..consent
    };
    c.app
        .give_consent(&c.id.0, &consent, Some(&c.officer))
        .unwrap();
    for round in 0..4 {
        c.app.lift_consent(&c.id.0, "court order", &ruth).unwrap();
        let lift = c.head_at(|kind| kind == "consent-lifted");
        let before = events(&c).len();
        let done: Vec<bool> = thread::scope(|scope| {
            let one = |n: usize| {
                let (c, officer) = (&c, &c.officer);
                move || {
                    let (cancel, name) = (Cancel::new(), format!("{round}-{n}"));
                    if n.is_multiple_of(2) {
                        let choices = ExportChoices::default();
                        return export(c, &name, &choices, Format::Json).is_ok();
                    }
                    let out = c.dir.path().join(name);
                    let made = c.app.bundle(&c.id.0, None, &out, officer, &cancel, &|_| {});
                    assert_eq!(made.is_ok(), out.exists());
                    made.is_ok()
                }
            };
            let all: Vec<_> = (0..6).map(|n| scope.spawn(one(n))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{round}");
        let left = events(&c).split_off(before);
        let left = left
            .iter()
            .filter(|e| ["exported", "bundled"].contains(&e.kind.as_str()));
        let lifts: Vec<_> = left.map(|e| e.fact("lift").map(str::to_owned)).collect();
        assert_eq!(lifts, [Some(lift)], "{round}");
    }
    assert!(c.verify().ok, "{:#?}", c.verify());
}

#[test]
fn entries_tell_what_left_and_for_whom_and_no_name() {
    let c = Custody::new();
    let khin = SecretKey::new("Daw Khin", Role::Administrator).unwrap();
    make(&c.app, &khin, c.dir.path());
    let consent = Consent {
        sound: true,
        pseudonym: None,
        ..victim(&c, vec![khin.public().number.clone()])
    };
    c.app
        .give_consent(&c.id.0, &consent, Some(&c.officer))
        .unwrap();
    let choices = ExportChoices::default();
    export(&c, "a.html", &choices, Format::Html).unwrap();
    let covered = ExportChoices {
        redact: Some(list(&c)),
        ..choices
    };
    let mut out = Vec::new();
    let cancel = Cancel::new();
    let (id, form) = (&c.id.0, Format::Csv);
    c.app
        .export_to(id, form, &covered, &mut out, &cancel, &|_| {})
        .unwrap();
    let (file, to) = (c.dir.path().join("b.age"), Some(khin.public()));
    c.app
        .bundle(id, to, &file, &c.officer, &cancel, &|_| {})
        .unwrap();
    let all = events(&c);
    let left: Vec<&Event> = all
        .iter()
        .filter(|e| ["exported", "bundled"].contains(&e.kind.as_str()))
        .collect();
    assert_eq!(left.len(), 3);
    for event in &left {
        assert_eq!(event.fact("person"), consent.person.as_deref());
        assert!(event.facts["lift"].is_null());
        let told = serde_json::to_string(&event.facts).unwrap();
        for name in ["张伟", "សុខា", "Khin", "李明", "王芳"] {
            assert!(!told.contains(name), "{told}");
        }
    }
    assert_eq!(left[0].fact("format"), Some("html"));
    assert_eq!(
        (&left[0].facts["sound"], &left[0].facts["redacted"]),
        (&true.into(), &false.into())
    );
    assert_eq!(
        (&left[1].facts["sound"], &left[1].facts["redacted"]),
        (&false.into(), &true.into())
    );
    // What went to standard output is what was noted before.
    assert_eq!(
        left[1].fact("sha256"),
        Some(evidence::sha256(&out).as_str())
    );
    assert_eq!(
        left[2].fact("receiver"),
        Some(khin.public().number.as_str())
    );
    assert_eq!(
        left[2].fact("signer"),
        Some(c.officer.public().number.as_str())
    );
    assert_eq!(left[2].facts["sound"], true);
}

#[test]
fn the_digits_on_an_export_are_those_of_its_words() {
    let c = Custody::unsealed(300);
    let choices = ExportChoices {
        redact: Some(list(&c)),
        ..ExportChoices::default()
    };
    let over = AtomicBool::new(false);
    let copies: Vec<String> = thread::scope(|scope| {
        scope.spawn(|| {
            let mut store = Store::open(&c.database()).unwrap();
            for n in 0..2_000 {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let text = format!("Tôi đến từ Huế {n}.");
                store
                    .edit_text(&c.id, SegmentId(2), &text, "A", None)
                    .unwrap();
                // Faster than any person, and slow enough that an export finds the end of the chain.
                thread::sleep(Duration::from_millis(10));
            }
        });
        let copies = (0..40).filter_map(|_| {
            let mut out = Vec::new();
            let (id, cancel) = (&c.id.0, Cancel::new());
            let done = c
                .app
                .export_to(id, Format::Txt, &choices, &mut out, &cancel, &|_| {});
            done.ok().map(|_| String::from_utf8(out).unwrap())
        });
        let copies = copies.collect();
        over.store(true, Ordering::Relaxed);
        copies
    });
    assert!(copies.len() > 20, "{}", copies.len());
    let all = events(&c);
    let between = |text: &str, before: &str, behind: char| {
        let from = text.split_once(before).unwrap().1;
        from.chars()
            .take_while(|c| *c != behind)
            .collect::<String>()
    };
    for copy in copies {
        let head = between(&copy, "whole record: ", '\n');
        let n: usize = match copy.contains("Huế") {
            true => between(&copy, "Huế ", '.').parse::<usize>().unwrap() + 1,
            false => 0,
        };
        let end = all.iter().position(|e| e.hash == head.trim()).unwrap();
        let edited = all[..=end].iter().filter(|e| e.kind == "edited").count();
        // One correction came before, of another line.
        assert_eq!(edited, n + 1);
    }
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
fn a_name_that_is_covered_stands_in_no_entry_of_others() {
    let c = Custody::new();
    let named = [
        ("张伟", "欠张伟钱"),
        ("Nguyễn Hùng", "nợ tiền nguyễn  hùng"),
        ("สมชาย", "พี่ชายของสมชาย"),
        ("ကိုအောင်", "ကိုအောင်၏ညီ"),
        ("ສົມພອນ", "ເພື່ອນຂອງສົມພອນ"),
        ("សុខា", "បងប្រុសសុខា"),
    ];
    let mut store = Store::open(&c.database()).unwrap();
    let names: Vec<NewFact<'_>> = named
        .iter()
        .map(|(n, _)| NewFact::new(FactKind::Name, n))
        .collect();
    let hidden = store.add_person(None, "王芳", &names).unwrap();
    let notes: Vec<NewFact<'_>> = std::iter::once(NewFact::new(FactKind::Name, "Bounmy"))
        .chain(
            named
                .iter()
                .map(|(_, note)| NewFact::new(FactKind::Note, note)),
        )
        .collect();
    store.add_person(None, "王芳", &notes).unwrap();
    // Typed by hand but for one entry, and a consent under a pseudonym that names nobody.
    let line = Some((&c.id, SegmentId(6)));
    let from_line = NewFact {
        line,
        ..NewFact::new(FactKind::Mention, "នាង")
    };
    let typed = [
        NewFact::new(FactKind::Name, "ບົວ"),
        NewFact::new(FactKind::Phone, "020 5555"),
        from_line,
    ];
    store.add_person(None, "王芳", &typed).unwrap();
    drop(store);
    let people = |name: &str| {
        let out = c.dir.path().join(name);
        let told = c.app.export_people(None, &out, false).unwrap();
        (told, fs::read(out).unwrap())
    };
    for (round, seen_by) in [(0, Audience::Agency), (1, Audience::Nobody)] {
        open_consent(&c, Some(&hidden.0), seen_by);
        let (told, left) = people(&format!("{round}.jsonl"));
        assert_eq!(told.people + told.left_out, 3);
        for (name, note) in named {
            assert!(!holds(&left, name) && !holds(&left, note), "{round} {name}");
        }
        assert!(holds(&left, "欠") && holds(&left, "Bounmy"));
        assert_eq!(holds(&left, "[Mai]"), round == 0);
    }
    open_consent(&c, None, Audience::Anyone);
    let (told, left) = people("nobody.jsonl");
    assert_eq!((told.people, told.left_out), (2, 1));
    assert!(!holds(&left, "ບົວ") && !holds(&left, "5555") && holds(&left, "Bounmy"));
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
