//! Names and numbers that transcripts offer to the register. They are offered, never added by themselves.

use serde::Serialize;

use crate::domain::{FactKind, InterviewId, Lang, SegmentId};
use crate::store::{Offer, Store};
use crate::text;
use crate::text::names::{Name, SHOWN};

use super::people::{PossibleMatch, possible, title};
use super::{App, Error};

/// A name or number that a transcript offers to the register.
#[derive(Clone, Debug, Serialize)]
pub struct Candidate {
    /// The interview.
    pub interview: InterviewId,
    /// The line.
    pub segment: SegmentId,
    /// Who said it.
    pub speaker: String,
    /// The language of the line.
    pub lang: Lang,
    /// A name, a phone, a plate or a document.
    pub kind: FactKind,
    /// As written in the line.
    pub value: String,
    /// Where it stands in the line, in characters.
    pub marks: (usize, usize),
    /// People of the register whom it may be about.
    pub people: Vec<PossibleMatch>,
}

impl App {
    /// Names and numbers that the lines of one interview, or of all of a case, offer; those that
    /// were answered already are left out.
    ///
    /// # Errors
    /// An unknown interview; an unreadable store.
    pub fn candidates(
        &self,
        interview: Option<&str>,
        case: Option<&str>,
    ) -> Result<Vec<Candidate>, Error> {
        let store = self.reading()?;
        let ids: Vec<InterviewId> = match interview {
            Some(id) => vec![store.resolve(id)?],
            None => store.list(case)?.into_iter().map(|i| i.id).collect(),
        };
        let mut found = Vec::new();
        for id in &ids {
            offered(&store, id, &mut found)?;
        }
        Ok(found)
    }

    /// Stores that an offered name or number is not wanted, so that it is not offered again.
    ///
    /// # Errors
    /// An unknown interview or line; nobody who signs.
    pub fn dismiss_candidate(
        &self,
        interview: &str,
        segment: i64,
        kind: FactKind,
        value: &str,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let mut store = self.store()?;
        let id = store.resolve(interview)?;
        let offer = Offer {
            interview: &id,
            segment: SegmentId(segment),
            kind,
            value,
        };
        Ok(store.answer_offer(&offer, false, by, reason)?)
    }
}

/// Adds what the lines of one interview offer.
fn offered(store: &Store, id: &InterviewId, found: &mut Vec<Candidate>) -> Result<(), Error> {
    let answered = store.answered_offers(id)?;
    let recut = !store.recuts(id)?.is_empty();
    for segment in store.segments(id)? {
        let mut lines = vec![segment.id];
        if recut {
            // What was answered of a line is answered of the lines that took its place.
            lines.extend(store.origins(id, segment.id)?);
        }
        for mention in text::mentions(&segment.text, segment.lang) {
            let known = answered.iter().any(|(line, kind, value)| {
                lines.contains(line) && *kind == mention.kind && *value == mention.value
            });
            if known {
                continue;
            }
            let people = match mention.kind {
                FactKind::Name => possible(
                    store,
                    &Name::read(&mention.value, Some(segment.lang)),
                    SHOWN,
                    5,
                )?,
                kind => sharers(store, kind, &mention.value)?,
            };
            let before = segment
                .text
                .get(..mention.range.start)
                .unwrap_or_default()
                .chars()
                .count();
            let length = mention.value.chars().count();
            found.push(Candidate {
                interview: id.clone(),
                segment: segment.id,
                speaker: segment.speaker.clone(),
                lang: segment.lang,
                kind: mention.kind,
                value: mention.value,
                marks: (before, before.saturating_add(length)),
                people,
            });
        }
    }
    Ok(())
}

/// People who have exactly this number.
fn sharers(store: &Store, kind: FactKind, value: &str) -> Result<Vec<PossibleMatch>, Error> {
    let mut found = Vec::new();
    for id in store.people_with(kind, value)? {
        let name = title(&store.person(&id)?);
        found.push(PossibleMatch {
            person: id,
            name,
            score: 1.0,
            likely: true,
            why: format!("has this {}", kind.as_str()),
            parts: Vec::new(),
            verdict: None,
        });
    }
    Ok(found)
}
