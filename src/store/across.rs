//! Search across languages: the same question in words that a glossary, the register of people or a
//! translator gives for it. A second step, below what the words themselves find.

use std::collections::HashSet;

use super::filter::Filter;
use super::query::{self, Node};
use super::search::{MOST_HITS, indexed};
use super::terms::{self, Phrase};
use super::{Error, Hit, Matched, SearchPage, SearchQuery, Store, Via, Why, rebuild};

/// Other words that are looked for; a glossary has six languages and a few variants in each.
const MOST_OTHERS: usize = 64;

/// Words that stand for a question, or for one word of it, in another language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The part of the question that they stand for; all of it where left out.
    pub part: Option<String>,
    /// The words, which must stand side by side.
    pub words: String,
    /// Who says so.
    pub via: Via,
}

impl Store {
    /// Adds to `page`, the answer to `q`, lines that hold `others` in place of what was asked.
    ///
    /// # Errors
    /// Those of [`Store::search`].
    pub fn search_across(
        &self,
        q: &SearchQuery,
        others: &[Other],
        page: &mut SearchPage,
    ) -> Result<(), Error> {
        let filter = Filter::read(&self.conn, q)?;
        let node = query::read(&query::cut(&q.text)).filter(|_| !filter.nothing);
        let Some(node) = node.filter(|_| !others.is_empty()) else {
            return Ok(());
        };
        if !rebuild::index_is_current(&self.conn)? {
            return Ok(());
        }
        let known: Vec<(&Other, Phrase)> = others
            .iter()
            .take(MOST_OTHERS)
            .filter_map(|o| Some((o, terms::one_phrase(&o.words)?)))
            .collect();
        let wide = widened(&node, &known);
        let limit = q.limit.min(MOST_HITS);
        let asked = |conn: &_| indexed(conn, &filter, &wide, (false, &Why::AsAsked), limit);
        let mut found = self.with_repair(asked)?.unwrap_or_default();
        for hit in &mut found.hits {
            explain(hit, &known);
        }
        if q.context {
            self.add_neighbours(&mut found)?;
        }
        page.join(found, limit);
        Ok(())
    }
}

impl SearchPage {
    /// Whether nothing was found that has the question's own words.
    pub(super) fn is_near(&self) -> bool {
        let first = self.hits.first();
        first.is_none_or(|hit| matches!(hit.why, Why::Like(_)))
    }

    /// Puts hits below those that are there, without what is there already.
    pub(super) fn join(&mut self, lower: SearchPage, limit: usize) {
        if self.more || self.total > self.hits.len() as u64 {
            // What is below is not reached.
            self.more |= lower.total > 0;
            return;
        }
        let key = |h: &Hit| (h.interview.clone(), h.segment);
        let there: HashSet<_> = self.hits.iter().map(key).collect();
        // Of hits beyond the limit it is not known whether they are there already.
        self.more = lower.more || lower.total > lower.hits.len() as u64;
        let mut hits = lower.hits;
        hits.retain(|h| !there.contains(&key(h)));
        self.total = self.total.saturating_add(hits.len() as u64);
        self.hits.extend(hits);
        self.hits.truncate(limit);
    }
}

/// The question with the other words beside each part that they stand for.
fn widened(node: &Node, known: &[(&Other, Phrase)]) -> Node {
    let parts: Vec<(Vec<(String, bool)>, &Phrase)> = known
        .iter()
        .filter_map(|(other, words)| {
            Some((terms::one_phrase(other.part.as_deref()?)?.tokens, words))
        })
        .collect();
    let mut sides = vec![node.map(&mut |phrase| {
        let same = parts.iter().filter(|(tokens, _)| *tokens == phrase.tokens);
        let all: Vec<Node> = [phrase.clone()]
            .into_iter()
            .chain(same.map(|(_, words)| (*words).clone()))
            .map(Node::Phrase)
            .collect();
        Node::Or(all)
    })];
    let whole = known.iter().filter(|(other, _)| other.part.is_none());
    sides.extend(whole.map(|(_, words)| Node::Phrase(words.clone())));
    Node::Or(sides)
}

/// Says which of the other words stand in a hit.
fn explain(hit: &mut Hit, known: &[(&Other, Phrase)]) {
    let sides = [Some(&hit.text), hit.translation.as_ref()];
    let stands = |words: &Phrase| {
        let mut sides = sides.iter().flatten();
        sides.any(|text| !terms::marks(text, &[words]).is_empty())
    };
    if let Some((other, _)) = known.iter().find(|(_, words)| stands(words)) {
        hit.matched = match &other.via {
            Via::Term => Matched::Term,
            Via::Name(_) => Matched::Name,
            Via::Translated(_) => Matched::Translation,
        };
        hit.why = Why::Across {
            words: other.words.clone(),
            via: other.via.clone(),
        };
    }
}
