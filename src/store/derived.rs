//! What is worked out from the records: the version that counts, what waits, counters, search rows.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{Error, Store, codec, lines, terms};
use crate::domain::{Flag, FlagKind, Lang};

/// Raise it whenever `search_index.sql`, the tokens or their folding change: every database is then
/// indexed anew when it is next opened.
const INDEX_VERSION: &str = "1";
const INDEX_SQL: &str = include_str!("search_index.sql");

/// `line.waits`.
pub(super) const WAITS_NOTHING: i64 = 0;
pub(super) const WAITS_RECOGNITION: i64 = 1;
pub(super) const WAITS_FAILED: i64 = 2;
pub(super) const WAITS_TRANSLATION: i64 = 3;

impl Store {
    /// Works out the counters and the search index again from the records. Returns how many lines
    /// were indexed.
    pub fn rebuild_index(&mut self) -> Result<u64, Error> {
        rebuild(&self.conn)
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
pub(super) fn rebuild(conn: &Connection) -> Result<u64, Error> {
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    let lines = rebuild_within(&tx)?;
    tx.commit()?;
    Ok(lines)
}

/// Empties and fills the derived tables and the search index.
pub(super) fn rebuild_within(tx: &Transaction<'_>) -> Result<u64, Error> {
    drop_index(tx)?;
    tx.execute_batch(INDEX_SQL)?;
    tx.execute_batch("DELETE FROM line; DELETE FROM tally;")?;
    let mut indexed = 0u64;
    let mut segments = tx.prepare("SELECT key FROM segment ORDER BY key")?;
    let mut rows = segments.query([])?;
    while let Some(row) = rows.next()? {
        indexed = indexed.saturating_add(u64::from(refresh_line(tx, row.get(0)?)?));
    }
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

/// Removes the search index, also one so damaged that FTS5 can no longer open it.
fn drop_index(tx: &Transaction<'_>) -> Result<(), Error> {
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

/// Whether the derived tables fit the records.
pub(super) fn check(conn: &Connection) -> Result<(), Error> {
    let count =
        |sql: &str| -> Result<i64, Error> { Ok(conn.query_row(sql, [], |row| row.get(0))?) };
    let segments = count("SELECT count(*) FROM segment")?;
    let lines = count("SELECT count(*) FROM line")?;
    let listed = count("SELECT coalesce(sum(segments), 0) FROM tally")?;
    let written = count("SELECT count(*) FROM line WHERE version > 0")?;
    let indexed = count("SELECT count(*) FROM search_docsize").unwrap_or(-1);
    if segments == lines && segments == listed && written == indexed {
        Ok(())
    } else {
        Err(Error::IndexDamaged)
    }
}

/// Works out one line again. Returns whether it has text and so stands in the search index.
pub(super) fn refresh_line(conn: &Connection, key: i64) -> Result<bool, Error> {
    let (interview, languages, flags): (i64, String, String) = conn
        .prepare_cached(
            "SELECT s.interview, i.languages, s.flags
             FROM segment s JOIN interview i ON i.key = s.interview WHERE s.key = ?1",
        )?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut doubtful = has_doubt(&codec::from_json(&flags)?);
    let text = lines::current_text(conn, key)?;
    let (version, waits) = match &text {
        None => (
            0,
            if has_failed(conn, key)? {
                WAITS_FAILED
            } else {
                WAITS_RECOGNITION
            },
        ),
        Some(text) => {
            let translations = lines::current_translations(conn, key)?;
            doubtful |= has_doubt(&text.flags)
                || translations.iter().any(|t| has_doubt(&t.translation.flags));
            let missing = missing_translations(
                &codec::langs_from_text(&languages)?,
                text.lang,
                &text.text,
                text.version,
                &translations,
            );
            index_line(conn, key, &text.text, &translations)?;
            (
                text.version,
                if missing.is_empty() {
                    WAITS_NOTHING
                } else {
                    WAITS_TRANSLATION
                },
            )
        }
    };
    let flagged = doubtful || waits == WAITS_FAILED;
    conn.prepare_cached(
        "INSERT INTO line (segment, interview, version, waits, flagged) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (segment) DO UPDATE
         SET version = excluded.version, waits = excluded.waits, flagged = excluded.flagged",
    )?
    .execute(params![key, interview, version, waits, flagged])?;
    Ok(text.is_some())
}

/// Counts an interview's lines again.
pub(super) fn refresh_tally(conn: &Connection, interview: i64) -> Result<(), Error> {
    conn.prepare_cached(
        "INSERT INTO tally (interview, segments, pending, flagged)
         SELECT ?1, count(*), count(CASE WHEN waits IN (1, 3) THEN 1 END),
                count(CASE WHEN flagged THEN 1 END)
         FROM line WHERE interview = ?1
         ON CONFLICT (interview) DO UPDATE SET segments = excluded.segments,
             pending = excluded.pending, flagged = excluded.flagged",
    )?
    .execute([interview])?;
    Ok(())
}

/// The languages that a text still has to be translated into: every other language of the
/// interview that has neither a person's translation nor a machine's of this version.
pub(super) fn missing_translations(
    languages: &[Lang],
    lang: Lang,
    text: &str,
    version: u32,
    translations: &[lines::StoredTranslation],
) -> Vec<Lang> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let is_there = |to: Lang| {
        translations.iter().any(|t| {
            t.translation.lang == to && (t.by_person || t.translation.of_version == version)
        })
    };
    languages
        .iter()
        .copied()
        .filter(|&to| to != lang && !is_there(to))
        .collect()
}

fn has_doubt(flags: &[Flag]) -> bool {
    flags.iter().any(|f| f.kind != FlagKind::PracticeModel)
}

fn has_failed(conn: &Connection, key: i64) -> Result<bool, Error> {
    Ok(conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM failure WHERE segment = ?1)")?
        .query_row([key], |row| row.get(0))?)
}

/// Puts one line's newest words into the search index in place of its older ones.
fn index_line(
    conn: &Connection,
    key: i64,
    text: &str,
    translations: &[lines::StoredTranslation],
) -> Result<(), Error> {
    let said = terms::index_form([text].into_iter());
    let translated = terms::index_form(translations.iter().map(|t| t.translation.text.as_str()));
    conn.prepare_cached("DELETE FROM search WHERE rowid = ?1")?
        .execute([key])?;
    conn.prepare_cached(
        "INSERT INTO search (rowid, text, bare, translation, translation_bare)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        key,
        said.exact,
        said.bare,
        translated.exact,
        translated.bare
    ])?;
    Ok(())
}
