//! Working everything out again from the records: after an older program version, or damage.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rayon::prelude::*;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use super::derived::{Known, State, refresh_tally};
use super::lines::{self, CurrentText, StoredTranslation};
use super::recuts::{PLACES, Place};
use super::speakers::SPEAKS;
use super::{Error, Store, codec, near, register};
use crate::domain::{Cancel, Lang};

/// Raise it whenever `search_index.sql`, the tokens, their keys or their folding change: every database is then
/// indexed anew, and the register's forms are made anew, when it is next opened.
const INDEX_VERSION: &str = "3";
const INDEX_SQL: &str = include_str!("search_index.sql");
/// Lines that are read, worked out on all cores and written at a time: about 2 MB of text.
const BATCH: i64 = 2_000;

/// Told how many lines are done, and of how many.
pub(super) type Tell<'a> = &'a mut dyn FnMut(u64, u64);

impl Store {
    /// Works out the counters and the search index again from the records, in one transaction, and
    /// `tell`s of the lines done and of how many. Returns how many lines have text and so stand in the
    /// index. After a cancel the database is as it was.
    ///
    /// # Errors
    /// A database that cannot be written; [`Error::Cancelled`].
    pub fn rebuild_index(
        &mut self,
        tell: &mut dyn FnMut(u64, u64),
        cancel: &Cancel,
    ) -> Result<u64, Error> {
        rebuild(&self.conn, tell, cancel)
    }

    /// Whether the search index is there and of this version, damaged or not.
    pub fn has_index(&self) -> bool {
        index_is_current(&self.conn).unwrap_or(false)
    }
}

/// Whether the search index is there and of this version.
pub(super) fn index_is_current(conn: &Connection) -> Result<bool, Error> {
    let version: Option<String> = conn
        .query_row(
            "SELECT value FROM setting WHERE name = 'index'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(version.as_deref() == Some(INDEX_VERSION))
}

/// [`rebuild_within`] in a transaction of its own.
pub(super) fn rebuild(conn: &Connection, tell: Tell<'_>, cancel: &Cancel) -> Result<u64, Error> {
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    let lines = rebuild_within(&tx, tell, cancel)?;
    tx.commit()?;
    Ok(lines)
}

/// Empties and fills the derived tables and the search index.
///
/// # Errors
/// [`Error::Cancelled`], after which the transaction must be rolled back.
pub(super) fn rebuild_within(
    tx: &Transaction<'_>,
    tell: Tell<'_>,
    cancel: &Cancel,
) -> Result<u64, Error> {
    drop_index(tx)?;
    tx.execute_batch(INDEX_SQL)?;
    tx.execute_batch("DELETE FROM line; DELETE FROM tally;")?;
    let (total, last): (i64, i64) = tx.query_row(
        "SELECT count(*), coalesce(max(key), 0) FROM segment",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let total = u64::try_from(total).unwrap_or(0);
    let (mut from, mut done, mut indexed) = (0_i64, 0_u64, 0_u64);
    let mut tokens: HashSet<String> = HashSet::new();
    while from < last {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let lines = read_batch(tx, from)?;
        let states: Vec<State> = lines.par_iter().map(|l| State::of(&l.known)).collect();
        for (line, state) in lines.iter().zip(&states) {
            let written = state.write(tx, line.key, line.interview, true)?;
            indexed = indexed.saturating_add(u64::from(written));
            from = line.key;
        }
        for token in states.into_iter().flat_map(|s| s.tokens) {
            tokens.insert(token);
        }
        if lines.is_empty() {
            break;
        }
        done = done.saturating_add(lines.len() as u64);
        tell(done, total);
    }
    near::remember(tx, tokens.iter().map(String::as_str))?;
    register::refold(tx)?;
    let mut interviews = tx.prepare("SELECT key FROM interview")?;
    let mut rows = interviews.query([])?;
    while let Some(row) = rows.next()? {
        refresh_tally(tx, row.get(0)?)?;
    }
    tx.execute(
        "INSERT INTO setting (name, value) VALUES ('index', ?1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [INDEX_VERSION],
    )?;
    Ok(indexed)
}

/// One line with all that its state follows from.
pub(super) struct Line {
    pub key: i64,
    pub interview: i64,
    pub known: Known,
}

/// The next lines after the one with the key `after`, with all that their state follows from: four
/// questions for the batch instead of four for each line.
pub(super) fn read_batch(conn: &Connection, after: i64) -> Result<Vec<Line>, Error> {
    let mut batch = Vec::new();
    let mut at: HashMap<i64, usize> = HashMap::new();
    let mut languages: HashMap<i64, Vec<Lang>> = HashMap::new();
    let mut statement = conn.prepare_cached(&format!(
        "SELECT s.key, s.interview, s.flags, i.languages, {SPEAKS}, s.start_sample, s.end_sample
         FROM segment s JOIN interview i ON i.key = s.interview
         WHERE s.key > ?1 ORDER BY s.key LIMIT ?2"
    ))?;
    let mut rows = statement.query([after, BATCH])?;
    while let Some(row) = rows.next()? {
        let (key, interview) = (row.get(0)?, row.get(1)?);
        let spoken = match languages.entry(interview) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(codec::langs_from_text(&row.get::<_, String>(3)?)?),
        };
        at.insert(key, batch.len());
        batch.push(Line {
            key,
            interview,
            known: Known {
                interview,
                speaker: row.get(4)?,
                place: Place::as_cut(row.get(5)?, row.get(6)?),
                languages: spoken.clone(),
                flags: codec::from_json(&row.get::<_, String>(2)?)?,
                text: None,
                translations: Vec::new(),
                failed: false,
                failed_languages: Vec::new(),
            },
        });
    }
    if let (Some(first), Some(last)) = (batch.first(), batch.last()) {
        let keys = [first.key, last.key];
        let mut line = |key: i64, fill: &mut dyn FnMut(&mut Known)| {
            if let Some(line) = at.get(&key).and_then(|&n| batch.get_mut(n)) {
                fill(&mut line.known);
            }
        };
        read_texts(conn, keys, &mut line)?;
        read_translations(conn, keys, &mut line)?;
        read_failures(conn, keys, &mut line)?;
        read_places(conn, keys, &mut line)?;
    }
    Ok(batch)
}

/// Finds a line of the batch by its key and hands it to the second argument.
type Find<'f> = &'f mut dyn FnMut(i64, &mut dyn FnMut(&mut Known));

fn read_texts(conn: &Connection, keys: [i64; 2], line: Find<'_>) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {}, segment FROM text_version WHERE segment BETWEEN ?1 AND ?2
         ORDER BY segment, {}",
        lines::TEXT_COLUMNS,
        lines::COUNTS_FIRST
    ))?;
    let mut rows = statement.query(keys)?;
    while let Some(row) = rows.next()? {
        let mut text: Option<CurrentText> = Some(lines::read_text(row)?);
        line(row.get(5)?, &mut |known| {
            if known.text.is_none() {
                known.text = text.take();
            }
        });
    }
    Ok(())
}

fn read_translations(conn: &Connection, keys: [i64; 2], line: Find<'_>) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {}, t.segment FROM translation t WHERE t.segment BETWEEN ?1 AND ?2
         ORDER BY t.segment, t.lang, {}",
        lines::TRANSLATION_COLUMNS,
        lines::COUNTS_FIRST
    ))?;
    let mut rows = statement.query(keys)?;
    while let Some(row) = rows.next()? {
        let mut found: Option<StoredTranslation> = Some(lines::read_translation(row)?);
        line(row.get(8)?, &mut |known| {
            lines::keep_first(&mut known.translations, &mut found);
        });
    }
    Ok(())
}

fn read_failures(conn: &Connection, keys: [i64; 2], line: Find<'_>) -> Result<(), Error> {
    let mut statement = conn
        .prepare_cached("SELECT DISTINCT segment FROM failure WHERE segment BETWEEN ?1 AND ?2")?;
    let mut rows = statement.query(keys)?;
    while let Some(row) = rows.next()? {
        line(row.get(0)?, &mut |known| known.failed = true);
    }
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT segment, of_version, lang FROM translation_failure
         WHERE segment BETWEEN ?1 AND ?2",
    )?;
    let mut rows = statement.query(keys)?;
    while let Some(row) = rows.next()? {
        let version: u32 = row.get(1)?;
        let lang = codec::lang(&row.get::<_, String>(2)?)?;
        line(row.get(0)?, &mut |known| {
            if known.text.as_ref().is_some_and(|t| t.version == version) {
                known.failed_languages.push(lang);
            }
        });
    }
    Ok(())
}

fn read_places(conn: &Connection, keys: [i64; 2], line: Find<'_>) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT r.segment, r.start_sample, r.end_sample FROM {PLACES}
         WHERE r.segment BETWEEN ?1 AND ?2 ORDER BY c.number"
    ))?;
    let mut rows = statement.query(keys)?;
    while let Some(row) = rows.next()? {
        let (start, end) = (row.get(1)?, row.get(2)?);
        line(row.get(0)?, &mut |known| {
            known.place = known.place.then(start, end)
        });
    }
    Ok(())
}

/// Removes the search index, also one so damaged that FTS5 can no longer open it.
fn drop_index(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.execute_batch("DROP TABLE IF EXISTS sound")?;
    if tx.execute_batch("DROP TABLE IF EXISTS search").is_ok() {
        return Ok(());
    }
    // Without its entry in the schema, the inner tables are plain tables that can be removed.
    tx.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    let removed = tx.execute_batch(
        "PRAGMA writable_schema = ON;
         DELETE FROM sqlite_schema WHERE type = 'table' AND name = 'search';
         PRAGMA writable_schema = RESET;
         DROP TABLE IF EXISTS search_data;
         DROP TABLE IF EXISTS search_idx;
         DROP TABLE IF EXISTS search_docsize;
         DROP TABLE IF EXISTS search_config;
         DROP TABLE IF EXISTS search_content;",
    );
    tx.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(removed?)
}
