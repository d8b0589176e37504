//! The register of people: adding, correcting, deciding. Nothing is changed and nothing merges by itself.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::filter::{CASES, spelled_like};
use super::interviews::interview_key;
use super::lines::segment_key;
use super::{Error, NewFact, Offer, Store, codec, people_match, register};
use crate::domain::{
    Decision, Fact, FactKind, InterviewId, Lang, NameSource, Person, PersonId, SegmentId, Verdict,
};
use crate::evidence::Kind;
use crate::text::names::Written;
use crate::text::{self, numbers};

/// Longest value of a fact, in characters.
const LONGEST: usize = 1_000;

/// A fact with the interview and line that it comes from; its row is read by [`read_fact`].
pub(super) const FACT: &str = "f.key, f.kind, f.value, f.script, f.lang, f.source, i.id, s.id,
     f.entered_by, f.at, f.reason, f.replaces, f.withdrawn";
pub(super) const FACT_FROM: &str = "person_fact f
     LEFT JOIN segment s ON s.key = f.segment LEFT JOIN interview i ON i.key = f.interview";
/// Facts that count: no other row takes their place, and they take nothing back.
pub(super) const COUNTS: &str =
    "f.withdrawn = 0 AND NOT EXISTS (SELECT 1 FROM person_fact r WHERE r.replaces = f.key)";
/// A person `p` who was entered in the case, or is named by a fact from its interviews.
const IN_CASE: &str = "p.case_name = ?2 OR p.case_name IN (SELECT value FROM json_each(?1))
     OR EXISTS (SELECT 1 FROM person_fact c JOIN interview i ON i.key = c.interview
                WHERE c.person = p.key AND i.case_name IN (SELECT value FROM json_each(?1)))";
/// A person `p` of whom no case knows.
const OF_NO_CASE: &str = "p.case_name IS NULL
     AND NOT EXISTS (SELECT 1 FROM person_fact c JOIN interview i ON i.key = c.interview
                     WHERE c.person = p.key AND i.case_name IS NOT NULL)";

/// Values of one kind of one person, each with its language.
pub type Values = Vec<(String, Option<Lang>)>;

impl Store {
    /// Adds a person with what is known. Returns the name in the register.
    pub fn add_person(
        &mut self,
        case: Option<&str>,
        by: &str,
        facts: &[NewFact<'_>],
    ) -> Result<PersonId, Error> {
        signed(by)?;
        let tx = self.write()?;
        let last: i64 = tx.query_row("SELECT coalesce(max(key), 0) FROM person", [], |row| {
            row.get(0)
        })?;
        let key = last
            .checked_add(1)
            .ok_or_else(|| Error::damaged("a person's number is too high"))?;
        let id = PersonId(format!("p{key}"));
        tx.execute(
            "INSERT INTO person (key, id, case_name, made_by, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![key, id.0, case, by.trim(), codec::now()],
        )?;
        for fact in facts {
            insert_fact(&tx, key, by, fact)?;
        }
        register::note(&tx, Kind::Registered)?;
        tx.commit()?;
        Ok(id)
    }

    /// Adds what is known of a person, or corrects it where a fact's `replaces` names one of the same
    /// person and kind: all of it or nothing. Returns the numbers.
    pub fn add_facts(
        &mut self,
        person: &PersonId,
        by: &str,
        facts: &[NewFact<'_>],
    ) -> Result<Vec<i64>, Error> {
        signed(by)?;
        let tx = self.write()?;
        let key = person_key(&tx, person)?;
        let added = facts
            .iter()
            .map(|new| insert_fact(&tx, key, by, new))
            .collect::<Result<_, _>>()?;
        register::note(&tx, Kind::Registered)?;
        tx.commit()?;
        Ok(added)
    }

    /// Takes a fact back. The row stays, and one that says so is added.
    pub fn withdraw_fact(
        &mut self,
        person: &PersonId,
        fact: i64,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        signed(by)?;
        let tx = self.write()?;
        let key = person_key(&tx, person)?;
        let kind = replaceable(&tx, key, fact)?;
        tx.execute(
            "INSERT INTO person_fact (person, kind, value, plain, entered_by, at, reason, replaces, withdrawn)
             VALUES (?1, ?2, '', '', ?3, ?4, ?5, ?6, 1)",
            params![key, kind, by.trim(), codec::now(), reason, fact],
        )?;
        register::note(&tx, Kind::Registered)?;
        Ok(tx.commit()?)
    }

    /// Adds a decision about two people.
    pub fn decide(
        &mut self,
        one: &PersonId,
        other: &PersonId,
        verdict: Verdict,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        signed(by)?;
        let tx = self.write()?;
        let (a, b) = (person_key(&tx, one)?, person_key(&tx, other)?);
        if a == b {
            return Err(Error::SamePerson);
        }
        tx.execute(
            "INSERT INTO person_decision (person, other, verdict, made_by, at, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                a.min(b),
                a.max(b),
                verdict.as_str(),
                by.trim(),
                codec::now(),
                reason
            ],
        )?;
        register::note(&tx, Kind::Decided)?;
        Ok(tx.commit()?)
    }

    /// Stores what was answered to a name or number that a transcript offered: added, or dismissed.
    pub fn answer_offer(
        &mut self,
        offer: &Offer<'_>,
        added: bool,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        signed(by)?;
        let tx = self.write()?;
        let segment = segment_key(&tx, offer.interview, offer.segment)?;
        let answer = if added { "added" } else { "dismissed" };
        insert_answer(
            &tx,
            segment,
            (offer.kind, offer.value),
            answer,
            (by, reason),
        )?;
        register::note(&tx, Kind::Decided)?;
        Ok(tx.commit()?)
    }

    /// The names and numbers of an interview that were answered: line, kind, value.
    pub fn answered_offers(
        &self,
        id: &InterviewId,
    ) -> Result<Vec<(SegmentId, FactKind, String)>, Error> {
        let key = interview_key(&self.conn, id)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT s.id, o.kind, o.value FROM person_offer o JOIN segment s ON s.key = o.segment
             WHERE s.interview = ?1 ORDER BY o.key",
        )?;
        let mut rows = statement.query([key])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((
                SegmentId(row.get(0)?),
                fact_kind(&row.get::<_, String>(1)?)?,
                row.get(2)?,
            ));
        }
        Ok(found)
    }

    /// All people, or those of one case: entered in it, or named by a fact from its interviews.
    pub fn people(&self, case: Option<&str>) -> Result<Vec<Person>, Error> {
        let (like, typed) = self.spelled(case)?;
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT p.id FROM person p WHERE ?1 IS NULL OR {IN_CASE} ORDER BY p.key"
        ))?;
        let ids = statement.query_map(params![like, typed], |row| row.get(0).map(PersonId))?;
        ids.map(|id| self.person(&id?)).collect()
    }

    /// What counts of one kind, each with its language, person by person: of those whom an interview of
    /// this case, or of none, may speak of. These are the people of the case and those of no case at
    /// all; nobody of another case.
    pub fn values_in_force(
        &self,
        case: Option<&str>,
        kind: FactKind,
    ) -> Result<Vec<Values>, Error> {
        let case = case.map(str::trim).filter(|name| !name.is_empty());
        let (like, typed) = self.spelled(case)?;
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT f.person, f.value, f.lang FROM person_fact f
             WHERE f.kind = ?3 AND {COUNTS} AND f.person IN (
                 SELECT p.key FROM person p WHERE {IN_CASE} OR ({OF_NO_CASE}))
             ORDER BY f.person, f.key"
        ))?;
        let mut rows = statement.query(params![like, typed, kind.as_str()])?;
        let mut found: Vec<Values> = Vec::new();
        let mut last: Option<i64> = None;
        while let Some(row) = rows.next()? {
            let person: i64 = row.get(0)?;
            let lang: Option<String> = row.get(2)?;
            let value = (row.get(1)?, lang.map(|l| codec::lang(&l)).transpose()?);
            match found.last_mut() {
                Some(same) if last == Some(person) => same.push(value),
                _ => found.push(vec![value]),
            }
            last = Some(person);
        }
        Ok(found)
    }

    /// A case as it is stored, in all its spellings as JSON, and as it was typed.
    fn spelled(&self, case: Option<&str>) -> Result<(Option<String>, Option<String>), Error> {
        let Some(name) = case else {
            return Ok((None, None));
        };
        let like = spelled_like(&self.conn, CASES, name)?;
        Ok((Some(like), Some(name.trim().to_owned())))
    }

    /// One person with what counts now.
    pub fn person(&self, id: &PersonId) -> Result<Person, Error> {
        let found = self
            .conn
            .prepare_cached("SELECT key, case_name, made_by, at FROM person WHERE id = ?1")?
            .query_row([&id.0], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((key, case, by, at)) = found else {
            return Err(Error::NoPerson(id.0.clone()));
        };
        let facts = read_facts(&self.conn, key, true)?;
        Ok(Person {
            id: id.clone(),
            case,
            by,
            at,
            facts,
        })
    }

    /// Everything that was ever entered of a person, the first first, what was corrected or taken
    /// back included.
    pub fn person_history(&self, id: &PersonId) -> Result<Vec<Fact>, Error> {
        read_facts(&self.conn, person_key(&self.conn, id)?, false)
    }

    /// Decisions about a person and others, the first first.
    pub fn decisions(&self, id: &PersonId) -> Result<Vec<Decision>, Error> {
        let key = person_key(&self.conn, id)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT o.id, d.verdict, d.made_by, d.at, d.reason FROM person_decision d
             JOIN person o ON o.key = CASE WHEN d.person = ?1 THEN d.other ELSE d.person END
             WHERE d.person = ?1 OR d.other = ?1 ORDER BY d.key",
        )?;
        let mut rows = statement.query([key])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let verdict = Verdict::parse(&row.get::<_, String>(1)?)
                .ok_or_else(|| Error::damaged("an unknown decision is stored"))?;
            found.push(Decision {
                person: id.clone(),
                other: PersonId(row.get(0)?),
                verdict,
                by: row.get(2)?,
                at: row.get(3)?,
                reason: row.get(4)?,
            });
        }
        Ok(found)
    }
}

/// Refuses an empty name of who does it.
fn signed(by: &str) -> Result<(), Error> {
    if by.trim().is_empty() {
        Err(Error::NoAuthor)
    } else {
        Ok(())
    }
}

/// The database's own key of a person. `P7` is `p7`.
pub(super) fn person_key(conn: &Connection, id: &PersonId) -> Result<i64, Error> {
    conn.prepare_cached("SELECT key FROM person WHERE id = ?1")?
        .query_row([id.0.trim().to_lowercase()], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Error::NoPerson(id.0.clone()))
}

/// The kind of a fact that counts and is of this person.
fn replaceable(tx: &Transaction<'_>, person: i64, fact: i64) -> Result<String, Error> {
    tx.prepare_cached(&format!(
        "SELECT f.kind FROM person_fact f WHERE f.key = ?1 AND f.person = ?2 AND {COUNTS}"
    ))?
    .query_row([fact, person], |row| row.get(0))
    .optional()?
    .ok_or(Error::NoFact(fact))
}

fn insert_fact(
    tx: &Transaction<'_>,
    person: i64,
    by: &str,
    new: &NewFact<'_>,
) -> Result<i64, Error> {
    let value = text::normalise(new.value, new.lang.unwrap_or(crate::domain::Lang::En));
    let plain = plain(new.kind, &value).ok_or(Error::BadFact(new.kind))?;
    if let Some(fact) = new.replaces
        && replaceable(tx, person, fact)? != new.kind.as_str()
    {
        return Err(Error::NoFact(fact));
    }
    let (interview, segment) = match new.line {
        Some((id, segment)) => (
            Some(interview_key(tx, id)?),
            Some(segment_key(tx, id, segment)?),
        ),
        None => (None, None),
    };
    let is_name = new.kind == FactKind::Name;
    let script = Written::of(&value).filter(|_| is_name).map(Written::as_str);
    let source = is_name.then_some(new.source.unwrap_or(NameSource::Heard).as_str());
    tx.execute(
        "INSERT INTO person_fact (person, kind, value, plain, script, lang, source, segment, interview,
             entered_by, at, reason, replaces, withdrawn)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0)",
        params![
            person,
            new.kind.as_str(),
            value,
            plain,
            script,
            new.lang.map(|l| l.code()),
            source,
            segment,
            interview,
            by.trim(),
            codec::now(),
            new.reason,
            new.replaces
        ],
    )?;
    let fact = tx.last_insert_rowid();
    if let Some(segment) = segment {
        // What was entered from a line is not offered from it again.
        insert_answer(tx, segment, (new.kind, new.value), "added", (by, None))?;
    }
    if is_name {
        people_match::remember(tx, fact, &value, new.lang)?;
    }
    Ok(fact)
}

fn insert_answer(
    tx: &Transaction<'_>,
    segment: i64,
    (kind, value): (FactKind, &str),
    answer: &str,
    (by, reason): (&str, Option<&str>),
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO person_offer (segment, kind, value, answer, made_by, at, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            segment,
            kind.as_str(),
            value,
            answer,
            by.trim(),
            codec::now(),
            reason
        ],
    )?;
    Ok(())
}

/// The form of a value that is compared; `None` where it cannot be of this kind.
pub(super) fn plain(kind: FactKind, value: &str) -> Option<String> {
    let length = value.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    let letters = || -> String {
        text::fold(value)
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect()
    };
    match kind {
        FactKind::BirthYear => text::birth_year(value).map(|year| year.to_string()),
        FactKind::Phone => {
            let digits = numbers(value).concat();
            (5..=20).contains(&digits.len()).then_some(digits)
        }
        FactKind::Plate | FactKind::Document => Some(letters()).filter(|l| !l.is_empty()),
        FactKind::Name => Written::of(value).map(|_| text::fold(value)),
        _ => Some(text::fold(value)),
    }
}

fn read_facts(conn: &Connection, person: i64, counting: bool) -> Result<Vec<Fact>, Error> {
    let only = if counting { COUNTS } else { "1" };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {FACT} FROM {FACT_FROM} WHERE f.person = ?1 AND {only} ORDER BY f.key"
    ))?;
    let mut rows = statement.query([person])?;
    let mut facts = Vec::new();
    while let Some(row) = rows.next()? {
        facts.push(read_fact(row)?);
    }
    Ok(facts)
}

pub(super) fn fact_kind(text: &str) -> Result<FactKind, Error> {
    FactKind::parse(text).ok_or_else(|| Error::damaged("an unknown kind of fact is stored"))
}

/// A row of [`FACT`].
pub(super) fn read_fact(row: &Row<'_>) -> Result<Fact, Error> {
    let source = row
        .get::<_, Option<String>>(5)?
        .map(|s| {
            NameSource::parse(&s)
                .ok_or_else(|| Error::damaged("an unknown source of a name is stored"))
        })
        .transpose()?;
    Ok(Fact {
        id: row.get(0)?,
        kind: fact_kind(&row.get::<_, String>(1)?)?,
        value: row.get(2)?,
        script: row.get(3)?,
        lang: row
            .get::<_, Option<String>>(4)?
            .map(|l| codec::lang(&l))
            .transpose()?,
        source,
        interview: row.get::<_, Option<String>>(6)?.map(InterviewId),
        segment: row.get::<_, Option<i64>>(7)?.map(SegmentId),
        by: row.get(8)?,
        at: row.get(9)?,
        reason: row.get(10)?,
        replaces: row.get(11)?,
        withdrawn: row.get(12)?,
    })
}
