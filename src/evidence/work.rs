//! Who worked on which line: one rule for the program that certifies and for whoever checks it.
//!
//! Under work that nobody signed a name was only typed, and may be anybody's. It counts as signed once
//! the person of that name has signed anything of the same line, or of what was made of it, since.

use std::collections::{BTreeMap, BTreeSet};

use crate::text::fold;

/// What a person did to a line.
#[derive(Clone, Debug)]
pub struct Deed {
    /// The name under it.
    pub author: String,
    /// The number of the event.
    pub event: u64,
    /// Whether the event is signed; `None` for what came in from elsewhere or before there were chains.
    pub signed: Option<bool>,
}

/// Everybody's work on the lines of one interview.
#[derive(Clone, Debug, Default)]
pub struct Work {
    deeds: BTreeMap<u64, Vec<Deed>>,
    /// Of a line that was parted or joined: the lines that it was made of.
    made_of: BTreeMap<u64, BTreeSet<u64>>,
}

impl Work {
    /// Adds what somebody did to a line.
    pub fn add(&mut self, line: u64, deed: Deed) {
        self.deeds.entry(line).or_default().push(deed);
    }

    /// Says that a line was made of these.
    pub fn made(&mut self, line: u64, of: &BTreeSet<u64>) {
        self.made_of.entry(line).or_default().extend(of);
    }

    /// Who wrote of the line, or of one that it was made of, before that event.
    pub fn before(&self, line: u64, event: u64) -> Vec<&Deed> {
        let (mut open, mut seen, mut found) = (vec![line], BTreeSet::new(), Vec::new());
        while let Some(line) = open.pop() {
            if seen.insert(line) {
                let own = self.deeds.get(&line).into_iter().flatten();
                found.extend(own.filter(|deed| deed.event < event));
                open.extend(self.made_of.get(&line).into_iter().flatten());
            }
        }
        found
    }

    /// The names under unsigned work on the line before that event.
    pub fn unsigned(&self, line: u64, event: u64) -> Vec<&str> {
        let all = self.before(line, event);
        let is_vouched = |deed: &Deed| {
            let mut since = all
                .iter()
                .filter(|d| d.signed == Some(true) && d.event > deed.event);
            since.any(|d| is_same(&d.author, &deed.author))
        };
        all.iter()
            .filter(|deed| deed.signed == Some(false) && !is_vouched(deed))
            .map(|deed| deed.author.as_str())
            .collect()
    }

    /// Whether a person of this name has unsigned work on the line.
    pub fn is_open_of(&self, line: u64, name: &str) -> bool {
        let unsigned = self.unsigned(line, u64::MAX);
        unsigned.iter().any(|author| is_same(author, name))
    }

    /// Every line that somebody worked on, or that was made of one.
    pub fn lines(&self) -> BTreeSet<u64> {
        self.deeds
            .keys()
            .chain(self.made_of.keys())
            .copied()
            .collect()
    }
}

/// Whether two names are one person's, in any spelling.
pub fn is_same(a: &str, b: &str) -> bool {
    fold(a.trim()) == fold(b.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEOPLE: [&str; 6] = ["李明", "Nguyễn Thu", "สมชาย", "ကိုအောင်", "ສົມພອນ", "សុខា"];

    fn deed(author: &str, event: u64, signed: Option<bool>) -> Deed {
        let author = author.to_owned();
        Deed {
            author,
            event,
            signed,
        }
    }

    #[test]
    fn unsigned_work_counts_once_the_same_person_signed_the_line_or_what_was_made_of_it() {
        for person in PEOPLE {
            let mut work = Work::default();
            work.add(1, deed(person, 3, Some(false)));
            work.add(2, deed("x", 4, None));
            work.made(5, &[1, 2].into());
            assert_eq!(work.unsigned(5, 9), [person]);
            assert!(work.unsigned(2, 9).is_empty(), "it came from elsewhere");
            // Somebody else who parts it vouches for nothing of it.
            work.add(5, deed("Lan", 6, Some(true)));
            assert_eq!(work.unsigned(5, 9), [person]);
            work.add(5, deed(&format!(" {person}"), 7, Some(true)));
            assert!(work.unsigned(5, 9).is_empty());
            assert_eq!(work.unsigned(5, 7), [person], "not before that");
            // What is typed later has to be signed later.
            work.add(5, deed(person, 8, Some(false)));
            assert_eq!(work.unsigned(5, 9), [person]);
            assert_eq!(work.lines(), [1, 2, 5].into());
        }
    }
}
