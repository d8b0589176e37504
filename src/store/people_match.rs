//! Finding people by a name in any script, and people who share a number or a place.
//!
//! Every name has summaries of its readings in `name_key`, sixteen bytes each. A question reads them
//! all, which is one pass over a small table, keeps the likeliest few hundred, and compares only
//! those in full.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::people::{COUNTS, FACT, FACT_FROM, person_key, plain, read_fact};
use super::{Error, NameMatch, Shared, Store, codec};
use crate::domain::{FactKind, Lang, PersonId};
use crate::text::names::{self, Name, Signature};

/// Names that are compared in full. More would cost time and, measured on a hundred thousand made
/// names (`tests/bench/names.rs`), hardly find another right one.
const COMPARED: usize = 400;

/// Works out the summaries of a name.
pub(super) fn remember(
    conn: &Connection,
    fact: i64,
    name: &str,
    lang: Option<Lang>,
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "INSERT OR REPLACE INTO name_key (fact, number, high, low) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (number, signature) in (0_i64..).zip(Name::read(name, lang).signatures()) {
        let [high, low] = halves(signature);
        statement.execute(params![fact, number, high, low])?;
    }
    Ok(())
}

/// A name that no longer counts is no longer found.
pub(super) fn forget(conn: &Connection, fact: i64) -> Result<(), Error> {
    conn.prepare_cached("DELETE FROM name_key WHERE fact = ?1")?
        .execute([fact])?;
    Ok(())
}

fn halves(signature: Signature) -> [i64; 2] {
    let bytes = signature.0.to_be_bytes();
    let mut halves = [0_i64; 2];
    for (half, eight) in halves.iter_mut().zip(bytes.chunks_exact(8)) {
        *half = eight.iter().fold(0, |sum, b| (sum << 8) | i64::from(*b));
    }
    halves
}

fn whole(high: i64, low: i64) -> Signature {
    Signature((u128::from(high.cast_unsigned()) << 64) | u128::from(low.cast_unsigned()))
}

/// Makes the summaries anew where another version of the rules made them.
pub(super) fn refresh(conn: &Connection) -> Result<(), Error> {
    let version: Option<String> = conn
        .query_row(
            "SELECT value FROM setting WHERE name = 'names'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    let current = names::VERSION.to_string();
    if version.as_deref() == Some(current.as_str()) {
        return Ok(());
    }
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    tx.execute("DELETE FROM name_key", [])?;
    {
        let mut statement = tx.prepare(&format!(
            "SELECT f.key, f.value, f.lang FROM person_fact f WHERE f.kind = 'name' AND {COUNTS}"
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let lang = row
                .get::<_, Option<String>>(2)?
                .map(|l| codec::lang(&l))
                .transpose()?;
            remember(&tx, row.get(0)?, &row.get::<_, String>(1)?, lang)?;
        }
    }
    tx.execute(
        "INSERT INTO setting (name, value) VALUES ('names', ?1)
         ON CONFLICT (name) DO UPDATE SET value = ?1",
        [current],
    )?;
    Ok(tx.commit()?)
}

impl Store {
    /// People with a name near this one, the nearest first, each with the name that is nearest and
    /// why. Names below `least` are left out.
    pub fn match_name(
        &self,
        wanted: &Name,
        least: f32,
        limit: usize,
    ) -> Result<Vec<NameMatch>, Error> {
        let asked = wanted.signatures();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut nearest: BTreeMap<i64, NameMatch> = BTreeMap::new();
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {FACT}, f.person, p.id FROM {FACT_FROM} JOIN person p ON p.key = f.person
             WHERE f.key = ?1"
        ))?;
        for fact in self.likely_names(&asked)? {
            let mut rows = statement.query([fact])?;
            let Some(row) = rows.next()? else { continue };
            let found = read_fact(row)?;
            let name = Name::read(&found.value, found.lang);
            let score = names::score(wanted, &name);
            let key: i64 = row.get(13)?;
            let better = nearest.get(&key).is_none_or(|known| score > known.score);
            if score >= least && better {
                let person = PersonId(row.get(14)?);
                nearest.insert(
                    key,
                    NameMatch {
                        person,
                        name: found,
                        score,
                        comparison: None,
                    },
                );
            }
        }
        let mut found: Vec<NameMatch> = nearest.into_values().collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(limit);
        for one in &mut found {
            one.comparison = names::compare(wanted, &Name::read(&one.name.value, one.name.lang));
        }
        Ok(found)
    }

    /// The names whose summaries are likest to those asked for.
    fn likely_names(&self, asked: &[Signature]) -> Result<Vec<i64>, Error> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT fact, high, low FROM name_key")?;
        let mut rows = statement.query([])?;
        let mut likely: Vec<(f32, i64)> = Vec::new();
        while let Some(row) = rows.next()? {
            let stored = whole(row.get(1)?, row.get(2)?);
            let likeness = asked.iter().map(|a| a.likeness(stored)).fold(0.0, f32::max);
            likely.push((likeness, row.get(0)?));
        }
        likely.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut facts: Vec<i64> = likely
            .into_iter()
            .map(|(_, fact)| fact)
            .take(COMPARED * 2)
            .collect();
        let mut seen = std::collections::HashSet::new();
        facts.retain(|fact| seen.insert(*fact));
        facts.truncate(COMPARED);
        Ok(facts)
    }

    /// People with exactly this number or place.
    pub fn people_with(&self, kind: FactKind, value: &str) -> Result<Vec<PersonId>, Error> {
        let Some(plain) = plain(kind, value) else {
            return Ok(Vec::new());
        };
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT DISTINCT p.id FROM person_fact f JOIN person p ON p.key = f.person
             WHERE f.kind = ?1 AND f.plain = ?2 AND {COUNTS} ORDER BY p.key"
        ))?;
        let rows = statement.query_map(params![kind.as_str(), plain], |row| {
            row.get(0).map(PersonId)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What people share: numbers, documents, plates, places and interviews that at least two of
    /// `people` have; of one person, what that person shares with anybody.
    pub fn shared(&self, people: &[PersonId]) -> Result<Vec<Shared>, Error> {
        let keys: Vec<i64> = people
            .iter()
            .map(|p| person_key(&self.conn, p))
            .collect::<Result<_, _>>()?;
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT f.kind, CASE WHEN f.kind = 'mention' THEN i.id ELSE f.plain END, f.value, p.key, p.id
             FROM person_fact f JOIN person p ON p.key = f.person
             LEFT JOIN interview i ON i.key = f.interview
             WHERE (f.kind IN ('phone', 'plate', 'document', 'place')
                    OR (f.interview IS NOT NULL AND f.kind = 'mention')) AND {COUNTS}
             ORDER BY f.kind, 2, p.key, f.key"
        ))?;
        let mut rows = statement.query([])?;
        let mut groups: Vec<(String, String, Shared, Vec<i64>)> = Vec::new();
        let mut at: HashMap<(String, String), usize> = HashMap::new();
        while let Some(row) = rows.next()? {
            let (kind, plain): (String, String) = (row.get(0)?, row.get(1)?);
            let index = *at
                .entry((kind.clone(), plain.clone()))
                .or_insert(groups.len());
            if index == groups.len() {
                let kind_read = FactKind::parse(&kind)
                    .ok_or_else(|| Error::damaged("an unknown kind of fact is stored"))?;
                let value = if kind_read == FactKind::Mention {
                    plain.clone()
                } else {
                    row.get(2)?
                };
                let shared = Shared {
                    kind: kind_read,
                    value,
                    people: Vec::new(),
                };
                groups.push((kind, plain, shared, Vec::new()));
            }
            let key: i64 = row.get(3)?;
            if let Some((_, _, shared, members)) = groups.get_mut(index)
                && !members.contains(&key)
            {
                members.push(key);
                shared.people.push(PersonId(row.get(4)?));
            }
        }
        let wanted = if keys.len() == 1 { 1 } else { 2 };
        Ok(groups
            .into_iter()
            .filter(|(.., members)| {
                members.len() > 1 && members.iter().filter(|m| keys.contains(m)).count() >= wanted
            })
            .map(|(_, _, shared, _)| shared)
            .collect())
    }
}
