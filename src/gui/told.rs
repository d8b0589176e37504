//! What the program says below the window, shown in the language of the screens: errors and their next
//! steps, alarms, entries of the record, remarks, doubts, and what a comparison found.
//!
//! All of it is English in the code, in the record and at the command line. Here the English sentence
//! is the key: `locales/said.txt` gives each an id, and the language files say what stands for it. A
//! sentence that is not listed is shown as it is.

use std::sync::OnceLock;

use crate::domain::Lang;

use super::safe;
use super::words::Words;

/// Every sentence: `id = English words with { $name } where a value stands`.
const SAID: &str = include_str!("locales/said.txt");
/// How often a value is read for a sentence inside it.
const DEPTH: usize = 3;
/// Longest text that is looked for, in bytes; a longer one is no sentence of the program's own.
const LONGEST: usize = 4_000;
/// Most marks of a part, `: `, in a text that is looked for.
const MOST_PARTS: usize = 8;
/// Places where only a number fits.
const NUMBERS: [&str; 20] = [
    "count", "ms", "rate", "seconds", "minutes", "needed", "free", "failed", "all", "found",
    "wanted", "line", "second", "known", "form", "first", "column", "score", "number", "percent",
];
/// Places that are filled only by what is itself a sentence of the list, so that no other text with a
/// colon in it is taken for one.
const KNOWN: [&str; 5] = ["rest", "who", "how", "after", "check"];
/// Places whose value may be a sentence of the list.
const READ: [&str; 3] = ["why", "what", "detail"];
/// Parts of a name as a comparison of names calls them.
const PARTS: [(&str, &str); 3] = [
    ("family name", "part-family"),
    ("given name", "part-given"),
    ("name", "part-name"),
];

/// One sentence: its words before, between and behind its values.
#[derive(Debug)]
struct Said {
    id: &'static str,
    words: Vec<&'static str>,
    places: Vec<&'static str>,
}

/// A sentence that was found in a text, with its values in order.
#[derive(Debug)]
struct Found<'a> {
    said: &'static Said,
    values: Vec<&'a str>,
}

impl Words {
    /// An English sentence of the program in the language of the screens; any other text as it is.
    pub fn told(&self, english: &str) -> String {
        self.told_within(english, DEPTH)
    }

    fn told_within(&self, english: &str, depth: usize) -> String {
        let Some(found) = find(english, depth) else {
            return english.to_owned();
        };
        let places = found.said.places.iter();
        let shown: Vec<(&str, String)> = places
            .zip(found.values)
            .map(|(place, value)| (*place, self.value(place, value, depth)))
            .collect();
        let shown: Vec<(&str, &str)> = shown.iter().map(|(n, v)| (*n, v.as_str())).collect();
        self.with(found.said.id, &shown)
    }

    /// What stands in one place.
    fn value(&self, place: &str, value: &str, depth: usize) -> String {
        let label = |start: &str| self.label(&format!("{start}{value}")).map(str::to_owned);
        let own = match place {
            "day" => Some(self.written(value)),
            "language" | "into" => lang(value).map(|lang| lang.native_name().to_owned()),
            "languages" => {
                let own = value.split(", ").map(|name| {
                    let own = lang(name).map(Lang::native_name);
                    own.map_or_else(|| safe::words(name), str::to_owned)
                });
                Some(own.collect::<Vec<_>>().join(", "))
            }
            "pair" => value.split_once('-').and_then(|(from, to)| {
                let (from, to) = (lang(from)?, lang(to)?);
                Some(format!("{} – {}", from.native_name(), to.native_name()))
            }),
            "flag" => label("flag-"),
            "fact" => label("kind-"),
            "role" => label("role-"),
            "parts" => Some(self.parts(value)),
            "undone" => {
                let parts = value.split(" and ");
                let parts = parts.map(|part| self.told_within(part, depth.saturating_sub(1)));
                Some(parts.collect::<Vec<_>>().join(", "))
            }
            _ if KNOWN.contains(&place) || READ.contains(&place) => depth
                .checked_sub(1)
                .filter(|depth| find(value, *depth).is_some())
                .map(|depth| self.told_within(value, depth)),
            _ => None,
        };
        own.unwrap_or_else(|| safe::words(value))
    }

    /// `family name 1.00, given name 0.86`.
    fn parts(&self, value: &str) -> String {
        let parts = value.split(", ").map(|part| {
            let (name, score) = part.rsplit_once(' ').unwrap_or((part, ""));
            let own = PARTS.iter().find(|(english, _)| *english == name);
            let name = own.map_or_else(|| safe::words(name), |(_, id)| self.t(id).to_owned());
            format!("{name} {}", self.digits(score))
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

impl Said {
    fn read(line: &'static str) -> Option<Self> {
        let (id, mut rest) = line.split_once(" = ")?;
        let (mut words, mut places) = (Vec::new(), Vec::new());
        while let Some((before, (place, after))) = rest
            .split_once("{ $")
            .and_then(|(before, rest)| Some((before, rest.split_once(" }")?)))
        {
            words.push(before);
            places.push(place);
            rest = after;
        }
        words.push(rest);
        (!line.starts_with('#')).then_some(Self { id, words, places })
    }

    /// Letters of its own; of two sentences that fit, the one with more of them is meant.
    fn weight(&self) -> usize {
        self.words.iter().map(|w| w.len()).sum()
    }

    /// The values of this sentence in a text, where it is this sentence.
    fn values<'a>(&self, text: &'a str, depth: usize) -> Option<Vec<&'a str>> {
        let (first, rest) = self.words.split_first()?;
        let text = text.strip_prefix(first)?;
        if !rest.is_empty() && !text.ends_with(self.words.last()?) {
            return None;
        }
        let mut values = Vec::with_capacity(self.places.len());
        // A path stands last and begins at a root; where none does, what follows the last of the words
        // before it is one.
        [true, false]
            .into_iter()
            .any(|rooted| fill(&mut values, (rest, &self.places), text, (depth, rooted)))
            .then_some(values)
    }
}

/// Finds the values one after the other; takes back those that leave no room for the next.
fn fill<'a>(
    values: &mut Vec<&'a str>,
    (words, places): (&[&'static str], &[&'static str]),
    text: &'a str,
    how: (usize, bool),
) -> bool {
    let (Some((word, words)), Some((place, places))) = (words.split_first(), places.split_first())
    else {
        return text.is_empty();
    };
    let mut ends: Vec<usize> = if words.is_empty() {
        let end = text.strip_suffix(word).map(str::len);
        end.into_iter().collect()
    } else {
        text.match_indices(word).map(|(at, _)| at).collect()
    };
    if !how.1 && places == ["path"] {
        ends.reverse();
    }
    ends.into_iter().any(|end| {
        let (value, rest) = text.split_at(end);
        let rest = rest.strip_prefix(word).unwrap_or_default();
        if !fits(place, value, how) {
            return false;
        }
        values.push(value);
        let filled = fill(values, (words, places), rest, how);
        if !filled {
            values.pop();
        }
        filled
    })
}

/// Whether a value can stand in a place.
fn fits(place: &str, value: &str, (depth, rooted): (usize, bool)) -> bool {
    match place {
        _ if value.is_empty() => false,
        "language" | "into" => lang(value).is_some(),
        "file" => !value.contains(char::is_whitespace),
        "path" if rooted => value.starts_with(['/', '\\']) || value.get(1..3) == Some(":\\"),
        _ if NUMBERS.contains(&place) => value
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '+' | '-')),
        _ if KNOWN.contains(&place) => depth
            .checked_sub(1)
            .is_some_and(|depth| find(value, depth).is_some()),
        _ => true,
    }
}

/// The sentence that a text is.
fn find(text: &str, depth: usize) -> Option<Found<'_>> {
    // Each mark is a place where a text may be parted: of many, the tries would be too many.
    if text.len() > LONGEST || text.matches(": ").count() > MOST_PARTS {
        return None;
    }
    all().iter().find_map(|said| {
        let values = said.values(text, depth)?;
        Some(Found { said, values })
    })
}

/// All sentences, those with the most words of their own first.
fn all() -> &'static [Said] {
    static ALL: OnceLock<Vec<Said>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: Vec<Said> = SAID.lines().filter_map(Said::read).collect();
        all.sort_by_key(|said| std::cmp::Reverse(said.weight()));
        all
    })
}

/// A language by its English name or its code.
fn lang(name: &str) -> Option<Lang> {
    let is = |lang: &Lang| lang.name() == name || lang.code() == name;
    Lang::ALL.into_iter().find(is)
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
