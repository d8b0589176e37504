//! Search over all interviews: the index first, then without diacritics, then a bounded reading of
//! the lines themselves.

use std::ops::Range;

use rusqlite::{Connection, Row, ToSql};

use super::interviews::{CASES, SPEAKERS, spelled_like};
use super::lines::current_translations;
use super::terms::{self, Phrase};
use super::{Error, Hit, Matched, SearchPage, SearchQuery, Store, codec, rebuild};
use crate::domain::{Cancel, InterviewId, Lang, SamplePos, SegmentId};
use crate::text;

/// Words of a query beyond this many are not looked at.
const MOST_PHRASES: usize = 32;
/// Characters of a query beyond this many are not looked at.
const MOST_CHARACTERS: usize = 1_000;
/// The most hits in one answer, so that an answer stays small whatever is asked.
const MOST_HITS: usize = 10_000;
/// The slow search of last resort reads no more than this many lines, the latest interviews first.
const MOST_LINES_READ: i64 = 20_000;

const COLUMNS: &str = "i.id, i.case_name, s.key, s.id, s.start_sample, v.lang, s.speaker, v.text";
const LINES: &str =
    "segment s ON s.key = search.rowid CROSS JOIN interview i ON i.key = s.interview
     CROSS JOIN line l ON l.segment = s.key
     CROSS JOIN text_version v ON v.segment = s.key AND v.version = l.version";
const FILTER: &str = "(?2 IS NULL OR v.lang = ?2) AND (?3 IS NULL OR i.case_name IN (SELECT value FROM json_each(?3)))
     AND (?4 IS NULL OR s.speaker IN (SELECT value FROM json_each(?4)))
     AND (?5 IS NULL OR substr(i.started, 1, 10) >= ?5)
     AND (?6 IS NULL OR substr(i.started, 1, 10) <= ?6)
     AND (?7 IS NULL OR i.started_ms >= ?7) AND (?8 IS NULL OR i.started_ms <= ?8)";

impl Store {
    /// Finds lines by what was said or by a translation. Whatever a person types is a query; one
    /// without any letter or digit finds nothing.
    pub fn search(&self, q: &SearchQuery) -> Result<SearchPage, Error> {
        let filter = Filter::read(&self.conn, q)?;
        let typed: String = q.text.chars().take(MOST_CHARACTERS).collect();
        let found = self.search_as_typed(&filter, &typed)?;
        // Stored lines are in Unicode, whatever they were typed in. The guess at the encoding of a
        // few letters may be wrong, so the letters themselves are asked for first.
        if found.total == 0 && text::is_zawgyi(&typed) {
            return self.search_as_typed(&filter, &text::from_zawgyi(&typed));
        }
        Ok(found)
    }

    fn search_as_typed(&self, filter: &Filter, typed: &str) -> Result<SearchPage, Error> {
        let phrases = terms::phrases(typed, MOST_PHRASES);
        let nothing = SearchPage {
            complete: true,
            ..SearchPage::default()
        };
        if phrases.is_empty() {
            return Ok(nothing);
        }
        if self.index_usable()? {
            let page = self.with_repair(filter, &phrases)?;
            if let Some(page) = page.filter(|p| p.total > 0) {
                return Ok(page);
            }
            let bare = terms::without_diacritics(&phrases);
            if bare != phrases
                && let Some(page) = self.with_repair(filter, &bare)?.filter(|p| p.total > 0)
            {
                return Ok(page);
            }
        }
        scan(&self.conn, filter, typed)
    }

    /// Whether there is an index of this version. A database that was opened for reading only may
    /// have an older one.
    fn index_usable(&self) -> Result<bool, Error> {
        rebuild::index_is_current(&self.conn)
    }

    /// Asks the index; one that turns out to be damaged is rebuilt first. `None` where that is not
    /// possible because the database can only be read.
    fn with_repair(
        &self,
        filter: &Filter,
        phrases: &[Phrase],
    ) -> Result<Option<SearchPage>, Error> {
        match indexed(&self.conn, filter, phrases) {
            Ok(page) => Ok(Some(page)),
            Err(error) if is_index_damage(&error) => {
                if self.conn.is_readonly("main")? {
                    return Ok(None);
                }
                rebuild::rebuild(&self.conn, &mut |_, _| {}, &Cancel::new())?;
                indexed(&self.conn, filter, phrases).map(Some)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether a failed question to the index means that the index must be made anew.
fn is_index_damage(error: &Error) -> bool {
    match error {
        Error::Damaged(_) => true,
        Error::Sql(cause) => {
            let text = cause.to_string();
            text.contains("no such table: search")
                || text.contains("vtable constructor failed")
                || text.contains("fts5")
        }
        _ => false,
    }
}

/// The conditions of a query, read and checked.
struct Filter {
    lang: Option<&'static str>,
    /// JSON lists of the names as they are stored.
    case: Option<String>,
    speaker: Option<String>,
    since_day: Option<String>,
    until_day: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
    limit: usize,
}

impl Filter {
    fn read(conn: &Connection, query: &SearchQuery) -> Result<Self, Error> {
        let alike = |names, wanted: &Option<String>| {
            let list = wanted
                .as_deref()
                .map(|name| spelled_like(conn, names, name));
            list.transpose()
        };
        let (since_day, since) = day_or_moment(query.since.as_deref())?;
        let (until_day, until) = day_or_moment(query.until.as_deref())?;
        Ok(Self {
            lang: query.lang.map(Lang::code),
            case: alike(CASES, &query.case)?,
            speaker: alike(SPEAKERS, &query.speaker)?,
            since_day,
            until_day,
            since,
            until,
            limit: query.limit.min(MOST_HITS),
        })
    }

    /// The parameters ?1 to ?8 of [`FILTER`]; ?1 is the index's question.
    fn params<'a>(&'a self, question: &'a dyn ToSql) -> [&'a dyn ToSql; 8] {
        [
            question,
            &self.lang,
            &self.case,
            &self.speaker,
            &self.since_day,
            &self.until_day,
            &self.since,
            &self.until,
        ]
    }
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

/// Asks the full-text index.
fn indexed(conn: &Connection, filter: &Filter, phrases: &[Phrase]) -> Result<SearchPage, Error> {
    let question = terms::match_expression(phrases);
    let params = filter.params(&question);
    let from = format!("FROM search CROSS JOIN {LINES}");
    let total: i64 = conn
        .prepare_cached(&format!(
            "SELECT count(*) {from} WHERE search MATCH ?1 AND {FILTER}"
        ))?
        .query_row(params, |row| row.get(0))?;
    let mut page = SearchPage {
        total: u64::try_from(total).unwrap_or(0),
        hits: Vec::new(),
        complete: true,
    };
    if total == 0 || filter.limit == 0 {
        return Ok(page);
    }
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS}, search.rank {from} WHERE search MATCH ?1 AND {FILTER}
         ORDER BY search.rank, i.started_ms DESC, s.id LIMIT {}",
        filter.limit
    ))?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        // FTS5 gives better matches a lower number.
        let score = -row.get::<_, f64>(8)?;
        page.hits.push(read_hit(conn, row, score, |text| {
            terms::marks(text, phrases)
        })?);
    }
    Ok(page)
}

/// Reads lines one by one for the letters of the query, whatever stands between them: finds the
/// middle of a number or of a word, which the index cannot.
fn scan(conn: &Connection, filter: &Filter, typed: &str) -> Result<SearchPage, Error> {
    let needle = squash(&text::fold(typed));
    let mut page = SearchPage {
        complete: true,
        ..SearchPage::default()
    };
    if needle.is_empty() {
        return Ok(page);
    }
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM interview i CROSS JOIN segment s ON s.interview = i.key
         CROSS JOIN line l ON l.segment = s.key
         CROSS JOIN text_version v ON v.segment = s.key AND v.version = l.version
         WHERE {FILTER} AND ?1 IS NOT NULL
         ORDER BY i.started_ms DESC, i.key DESC, s.id LIMIT {MOST_LINES_READ}"
    ))?;
    let mut rows = statement.query(filter.params(&""))?;
    let mut read = 0i64;
    while let Some(row) = rows.next()? {
        read = read.saturating_add(1);
        let found = contains(&row.get::<_, String>(7)?, &needle)
            || current_translations(conn, row.get(2)?)?
                .iter()
                .any(|t| contains(&t.translation.text, &needle));
        if !found {
            continue;
        }
        page.total = page.total.saturating_add(1);
        if page.hits.len() < filter.limit {
            page.hits.push(read_hit(conn, row, 0.0, |text| {
                squashed_marks(text, &needle)
            })?);
        }
    }
    page.complete = read < MOST_LINES_READ;
    Ok(page)
}

/// A hit from a row of [`COLUMNS`].
fn read_hit(
    conn: &Connection,
    row: &Row<'_>,
    score: f64,
    find: impl Fn(&str) -> Vec<(usize, usize)>,
) -> Result<Hit, Error> {
    let text: String = row.get(7)?;
    let marks = find(&text);
    let translations = current_translations(conn, row.get(2)?)?;
    let mut translation = translations.first().map(|t| t.translation.text.clone());
    let mut translation_marks = Vec::new();
    for t in translations {
        let found = find(&t.translation.text);
        if !found.is_empty() {
            translation = Some(t.translation.text);
            translation_marks = found;
            break;
        }
    }
    let in_translation_only = marks.is_empty() && !translation_marks.is_empty();
    Ok(Hit {
        interview: InterviewId(row.get(0)?),
        case: row.get(1)?,
        segment: SegmentId(row.get(3)?),
        start_ms: SamplePos(codec::from_integer(row, 4)?).as_ms(),
        lang: codec::lang(&row.get::<_, String>(5)?)?,
        speaker: row.get(6)?,
        text,
        translation,
        marks,
        translation_marks,
        matched: if in_translation_only {
            Matched::Translation
        } else {
            Matched::Text
        },
        score,
    })
}

/// Letters, digits and marks without what stands between them.
fn squash(text: &str) -> String {
    text.chars()
        .filter(|&c| {
            !c.is_whitespace()
                && !c.is_ascii_punctuation()
                && !matches!(c, '\u{2000}'..='\u{206F}' | '\u{3000}'..='\u{303F}' | '\u{FF00}'..='\u{FF0F}')
        })
        .collect()
}

/// Whether a text holds `needle`; where the needle is typed without diacritics, they do not count.
fn contains(text: &str, needle: &str) -> bool {
    squash(&text::fold(text)).contains(needle)
        || (needle.bytes().any(|b| b.is_ascii_alphabetic())
            && squash(&text::bare(text)).contains(needle))
}

/// Where `needle` stands in a text, in whole grapheme clusters.
fn squashed_marks(text: &str, needle: &str) -> Vec<(usize, usize)> {
    for form in [text::fold, text::bare] {
        let mut squashed = String::new();
        // For every byte of `squashed`, the cluster of `text` that it came from.
        let mut origin: Vec<Range<usize>> = Vec::new();
        let mut at = 0usize;
        for cluster in text::graphemes(text) {
            let range = at..at.saturating_add(cluster.len());
            at = range.end;
            let folded = squash(&form(cluster));
            origin.extend(std::iter::repeat_n(range, folded.len()));
            squashed.push_str(&folded);
        }
        let ranges: Vec<Range<usize>> = squashed
            .match_indices(needle)
            .filter_map(|(start, found)| {
                let first = origin.get(start)?;
                let last = origin.get(start.saturating_add(found.len()).checked_sub(1)?)?;
                Some(first.start..last.end)
            })
            .collect();
        if !ranges.is_empty() {
            return terms::to_characters(text, ranges);
        }
    }
    Vec::new()
}
