//! Opening a database: refusing what is not ours untouched, bringing an older form up to date.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::rebuild::{self, Tell};
use super::{Error, Store, chain, derived, people_match, schema, sealed};
use crate::domain::Cancel;

/// The migrations in order; the database's `user_version` counts how many it has had.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_records.sql"),
    include_str!("migrations/0002_derived.sql"),
    include_str!("migrations/0003_translation_failures.sql"),
    include_str!("migrations/0004_sessions.sql"),
    include_str!("migrations/0005_people.sql"),
    include_str!("migrations/0006_chain.sql"),
    include_str!("migrations/0007_recut.sql"),
    include_str!("migrations/0008_speaker.sql"),
    include_str!("migrations/0009_speech_model.sql"),
];
/// The newest form of the database.
pub(super) const SCHEMA: i64 = MIGRATIONS.len() as i64;
/// 'MKNG': tells our databases from those of other programs.
pub(super) const APPLICATION_ID: i64 = 0x4d4b_4e47;
/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that the write-ahead log may keep on the disk once its changes are merged: a rebuild of the
/// index makes it several times as large.
const LOG_KEPT: i64 = 32 << 20;
/// The first bytes of every SQLite file.
pub(super) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

impl Store {
    /// Opens the database at `path`, makes it where there is none, and brings an older form up to
    /// date. A file of another kind, of another program or of a newer form is refused by name and
    /// left untouched.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_within(path, BUSY_TIMEOUT)
    }

    /// [`Store::open`], which waits only so long for other writers, now and later.
    ///
    /// # Errors
    /// Those of [`Store::open`], [`Error::Busy`] where they took longer.
    pub fn open_within(path: &Path, patience: Duration) -> Result<Self, Error> {
        Self::open_by(path, patience, &mut |_, _| {}, &Cancel::new())
    }

    /// From now on waits as long for other writers as a store does that nobody told otherwise.
    ///
    /// # Errors
    /// A database that cannot be used any more.
    pub fn wait_as_usual(&self) -> Result<(), Error> {
        Ok(self.conn.busy_timeout(BUSY_TIMEOUT)?)
    }

    /// Keeps all other writers out, as another program would.
    #[cfg(test)]
    pub(crate) fn keep_others_out(&self, out: bool) {
        let what = if out { "BEGIN IMMEDIATE" } else { "COMMIT" };
        self.conn.execute_batch(what).unwrap();
    }

    /// [`Store::open`], which `tell`s of the lines indexed and of how many where the search index
    /// must be made anew. After a cancel the database is as it was.
    ///
    /// # Errors
    /// Those of [`Store::open`], [`Error::Cancelled`].
    pub fn open_watched(
        path: &Path,
        tell: &mut dyn FnMut(u64, u64),
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        Self::open_by(path, BUSY_TIMEOUT, tell, cancel)
    }

    fn open_by(
        path: &Path,
        patience: Duration,
        tell: Tell<'_>,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        refuse_other_files(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(|e| open_error(e, path))?;
        sealed::unlock(&conn, path)?;
        conn.busy_timeout(patience)?;
        // Where the file cannot be written, SQLite quietly opens it for reading only.
        if conn.is_readonly("main")? {
            return Err(Error::ReadOnly);
        }
        let found = recognise(&conn, path)?;
        let mode: String = conn
            .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
            .map_err(|e| open_error(e, path))?;
        if mode != "wal" {
            let cause = format!("its journal mode stays '{mode}'");
            return Err(Error::Open {
                cause,
                path: path.to_owned(),
            });
        }
        Self::prepare(conn, found < SCHEMA, tell, cancel)
    }

    /// Opens an existing database for reading only, also on a disk that cannot be written.
    pub fn open_read_only(path: &Path) -> Result<Self, Error> {
        refuse_other_files(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(|e| open_error(e, path))?;
        sealed::unlock(&conn, path)?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        let (conn, found) = match recognise(&conn, path) {
            Ok(found) => (conn, found),
            // The write-ahead log needs a shared-memory file beside the database, which a read-only
            // disk refuses. Nobody can change the file there, so it is read as it stands.
            Err(error) if is_cannot_open(&error) => {
                drop(conn);
                let conn = open_immutable(path)?;
                let found = recognise(&conn, path)?;
                (conn, found)
            }
            Err(error) => return Err(error),
        };
        if found < SCHEMA {
            return Err(Error::OlderSchema {
                found,
                known: SCHEMA,
                path: path.to_owned(),
            });
        }
        configure(&conn)?;
        Ok(Self {
            conn,
            provenance: Default::default(),
        })
    }

    /// A database that lives as long as this value, for tests and trials.
    pub fn open_in_memory() -> Result<Self, Error> {
        Self::prepare(
            Connection::open_in_memory()?,
            true,
            &mut |_, _| {},
            &Cancel::new(),
        )
    }

    fn prepare(
        mut conn: Connection,
        migrate_first: bool,
        tell: Tell<'_>,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        configure(&conn)?;
        if migrate_first {
            migrate(&mut conn, tell, cancel)?;
        }
        if !rebuild::index_is_current(&conn)? {
            rebuild::rebuild(&conn, tell, cancel)?;
        }
        people_match::refresh(&conn)?;
        Ok(Self {
            conn,
            provenance: Default::default(),
        })
    }

    /// Reads the whole file for damage, every index too and of a locked workspace the seal of every page,
    /// and compares tables and guards with those that this program makes, and what is worked out from the
    /// records with them. Ends at the first fault.
    pub fn check(&self) -> Result<(), Error> {
        sealed::check_pages(&self.conn)?;
        let found: String = self
            .conn
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if found.contains("search") && !found.contains("segment") {
            return Err(Error::IndexDamaged);
        }
        if found != "ok" {
            return Err(Error::Damaged(found));
        }
        schema::check(&self.conn)?;
        derived::check(&self.conn)
    }
}

/// Refuses a file that holds something other than a database, before SQLite touches it.
fn refuse_other_files(path: &Path) -> Result<(), Error> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => {
            return Err(Error::Open {
                cause: e.to_string(),
                path: path.to_owned(),
            });
        }
    };
    let mut head = Vec::with_capacity(MAGIC.len());
    file.by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(|e| Error::Open {
            cause: e.to_string(),
            path: path.to_owned(),
        })?;
    match sealed::is_expected(path)? {
        _ if head.is_empty() => Ok(()),
        // In a locked workspace a readable database was put there by somebody else.
        true if head == MAGIC => Err(Error::PlainStore(path.to_owned())),
        false if head != MAGIC => Err(Error::NotADatabase(path.to_owned())),
        _ => Ok(()),
    }
}

/// The form of the database, 0 for an empty one. Only reads.
pub(super) fn recognise(conn: &Connection, path: &Path) -> Result<i64, Error> {
    let number = |name: &str| -> Result<i64, Error> {
        conn.pragma_query_value(None, name, |row| row.get(0))
            .map_err(|e| open_error(e, path))
    };
    let found = number("user_version")?;
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|e| open_error(e, path))?;
    if tables == 0 && found == 0 {
        return Ok(0);
    }
    if number("application_id")? != APPLICATION_ID {
        return Err(Error::OtherProgram(path.to_owned()));
    }
    if found > SCHEMA {
        return Err(Error::NewerSchema {
            found,
            known: SCHEMA,
            path: path.to_owned(),
        });
    }
    Ok(found)
}

/// An error of the first look at a file, with the file's name where it matters.
fn open_error(error: rusqlite::Error, path: &Path) -> Error {
    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        if sealed::is_expected(path).unwrap_or(false) {
            return Error::OtherKey(path.to_owned());
        }
        return Error::NotADatabase(path.to_owned());
    }
    match Error::from(error) {
        Error::Sql(cause) => Error::Open {
            cause: cause.to_string(),
            path: path.to_owned(),
        },
        known => known,
    }
}

fn is_cannot_open(error: &Error) -> bool {
    matches!(error, Error::Open { .. } | Error::ReadOnly)
}

/// Opens a database that nobody can change, without locks or side files.
pub(super) fn open_immutable(path: &Path) -> Result<Connection, Error> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    if std::fs::metadata(PathBuf::from(wal)).is_ok_and(|m| m.len() > 0) {
        return Err(Error::UnmergedChanges(path.to_owned()));
    }
    let full = std::path::absolute(path).map_err(|e| Error::Open {
        cause: e.to_string(),
        path: path.to_owned(),
    })?;
    let mut uri = String::from("file:");
    // An absolute Windows path starts with a drive letter and needs the extra slash.
    if !full.as_os_str().as_encoded_bytes().starts_with(b"/") {
        uri.push('/');
    }
    for byte in full.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b':' | b'-' | b'_' | b'.' => uri.push(char::from(*byte)),
            b if b.is_ascii_alphanumeric() => uri.push(char::from(*b)),
            b => write!(uri, "%{b:02X}").map_err(|_| Error::damaged("a path cannot be written"))?,
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(uri, flags).map_err(|e| open_error(e, path))?;
    sealed::unlock(&conn, path)?;
    Ok(conn)
}

fn configure(conn: &Connection) -> Result<(), Error> {
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "journal_size_limit", LOG_KEPT)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    // Refuses writes to the search index's inner tables and to the schema table itself.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Applies the missing migrations and works out the derived tables where an older form lacks them,
/// all in one transaction: a database is wholly in one form or wholly in the other, whenever the
/// power fails.
fn migrate(conn: &mut Connection, tell: Tell<'_>, cancel: &Cancel) -> Result<(), Error> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again: another process may have migrated while this one waited for the lock.
    let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(found).map_err(|_| Error::damaged("its form has a wrong number"))?;
    if found < SCHEMA {
        for sql in MIGRATIONS.iter().skip(done) {
            tx.execute_batch(sql)?;
        }
        chain::begin_missing(&tx)?;
        if !rebuild::index_is_current(&tx)? {
            rebuild::rebuild_within(&tx, tell, cancel)?;
        }
        tx.pragma_update(None, "user_version", SCHEMA)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    tx.commit()?;
    Ok(())
}
