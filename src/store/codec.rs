//! How lists and times are written in the database's columns, and read back with every doubt checked.

use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;
use crate::domain::{Lang, Status};

/// Codes parted by spaces; a language that comes twice is kept once.
pub(super) fn langs_to_text(langs: &[Lang]) -> String {
    let mut codes: Vec<&str> = Vec::with_capacity(langs.len());
    for lang in langs {
        if !codes.contains(&lang.code()) {
            codes.push(lang.code());
        }
    }
    codes.join(" ")
}

/// The counterpart of [`langs_to_text`].
pub(super) fn langs_from_text(text: &str) -> Result<Vec<Lang>, Error> {
    text.split_whitespace().map(lang).collect()
}

/// One stored language code.
pub(super) fn lang(code: &str) -> Result<Lang, Error> {
    code.parse()
        .map_err(|_| Error::damaged("an unknown language code is stored"))
}

/// One stored status.
pub(super) fn status(text: &str) -> Result<Status, Error> {
    Status::parse(text).ok_or_else(|| Error::damaged("an unknown status is stored"))
}

/// A list as JSON text.
pub(super) fn to_json<T: Serialize>(list: &[T]) -> Result<String, Error> {
    serde_json::to_string(list)
        .map_err(|e| Error::Damaged(format!("a list cannot be written: {e}")))
}

/// A list from JSON text. The message names no content.
pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Error> {
    serde_json::from_str(text).map_err(|_| Error::damaged("a stored list cannot be read"))
}

/// Milliseconds since 1970 of an RFC 3339 time.
pub(super) fn millis(time: &str) -> Result<i64, Error> {
    time.parse::<jiff::Timestamp>()
        .map(|t| t.as_millisecond())
        .map_err(|_| Error::BadTime(time.to_owned()))
}

/// Now, as the columns `at` and `stored_at` hold it.
pub(super) fn now() -> String {
    jiff::Timestamp::now().to_string()
}

/// Whether the first of two times is the later one; one that cannot be read never is.
pub(super) fn is_later(a: &str, b: &str) -> bool {
    let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
    moment(a) > moment(b)
}

/// A length or position as SQLite's signed integer.
pub(super) fn to_integer(value: u64) -> Result<i64, Error> {
    i64::try_from(value).map_err(|_| Error::TooLarge)
}

/// A length, position or count from a column.
pub(super) fn from_integer(row: &Row<'_>, column: usize) -> Result<u64, Error> {
    u64::try_from(row.get::<_, i64>(column)?)
        .map_err(|_| Error::damaged("a length or position below zero is stored"))
}

/// Files by name with their SHA-256, as an event holds them.
pub(super) fn hashes(files: &[(String, String)]) -> serde_json::Value {
    let each = files.iter();
    let each = each.map(|(name, sha256)| (name.clone(), serde_json::json!(sha256)));
    serde_json::Value::Object(each.collect())
}
