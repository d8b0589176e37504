//! What the person interviewed allows: who may see the interview, until when, with the sound or without,
//! under which name. It is an event of the chain, the newest one counts, and it binds what leaves the
//! house. An administrator may lift it for one file, with a reason, which is an event too.

use std::fmt;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::chain::{Event, Kind};
use super::check::{Check, Story};
use super::sign::Role;
use crate::domain::Asked;

/// Longest pseudonym, in characters.
const MAX_PSEUDONYM: usize = 60;
/// Most partners that one consent names.
const MAX_PARTNERS: usize = 100;

/// Who may see the interview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Nobody but those who work at this desk: consent was refused, or taken back.
    Nobody,
    /// The agency that recorded it.
    Agency,
    /// The agency and the holders of these keys, by their numbers.
    Partners(Vec<String>),
    /// Everybody.
    Anyone,
}

/// What a person allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who was asked.
    pub asked: Asked,
    /// Who may see it.
    pub seen_by: Audience,
    /// The last day on which anything may leave the house.
    pub until: Option<Date>,
    /// Whether the voice may be heard.
    pub sound: bool,
    /// The name that stands for the person's own.
    pub pseudonym: Option<String>,
    /// The person in the register, whose names the pseudonym stands for.
    pub person: Option<String>,
    /// Who entered it.
    pub by: String,
}

/// Where something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To<'a> {
    /// Into a file of this agency.
    File,
    /// Into a bundle that only the holder of this key opens.
    Partner(&'a str),
    /// Into a bundle that anybody opens.
    Anybody,
}

/// What is about to leave the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// Where it goes.
    pub to: To<'a>,
    /// The voice can be heard in it.
    pub sound: bool,
    /// The person's name is not covered in it, though the law does not ask for the name.
    pub named: bool,
}

/// Why it may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Nobody outside may see anything.
    Nobody,
    /// It held until this day.
    Over(Date),
    /// This partner is not among those who may see it.
    Partner,
    /// An open bundle can be seen by anybody.
    Open,
    /// The voice may not be heard.
    Sound,
    /// The name is to be covered.
    Name,
    /// A victim whom nobody asked yet.
    Unasked,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Nobody => f.write_str("consent was refused or taken back"),
            Limit::Over(day) => write!(f, "consent ended on {day}"),
            Limit::Partner => f.write_str("consent does not name this partner"),
            Limit::Open => f.write_str("consent does not allow that anybody sees it"),
            Limit::Sound => f.write_str("consent does not allow the sound"),
            Limit::Name => f.write_str("consent allows it under a pseudonym only"),
            Limit::Unasked => {
                f.write_str("no consent was entered yet of this victim, so it stays in the agency")
            }
        }
    }
}

impl Limit {
    /// The next step a person can take.
    pub const fn help(&self) -> &'static str {
        match self {
            Limit::Nobody | Limit::Over(_) => {
                "Ask the person again and enter the answer with 'mekong consent', or let an \
                 administrator lift the limit for this file: mekong consent ID --lift REASON"
            }
            Limit::Partner => {
                "Ask the person, then enter the answer with 'mekong consent ID --seen-by KEY', or let \
                 an administrator lift the limit for this file: mekong consent ID --lift REASON"
            }
            Limit::Unasked => {
                "Ask the person, then enter the answer: mekong consent ID --of victim --seen-by WHO \
                 --by NAME"
            }
            Limit::Open => "Encrypt it to the partner's key: --to KEY",
            Limit::Sound => {
                "Leave the sound out with --no-sound; a bundle without sound is a covered copy: add \
                 --redact LIST or --covered."
            }
            Limit::Name => {
                "Enter the person in the register, with the name as it stands in the lines ('mekong \
                 people add'), and name it in the consent (--person): then the pseudonym takes the place \
                 of every name, in a bundle with --covered. What else is to be covered goes into \
                 --redact LIST."
            }
        }
    }
}

impl Consent {
    /// What does not hold together in it, where anything does not.
    pub fn fault(&self) -> Option<&'static str> {
        let plain = |name: &String| {
            let length = name.chars().count();
            name.trim() == name && (1..=MAX_PSEUDONYM).contains(&length) && !hides(name)
        };
        if self.pseudonym.as_ref().is_some_and(|name| !plain(name)) {
            return Some("the pseudonym is empty, too long, or holds what cannot be seen");
        }
        match &self.seen_by {
            Audience::Partners(keys) if keys.is_empty() || keys.len() > MAX_PARTNERS => {
                Some("it names no partner, or too many")
            }
            _ if self.by.trim().is_empty() => Some("nobody entered it"),
            _ => None,
        }
    }

    /// The first limit that stands against it on this day.
    pub fn limit(&self, what: &Outgoing<'_>, today: Date) -> Option<Limit> {
        match (&self.seen_by, what.to) {
            (Audience::Nobody, _) => return Some(Limit::Nobody),
            (Audience::Agency, To::Partner(_)) => return Some(Limit::Partner),
            (Audience::Agency | Audience::Partners(_), To::Anybody) => return Some(Limit::Open),
            (Audience::Partners(keys), To::Partner(key)) if !keys.iter().any(|k| k == key) => {
                return Some(Limit::Partner);
            }
            _ => {}
        }
        match self.until {
            Some(day) if day < today => return Some(Limit::Over(day)),
            _ => {}
        }
        if what.sound && !self.sound {
            return Some(Limit::Sound);
        }
        (what.named && self.pseudonym.is_some()).then_some(Limit::Name)
    }

    /// What binds a victim of whom no consent was entered yet: only the agency that recorded it sees it.
    pub fn unasked_victim() -> Self {
        Self {
            asked: Asked::Victim,
            seen_by: Audience::Agency,
            until: None,
            sound: true,
            pseudonym: None,
            person: None,
            by: String::new(),
        }
    }

    /// Whether it allows anything that another one does not.
    pub fn is_wider(&self, than: &Self) -> bool {
        if self.seen_by == Audience::Nobody {
            return false;
        }
        let seen = match (&self.seen_by, &than.seen_by) {
            (Audience::Nobody, _) | (_, Audience::Anyone) => false,
            (Audience::Agency, other) => matches!(other, Audience::Nobody),
            (Audience::Partners(new), Audience::Partners(old)) => {
                new.iter().any(|key| !old.contains(key))
            }
            (Audience::Partners(_) | Audience::Anyone, _) => true,
        };
        let longer = match (self.until, than.until) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(new), Some(old)) => new > old,
        };
        // Another person's names would be covered in place of this one's.
        let uncovered = than.pseudonym.is_some()
            && (self.pseudonym.is_none() || than.person.is_some() && self.person != than.person);
        seen || longer || uncovered || self.sound && !than.sound
    }

    /// Whether one of this role may sign for a consent that allows more than the one before.
    pub const fn may_widen(role: Role) -> bool {
        matches!(role, Role::Officer | Role::Administrator)
    }

    /// As an event holds it.
    pub fn facts(&self) -> Map<String, Value> {
        let seen_by = match &self.seen_by {
            Audience::Nobody => json!("nobody"),
            Audience::Agency => json!("agency"),
            Audience::Anyone => json!("anyone"),
            Audience::Partners(keys) => json!(keys),
        };
        let facts = [
            ("of", json!(self.asked.as_str())),
            ("seen_by", seen_by),
            ("until", json!(self.until.map(|day| day.to_string()))),
            ("sound", json!(self.sound)),
            ("pseudonym", json!(self.pseudonym)),
            ("person", json!(self.person)),
            ("entered_by", json!(self.by)),
        ];
        facts
            .into_iter()
            .map(|(name, fact)| (name.to_owned(), fact))
            .collect()
    }

    /// The counterpart of [`Self::facts`]. One that cannot be read allows nothing.
    fn of_event(event: &Event) -> Self {
        Self::read(event).unwrap_or(Self {
            asked: Asked::Victim,
            seen_by: Audience::Nobody,
            until: None,
            sound: false,
            pseudonym: None,
            person: None,
            by: String::new(),
        })
    }

    fn read(event: &Event) -> Option<Self> {
        let text = |name: &str| event.fact(name).map(str::to_owned);
        let asked = event.fact("of")?;
        let seen_by = match event.facts.get("seen_by")? {
            Value::String(word) => match word.as_str() {
                "agency" => Audience::Agency,
                "anyone" => Audience::Anyone,
                _ => Audience::Nobody,
            },
            Value::Array(keys) => {
                let keys = keys.iter().map(|key| key.as_str().map(str::to_owned));
                Audience::Partners(keys.collect::<Option<_>>()?)
            }
            _ => return None,
        };
        let until = match event.facts.get("until")? {
            Value::Null => None,
            Value::String(day) => Some(day.parse().ok()?),
            _ => return None,
        };
        Some(Self {
            asked: Asked::ALL.into_iter().find(|a| a.as_str() == asked)?,
            seen_by,
            until,
            sound: event.facts.get("sound")?.as_bool()?,
            pseudonym: text("pseudonym"),
            person: text("person"),
            by: text("entered_by")?,
        })
    }
}

/// In words, for people and for whoever receives the interview.
impl fmt::Display for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; may be seen by ", self.asked.as_str())?;
        match &self.seen_by {
            Audience::Nobody => f.write_str("nobody outside")?,
            Audience::Agency => f.write_str("the agency")?,
            Audience::Anyone => f.write_str("anyone")?,
            Audience::Partners(keys) => {
                f.write_str("the agency and the holders of ")?;
                for (at, key) in keys.iter().enumerate() {
                    let start: String = key.chars().take(16).collect();
                    write!(f, "{}{start}...", if at > 0 { ", " } else { "" })?;
                }
            }
        }
        match self.until {
            Some(day) => write!(f, "; until {day}")?,
            None => f.write_str("; without an end")?,
        }
        f.write_str(if self.sound {
            "; with the sound"
        } else {
            "; without the sound"
        })?;
        match &self.pseudonym {
            Some(name) => write!(f, "; under the name {name}"),
            None => f.write_str("; under the own name"),
        }
    }
}

impl Story {
    /// The consents that were entered, with their places among the events, and which of them counts.
    /// Once one was signed, one that allows more and that nobody of the right role signed does not.
    fn consents(&self) -> (Option<(usize, Consent)>, Option<u64>) {
        let (mut counts, mut signed, mut slipped) = (None::<(usize, Consent)>, false, None);
        for (at, event) in self.events.iter().enumerate() {
            if event.kind != Kind::Consented.as_str() {
                continue;
            }
            let is_signed = is_signed(event);
            let consent = Consent::of_event(event);
            let wider = counts
                .as_ref()
                .is_some_and(|(_, old)| consent.is_wider(old));
            if signed && !is_signed && wider {
                slipped = slipped.or(Some(event.number));
                continue;
            }
            signed |= is_signed;
            counts = Some((at, consent));
        }
        (counts, slipped)
    }

    /// The first consent that allows more than what bound before it and that nobody of the right role signed,
    /// of those that `asks` says had to be; `unasked` binds before the first one.
    pub fn unsigned_consent(
        &self,
        unasked: Option<&Consent>,
        asks: &dyn Fn(&Event) -> bool,
    ) -> Option<u64> {
        let mut binds = unasked.cloned();
        for event in &self.events {
            if event.kind != Kind::Consented.as_str() {
                continue;
            }
            let consent = Consent::of_event(event);
            let wider = binds.is_some_and(|before| consent.is_wider(&before));
            if wider && !is_signed(event) && asks(event) {
                return Some(event.number);
            }
            binds = Some(consent);
        }
        None
    }

    /// The event of the consent that counts.
    pub fn consented(&self) -> Option<&Event> {
        let (at, _) = self.consents().0?;
        self.events.get(at)
    }

    /// The consent that counts, and whether an administrator lifted it for the next file.
    pub fn consent(&self) -> Option<(Consent, bool)> {
        let last = |kinds: &[Kind]| {
            let is = |e: &Event| kinds.iter().any(|kind| e.kind == kind.as_str());
            self.events.iter().rposition(is)
        };
        let (given, consent) = self.consents().0?;
        let lifted = last(&[Kind::Lifted]).filter(|at| *at > given);
        let used = last(&[Kind::Exported, Kind::Bundled]);
        let counts = lifted.is_some_and(|at| {
            let by = self.events.get(at).and_then(|e| e.signed.as_ref());
            let may = by.is_some_and(|by| by.role == Role::Administrator.as_str());
            may && used.is_none_or(|used| used < at)
        });
        Some((consent, counts))
    }

    /// The last day by the dates of the consent that counts and of what came after it; `None` without a
    /// consent. Not of what came before: one event of a clock that was years ahead would end every later
    /// consent, and who enters one anew after the clock was put right says by which day it ends.
    pub fn last_day(&self) -> Option<Date> {
        let (given, _) = self.consents().0?;
        let since = self.events.iter().skip(given);
        let days = since.filter_map(|e| e.at.get(..10)?.parse().ok());
        days.max()
    }

    /// In words: what the person allows.
    pub fn consent_check(&self) -> Option<Check> {
        let (counts, slipped) = self.consents();
        let (_, consent) = counts?;
        Some(match slipped {
            None => Check::good("consent", consent.to_string()),
            Some(number) => unsigned(number),
        })
    }
}

/// Whether one of the right role signed an event that may allow more.
fn is_signed(event: &Event) -> bool {
    let role = event.signed.as_ref().and_then(|by| Role::parse(&by.role));
    role.is_some_and(Consent::may_widen)
}

/// What is said of a consent that had to be signed.
pub fn unsigned(number: u64) -> Check {
    let detail = format!("event {number} allows more than before, and nobody signed it");
    Check::bad("consent", detail)
}

/// Whether a name holds what cannot be seen.
pub(super) fn hides(name: &str) -> bool {
    name.chars().any(|c| {
        c.is_control() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    })
}

#[cfg(test)]
#[path = "consent_tests.rs"]
mod tests;
