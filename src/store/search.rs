//! Search over all interviews: the index first, then without diacritics, then a bounded reading of
//! the lines themselves, then near spellings.
//!
//! A word of everyday speech stands in a hundred thousand lines of a large store, and to rank them all
//! would take a second. So lines are taken from the index newest first, counted up to
//! [`MOST_COUNTED`], and the newest [`MOST_RANKED`] are ranked, lines that say it before lines that only
//! translate it; `total` and `more` say so. A phrase that stands in more lines than are ranked tells
//! nothing about a line and is left out of bm25.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::filter::{Filter, interview_token};
use super::lines::current_translations;
use super::query::{self, Node};
use super::rank::{Ask, matching};
use super::scan::scan;
use super::terms::{self, Phrase, Side};
use super::{
    Error, Hit, Index, Matched, Neighbour, SearchPage, SearchQuery, Store, Why, codec, near,
    rebuild,
};
use crate::domain::{Cancel, InterviewId, SamplePos, SegmentId};
use crate::text;

/// The most hits in one answer, so that an answer stays small whatever is asked.
pub(super) const MOST_HITS: usize = 10_000;
/// Hits are counted up to here.
pub(super) const MOST_COUNTED: usize = 10_000;
/// Hits that are ranked, the newest; more where more are asked for.
pub(super) const MOST_RANKED: usize = 2_000;
/// Near spellings that are shown.
const MOST_LIKE: usize = 200;

pub(super) const COLUMNS: &str =
    "i.id, i.case_name, s.key, s.id, l.start_sample, v.lang, l.speaker, v.text, s.interview";

/// Two readings of a question: one whose words stand somewhere above one that is only near.
fn better_first(found: SearchPage, other: SearchPage, limit: usize) -> SearchPage {
    let (mut above, below) = match found.is_near() {
        true => (other, found),
        false => (found, other),
    };
    above.complete &= below.complete;
    above.join(below, limit);
    above
}

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
        // few letters may be wrong, so both readings are asked for.
        let (sure, read) = (text::is_zawgyi(&typed), text::from_zawgyi(&typed));
        if read != typed && (sure || found.is_near()) {
            let other = self.search_as_typed(&filter, &read, q)?;
            if sure || !other.is_near() {
                found = better_first(found, other, q.limit.min(MOST_HITS));
            }
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
        let (mut found, mut index) = (nothing, Index::Used);
        let bare = node.bare();
        let steps = [
            (&node, false, Why::AsAsked, true),
            (&bare, false, Why::Bare, bare != node),
            // What goes on behind its last token needs a slower question.
            (&node, true, Why::Inside, node.may_go_on()),
        ];
        for (node, open, why, makes_sense) in steps {
            if usable && makes_sense && found.total == 0 {
                let asked =
                    self.with_repair(|conn| indexed(conn, filter, node, (open, &why), limit))?;
                match asked {
                    Some(page) => found = page,
                    None => index = Index::Unusable,
                }
            }
        }
        if !usable {
            index = Index::Unusable;
        }
        // The index finds clusters wherever they stand; only words and numbers have an inside.
        let mut tokens = node.wanted().into_iter().flat_map(|p| &p.tokens);
        let has_inside = tokens.all(|(_, cluster)| !cluster) && query::is_plain(typed);
        let read_lines = index == Index::Unusable || has_inside;
        if found.total == 0 && filter.flag.is_none() && read_lines {
            found = scan(&self.conn, filter, typed, limit)?;
        }
        if index == Index::Used && (found.total == 0 || q.like) {
            let like = self.with_repair(|conn| alike(conn, filter, &node, limit))?;
            found.join(like.unwrap_or_default(), limit);
        }
        found.index = index;
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

/// Asks the full-text index; with `open`, phrases that may go on behind their last token do so.
pub(super) fn indexed(
    conn: &Connection,
    filter: &Filter,
    node: &Node,
    (open, why): (bool, &Why),
    limit: usize,
) -> Result<SearchPage, Error> {
    let ask = Ask {
        conn,
        filter,
        node,
        open,
    };
    let keys = ask.keys(limit)?;
    if keys.all.is_empty() && !knows_newest_line(conn)? {
        return Err(Error::damaged("the search index lacks a line"));
    }
    let mut page = SearchPage {
        total: keys.all.len().min(MOST_COUNTED) as u64,
        more: keys.all.len() > MOST_COUNTED,
        complete: true,
        ..SearchPage::default()
    };
    if limit > 0 && !keys.all.is_empty() {
        let wanted = node.wanted();
        for (score, key) in ask.best(&keys, limit)? {
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
        &wide.expression(&Side::BOTH, false),
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
            "SELECT s.id, l.speaker, v.lang, v.text
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
