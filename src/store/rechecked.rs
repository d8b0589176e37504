//! What is kept beside the records against what follows from them: the state of every line, the counters, the
//! words of the search index and what sounds like them, and the forms in which entries of the register are
//! compared.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use rayon::prelude::*;
use rusqlite::{Connection, OptionalExtension as _};

use super::derived::State;
use super::rebuild::{self, Line};
use super::{Error, near, people_match, register};

/// Most bytes of a token in the index: FTS5 cuts longer ones.
const LONGEST: usize = 32_768;

/// Works everything out again and compares it, at one moment. Ends at the first difference.
///
/// # Errors
/// [`Error::Damaged`] with the place; [`Error::IndexDamaged`] where the index cannot be read.
pub(super) fn check(conn: &Connection) -> Result<(), Error> {
    let moment = conn.unchecked_transaction()?;
    let mut words = Words::read(&moment)?;
    let mut tokens = HashSet::new();
    let mut from = 0;
    loop {
        let lines = rebuild::read_batch(&moment, from)?;
        let Some(last) = lines.last() else { break };
        from = last.key;
        let states: Vec<State> = lines.par_iter().map(|l| State::of(&l.known)).collect();
        for (line, state) in lines.iter().zip(&states) {
            if !is_kept(&moment, line, state)? {
                return Err(wrong(
                    &moment,
                    line.key,
                    "is kept otherwise than its records say",
                ));
            }
            if !words.take(line.key, state.index.as_deref()) {
                let what = "is found by other words than its records have";
                return Err(wrong(&moment, line.key, what));
            }
        }
        tokens.extend(states.into_iter().flat_map(|state| state.tokens));
    }
    if !words.found.is_empty() {
        let what = "the search index has a line that is not stored".to_owned();
        return Err(Error::Damaged(what));
    }
    near::check(&moment, tokens)?;
    counters(&moment)?;
    forms(&moment)?;
    people_match::check(&moment)
}

fn wrong(conn: &Connection, key: i64, what: &str) -> Error {
    let named = conn.query_row(
        "SELECT s.id, i.id FROM segment s JOIN interview i ON i.key = s.interview WHERE s.key = ?1",
        [key],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
    );
    match named {
        Ok((line, interview)) => Error::Damaged(format!("line {line} of {interview} {what}")),
        Err(e) => e.into(),
    }
}

/// Whether the derived table has of a line what was worked out.
fn is_kept(conn: &Connection, line: &Line, state: &State) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT interview = ?2 AND version = ?3 AND waits = ?4 AND flagged = ?5 AND start_sample = ?6
             AND end_sample = ?7 AND gone = ?8 AND speaker = ?9 FROM line WHERE segment = ?1",
    )?;
    let worked_out = rusqlite::params![
        line.key,
        line.interview,
        state.version,
        state.waits,
        state.flagged,
        state.place.start,
        state.place.end,
        state.place.gone,
        state.speaker
    ];
    let kept = statement.query_row(worked_out, |row| row.get(0));
    Ok(kept.optional()?.unwrap_or(false))
}

/// What the search index holds of each line: of its tokens and their places, a sum of hashes that nobody can
/// foresee, for the index keeps no words in their order.
struct Words {
    found: HashMap<i64, u64>,
    hasher: RandomState,
}

impl Words {
    fn read(conn: &Connection) -> Result<Self, Error> {
        // It holds nothing itself, and goes with the transaction.
        let made = conn.execute_batch(
            "CREATE VIRTUAL TABLE temp.search_seen USING fts5vocab('main', 'search', 'instance')",
        );
        made.map_err(|_| Error::IndexDamaged)?;
        let mut words = Self {
            found: HashMap::new(),
            hasher: RandomState::new(),
        };
        let mut statement = conn.prepare("SELECT doc, term, offset FROM temp.search_seen")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let offset = row.get::<_, i64>(2)?.unsigned_abs();
            let term = row.get_ref(1)?.as_bytes().unwrap_or_default();
            let hash = words.hasher.hash_one((offset, term));
            let sum = words.found.entry(row.get(0)?).or_default();
            *sum = sum.wrapping_add(hash);
        }
        Ok(words)
    }

    /// Takes a line out; whether the index holds these words of it, or none.
    fn take(&mut self, line: i64, words: Option<&str>) -> bool {
        let found = self.found.remove(&line);
        let worked_out = words.map(|words| {
            let tokens = (0_u64..).zip(tokens(words));
            let hashes = tokens.map(|(at, token)| self.hasher.hash_one((at, token.as_slice())));
            hashes.fold(0, u64::wrapping_add)
        });
        found == worked_out
    }
}

/// The tokens as the index cuts them: every character beyond ASCII is part of one.
fn tokens(words: &str) -> impl Iterator<Item = Vec<u8>> {
    let between = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
    let parts = words.as_bytes().split(between);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(|part| part.get(..LONGEST).unwrap_or(part).to_ascii_lowercase())
}

fn counters(conn: &Connection) -> Result<(), Error> {
    let wrong: Option<String> = conn
        .query_row(
            "SELECT i.id FROM interview i LEFT JOIN tally t ON t.interview = i.key
             WHERE t.segments IS NOT (SELECT count(*) FROM line WHERE interview = i.key AND gone = 0)
                OR t.pending IS NOT (SELECT count(*) FROM line
                    WHERE interview = i.key AND gone = 0 AND waits IN (1, 3))
                OR t.flagged IS NOT (SELECT count(*) FROM line
                    WHERE interview = i.key AND gone = 0 AND flagged)
             ORDER BY i.id LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    match wrong {
        None => Ok(()),
        Some(id) => Err(Error::Damaged(format!(
            "the lines of {id} are counted wrongly"
        ))),
    }
}

/// The forms by which telephones, plates, places and the rest of two people are found to be the same.
fn forms(conn: &Connection) -> Result<(), Error> {
    let mut statement =
        conn.prepare("SELECT key, kind, value, plain, withdrawn FROM person_fact ORDER BY key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        let (kind, value, stored): (String, String, String) =
            (row.get(1)?, row.get(2)?, row.get(3)?);
        if register::compared(&kind, &value, row.get(4)?)? != stored {
            let what =
                format!("entry {key} of the register is compared in another form than its own");
            return Err(Error::Damaged(what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Lang, SegmentId};
    use crate::store::tests::{SIX_LINES, id, told};
    use crate::store::{Correction, Store};

    #[test]
    fn the_index_holds_of_each_line_what_the_program_would_put_there() {
        let mut store = Store::open_in_memory().unwrap();
        let odd = [
            "A-b c'd Ê Ω 12.5 x\u{0}y",
            "ບໍ່ 好的 “Zürich” E12345678",
            &"ab".repeat(40_000),
            " . ",
        ];
        for (n, (lang, said, _)) in (1..).zip(SIX_LINES) {
            told(
                &mut store,
                &format!("a-{n}"),
                lang,
                &[said, odd[0], odd[1], odd[3]],
            );
        }
        told(&mut store, "a-9", Lang::Vi, &[odd[2]]);
        check(&store.conn).unwrap();
        let other = "DELETE FROM search WHERE rowid = 2; INSERT INTO search (rowid, words)
            SELECT 2, 'b a'";
        store.conn.execute_batch(other).unwrap();
        let told = check(&store.conn).unwrap_err().to_string();
        assert!(told.contains("line 2 of a-1"), "{told}");
    }

    #[test]
    fn what_sounds_alike_is_what_was_ever_said() {
        for (lang, said, _) in SIX_LINES {
            for (harm, whole) in [
                ("SELECT 1", true),
                ("DELETE FROM sound", false),
                (
                    "DELETE FROM sound WHERE token = (SELECT token FROM sound LIMIT 1)",
                    false,
                ),
                ("INSERT INTO sound VALUES ('h:li', '张')", false),
                ("INSERT INTO sound VALUES ('h:wei', '炜')", false),
            ] {
                let mut store = Store::open_in_memory().unwrap();
                told(&mut store, "a-1", lang, &[said]);
                // What was said before a correction stays, and is no stranger.
                let new = Correction {
                    text: Some("12"),
                    translation: None,
                    by: "Su",
                    reason: None,
                };
                if whole {
                    store.edit(&id("a-1"), SegmentId(1), &new).unwrap();
                }
                store.conn.execute_batch(harm).unwrap();
                let told = check(&store.conn);
                assert_eq!(told.is_ok(), whole, "{lang}: {harm}: {told:?}");
            }
        }
    }

    #[test]
    fn the_order_of_words_counts() {
        let store = Store::open_in_memory().unwrap();
        let add = "INSERT INTO search (rowid, words) VALUES (1, 'ກ ຂ ກ')";
        store.conn.execute_batch(add).unwrap();
        for (words, same) in [("ກ ຂ ກ", true), ("ຂ ກ ກ", false), ("ກ ຂ", false)] {
            assert_eq!(Words::read(&store.conn).unwrap().take(1, Some(words)), same);
            store
                .conn
                .execute_batch("DROP TABLE temp.search_seen")
                .unwrap();
        }
    }
}
