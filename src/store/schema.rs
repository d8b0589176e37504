//! Whether a database has the tables, indexes and guards that this program makes, and no others: a guard that
//! was taken away lets records be changed, and one that was put in may change them before they are hashed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rusqlite::Connection;

use super::{Error, Store, rebuild};

/// What FTS5 makes for the search index, as it likes.
const INNER: [&str; 5] = [
    "search_config",
    "search_content",
    "search_data",
    "search_docsize",
    "search_idx",
];
/// The search index itself, which is made anew when it is next written to where it is of an older form.
const INDEX: [&str; 2] = ["search", "sound"];
/// Most characters of a name that is told.
const TOLD: usize = 60;

/// Definitions by kind and name, each with its table and its words.
type Schema = BTreeMap<(String, String), (String, String)>;

/// Those of a database that was just made.
static MADE: OnceLock<Schema> = OnceLock::new();

impl Store {
    /// Compares the tables, indexes and guards of the database with those of one that was just made.
    ///
    /// # Errors
    /// [`Error::Damaged`] with the first one that is not as this program makes it; an unreadable database.
    pub fn check_schema(&self) -> Result<(), Error> {
        check(&self.conn)
    }
}

pub(super) fn check(conn: &Connection) -> Result<(), Error> {
    let mut found = read(conn)?;
    let is_current = rebuild::index_is_current(conn)?;
    let wrong = |name: &str, what: &str| {
        let name: String = name.chars().take(TOLD).collect();
        Error::Damaged(format!("'{name}' {what}"))
    };
    for ((kind, name), definition) in made()? {
        let there = found.remove(&(kind.clone(), name.clone()));
        if !is_current && INDEX.contains(&name.as_str()) {
            continue;
        }
        match there {
            None => return Err(wrong(name, "was taken out of the database")),
            Some(there) if there != *definition => {
                return Err(wrong(name, "is not as this program makes it"));
            }
            Some(_) => {}
        }
    }
    match found.keys().next() {
        Some((_, name)) => Err(wrong(name, "was put into the database by another program")),
        None => Ok(()),
    }
}

fn made() -> Result<&'static Schema, Error> {
    if let Some(made) = MADE.get() {
        return Ok(made);
    }
    let schema = read(&Store::open_in_memory()?.conn)?;
    Ok(MADE.get_or_init(|| schema))
}

/// The words of each are compared without their line ends: an added column is put in as the library likes.
fn read(conn: &Connection) -> Result<Schema, Error> {
    let mut statement = conn.prepare(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema
         WHERE NOT (type IN ('table', 'index') AND substr(name, 1, 7) = 'sqlite_')",
    )?;
    let mut rows = statement.query([])?;
    let mut all = Schema::new();
    while let Some(row) = rows.next()? {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        if kind == "table" && INNER.contains(&name.as_str()) {
            continue;
        }
        let sql: String = row.get(3)?;
        let words: Vec<&str> = sql.split_whitespace().collect();
        all.insert((kind, name), (row.get(2)?, words.join(" ")));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open::MIGRATIONS;

    #[test]
    fn a_database_of_every_earlier_form_is_brought_to_the_same_tables_and_guards() {
        let dir = tempfile::tempdir().unwrap();
        for form in 1..=MIGRATIONS.len() {
            let path = dir.path().join(format!("{form}.sqlite3"));
            let conn = Connection::open(&path).unwrap();
            for sql in &MIGRATIONS[..form] {
                conn.execute_batch(sql).unwrap();
            }
            conn.pragma_update(None, "user_version", form as i64)
                .unwrap();
            conn.pragma_update(None, "application_id", crate::store::open::APPLICATION_ID)
                .unwrap();
            drop(conn);
            let store = Store::open(&path).unwrap();
            store.check_schema().unwrap();
            store.check().unwrap();
        }
    }

    #[test]
    fn an_older_index_that_only_waits_to_be_made_anew_is_no_damage() {
        let store = Store::open_in_memory().unwrap();
        store
            .conn
            .execute_batch(
                "DROP TABLE sound; DROP TABLE search;
                 CREATE VIRTUAL TABLE search USING fts5 (text, bare, content = '', tokenize = 'ascii');
                 UPDATE setting SET value = '1' WHERE name = 'index';",
            )
            .unwrap();
        store.check_schema().unwrap();
        let added = "CREATE TABLE search_words (text TEXT)";
        store.conn.execute_batch(added).unwrap();
        let told = store.check_schema().unwrap_err().to_string();
        assert!(told.contains("'search_words'"), "{told}");
    }
}
