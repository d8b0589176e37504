//! Records in the form in which they are hashed: every column of a row as one line of canonical JSON.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row as SqlRow};
use serde_json::{Map, Value, json};

use super::Error;
use crate::evidence::Row;

/// A table whose rows are evidence. The first column of `columns` is the record's short name; the
/// line holds the others under their own names. A record's name and columns never change: they are
/// what hashes made years ago were made of.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static str,
    pub(super) from: &'static str,
    pub(super) of_interview: &'static str,
}

pub(super) const INTERVIEW: Table = Table {
    name: "interview",
    // Not the length: it grows while a session runs, and its end is an event of its own.
    columns: "'interview', r.id, r.case_name, r.languages, r.started, r.started_ms, r.source, r.stored_at",
    from: "interview r",
    of_interview: "r.key = ?1",
};
pub(super) const CHANNEL: Table = Table {
    name: "channel",
    columns: "'channel ' || r.position, r.position, r.speaker, r.languages, r.working",
    from: "channel r",
    of_interview: "r.interview = ?1",
};
pub(super) const AUDIO: Table = Table {
    name: "audio",
    columns: "'audio ' || r.position, r.position, r.path, r.sha256, r.sample_rate, r.channels, r.bytes, r.original_name",
    from: "audio r",
    of_interview: "r.interview = ?1",
};
pub(super) const LINE: Table = Table {
    name: "line",
    columns: "'line ' || r.id, r.id, r.channel, r.speaker, r.start_sample, r.end_sample, r.lang, r.flags",
    from: "segment r",
    of_interview: "r.interview = ?1",
};
pub(super) const TEXT: Table = Table {
    name: "text",
    columns: "'text ' || s.id || '.' || r.version, s.id AS line, r.version, r.lang, r.text, r.status, r.author, r.reason, r.confidence, r.words, r.flags, r.at",
    from: "text_version r JOIN segment s ON s.key = r.segment",
    of_interview: "s.interview = ?1",
};
pub(super) const TRANSLATION: Table = Table {
    name: "translation",
    columns: "'translation ' || s.id || '.' || r.lang || '.' || r.version, s.id AS line, r.lang, r.version, r.of_version, r.text, r.status, r.author, r.reason, r.log_prob, r.terms, r.flags, r.at",
    from: "translation r JOIN segment s ON s.key = r.segment",
    of_interview: "s.interview = ?1",
};
pub(super) const FAILURE: Table = Table {
    name: "failure",
    columns: "'failure ' || r.key, s.id AS line, r.reason, r.at",
    from: "failure r JOIN segment s ON s.key = r.segment",
    of_interview: "s.interview = ?1",
};
pub(super) const UNTRANSLATED: Table = Table {
    name: "untranslated",
    columns: "'untranslated ' || r.key, s.id AS line, r.lang, r.of_version, r.reason, r.at",
    from: "translation_failure r JOIN segment s ON s.key = r.segment",
    of_interview: "s.interview = ?1",
};
pub(super) const SESSION: Table = Table {
    name: "session",
    columns: "'session', r.device, r.practice, r.max_utterance_ms, r.started_at",
    from: "session r",
    of_interview: "r.interview = ?1",
};
pub(super) const SESSION_END: Table = Table {
    name: "session-end",
    columns: "'session-end', r.how, r.at",
    from: "session_end r",
    of_interview: "r.interview = ?1",
};
pub(super) const ENTRY: Table = Table {
    name: "entry",
    columns: "'entry ' || r.key, r.key, r.kind, r.label, r.channel, r.start_sample, r.end_sample, r.closes, r.journal, r.at",
    from: "event r",
    of_interview: "r.interview = ?1",
};

pub(super) const RECUT: Table = Table {
    name: "recut",
    columns: "'recut ' || r.number, r.number, r.kind, r.undoes, r.author, r.reason, r.at",
    from: "recut r",
    of_interview: "r.interview = ?1",
};
pub(super) const RECUT_LINE: Table = Table {
    name: "recut-line",
    columns: "'recut ' || c.number || '.' || s.id, c.number AS recut, s.id AS line, r.start_sample, r.end_sample",
    from: super::recuts::PLACES,
    of_interview: "c.interview = ?1",
};

pub(super) const SPEAKER: Table = Table {
    name: "speaker",
    columns: "'speaker ' || s.id || '.' || r.version, s.id AS line, r.version, r.speaker, r.author, r.reason, r.at",
    from: "speaker_version r JOIN segment s ON s.key = r.segment",
    of_interview: "s.interview = ?1",
};

pub(super) const SPEECH_MODEL: Table = Table {
    name: "speech-model",
    columns: "'speech-model ' || r.channel || '.' || r.lang, r.channel, r.lang, r.model",
    from: "speech_model r",
    of_interview: "r.interview = ?1",
};

/// All of them, in the order in which a bundle lists them.
const TABLES: [Table; 15] = [
    INTERVIEW,
    CHANNEL,
    AUDIO,
    LINE,
    TEXT,
    TRANSLATION,
    FAILURE,
    UNTRANSLATED,
    SESSION,
    SESSION_END,
    ENTRY,
    RECUT,
    RECUT_LINE,
    SPEAKER,
    SPEECH_MODEL,
];

/// Every record of an interview.
pub(super) fn all(conn: &Connection, interview: i64) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.extend(select(conn, &table, table.of_interview, [interview])?);
    }
    Ok(rows)
}

/// The records of one table that fit a condition on `r`.
pub(super) fn select(
    conn: &Connection,
    table: &Table,
    condition: &str,
    params: impl Params,
) -> Result<Vec<Row>, Error> {
    let (columns, from) = (table.columns, table.from);
    let sql = format!("SELECT {columns} FROM {from} WHERE {condition} ORDER BY r.rowid");
    // Tables without a rowid come in the order of their keys.
    let sql = match table.name {
        "channel" | "audio" => sql.replace("r.rowid", "r.position"),
        "text" => sql.replace("r.rowid", "r.segment, r.version"),
        "translation" => sql.replace("r.rowid", "r.segment, r.lang, r.version"),
        _ => sql,
    };
    let mut statement = conn.prepare_cached(&sql)?;
    let names = statement.column_names();
    let names: Vec<String> = names.map(str::to_owned).collect();
    let mut found = statement.query(params)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(proof_of(&names, row)?);
    }
    Ok(rows)
}

fn proof_of(names: &[String], row: &SqlRow<'_>) -> Result<Row, Error> {
    let mut columns = Map::new();
    for (at, name) in names.iter().enumerate().skip(1) {
        let value = match row.get_ref(at)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(n) => json!(n),
            // Canonical JSON has no fractions: the shortest digits that give the same number back.
            ValueRef::Real(x) => json!(format!("{x:?}")),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => json!(text),
                Err(_) => return Err(Error::damaged("a stored text is not valid")),
            },
            ValueRef::Blob(_) => return Err(Error::damaged("a record holds bytes")),
        };
        columns.insert(name.clone(), value);
    }
    Row::new(row.get(0)?, columns).ok_or_else(|| Error::damaged("a stored number is too large"))
}
