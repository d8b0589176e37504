//! The register of people in the workspace's own chain: who was entered, corrected, compared and decided
//! upon, by the hashes of the rows. The events hold no name. And the forms in which entries are compared, which
//! are worked out from them.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::{Value, json};

use super::chain::{OWN, append};
use super::proofs::{self, Table};
use super::{Error, Store, people};
use crate::evidence::{Draft, Kind, Row};

/// The fact of an event that tells up to which row of each table it speaks.
const UPTO: &str = "upto";
const EVERY: &str = "r.key > ?1";

const PERSON: Table = Table {
    name: "person",
    columns: "'person ' || r.key, r.id, r.case_name, r.made_by, r.at",
    from: "person r",
    of_interview: EVERY,
};
const FACT: Table = Table {
    name: "person-fact",
    columns: "'person-fact ' || r.key, r.person, r.kind, r.value, r.script, r.lang, r.source, r.segment, r.interview, r.entered_by, r.at, r.reason, r.replaces, r.withdrawn",
    from: "person_fact r",
    of_interview: EVERY,
};
const DECISION: Table = Table {
    name: "person-decision",
    columns: "'person-decision ' || r.key, r.person, r.other, r.verdict, r.made_by, r.at, r.reason",
    from: "person_decision r",
    of_interview: EVERY,
};
const OFFER: Table = Table {
    name: "person-offer",
    columns: "'person-offer ' || r.key, r.segment, r.kind, r.value, r.answer, r.made_by, r.at, r.reason",
    from: "person_offer r",
    of_interview: EVERY,
};
const TABLES: [Table; 4] = [PERSON, FACT, DECISION, OFFER];

impl Store {
    /// Every row of the register in the form in which it is hashed; none where no event speaks of the
    /// register yet, as in a workspace of an earlier version.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn register_proofs(&self) -> Result<Vec<Row>, Error> {
        let moment = self.conn.unchecked_transaction()?;
        if told(&moment)?.is_none() {
            return Ok(Vec::new());
        }
        let mut rows = Vec::new();
        for table in &TABLES {
            rows.extend(proofs::select(&moment, table, table.of_interview, [0_i64])?);
        }
        Ok(rows)
    }
}

/// Adds an event of everything in the register that no event speaks of yet, inside the caller's
/// transaction. The first one of a workspace speaks of all that was there before.
pub(super) fn note(tx: &Transaction<'_>, kind: Kind) -> Result<(), Error> {
    let upto = told(tx)?.unwrap_or_default();
    let (mut rows, mut ends) = (Vec::new(), Vec::new());
    for (table, from) in TABLES.iter().zip(upto) {
        rows.extend(proofs::select(tx, table, table.of_interview, [from])?);
        let last = format!("SELECT coalesce(max(r.key), 0) FROM {}", table.from);
        let last: i64 = tx.query_row(&last, [], |row| row.get(0))?;
        ends.push(last);
    }
    append(tx, OWN, &Draft::of(kind, &rows).with(UPTO, json!(ends)))?;
    Ok(())
}

/// Up to which row of each table the last event of the register speaks.
fn told(conn: &rusqlite::Connection) -> Result<Option<[i64; 4]>, Error> {
    let body: Option<String> = conn
        .prepare_cached(
            "SELECT body FROM chain WHERE subject = 0 AND kind IN ('registered', 'decided')
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(body) = body else { return Ok(None) };
    let wrong = || Error::damaged("an event of the register cannot be read");
    let body: Value = serde_json::from_str(&body).map_err(|_| wrong())?;
    let told = body.pointer("/facts/upto").and_then(Value::as_array);
    let told = told
        .filter(|told| told.len() == TABLES.len())
        .ok_or_else(wrong)?;
    let mut upto = [0; 4];
    for (slot, end) in upto.iter_mut().zip(told) {
        *slot = end.as_i64().ok_or_else(wrong)?;
    }
    Ok(Some(upto))
}

/// What `plain` holds of an entry: the form of its value, and nothing of one that takes another back.
pub(super) fn compared(kind: &str, value: &str, withdrawn: bool) -> Result<String, Error> {
    let kind = people::fact_kind(kind)?;
    let form = (!withdrawn).then(|| people::plain(kind, value)).flatten();
    Ok(form.unwrap_or_default())
}

/// Makes the forms anew that another version of the program made: they are no part of what is hashed, so the
/// guard of the entries stands back for them alone.
pub(super) fn refold(tx: &Transaction<'_>) -> Result<(), Error> {
    let mut changed = Vec::new();
    let mut entries =
        tx.prepare("SELECT key, kind, value, plain, withdrawn FROM person_fact ORDER BY key")?;
    let mut rows = entries.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, value): (String, String) = (row.get(1)?, row.get(2)?);
        let form = compared(&kind, &value, row.get(4)?)?;
        if form != row.get::<_, String>(3)? {
            changed.push((row.get::<_, i64>(0)?, form));
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    const GUARD: &str = "person_fact_no_update";
    let guard: Option<String> = tx
        .prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?1")?
        .query_row([GUARD], |row| row.get(0))
        .optional()?;
    tx.execute_batch(&format!("DROP TRIGGER IF EXISTS {GUARD}"))?;
    for (key, form) in changed {
        tx.prepare_cached("UPDATE person_fact SET plain = ?2 WHERE key = ?1")?
            .execute(params![key, form])?;
    }
    // One that was taken away stays away: the check of the schema tells of it.
    guard.map_or(Ok(()), |guard| Ok(tx.execute_batch(&guard)?))
}
