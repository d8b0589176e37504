//! Whether people did only what they may: a key signs for what its role allows, and a line is certified
//! by a signature of somebody who wrote nothing of it. The program refuses anything else; here it is
//! seen also where the rows were written by another program.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::chain::{Event, Kind, Signed, mentions};
use super::check::Check;
use super::keys::is_called;
use super::sign::Role;
use super::work::{Deed, Work, is_same};
use crate::domain::Status;

/// The columns of a record, by its name.
pub type Records = BTreeMap<String, Map<String, Value>>;

/// Every signed act and every certificate against what the keys' roles allow and who wrote the words.
pub fn check_acts(events: &[Event], records: &Records) -> Check {
    const NAME: &str = "certificates";
    let Ok(made) = mentions(events) else {
        return Check::bad(NAME, "a record was made twice");
    };
    if let Some(event) = events.iter().find(|e| !is_allowed(e)) {
        let number = event.number;
        let detail = format!("event {number} is signed by a key whose role may not do that");
        return Check::bad(NAME, detail);
    }
    let number = |name: &str| made.get(name).map_or(0, |(_, number)| *number);
    let work = work_of(records, &number, &told(events));
    let versions = versions(records, &number);
    let (mut lines, mut unsigned) = (BTreeSet::new(), BTreeSet::new());
    for (name, columns) in records.iter().filter(|(_, c)| is_certified(c)) {
        let at = number(name);
        let Some(event) = events.iter().find(|e| e.number == at) else {
            continue; // in no event: told by the check of the records
        };
        if event.kind == Kind::Covered.as_str() {
            continue; // whoever signed the copy vouches for what it shows
        }
        let certified = event.kind == Kind::Certified.as_str();
        let Some(by) = event.signed.as_ref().filter(|_| certified) else {
            return Check::bad(NAME, format!("'{name}' is certified by no signature"));
        };
        let author = columns.get("author").and_then(Value::as_str);
        if author != Some(&by.by) {
            return Check::bad(NAME, format!("'{name}' names another person than signed"));
        }
        let line = columns.get("line").and_then(Value::as_u64);
        let line = line.unwrap_or_default();
        if worked(&work, by, line, at) {
            let detail = format!("line {line} was certified by a person who wrote of it");
            return Check::bad(NAME, detail);
        }
        if !versions.stands(name, columns, at) {
            let detail = format!("'{name}' certifies other words than stood there");
            return Check::bad(NAME, detail);
        }
        lines.insert(line);
        if !work.unsigned(line, at).is_empty() {
            unsigned.insert(line);
        }
    }
    let (all, open) = (lines.len(), unsigned.len());
    // A name that was only typed may be anybody's.
    let detail = match (all, open) {
        (1, 0) => format!("{all} line"),
        (1, _) => format!("{all} line, {open} of them with work that nobody signed"),
        (_, 0) => format!("{all} lines"),
        _ => format!("{all} lines, {open} of them with work that nobody signed"),
    };
    Check::good(NAME, detail)
}

/// Whether a key of this role may sign such an event.
fn is_allowed(event: &Event) -> bool {
    let Some(signed) = &event.signed else {
        return true;
    };
    let Some(role) = Role::parse(&signed.role) else {
        return false;
    };
    let is = |kind: Kind| event.kind == kind.as_str();
    if is(Kind::Certified) {
        role.certifies()
    } else if is(Kind::Sealed) {
        role.seals()
    } else if is(Kind::Lifted) {
        role == Role::Administrator
    } else {
        true
    }
}

fn is_certified(columns: &Map<String, Value>) -> bool {
    columns.get("status").and_then(Value::as_str) == Some(Status::Certified.as_str())
}

/// A version: the event that made it, what it counts by (a person's before every machine's, then the newest),
/// and its columns.
type Version<'a> = (u64, (bool, u64), &'a Map<String, Value>);

/// The versions of every text and translation, by the name of their record without its last number.
struct Versions<'a>(BTreeMap<&'a str, Vec<Version<'a>>>);

fn versions<'a>(records: &'a Records, number: &dyn Fn(&str) -> u64) -> Versions<'a> {
    let mut all: BTreeMap<&str, Vec<Version<'_>>> = BTreeMap::new();
    for (name, columns) in records {
        let of = name.rsplit_once('.');
        let Some((of, version)) = of.filter(|(of, _)| is_words(of)) else {
            continue;
        };
        let status = columns.get("status").and_then(Value::as_str);
        let by_person = status != Some(Status::Machine.as_str());
        let rank = (by_person, version.parse().unwrap_or_default());
        all.entry(of)
            .or_default()
            .push((number(name), rank, columns));
    }
    Versions(all)
}

fn is_words(name: &str) -> bool {
    name.starts_with("text ") || name.starts_with("translation ")
}

impl Versions<'_> {
    /// Whether a certified version has the words that counted before its event.
    fn stands(&self, name: &str, certified: &Map<String, Value>, at: u64) -> bool {
        let of = name.rsplit_once('.').map(|(of, _)| of);
        let before = of.and_then(|of| self.0.get(of)).into_iter().flatten();
        let before = before.filter(|(event, _, _)| *event < at);
        let counted = before.max_by_key(|(_, rank, _)| *rank);
        counted.is_some_and(|(_, _, columns)| {
            let same = |column: &str| columns.get(column) == certified.get(column);
            same("text") && same("lang")
        })
    }
}

/// Everybody's work by the records; `number` is that of the event that made a record.
fn work_of(records: &Records, number: &dyn Fn(&str) -> u64, told: &Told) -> Work {
    let mut work = Work::default();
    let mut parted: BTreeMap<u64, (BTreeSet<u64>, BTreeSet<u64>)> = BTreeMap::new();
    for (name, columns) in records {
        let (kind, _) = name.split_once(' ').unwrap_or((name, ""));
        let whole = |column: &str| columns.get(column).and_then(Value::as_u64);
        let text = |column: &str| columns.get(column).and_then(Value::as_str);
        let mut add = |line: u64, author: &str| {
            let event = number(name);
            work.add(
                line,
                Deed {
                    author: author.to_owned(),
                    event,
                    signed: told.signed.get(&event).copied().flatten(),
                },
            );
        };
        let (line, author) = (whole("line"), text("author"));
        match (kind, line, author) {
            // Words that a change of the cut carries over are nobody's new work.
            ("text" | "translation", Some(line), Some(author))
                if text("status") == Some(Status::Edited.as_str())
                    && !told.cuts.contains(&number(name)) =>
            {
                add(line, author);
            }
            ("speaker", Some(line), Some(author)) => add(line, author),
            ("recut", Some(line), None) => {
                let recut = whole("recut").unwrap_or_default();
                let of = records.get(&format!("recut {recut}"));
                let column = |c: &str| of.and_then(|o| o.get(c)).and_then(Value::as_str);
                if let Some(author) = column("author") {
                    add(line, author);
                }
                if matches!(column("kind"), Some("split" | "merge")) {
                    let (gone, new) = parted.entry(recut).or_default();
                    let stays = whole("start_sample").is_some();
                    if stays { new } else { gone }.insert(line);
                }
            }
            _ => {}
        }
    }
    for (gone, new) in parted.into_values() {
        for line in new {
            work.made(line, &gone);
        }
    }
    work
}

/// What the events tell of the work.
struct Told {
    /// By event: whether it is signed; `None` for one that brought in what people did elsewhere or before.
    signed: BTreeMap<u64, Option<bool>>,
    /// Events that changed the cut.
    cuts: BTreeSet<u64>,
}

fn told(events: &[Event]) -> Told {
    let brought = [Kind::Begun.as_str(), Kind::Imported.as_str()];
    let of = |e: &Event| (!brought.contains(&e.kind.as_str())).then_some(e.signed.is_some());
    let cuts = events.iter().filter(|e| e.kind == Kind::Recut.as_str());
    Told {
        signed: events.iter().map(|e| (e.number, of(e))).collect(),
        cuts: cuts.map(|e| e.number).collect(),
    }
}

/// Whether this person worked on the line before that event.
fn worked(work: &Work, by: &Signed, line: u64, event: u64) -> bool {
    let own = |author: &str| is_same(author, &by.by) || is_called(&by.by, &by.key, author);
    work.before(line, event)
        .iter()
        .any(|deed| own(&deed.author))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::evidence::{BEGIN, Draft, Row, SecretKey, Story};

    const PEOPLE: [&str; 6] = ["李明", "Nguyễn Thu", "สมชาย", "ကိုအောင်", "ສົມພອນ", "សុខា"];

    /// An interview's events with their records.
    #[derive(Default)]
    struct Talk {
        events: Vec<Event>,
        records: Records,
        head: String,
    }

    impl Talk {
        fn add(&mut self, kind: Kind, signer: Option<&SecretKey>, rows: &[(&str, Value)]) {
            let row = |(name, columns): &(&str, Value)| {
                Row::new((*name).to_owned(), columns.as_object().unwrap().clone()).unwrap()
            };
            let made: Vec<Row> = rows.iter().map(row).collect();
            let mut draft = Draft::of(kind, &made);
            draft.signer = signer.map(|key| key as &dyn crate::evidence::Sign);
            let number = self.events.len() as u64 + 1;
            let before = if number == 1 { BEGIN } else { &self.head };
            let link = draft
                .link("a-1", number, before, "2026-11-24T00:00:00Z")
                .unwrap();
            self.head.clone_from(&link.hash);
            for row in made {
                let (row, columns) = Row::from_line(&row.line).unwrap();
                self.records.insert(row.name, columns);
            }
            self.events.push(crate::evidence::Event {
                number,
                kind: kind.as_str().to_owned(),
                at: "2026-11-24T00:00:00Z".to_owned(),
                program: String::new(),
                facts: Map::new(),
                rows: rows
                    .iter()
                    .map(|(name, _)| ((*name).to_owned(), String::new()))
                    .collect(),
                signed: signer.map(|key| Signed {
                    by: crate::evidence::Sign::public(key).name.clone(),
                    role: crate::evidence::Sign::public(key).role.as_str().to_owned(),
                    key: crate::evidence::Sign::public(key).number.clone(),
                }),
                hash: link.hash,
            });
        }

        fn told(&self) -> Check {
            check_acts(&self.events, &self.records)
        }
    }

    fn text(line: u64, status: &str, author: &str) -> Value {
        json!({"line": line, "text": "x", "status": status, "author": author})
    }

    #[test]
    fn a_certificate_needs_a_signature_of_one_who_may_and_wrote_nothing() {
        for person in PEOPLE {
            let key = SecretKey::new(person, Role::Reviewer).unwrap();
            let officer = SecretKey::new(person, Role::Officer).unwrap();
            let begun = |author: &str| {
                let mut talk = Talk::default();
                talk.add(
                    Kind::Imported,
                    None,
                    &[("text 1.1", text(1, "machine", "engine"))],
                );
                talk.add(
                    Kind::Edited,
                    None,
                    &[("text 1.2", text(1, "edited", author))],
                );
                talk
            };
            let certified = [("text 1.3", text(1, "certified", person))];
            let mut good = begun("Lan");
            good.add(Kind::Certified, Some(&key), &certified);
            let told = "1 line, 1 of them with work that nobody signed";
            assert_eq!(good.told(), Check::good("certificates", told));
            let lan = SecretKey::new("Lan", Role::Officer).unwrap();
            let mut signed = Talk::default();
            signed.add(
                Kind::Edited,
                Some(&lan),
                &[("text 1.2", text(1, "edited", "Lan"))],
            );
            signed.add(Kind::Certified, Some(&key), &certified);
            assert_eq!(signed.told(), Check::good("certificates", "1 line"));
            let mut own = begun(person);
            own.add(Kind::Certified, Some(&key), &certified);
            assert!(own.told().detail.contains("who wrote of it"), "{person}");
            let digits: String = crate::evidence::Sign::public(&key)
                .number
                .chars()
                .take(10)
                .collect();
            let mut by_number = begun(&digits);
            by_number.add(Kind::Certified, Some(&key), &certified);
            assert!(!by_number.told().ok, "{person}");
            let mut unsigned = begun("Lan");
            unsigned.add(Kind::Edited, None, &certified);
            assert!(unsigned.told().detail.contains("no signature"));
            let mut role = begun("Lan");
            role.add(Kind::Certified, Some(&officer), &certified);
            assert!(role.told().detail.contains("role"));
            let mut name = begun("Lan");
            name.add(
                Kind::Certified,
                Some(&key),
                &[("text 1.3", text(1, "certified", "Aung"))],
            );
            assert!(name.told().detail.contains("another person"));
            let mut seal = begun("Lan");
            seal.add(Kind::Sealed, Some(&key), &[]);
            assert!(!seal.told().ok, "a reviewer seals nothing");
            let mut lifted = begun("Lan");
            lifted.add(Kind::Lifted, Some(&officer), &[]);
            assert!(!lifted.told().ok, "an officer lifts nothing");
            // What was written after the certificate is another version.
            good.add(
                Kind::Edited,
                None,
                &[("text 1.4", text(1, "edited", person))],
            );
            assert!(good.told().ok);
        }
    }

    #[test]
    fn parted_and_moved_lines_keep_their_authors() {
        let key = SecretKey::new("Lan", Role::Interpreter).unwrap();
        let cut = |start: Option<u64>, line: u64| json!({"recut": 1, "line": line, "start_sample": start, "end_sample": start});
        let certified = [("text 3.2", text(3, "certified", "Lan"))];
        let talk = |editor: &str, cutter: &str| {
            let mut talk = Talk::default();
            talk.add(
                Kind::Edited,
                None,
                &[("text 1.2", text(1, "edited", editor))],
            );
            let recut = json!({"number": 1, "kind": "split", "author": cutter});
            let rows = [
                ("recut 1", recut),
                ("recut 1.1", cut(None, 1)),
                ("recut 1.2", cut(Some(0), 2)),
                ("recut 1.3", cut(Some(9), 3)),
                ("text 3.1", text(3, "edited", editor)),
            ];
            talk.add(Kind::Recut, None, &rows);
            talk.add(Kind::Certified, Some(&key), &certified);
            talk.told().ok
        };
        assert!(talk("Thu", "Aung"));
        assert!(!talk("Lan", "Aung"), "wrote what was parted");
        assert!(!talk("Thu", "LAN"), "parted it");
        let (story, _) = Story::of("a-1", &[]);
        assert!(check_acts(&story.events, &Records::new()).ok);
    }
}
