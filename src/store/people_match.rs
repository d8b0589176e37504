//! Finding people by a name in any script, and people who share a number or a place.
//!
//! Every reading of a name has a summary of sixteen bytes in `name_page`. A question reads them all,
//! which is one pass over a few megabytes, keeps the likeliest few hundred names, and compares only
//! those in full. A summary of a name that no longer counts stays and is passed over.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::people::{COUNTS, FACT, FACT_FROM, person_key, plain, read_fact};
use super::{Error, NameMatch, Shared, Store, codec};
use crate::domain::{FactKind, Lang, PersonId};
use crate::text::names::{self, Name, Signature};

/// Names that are compared in full, the likeliest first by their summaries; a balance between time
/// and what is missed (`tests/bench/names.rs` prints both).
const COMPARED: usize = 400;

/// Bytes of one summary: the fact, then the reading.
const ENTRY: usize = 24;
/// Bytes from which a page is full. One is rewritten whole whenever a name is added.
const PAGE: usize = 512 * ENTRY;

/// Adds the summaries of a name.
pub(super) fn remember(
    conn: &Connection,
    fact: i64,
    name: &str,
    lang: Option<Lang>,
) -> Result<(), Error> {
    let mut keys = Vec::new();
    for signature in Name::read(name, lang).signatures() {
        keys.extend(fact.to_be_bytes());
        keys.extend(signature.0.to_be_bytes());
    }
    let last: Option<(i64, i64)> = conn
        .prepare_cached("SELECT key, length(keys) FROM name_page ORDER BY key DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match last {
        Some((page, length)) if usize::try_from(length).is_ok_and(|l| l < PAGE) => conn
            .prepare_cached("UPDATE name_page SET keys = CAST(keys || ?2 AS BLOB) WHERE key = ?1")?
            .execute(params![page, keys])?,
        _ => conn
            .prepare_cached("INSERT INTO name_page (keys) VALUES (?1)")?
            .execute([keys])?,
    };
    Ok(())
}

/// The summaries of a page. What is left over at its end, which no version writes, is passed over.
fn entries(page: &[u8]) -> impl Iterator<Item = (i64, Signature)> {
    page.chunks_exact(ENTRY).filter_map(|entry| {
        let (fact, signature) = entry.split_at_checked(8)?;
        let fact = i64::from_be_bytes(fact.try_into().ok()?);
        Some((
            fact,
            Signature(u128::from_be_bytes(signature.try_into().ok()?)),
        ))
    })
}

/// Makes the summaries anew where another version of the rules made them.
pub(super) fn refresh(conn: &Connection) -> Result<(), Error> {
    if is_current(conn)? {
        return Ok(());
    }
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    tx.execute("DELETE FROM name_page", [])?;
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
        [names::VERSION.to_string()],
    )?;
    Ok(tx.commit()?)
}

/// Whether the summaries are of this version.
fn is_current(conn: &Connection) -> Result<bool, Error> {
    let sql = "SELECT value FROM setting WHERE name = 'names'";
    let version: Option<String> = conn.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(version == Some(names::VERSION.to_string()))
}

/// Whether the summaries are those of the names: all of each that counts, all or none of each that counted
/// before, and no others. Those of another version are not compared: they are made anew.
///
/// # Errors
/// [`Error::Damaged`], without the name.
pub(super) fn check(conn: &Connection) -> Result<(), Error> {
    if !is_current(conn)? {
        return Ok(());
    }
    let mut kept: HashMap<i64, Vec<Signature>> = HashMap::new();
    let mut pages = conn.prepare("SELECT keys FROM name_page ORDER BY key")?;
    let mut rows = pages.query([])?;
    while let Some(row) = rows.next()? {
        let page = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        if !page.len().is_multiple_of(ENTRY) {
            return Err(Error::damaged("a page of the register's names was cut"));
        }
        for (fact, signature) in entries(page) {
            kept.entry(fact).or_default().push(signature);
        }
    }
    let mut statement = conn.prepare(&format!(
        "SELECT f.key, f.value, f.lang, {COUNTS} FROM person_fact f
         WHERE f.kind = 'name' AND f.withdrawn = 0 ORDER BY f.key"
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, lang): (i64, Option<String>) = (row.get(0)?, row.get(2)?);
        let lang = lang.map(|l| codec::lang(&l)).transpose()?;
        let own = Name::read(&row.get::<_, String>(1)?, lang).signatures();
        let found = kept.remove(&key).unwrap_or_default();
        let is_left_out = found.is_empty() && !row.get::<_, bool>(3)?;
        if found != own && !is_left_out {
            let what = format!("entry {key} of the register is found by another name than its own");
            return Err(Error::Damaged(what));
        }
    }
    match kept.keys().next() {
        None => Ok(()),
        Some(key) => {
            let what = format!("the register is searched for a name, {key}, that it does not hold");
            Err(Error::Damaged(what))
        }
    }
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
             WHERE f.key = ?1 AND {COUNTS}"
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
        let mut likely: Vec<(f32, i64)> = Vec::new();
        let mut statement = self.conn.prepare_cached("SELECT keys FROM name_page")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let page = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
            for (fact, stored) in entries(page) {
                let likeness = asked.iter().map(|a| a.likeness(stored)).fold(0.0, f32::max);
                // The readings of one name stand side by side; the likest counts.
                match likely.last_mut() {
                    Some((known, last)) if *last == fact => *known = known.max(likeness),
                    _ => likely.push((likeness, fact)),
                }
            }
        }
        let likest = |a: &(f32, i64), b: &(f32, i64)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if likely.len() > COMPARED {
            likely.select_nth_unstable_by(COMPARED, likest);
            likely.truncate(COMPARED);
        }
        Ok(likely.into_iter().map(|(_, fact)| fact).collect())
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
