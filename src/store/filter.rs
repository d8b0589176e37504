//! What a question is narrowed to: as tokens of the index, so that a narrow question reads little.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::people::{COUNTS, person_key};
use super::{Error, SearchQuery, codec};
use crate::domain::{FlagKind, Lang, Status};
use crate::text;

/// Begins every token of [`about`]; words have no private characters.
const MARK: char = '\u{E010}';
/// Interviews beyond this many are compared row by row instead of by their tokens.
const MOST_NAMED: usize = 200;

/// The tokens of a line that tell what it is, as the index holds them before its words.
pub(super) fn about(
    interview: i64,
    lang: Lang,
    speaker: &str,
    status: Status,
    flags: &BTreeSet<FlagKind>,
) -> String {
    let mut tokens = vec![
        interview_token(interview),
        token('l', lang.code()),
        speaker_token(speaker),
        token('t', status.as_str()),
    ];
    tokens.extend(flags.iter().map(|f| token('f', f.as_str())));
    tokens.join(" ")
}

/// A hyphen would part the token.
fn token(kind: char, value: &str) -> String {
    format!("{MARK}{kind}{}", value.replace('-', ""))
}

pub(super) fn interview_token(key: i64) -> String {
    token('i', &key.to_string())
}

/// A name may hold anything, so its hash stands for it (FNV-1a).
fn speaker_token(name: &str) -> String {
    let hash = text::fold(name.trim())
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    token('s', &format!("{hash:016x}"))
}

/// The conditions of a query, read and checked.
pub(super) struct Filter {
    /// Ready to stand behind the question: ` AND ...`, or empty.
    pub narrowed: String,
    /// The interviews that count, where they are too many for tokens; a JSON list of keys.
    pub interviews: Option<String>,
    /// No interview is left.
    pub nothing: bool,
    /// The same conditions for reading line by line.
    pub lang: Option<&'static str>,
    pub speaker: Option<String>,
    pub status: Option<&'static str>,
    pub flag: Option<FlagKind>,
    /// JSON list of the interviews that count; `None` for all.
    pub all_interviews: Option<String>,
}

impl Filter {
    pub fn read(conn: &Connection, query: &SearchQuery) -> Result<Self, Error> {
        let interviews = interviews(conn, query)?;
        let mut parts = Vec::new();
        if let Some(lang) = query.lang {
            parts.push(token('l', lang.code()));
        }
        if let Some(name) = &query.speaker {
            parts.push(speaker_token(name));
        }
        if let Some(status) = query.status {
            parts.push(token('t', status.as_str()));
        }
        if let Some(flag) = query.flag {
            parts.push(token('f', flag.as_str()));
        }
        let mut narrowed: String = parts.iter().map(|p| format!(" AND \"{p}\"")).collect();
        let mut many = None;
        match &interviews {
            Some(keys) if keys.is_empty() => {}
            Some(keys) if keys.len() <= MOST_NAMED => {
                let named: Vec<String> = keys
                    .iter()
                    .map(|&k| format!("\"{}\"", interview_token(k)))
                    .collect();
                narrowed += &format!(" AND ({})", named.join(" OR "));
            }
            Some(keys) => many = Some(codec::to_json(keys)?),
            None => {}
        }
        let speaker = query.speaker.as_deref();
        Ok(Self {
            narrowed,
            interviews: many,
            nothing: interviews.as_ref().is_some_and(Vec::is_empty),
            lang: query.lang.map(Lang::code),
            speaker: speaker
                .map(|name| spelled_like(conn, SPEAKERS, name))
                .transpose()?,
            status: query.status.map(Status::as_str),
            flag: query.flag,
            all_interviews: interviews.as_deref().map(codec::to_json).transpose()?,
        })
    }

    /// Whether nothing is left out.
    pub fn is_wide(&self) -> bool {
        self.narrowed.is_empty() && self.interviews.is_none() && !self.nothing
    }
}

/// The interviews that case, dates and person leave; `None` for all.
fn interviews(conn: &Connection, query: &SearchQuery) -> Result<Option<Vec<i64>>, Error> {
    let (since_day, since) = day_or_moment(query.since.as_deref())?;
    let (until_day, until) = day_or_moment(query.until.as_deref())?;
    if query.case.is_none()
        && query.since.is_none()
        && query.until.is_none()
        && query.person.is_none()
    {
        return Ok(None);
    }
    let case = query.case.as_deref();
    let case = case
        .map(|name| spelled_like(conn, CASES, name))
        .transpose()?;
    let person = query
        .person
        .as_ref()
        .map(|id| person_key(conn, id))
        .transpose()?;
    let mut statement = conn.prepare_cached(&format!(
        "SELECT i.key FROM interview i
         WHERE (?1 IS NULL OR i.case_name IN (SELECT value FROM json_each(?1)))
         AND (?2 IS NULL OR substr(i.started, 1, 10) >= ?2)
         AND (?3 IS NULL OR substr(i.started, 1, 10) <= ?3)
         AND (?4 IS NULL OR i.started_ms >= ?4) AND (?5 IS NULL OR i.started_ms <= ?5)
         AND (?6 IS NULL OR i.key IN (
             SELECT f.interview FROM person_fact f
             WHERE f.person = ?6 AND f.interview IS NOT NULL AND {COUNTS}))
         ORDER BY i.key"
    ))?;
    let rows = statement.query_map(
        params![case, since_day, until_day, since, until, person],
        |row| row.get(0),
    )?;
    Ok(Some(rows.collect::<Result<_, _>>()?))
}

/// A date is compared with the date as the interview's place had it, a moment with the moment.
fn day_or_moment(text: Option<&str>) -> Result<(Option<String>, Option<i64>), Error> {
    let Some(text) = text.map(str::trim) else {
        return Ok((None, None));
    };
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok((None, Some(moment.as_millisecond())));
    }
    let day: jiff::civil::Date = text.parse().map_err(|_| Error::BadTime(text.to_owned()))?;
    Ok((Some(day.to_string()), None))
}

/// All names of cases, for [`spelled_like`].
pub(super) const CASES: &str =
    "SELECT DISTINCT case_name FROM interview WHERE case_name IS NOT NULL";
/// All names of speakers, for [`spelled_like`].
pub(super) const SPEAKERS: &str =
    "SELECT speaker FROM channel UNION SELECT speaker FROM speaker_version";

/// The stored names that differ from `name` in nothing but upper and lower case, marks that are
/// composed otherwise, and spaces around it; a JSON list for `json_each`.
pub(super) fn spelled_like(conn: &Connection, names: &str, name: &str) -> Result<String, Error> {
    let wanted = text::fold(name.trim());
    let mut statement = conn.prepare_cached(names)?;
    let mut rows = statement.query([])?;
    let mut alike: Vec<String> = Vec::new();
    while let Some(row) = rows.next()? {
        let stored: String = row.get(0)?;
        if text::fold(stored.trim()) == wanted {
            alike.push(stored);
        }
    }
    codec::to_json(&alike)
}
