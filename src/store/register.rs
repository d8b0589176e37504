//! The register of people in the workspace's own chain: who was entered, corrected, compared and decided
//! upon, by the hashes of the rows. The events hold no name.

use rusqlite::{OptionalExtension as _, Transaction};
use serde_json::{Value, json};

use super::chain::{OWN, append};
use super::proofs::{self, Table};
use super::{Error, Store};
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
