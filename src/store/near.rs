//! Near spellings: what else the index holds that a misspelled or misheard phrase may stand for.
//!
//! The table `sound` holds every word and cluster of the index by its keys ([`text::sound_keys`]). A
//! phrase is varied in one place, or in two neighbouring ones, with tokens that really occur; the
//! index is then asked for any of the variations, which are real words again.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::Error;
use super::query::Node;
use super::terms::{self, Phrase};
use crate::text::{self, Alike};

/// Tokens that are tried in one place, the nearest first.
const MOST_TOKENS: usize = 24;
/// The same where two places change.
const FEW_TOKENS: usize = 6;
/// Tokens of one key that are looked at.
const MOST_OF_KEY: i64 = 2_000;
/// Variations of a phrase that are asked for.
const MOST_VARIATIONS: usize = 400;
/// Longer phrases are quotations, where a slip in one place is all that is tried.
const LONG: usize = 12;
/// Vowels and tones with a cluster of their own that a slip adds: Thai, Lao, Burmese.
const VOWELS: [&[&str]; 3] = [
    &[
        "\u{0E32}", "\u{0E30}", "\u{0E40}", "\u{0E41}", "\u{0E42}", "\u{0E44}", "\u{0E43}",
    ],
    &[
        "\u{0EB2}", "\u{0EB0}", "\u{0EC0}", "\u{0EC1}", "\u{0EC2}", "\u{0EC4}", "\u{0EC3}",
        "\u{0EBD}",
    ],
    &["\u{1038}", "\u{102C}", "\u{102B}"],
];

type Tokens = Vec<(String, bool)>;

/// Adds the tokens of a line to the table; those that are there are passed over.
pub(super) fn remember<'a>(
    conn: &Connection,
    tokens: impl Iterator<Item = &'a str>,
) -> Result<(), Error> {
    let mut known = conn.prepare_cached("SELECT 1 FROM sound WHERE key = ?1 AND token = ?2")?;
    let mut add =
        conn.prepare_cached("INSERT OR IGNORE INTO sound (key, token) VALUES (?1, ?2)")?;
    for token in tokens {
        let keys = text::sound_keys(token);
        if let Some(first) = keys.first()
            && !known.exists(params![first, token])?
        {
            for key in &keys {
                add.execute(params![key, token])?;
            }
        }
    }
    Ok(())
}

/// Whether the table holds all of these tokens, those of the lines as they stand, by all of their keys, and
/// beside them only what was said or translated before.
///
/// # Errors
/// [`Error::Damaged`], without the words.
pub(super) fn check(conn: &Connection, tokens: HashSet<String>) -> Result<(), Error> {
    let wrong = |what: &str| Error::Damaged(format!("the table of what sounds alike {what}"));
    let mut known = conn.prepare_cached("SELECT 1 FROM sound WHERE key = ?1 AND token = ?2")?;
    for token in &tokens {
        for key in text::sound_keys(token) {
            if !known.exists(params![key, token])? {
                return Err(wrong("lacks a word that stands in a line"));
            }
        }
    }
    let mut earlier: HashSet<String> = HashSet::new();
    let mut all = conn.prepare("SELECT key, token FROM sound")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let (key, token): (String, String) = (row.get(0)?, row.get(1)?);
        if !text::sound_keys(&token).contains(&key) {
            return Err(wrong("has a word by another sound than its own"));
        }
        if !tokens.contains(&token) {
            earlier.insert(token);
        }
    }
    let mut versions =
        conn.prepare("SELECT text FROM text_version UNION ALL SELECT text FROM translation")?;
    let mut rows = versions.query([])?;
    while !earlier.is_empty() {
        let Some(row) = rows.next()? else {
            return Err(wrong("has a word that nobody said"));
        };
        for term in terms::terms(&row.get::<_, String>(0)?) {
            earlier.remove(&term.token);
        }
    }
    Ok(())
}

/// The variations of a phrase, nearest first, without the phrase itself.
pub(super) fn variations(conn: &Connection, phrase: &Phrase) -> Result<Vec<Phrase>, Error> {
    let tokens = &phrase.tokens;
    // A single letter is near half of all letters.
    if matches!(&tokens[..], [] | [(_, true)]) {
        return Ok(Vec::new());
    }
    let mut near: Vec<Vec<String>> = Vec::new();
    for (token, _) in tokens {
        near.push(alternatives(conn, token)?);
    }
    let mut found = Found::default();
    for (at, others) in near.iter().enumerate() {
        for other in others {
            found.add(replaced(tokens, at, other));
        }
        for changed in vowel_slips(tokens, at) {
            found.add(changed);
        }
    }
    if tokens.len() > 1 && tokens.len() <= LONG {
        two_places(tokens, &near, &mut found);
    }
    let end = phrase.end;
    let list = found
        .list
        .into_iter()
        .filter(|t| t != tokens)
        .take(MOST_VARIATIONS);
    Ok(list.map(|tokens| Phrase { tokens, end }).collect())
}

/// The question with the near spellings of every phrase beside it; `None` where there are none.
/// `asked` takes the variations, to find them again in the lines.
pub(super) fn widened(
    conn: &Connection,
    node: &Node,
    asked: &mut Vec<Phrase>,
) -> Result<Option<Node>, Error> {
    let mut failed = None;
    let before = asked.len();
    let wide = node.map(&mut |phrase| {
        let list = variations(conn, phrase).unwrap_or_else(|error| {
            failed = Some(error);
            Vec::new()
        });
        asked.extend(list.iter().cloned());
        let all = [phrase.clone()].into_iter().chain(list);
        Node::Or(all.map(Node::Phrase).collect())
    });
    match failed {
        Some(error) => Err(error),
        None => Ok((asked.len() > before).then_some(wide)),
    }
}

#[derive(Default)]
struct Found {
    list: Vec<Tokens>,
    seen: HashSet<Tokens>,
}

impl Found {
    fn add(&mut self, tokens: Tokens) {
        if self.list.len() <= MOST_VARIATIONS && self.seen.insert(tokens.clone()) {
            self.list.push(tokens);
        }
    }
}

/// Tokens of the index that sound or are spelled nearly like this one, the nearest first.
fn alternatives(conn: &Connection, token: &str) -> Result<Vec<String>, Error> {
    let mut statement = conn.prepare_cached("SELECT token FROM sound WHERE key = ?1 LIMIT ?2")?;
    let mut found: Vec<(Alike, usize, String)> = Vec::new();
    let letters: Vec<&str> = token.split("").collect();
    for key in text::sound_keys(token) {
        let rows = statement.query_map(params![key, MOST_OF_KEY], |row| row.get::<_, String>(0))?;
        for other in rows {
            let other = other?;
            if let Some(alike) = text::alike(token, &other) {
                let far = text::edit_distance(&letters, &other.split("").collect::<Vec<_>>());
                found.push((alike, far, other));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found
        .into_iter()
        .map(|(.., other)| other)
        .take(MOST_TOKENS)
        .collect())
}

fn replaced(tokens: &Tokens, at: usize, other: &str) -> Tokens {
    let mut changed = tokens.clone();
    if let Some((token, _)) = changed.get_mut(at) {
        other.clone_into(token);
    }
    changed
}

/// The phrase with the vowel letter at a place dropped, or one put in behind the place.
fn vowel_slips(tokens: &Tokens, at: usize) -> Vec<Tokens> {
    let Some((token, true)) = tokens.get(at) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if text::is_weak(token) {
        let mut shorter = tokens.clone();
        shorter.remove(at);
        found.push(shorter);
        return found;
    }
    let vowels = match token.chars().next() {
        Some('\u{0E00}'..='\u{0E7F}') => VOWELS[0],
        Some('\u{0E80}'..='\u{0EFF}') => VOWELS[1],
        Some('\u{1000}'..='\u{109F}') => VOWELS[2],
        _ => &[],
    };
    for vowel in vowels {
        let mut longer = tokens.clone();
        longer.insert(at.saturating_add(1), ((*vowel).to_owned(), true));
        found.push(longer);
    }
    found
}

/// Changes two places: a cluster and the vowel beside it, as a slip of a vowel does in scripts that
/// write it around the consonant; else any two of a short phrase.
fn two_places(tokens: &Tokens, near: &[Vec<String>], found: &mut Found) {
    for (at, others) in near.iter().enumerate() {
        for other in others.iter().take(FEW_TOKENS) {
            let once = replaced(tokens, at, other);
            for beside in [Some(at), at.checked_add(1), at.checked_sub(1)]
                .into_iter()
                .flatten()
            {
                for twice in vowel_slips(&once, beside) {
                    found.add(twice);
                }
            }
            for (further, others) in near.iter().enumerate().skip(at.saturating_add(1)) {
                for other in others.iter().take(FEW_TOKENS) {
                    found.add(replaced(&once, further, other));
                }
            }
        }
    }
}
