//! What a signed record tells beside the words: what happened in the session, by its entries, and whose
//! interview it is, by the register.

use crate::domain::{EventKind, FactKind, NameSource, SessionEvent};
use crate::evidence::Story;
use crate::export::{Happened, What};
use crate::store::Store;

use super::Error;
use super::live::{MARKERS, PRESENT};
use super::people::person_id;
use super::phrasebook::phrases;

/// What the markers that the program knows stand for, in the order of [`MARKERS`].
const MARKED: [What; MARKERS.len()] = [
    What::Exhibit,
    What::Break,
    What::Comes,
    What::Goes,
    What::Rights,
    What::Somebody,
];

/// The entries that a record tells, by their place. Of a covered copy without anybody's words, and
/// without who was there.
pub(super) fn happened(events: &[SessionEvent], covered: bool) -> Vec<Happened> {
    let told = events.iter().filter_map(|event| {
        let (what, words) = match event.kind {
            EventKind::Pause => (What::Pause, event.label.clone()),
            // What was wrong with the device is told by the program, in its own words.
            EventKind::Gap => (What::Gap, String::new()),
            EventKind::Marker => marked(&event.label, covered)?,
            _ => return None,
        };
        // A sentence of the program's own is named by its number.
        let own = matches!(what, What::Said | What::Yes | What::No);
        Some(Happened {
            what,
            from_ms: event.span.start.as_ms(),
            to_ms: (!event.lasts && event.span.end > event.span.start)
                .then(|| event.span.end.as_ms()),
            words: Some(words).filter(|words| !words.is_empty() && (own || !covered)),
        })
    });
    told.collect()
}

/// What a marker stands for, and its words; `None` for what somebody typed.
fn marked(label: &str, covered: bool) -> Option<(What, String)> {
    let known = MARKERS.iter().zip(MARKED).find(|(m, _)| **m == label);
    if let Some((_, what)) = known {
        return Some((what, String::new()));
    }
    if let Some(who) = label.strip_prefix(PRESENT) {
        return (!covered).then(|| (What::Present, who.to_owned()));
    }
    let (id, said) = label.split_once(": ")?;
    let phrase = phrases().iter().find(|phrase| phrase.id == id)?;
    let answers = [("yes: ", What::Yes), ("no: ", What::No)];
    let answer = answers
        .into_iter()
        .find_map(|(answer, what)| Some((what, said.strip_prefix(answer)?)));
    let (what, asked) = answer.unwrap_or((What::Said, said));
    let id = &phrase.id;
    Some((
        what,
        if covered {
            id.to_string()
        } else {
            format!("{id} {asked}")
        },
    ))
}

/// What the register knows of the person whom the consent names, by the name of a record's field.
pub(super) fn known(store: &Store, story: &Story) -> Result<Vec<(&'static str, String)>, Error> {
    let Some(person) = story.consent().and_then(|(consent, _)| consent.person) else {
        return Ok(Vec::new());
    };
    let person = store.person(&person_id(&person))?;
    let names = |alias: bool| {
        let names = person.facts.iter().filter(|f| f.kind == FactKind::Name);
        let names = names.filter(|f| (f.source == Some(NameSource::Alias)) == alias);
        let names: Vec<&str> = names.map(|f| f.value.as_str()).collect();
        names.join(", ")
    };
    let all = |kind| person.values(kind).collect::<Vec<_>>().join(", ");
    let fields = [
        ("person", names(false)),
        ("alias", names(true)),
        ("birth-date", all(FactKind::BirthYear)),
        ("documents", all(FactKind::Document)),
        ("contact", all(FactKind::Phone)),
    ];
    let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(fields.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SamplePos, Span};

    fn event(kind: EventKind, label: &str, end: u64) -> SessionEvent {
        SessionEvent {
            id: 1,
            kind,
            label: label.to_owned(),
            channel: None,
            span: Span::new(SamplePos(16_000), SamplePos(end)),
            lasts: false,
            at: "2026-11-24T09:00:00Z".into(),
        }
    }

    #[test]
    fn a_covered_copy_tells_what_happened_and_nobodys_words() {
        for name in ["张伟", "Nguyễn Thu", "สมชาย", "ကိုအောင်", "ສົມພອນ", "សុខា"]
        {
            let events = [
                event(EventKind::Marker, &format!("{PRESENT}{name}"), 16_000),
                event(EventKind::Marker, "rights explained", 16_000),
                event(
                    EventKind::Marker,
                    &format!("rights-01: no: {name}?"),
                    16_000,
                ),
                event(EventKind::Marker, name, 16_000),
                event(EventKind::Pause, name, 32_000),
                event(EventKind::Gap, name, 32_000),
            ];
            let whole = happened(&events, false);
            let kinds: Vec<What> = whole.iter().map(|one| one.what).collect();
            let wanted = [
                What::Present,
                What::Rights,
                What::No,
                What::Pause,
                What::Gap,
            ];
            assert_eq!(kinds, wanted);
            assert_eq!(whole[3].words.as_deref(), Some(name));
            assert_eq!((whole[3].from_ms, whole[3].to_ms), (1_000, Some(2_000)));
            assert!(
                whole[2]
                    .words
                    .as_ref()
                    .unwrap()
                    .ends_with(&format!("{name}?"))
            );
            let covered = happened(&events, true);
            assert_eq!(covered.len(), 4);
            assert!(!format!("{covered:?}").contains(name), "{covered:?}");
            assert_eq!(covered[1].words.as_deref(), Some("rights-01"));
        }
    }
}
