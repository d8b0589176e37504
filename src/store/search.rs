//! Search over all interviews: the index first, then without diacritics, then a bounded reading of
//! the lines themselves, then near spellings.
//!
//! A word of everyday speech stands in a hundred thousand lines of a large store, and to rank them all
//! would take a second. So lines are taken from the index newest first, counted up to
//! [`MOST_COUNTED`], and the newest [`MOST_RANKED`] are ranked by bm25; `total` and `more` say so. A
//! phrase that stands in more lines than are ranked tells nothing about a line and is left out of
//! the rank; where no other is left, lines that say it come before lines that only translate it.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::filter::{Filter, interview_token};
use super::lines::current_translations;
use super::query::{self, Node};
use super::scan::scan;
use super::terms::{self, Phrase};
use super::{
    Error, Hit, Matched, Neighbour, SearchPage, SearchQuery, Store, Why, codec, near, rebuild,
};
use crate::domain::{Cancel, InterviewId, SamplePos, SegmentId};
use crate::text;

/// The most hits in one answer, so that an answer stays small whatever is asked.
pub(super) const MOST_HITS: usize = 10_000;
/// Hits are counted up to here.
const MOST_COUNTED: usize = 10_000;
/// Hits that are ranked, the newest; more where more are asked for.
const MOST_RANKED: usize = 2_000;
/// Near spellings that are shown.
const MOST_LIKE: usize = 200;

pub(super) const COLUMNS: &str =
    "i.id, i.case_name, s.key, s.id, l.start_sample, v.lang, s.speaker, v.text, s.interview";

impl Store {
    /// Finds lines by what was said or by a translation. Whatever a person types is a query; one
    /// without any letter or digit finds nothing.
    ///
    /// # Errors
    /// A date that is none, an unknown person, an unreadable store.
    pub fn search(&self, q: &SearchQuery) -> Result<SearchPage, Error> {
        let filter = Filter::read(&self.conn, q)?;
        let typed = query::cut(&q.text);
        let mut found = self.search_as_typed(&filter, &typed, q)?;
        // Stored lines are in Unicode, whatever they were typed in. The guess at the encoding of a
        // few letters may be wrong, so the letters themselves are asked for first.
        if found.total == 0 && text::is_zawgyi(&typed) {
            found = self.search_as_typed(&filter, &text::from_zawgyi(&typed), q)?;
        }
        if q.context {
            self.add_neighbours(&mut found)?;
        }
        Ok(found)
    }

    /// Puts the lines around each hit beside it.
    pub(super) fn add_neighbours(&self, page: &mut SearchPage) -> Result<(), Error> {
        for hit in &mut page.hits {
            hit.around = neighbours(&self.conn, hit)?;
        }
        Ok(())
    }

    fn search_as_typed(
        &self,
        filter: &Filter,
        typed: &str,
        q: &SearchQuery,
    ) -> Result<SearchPage, Error> {
        let nothing = SearchPage {
            complete: true,
            ..SearchPage::default()
        };
        let Some(node) = query::read(typed).filter(|_| !filter.nothing) else {
            return Ok(nothing);
        };
        let limit = q.limit.min(MOST_HITS);
        let usable = rebuild::index_is_current(&self.conn)?;
        let mut found = nothing;
        if usable {
            let ask = |node: &Node, why: Why| {
                self.with_repair(|conn| indexed(conn, filter, node, limit, &why))
            };
            found = ask(&node, Why::AsAsked)?.unwrap_or(found);
            let bare = node.bare();
            if found.total == 0 && bare != node {
                found = ask(&bare, Why::Bare)?.unwrap_or(found);
            }
        }
        // The index finds clusters wherever they stand; only words and numbers have an inside.
        let mut tokens = node.wanted().into_iter().flat_map(|p| &p.tokens);
        let has_inside = tokens.all(|(_, cluster)| !cluster) && is_plain(&node);
        if found.total == 0 && filter.flag.is_none() && (!usable || has_inside) {
            found = scan(&self.conn, filter, typed, limit)?;
        }
        if usable && (found.total == 0 || q.like) {
            let like = self.with_repair(|conn| alike(conn, filter, &node, limit))?;
            found.join(like.unwrap_or_default(), limit);
        }
        Ok(found)
    }

    /// Asks the index; one that turns out to be damaged is rebuilt first. `None` where that is not
    /// possible because the database can only be read.
    pub(super) fn with_repair<T>(
        &self,
        ask: impl Fn(&Connection) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match ask(&self.conn) {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_index_damage(&error) => {
                if self.conn.is_readonly("main")? {
                    return Ok(None);
                }
                rebuild::rebuild(&self.conn, &mut |_, _| {}, &Cancel::new())?;
                ask(&self.conn).map(Some)
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
            text.contains("no such table: s")
                || text.contains("vtable constructor failed")
                || text.contains("fts5")
        }
        _ => false,
    }
}

/// Words and phrases alone, without operators.
fn is_plain(node: &Node) -> bool {
    match node {
        Node::Phrase(_) => true,
        Node::And(nodes) => nodes.iter().all(|n| matches!(n, Node::Phrase(_))),
        _ => false,
    }
}

/// The lines that an expression finds, the newest first, up to `most`.
fn matching(
    conn: &Connection,
    filter: &Filter,
    asked: &str,
    most: usize,
) -> Result<Vec<i64>, Error> {
    let question = format!("({asked}){}", filter.narrowed);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = |sql: &str, params: &[&dyn rusqlite::ToSql]| -> Result<Vec<i64>, Error> {
        let mut statement = conn.prepare_cached(sql)?;
        let rows = statement.query_map(params, |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    match &filter.interviews {
        None => rows(
            "SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rowid DESC LIMIT ?2",
            &[&question, &most],
        ),
        Some(list) => rows(
            "SELECT search.rowid FROM search CROSS JOIN segment s ON s.key = search.rowid
             WHERE search MATCH ?1 AND s.interview IN (SELECT value FROM json_each(?3))
             ORDER BY search.rowid DESC LIMIT ?2",
            &[&question, &most, list],
        ),
    }
}

/// Asks the full-text index.
pub(super) fn indexed(
    conn: &Connection,
    filter: &Filter,
    node: &Node,
    limit: usize,
    why: &Why,
) -> Result<SearchPage, Error> {
    let counted = MOST_COUNTED.saturating_add(1);
    let mut open = false;
    let mut keys = matching(conn, filter, &node.expression(false), counted)?;
    // What goes on behind its last token needs a slower question, not asked where these are many.
    if keys.len() < counted && node.has_open_end() {
        open = true;
        keys = matching(conn, filter, &node.expression(true), counted)?;
    }
    let more = keys.len() > MOST_COUNTED;
    keys.truncate(MOST_COUNTED);
    let mut page = SearchPage {
        broken: Vec::new(),
        total: keys.len() as u64,
        more,
        hits: Vec::new(),
        complete: true,
    };
    if keys.is_empty() && !knows_newest_line(conn)? {
        return Err(Error::damaged("the search index lacks a line"));
    }
    if limit > 0 {
        keys.truncate(MOST_RANKED.max(limit));
        let wanted = node.wanted();
        for (score, key) in ranked(conn, filter, node, &keys, open, limit)? {
            let find = |text: &str| terms::marks(text, &wanted);
            page.hits.extend(hit_of(conn, key, score, why, &find)?);
        }
    }
    Ok(page)
}

/// Whether the index has the newest line with text: an index that lost its contents answers nothing
/// to every question, and no error.
fn knows_newest_line(conn: &Connection) -> Result<bool, Error> {
    let newest: Option<(i64, i64)> = conn
        .prepare_cached(
            "SELECT segment, interview FROM line WHERE version > 0 AND gone = 0 ORDER BY segment DESC LIMIT 1",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((line, interview)) = newest else {
        return Ok(true);
    };
    let token = format!("\"{}\"", interview_token(interview));
    let mut statement =
        conn.prepare_cached("SELECT 1 FROM search WHERE search MATCH ?1 AND rowid = ?2")?;
    Ok(statement.exists(params![token, line])?)
}

/// The best of `keys` with their scores, best first.
fn ranked(
    conn: &Connection,
    filter: &Filter,
    node: &Node,
    keys: &[i64],
    open: bool,
    limit: usize,
) -> Result<Vec<(f64, i64)>, Error> {
    let mut telling = Vec::new();
    for phrase in node.wanted() {
        let expression = phrase.expression(open);
        if stands_in_few(conn, &expression)? {
            telling.push(expression);
        }
    }
    let mut scored: Vec<(f64, i64)> = if telling.is_empty() {
        let said = format!("{{text bare}} : ({})", node.expression(open));
        let said: HashSet<i64> = matching(conn, filter, &said, limit)?.into_iter().collect();
        let old = said.iter().filter(|k| !keys.contains(k));
        let all = keys.iter().chain(old);
        all.map(|k| (if said.contains(k) { 2.0 } else { 1.0 }, *k))
            .collect()
    } else {
        let mut statement =
            conn.prepare_cached("SELECT rowid, rank FROM search WHERE search MATCH ?1")?;
        let rows =
            statement.query_map([telling.join(" OR ")], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let scores: HashMap<i64, f64> = rows.collect::<Result<_, _>>()?;
        // FTS5 gives better matches a lower number.
        keys.iter()
            .map(|k| (-scores.get(k).copied().unwrap_or(0.0), *k))
            .collect()
    };
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    scored.truncate(limit);
    Ok(scored)
}

/// Whether a phrase stands in so few lines that it tells something about them.
fn stands_in_few(conn: &Connection, expression: &str) -> Result<bool, Error> {
    let further: Option<i64> = conn
        .prepare_cached(&format!(
            "SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rowid DESC LIMIT 1 OFFSET {MOST_RANKED}"
        ))?
        .query_row([expression], |row| row.get(0))
        .optional()?;
    Ok(further.is_none())
}

/// Lines with words that are spelled or sound nearly like those of the question, the nearest first.
fn alike(
    conn: &Connection,
    filter: &Filter,
    node: &Node,
    limit: usize,
) -> Result<SearchPage, Error> {
    let mut page = SearchPage {
        complete: true,
        ..SearchPage::default()
    };
    let mut variations: Vec<Phrase> = Vec::new();
    let Some(wide) = near::widened(conn, node, &mut variations)? else {
        return Ok(page);
    };
    let most = MOST_LIKE.min(limit.max(1));
    let mut keys = matching(
        conn,
        filter,
        &wide.expression(false),
        most.saturating_add(1),
    )?;
    page.more = keys.len() > most;
    keys.truncate(most);
    page.total = keys.len() as u64;
    let given = node.wanted();
    let mut hits: Vec<(usize, Hit)> = Vec::new();
    for key in keys {
        let mut nearest = usize::MAX;
        let find = |text: &str| {
            let places = terms::marks_of(text, &variations);
            let best = places.iter().map(|(n, _)| *n).min().unwrap_or(usize::MAX);
            let mut all: Vec<_> = places
                .into_iter()
                .filter(|(n, _)| *n == best)
                .map(|(_, r)| r)
                .collect();
            all.extend(terms::ranges(text, &given));
            (best, terms::to_characters(text, all))
        };
        if let Some(mut hit) = hit_of(conn, key, 0.0, &Why::AsAsked, &|text| find(text).1)? {
            let shown = if hit.matched == Matched::Text {
                Some(&hit.text)
            } else {
                hit.translation.as_ref()
            };
            let shown = shown.cloned().unwrap_or_default();
            let (best, places) = find(&shown);
            nearest = nearest.min(best);
            let words = places.iter().map(|&(from, to)| {
                shown
                    .chars()
                    .skip(from)
                    .take(to.saturating_sub(from))
                    .collect()
            });
            hit.why = Why::Like(words.collect());
            hits.push((nearest, hit));
        }
    }
    hits.sort_by_key(|(nearest, _)| *nearest);
    page.hits = hits.into_iter().map(|(_, hit)| hit).collect();
    page.hits.truncate(limit);
    Ok(page)
}

/// The line before a hit and the line after it.
fn neighbours(conn: &Connection, hit: &Hit) -> Result<[Option<Neighbour>; 2], Error> {
    let beside = |order: &str, than: char| {
        let mut statement = conn.prepare_cached(&format!(
            "SELECT s.id, s.speaker, v.lang, v.text
             FROM interview i CROSS JOIN segment h ON h.interview = i.key AND h.id = ?2
             CROSS JOIN line at ON at.segment = h.key
             CROSS JOIN line l ON l.interview = i.key AND l.start_sample {than}= at.start_sample
             CROSS JOIN segment s ON s.key = l.segment
             CROSS JOIN text_version v ON v.segment = s.key AND v.version = l.version
             WHERE i.id = ?1 AND l.gone = 0
               AND (l.start_sample, s.channel, s.id) {than} (at.start_sample, h.channel, h.id)
             ORDER BY l.start_sample {order}, s.channel {order}, s.id {order} LIMIT 1"
        ))?;
        let row = statement.query_row(params![hit.interview.0, hit.segment.0], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get::<_, String>(2)?,
                row.get(3)?,
            ))
        });
        let found: Option<Result<Neighbour, Error>> =
            row.optional()?.map(|(segment, speaker, lang, text)| {
                Ok(Neighbour {
                    segment: SegmentId(segment),
                    speaker,
                    lang: codec::lang(&lang)?,
                    text,
                })
            });
        found.transpose()
    };
    Ok([beside("DESC", '<')?, beside("ASC", '>')?])
}

/// The hit of one line; `None` where the index knows a line that the records do not.
fn hit_of(
    conn: &Connection,
    key: i64,
    score: f64,
    why: &Why,
    find: &dyn Fn(&str) -> Vec<(usize, usize)>,
) -> Result<Option<Hit>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM segment s CROSS JOIN interview i ON i.key = s.interview
         CROSS JOIN line l ON l.segment = s.key
         CROSS JOIN text_version v ON v.segment = s.key AND v.version = l.version
         WHERE s.key = ?1"
    ))?;
    let mut rows = statement.query([key])?;
    match rows.next()? {
        Some(row) => read_hit(conn, row, score, why, find).map(Some),
        None => Ok(None),
    }
}

/// A hit from a row of [`COLUMNS`].
pub(super) fn read_hit(
    conn: &Connection,
    row: &Row<'_>,
    score: f64,
    why: &Why,
    find: &dyn Fn(&str) -> Vec<(usize, usize)>,
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
        why: why.clone(),
        around: [None, None],
        score,
        foreign: None,
    })
}
