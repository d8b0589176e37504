//! The protected database of a locked workspace: SQLCipher (AES-256 in CBC, an HMAC-SHA512 a page) with
//! a raw key derived from the workspace's. Its write-ahead log and journal are protected with it, and
//! temporary tables stay in memory: the library is built so.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::open::{APPLICATION_ID, MAGIC, recognise};
use super::{Error, Store};
use crate::vault::{self, Phrase};

/// Ending of the protected copy while it is made.
const HALF: &str = "sealing";
/// How often pages are read before a fault is believed.
const TRIES: usize = 3;

/// Whether the database at `path` must be a protected one.
///
/// # Errors
/// The workspace is locked, and nobody opened it.
pub(super) fn is_expected(path: &Path) -> Result<bool, Error> {
    Ok(vault::key_for(path)?.is_some())
}

/// Gives the connection the key that its path needs, before anything is read.
pub(super) fn unlock(conn: &Connection, path: &Path) -> Result<(), Error> {
    if let Some(key) = vault::key_for(path)? {
        conn.execute_batch(&with_key("PRAGMA key = ", &key.store_key()))?;
    }
    Ok(())
}

/// Compares the seal of every page of a locked workspace's file with what stands in it, also of pages that
/// hold nothing now. A plain file has no seals.
///
/// # Errors
/// [`Error::Damaged`] with the first page that does not fit.
pub(super) fn check_pages(conn: &Connection) -> Result<(), Error> {
    let path = conn.path().filter(|path| !path.is_empty());
    match path {
        Some(path) if is_expected(Path::new(path))? => {}
        _ => return Ok(()),
    }
    let mut found = None;
    // A page that another program was just writing down is whole the next time.
    for _ in 0..TRIES {
        let mut statement = conn.prepare("PRAGMA cipher_integrity_check")?;
        let first = statement.query_row([], |row| row.get::<_, String>(0));
        found = first.optional()?;
        if found.is_none() {
            break;
        }
    }
    found.map_or(Ok(()), |page| Err(Error::Damaged(page)))
}

/// An order to the database that ends with a key, in memory that is not swapped.
fn with_key(order: &str, key: &Phrase) -> Phrase {
    let mut whole: Phrase = order.chars().collect();
    whole.extend("\"x'".chars().chain(key.chars()).chain("'\"".chars()));
    whole
}

impl Store {
    /// Protects the plain database of a workspace that is unlocked now; does nothing where it is
    /// protected, or where there is none. The copy is compared with it before it takes its place, in
    /// one step, so that a kill at any moment leaves one of the two whole. Then the old bytes are
    /// overwritten. The caller holds the work lock.
    ///
    /// # Errors
    /// A database that cannot be read or written; [`Error::BadCopy`]; [`Error::Busy`] where another
    /// program has it open.
    pub fn protect(path: &Path) -> Result<(), Error> {
        if !is_plain(path)? {
            return Ok(());
        }
        let half = path.with_extension(HALF);
        remove(&half)?;
        let key = vault::key_for(path)?.ok_or_else(|| vault::Error::NoLock(path.to_owned()))?;
        let conn = Connection::open_with_flags(
            path,
            // The copy beside it is made by the same connection, which must be allowed to.
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        let found = recognise(&conn, path)?;
        // Everything into the one file, and nobody else on it.
        conn.pragma_update(None, "locking_mode", "exclusive")?;
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        let mode: String =
            conn.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))?;
        if mode != "delete" {
            return Err(Error::Busy);
        }
        let name = half
            .to_str()
            .ok_or_else(|| Error::NotADatabase(half.clone()))?;
        let name = name.replace('\'', "''");
        let order = format!("ATTACH DATABASE '{name}' AS sealed KEY ");
        conn.execute_batch(&with_key(&order, &key.store_key()))?;
        conn.query_row("SELECT sqlcipher_export('sealed')", [], |_| Ok(()))?;
        conn.execute_batch(&format!(
            "PRAGMA sealed.user_version = {found}; PRAGMA sealed.application_id = {APPLICATION_ID};"
        ))?;
        let same = same_rows(&conn)?;
        conn.execute_batch("DETACH DATABASE sealed")?;
        if !same {
            remove(&half)?;
            return Err(Error::BadCopy);
        }
        drop(conn);
        // Opened and checked as it will be used: search index, derived tables, chains.
        Store::open(&half)?.check()?;
        swap(&half, path)
    }
}

/// Whether every table has the same rows in both databases, byte for byte.
fn same_rows(conn: &Connection) -> Result<bool, Error> {
    let mut names = conn.prepare(
        "SELECT name, EXISTS (SELECT 1 FROM sealed.sqlite_schema AS s WHERE s.name = m.name
             AND s.type = m.type AND s.sql IS m.sql)
         FROM main.sqlite_schema AS m WHERE type = 'table' AND rootpage > 0",
    )?;
    let names = names
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for (name, there) in names {
        let table = name.replace('"', "\"\"");
        let missing = |from: &str, other: &str| {
            let differs = format!(
                "SELECT EXISTS (SELECT * FROM {from}.\"{table}\" EXCEPT SELECT * FROM {other}.\"{table}\")"
            );
            conn.query_row(&differs, [], |row| row.get::<_, bool>(0))
        };
        if !there || missing("main", "sealed")? || missing("sealed", "main")? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts the protected copy in the place of the plain file, and zeros over what that held.
fn swap(half: &Path, path: &Path) -> Result<(), Error> {
    let failed = |cause: io::Error| Error::Open {
        cause: cause.to_string(),
        path: path.to_owned(),
    };
    let sealed = OpenOptions::new().write(true).open(half);
    sealed.and_then(|file| file.sync_all()).map_err(failed)?;
    let old = OpenOptions::new().write(true).open(path).map_err(failed)?;
    fs::rename(half, path).map_err(failed)?;
    vault::overwrite(old).map_err(failed)?;
    for side in ["-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(side);
        remove(&PathBuf::from(name))?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::Open {
            cause: e.to_string(),
            path: path.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn is_plain(path: &Path) -> Result<bool, Error> {
    use io::Read as _;
    let mut head = Vec::with_capacity(MAGIC.len());
    match fs::File::open(path) {
        Ok(file) => file.take(MAGIC.len() as u64).read_to_end(&mut head),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => Err(e),
    }
    .map_err(|e| Error::Open {
        cause: e.to_string(),
        path: path.to_owned(),
    })?;
    Ok(head == MAGIC)
}
