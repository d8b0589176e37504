//! What the index finds, and in which order: lines that say it, then lines that only translate it; each by
//! bm25, then the newest first.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _};

use super::Error;
use super::filter::Filter;
use super::query::Node;
use super::search::{MOST_COUNTED, MOST_RANKED};
use super::terms::Side;

/// What a line that says it has above every line that only translates it; bm25 stays far below.
const SAID: f64 = 1_000.0;

/// A question to the index.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub conn: &'a Connection,
    pub filter: &'a Filter,
    pub node: &'a Node,
    /// Phrases that may go on behind their last token do so.
    pub open: bool,
}

/// The lines that were found, the newest first.
pub(super) struct Keys {
    /// All of them, up to one more than are counted.
    pub all: Vec<i64>,
    /// Those that say it; where `all` are too many, the newest of them.
    said: Vec<i64>,
}

impl Ask<'_> {
    /// Finds the lines.
    pub fn keys(&self, limit: usize) -> Result<Keys, Error> {
        let counted = MOST_COUNTED.saturating_add(1);
        if !self.node.is_on_one_side() {
            let all = self.matching(&Side::BOTH, counted)?;
            let said = match all.len() {
                0 => Vec::new(),
                _ => self.matching(&[Side::Said], MOST_RANKED.max(limit))?,
            };
            return Ok(Keys { all, said });
        }
        let said = self.matching(&[Side::Said], counted)?;
        let mut all = said.clone();
        if said.len() < counted {
            all.extend(self.matching(&[Side::Translated], counted)?);
            all.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
            all.dedup();
            all.truncate(counted);
        }
        Ok(Keys { all, said })
    }

    /// The lines that the question finds on any of `sides`, the newest first, up to `most`.
    fn matching(&self, sides: &[Side], most: usize) -> Result<Vec<i64>, Error> {
        matching(
            self.conn,
            self.filter,
            &self.node.expression(sides, self.open),
            most,
        )
    }

    /// The best of what was found with their scores, best first.
    pub fn best(&self, keys: &Keys, limit: usize) -> Result<Vec<(f64, i64)>, Error> {
        let most = MOST_RANKED.max(limit);
        let said: HashSet<i64> = keys.said.iter().copied().collect();
        let others: Vec<i64> = keys
            .all
            .iter()
            .copied()
            .filter(|k| !said.contains(k))
            .collect();
        let newest = |keys: &[i64]| keys.iter().take(most).copied().collect::<Vec<_>>();
        let (first, second) = (newest(&keys.said), newest(&others));
        let second_wanted = first.len() < limit && !second.is_empty();
        let (mut said, mut rest) = (HashMap::new(), HashMap::new());
        if self.node.is_on_one_side() {
            said = self.scores(&[Side::Said], &keys.said)?;
            if second_wanted {
                rest = self.scores(&[Side::Translated], &others)?;
            }
        } else if keys.all.len() > 1 {
            said = self.scores(&Side::BOTH, &keys.all)?;
            rest.clone_from(&said);
        }
        let mut best = in_order(first, &said, SAID);
        if second_wanted {
            best.extend(in_order(second, &rest, 1.0));
        }
        best.truncate(limit);
        Ok(best)
    }

    /// bm25 of every line with a phrase that tells something about it, higher for better lines.
    fn scores(&self, sides: &[Side], keys: &[i64]) -> Result<HashMap<i64, f64>, Error> {
        if keys.len() < 2 {
            return Ok(HashMap::new());
        }
        // All lines of a phrase are these where nothing narrows it.
        let all = self.filter.is_wide() && matches!(self.node, Node::Phrase(_));
        let mut telling = Vec::new();
        for phrase in self.node.wanted() {
            let parts = sides.iter().map(|side| phrase.expression(*side, self.open));
            let asked = parts.collect::<Vec<_>>().join(" OR ");
            let few = match all {
                true => keys.len() <= MOST_RANKED,
                false => stands_in_few(self.conn, &asked)?,
            };
            if few {
                telling.push(asked);
            }
        }
        if telling.is_empty() {
            return Ok(HashMap::new());
        }
        let mut statement = self
            .conn
            .prepare_cached("SELECT rowid, rank FROM search WHERE search MATCH ?1")?;
        let rows = statement.query_map([telling.join(" OR ")], |row| {
            // FTS5 gives better matches a lower number.
            Ok((row.get(0)?, -row.get::<_, f64>(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Lines with their scores, the best first, of equal ones the newest.
fn in_order(keys: Vec<i64>, scores: &HashMap<i64, f64>, least: f64) -> Vec<(f64, i64)> {
    let score = |key: &i64| least + scores.get(key).copied().unwrap_or(0.0);
    let mut scored: Vec<(f64, i64)> = keys.into_iter().map(|key| (score(&key), key)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    scored
}

/// The lines that an expression finds, the newest first, up to `most`.
pub(super) fn matching(
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
