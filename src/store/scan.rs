//! The search of last resort: reads lines one by one for letters that stand inside longer words.

use std::ops::Range;

use rusqlite::{Connection, params};

use super::filter::Filter;
use super::lines::current_translations;
use super::search::{COLUMNS, read_hit};
use super::{Error, SearchPage, Why, terms};
use crate::text;

/// It reads no more than this many lines, the latest interviews first.
const MOST_LINES_READ: i64 = 20_000;

/// Reads lines one by one for the letters of the query, whatever stands between them: finds the
/// middle of a number or of a word, which the index cannot.
pub(super) fn scan(
    conn: &Connection,
    filter: &Filter,
    typed: &str,
    limit: usize,
) -> Result<SearchPage, Error> {
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
         WHERE l.gone = 0 AND (?1 IS NULL OR v.lang = ?1)
         AND (?2 IS NULL OR l.speaker IN (SELECT value FROM json_each(?2)))
         AND (?3 IS NULL OR v.status = ?3)
         AND (?4 IS NULL OR i.key IN (SELECT value FROM json_each(?4)))
         ORDER BY i.started_ms DESC, i.key DESC, s.id LIMIT {MOST_LINES_READ}"
    ))?;
    let mut quick = text::QuickLook::new(&needle);
    let mut may_contain = |text: &str| quick.as_mut().is_none_or(|look| look.may_contain(text));
    let mut rows = statement.query(params![
        filter.lang,
        filter.speaker,
        filter.status,
        filter.all_interviews
    ])?;
    let mut read = 0i64;
    while let Some(row) = rows.next()? {
        read = read.saturating_add(1);
        let mut holds = |text: &str| may_contain(text) && contains(text, &needle);
        let found = holds(&row.get::<_, String>(7)?)
            || current_translations(conn, row.get(2)?)?
                .iter()
                .any(|t| holds(&t.translation.text));
        if !found {
            continue;
        }
        page.total = page.total.saturating_add(1);
        if page.hits.len() < limit {
            page.hits
                .push(read_hit(conn, row, 0.0, &Why::Inside, &|text| {
                    squashed_marks(text, &needle)
                })?);
        }
    }
    page.complete = read < MOST_LINES_READ;
    Ok(page)
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
