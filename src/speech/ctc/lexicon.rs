//! The names and terms of a case as a tree of tokens, with links from each place to the longest end of
//! it that also begins a name (Aho and Corasick 1975): what a text gains for the names in it.

use std::collections::{HashMap, VecDeque};

use crate::speech::names::{Preferred, preferred};

use super::letters::Letters;

/// A name in tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spelling {
    /// Its tokens, from the gap before it on where it stands between gaps.
    pub tokens: Vec<usize>,
    /// What the whole of it gains, as a logarithm; spread over its letters.
    pub gain: f32,
    /// It begins and ends where a word does.
    pub spaced: bool,
}

/// The ways in which a model writes a name: as it is entered, as at the beginning of a sentence, and
/// small. None where the name is too short to be preferred or has letters that the model lacks.
pub(super) fn spellings(name: &str, letters: &Letters) -> Vec<Spelling> {
    let Some(Preferred { ways, gain, spaced }) = preferred(name) else {
        return Vec::new();
    };
    let gap = letters.spell(" ").filter(|_| spaced).unwrap_or_default();
    let mut found: Vec<Spelling> = Vec::new();
    let small = ways.first().map(|way| way.to_lowercase());
    for way in ways.into_iter().chain(small) {
        let Some(spelled) = letters.spell(&way) else {
            continue;
        };
        let tokens: Vec<usize> = gap.iter().copied().chain(spelled).collect();
        if !found.iter().any(|known| known.tokens == tokens) {
            found.push(Spelling {
                tokens,
                gain,
                spaced: !gap.is_empty(),
            });
        }
    }
    found
}

/// The tree. Place 0 is its root, where no name has begun.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    nodes: Vec<Node>,
    /// What stands between words.
    gap: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    next: HashMap<usize, usize>,
    depth: usize,
    /// The longest end of what leads here that also begins a name.
    link: usize,
    /// What the name gains that ends here; 0 where none does.
    whole: f32,
    /// That name ends where a word does.
    spaced: bool,
    /// The most that is paid here in advance for a name that goes on.
    ahead: f32,
    /// What a name before here on the same way gained, and where it ended.
    kept: Kept,
}

#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    gain: f32,
    depth: usize,
}

impl Lexicon {
    /// A tree of these spellings; `gap` is the token between words.
    pub fn new(spellings: impl IntoIterator<Item = Spelling>, gap: Option<usize>) -> Self {
        let mut lexicon = Self {
            nodes: vec![Node::default()],
            gap,
        };
        for spelling in spellings {
            lexicon.add(&spelling);
        }
        lexicon.link();
        lexicon
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() <= 1
    }

    /// Where a text stands before its first letter: as behind a gap.
    pub fn start(&self) -> usize {
        self.gap.and_then(|gap| self.child(0, gap)).unwrap_or(0)
    }

    /// One token further from `at`: where to, and what the text gains by it.
    pub fn step(&self, at: usize, token: usize) -> (usize, f32) {
        let paid = self.paid(at);
        if let Some(next) = self.child(at, token) {
            return (next, self.paid(next) - paid);
        }
        // What was finished stays; a next name begins behind it.
        let kept = self.kept(at, Some(token));
        let depth = |place: usize| self.node(place).map_or(0, |n| n.depth);
        let free = depth(at).saturating_sub(kept.depth);
        let mut place = at;
        while place != 0 {
            place = self.node(place).map_or(0, |n| n.link);
            if depth(place) <= free
                && let Some(next) = self.child(place, token)
            {
                return (next, kept.gain + self.paid(next) - paid);
            }
        }
        (0, kept.gain - paid)
    }

    /// What is still to be taken back or given where the text ends at `at`.
    pub fn settled(&self, at: usize) -> f32 {
        self.kept(at, None).gain - self.paid(at)
    }

    /// What a text that stands here was given for the name that it is in.
    fn paid(&self, at: usize) -> f32 {
        self.node(at)
            .map_or(0.0, |n| n.ahead.max(n.kept.gain).max(n.whole))
    }

    /// What stays of it where no name goes on with `token`; `None` is the end of the text.
    fn kept(&self, at: usize, token: Option<usize>) -> Kept {
        let Some(node) = self.node(at) else {
            return Kept::default();
        };
        let ends = !node.spaced || token.is_none() || token == self.gap;
        if ends && node.whole > 0.0 && node.whole >= node.kept.gain {
            return Kept {
                gain: node.whole,
                depth: node.depth,
            };
        }
        node.kept
    }

    fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)
    }

    fn child(&self, at: usize, token: usize) -> Option<usize> {
        self.node(at)?.next.get(&token).copied()
    }

    fn change(&mut self, at: usize, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(at) {
            change(node);
        }
    }

    fn add(&mut self, spelling: &Spelling) {
        // The gap before a name is no letter of it.
        let before = usize::from(spelling.spaced);
        let letters = spelling.tokens.len().saturating_sub(before);
        if letters == 0 {
            return;
        }
        let mut at = 0;
        for (depth, &token) in (1..).zip(&spelling.tokens) {
            at = self.child(at, token).unwrap_or_else(|| {
                let new = self.nodes.len();
                self.nodes.push(Node {
                    depth,
                    ..Node::default()
                });
                self.change(at, |node| {
                    node.next.insert(token, new);
                });
                new
            });
            let part = depth.saturating_sub(before) as f32 / letters as f32;
            let gain = spelling.gain * part;
            self.change(at, |node| node.ahead = node.ahead.max(gain));
        }
        self.change(at, |node| {
            node.spaced = spelling.spaced && (node.spaced || node.whole == 0.0);
            node.whole = node.whole.max(spelling.gain);
        });
    }

    /// Sets the links and what is kept, nearest the root first.
    fn link(&mut self) {
        let mut queue = VecDeque::from([0]);
        while let Some(at) = queue.pop_front() {
            let Some(node) = self.node(at).cloned() else {
                continue;
            };
            for (token, next) in node.next {
                let mut place = node.link;
                let mut link = self.child(place, token).filter(|_| at != 0);
                while link.is_none() && place != 0 {
                    place = self.node(place).map_or(0, |n| n.link);
                    link = self.child(place, token);
                }
                let kept = self.kept(at, Some(token));
                self.change(next, |node| {
                    node.link = link.unwrap_or(0);
                    node.kept = kept;
                });
                queue.push_back(next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: usize = 9;

    fn name(tokens: &[usize], gain: f32) -> Spelling {
        Spelling {
            tokens: tokens.to_vec(),
            gain,
            spaced: tokens.first() == Some(&GAP),
        }
    }

    /// What a text gains in all.
    fn gain(lexicon: &Lexicon, text: &[usize]) -> f32 {
        let (mut at, mut gain) = (lexicon.start(), 0.0);
        for token in text {
            let (next, more) = lexicon.step(at, *token);
            (at, gain) = (next, gain + more);
        }
        let all = gain + lexicon.settled(at);
        (all * 1000.0).round() / 1000.0
    }

    #[test]
    fn a_name_gains_its_cap_in_all_however_long_it_is() {
        let long: Vec<usize> = (0..8).cycle().take(20).collect();
        let lexicon = Lexicon::new([name(&long, 2.0)], None);
        assert_eq!(gain(&lexicon, &long), 2.0);
        let (mut at, mut most) = (lexicon.start(), 0.0_f32);
        let mut paid = 0.0;
        for token in &long {
            let (next, more) = lexicon.step(at, *token);
            at = next;
            paid += more;
            most = most.max(paid);
            assert!(more <= 0.11, "spread over its letters: {more}");
        }
        assert!(most <= 2.001);
        // All of it is taken back where the last letter is another.
        let mut other = long.clone();
        other[19] = 8;
        assert_eq!(gain(&lexicon, &other), 0.0);
        assert_eq!(gain(&lexicon, &long[..19]), 0.0);
    }

    #[test]
    fn a_finished_name_stays_where_a_longer_one_fails() {
        let lexicon = Lexicon::new([name(&[1, 2], 1.0), name(&[1, 2, 3, 4, 5], 2.0)], None);
        assert_eq!(gain(&lexicon, &[1, 2]), 1.0);
        assert_eq!(gain(&lexicon, &[1, 2, 3, 4, 5]), 2.0);
        for failed in [&[1, 2, 3, 4][..], &[1, 2, 3, 7], &[1, 2, 3, 4, 7, 7]] {
            assert_eq!(gain(&lexicon, failed), 1.0, "{failed:?}");
        }
        // The next name begins behind it.
        assert_eq!(gain(&lexicon, &[1, 2, 3, 1, 2]), 2.0);
        assert_eq!(gain(&lexicon, &[1, 2, 1, 2]), 2.0);
    }

    #[test]
    fn a_name_inside_a_failed_one_or_behind_it_is_found_and_none_counts_twice() {
        let lexicon = Lexicon::new([name(&[1, 2, 3, 4], 2.0), name(&[2, 3, 7], 1.5)], None);
        assert_eq!(gain(&lexicon, &[1, 2, 3, 7]), 1.5);
        assert_eq!(gain(&lexicon, &[7, 7, 2, 3, 7, 1]), 1.5);
        assert_eq!(gain(&lexicon, &[2, 3, 1, 2, 3, 4]), 2.0);
        let overlap = Lexicon::new(
            [
                name(&[1, 2], 1.0),
                name(&[1, 2, 8], 1.5),
                name(&[2, 3], 1.0),
            ],
            None,
        );
        assert_eq!(gain(&overlap, &[1, 2, 3]), 1.0);
    }

    #[test]
    fn between_gaps_a_name_is_a_word_of_its_own() {
        let lexicon = Lexicon::new([name(&[GAP, 1, 2], 1.0)], Some(GAP));
        for (text, wanted) in [
            (&[1, 2][..], 1.0),
            (&[3, GAP, 1, 2, GAP, 3], 1.0),
            (&[3, 1, 2], 0.0),
            (&[1, 2, 3], 0.0),
            (&[GAP, GAP, GAP], 0.0),
            (&[1, 2, GAP, 1, 2], 2.0),
        ] {
            assert_eq!(gain(&lexicon, text), wanted, "{text:?}");
        }
    }

    #[test]
    fn names_are_spelled_in_six_scripts_and_one_syllable_is_not_preferred() {
        let all = [
            ("张建国", 1.5),
            ("Lý Tú Anh", 1.5),
            ("หวังลี่หัว", 1.5),
            ("ကျန်းကျန်းကော့", 1.5),
            ("ຫຼີ່ຊິ່ວອິງ", 1.5),
            ("ចាងជៀនកូ", 1.5),
        ];
        let mut vocab = serde_json::Map::new();
        vocab.insert("<pad>".into(), 0.into());
        vocab.insert("|".into(), 1.into());
        for letter in all
            .iter()
            .flat_map(|(n, _)| n.chars())
            .chain("lýtúanh张an".chars())
        {
            let next = vocab.len();
            if letter != ' ' {
                vocab
                    .entry(letter.to_string())
                    .or_insert_with(|| next.into());
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let text = serde_json::Value::Object(vocab.clone()).to_string();
        std::fs::write(dir.path().join("vocab.json"), text).unwrap();
        let letters = Letters::read(dir.path(), None, vocab.len(), 0).unwrap();
        for (name, _) in all {
            let ways = spellings(name, &letters);
            assert!(!ways.is_empty(), "{name}");
            for way in ways {
                assert!((1.0..=2.0).contains(&way.gain), "{name} {}", way.gain);
                assert_eq!(way.spaced, name.starts_with("Lý"));
                assert_eq!(way.spaced, way.tokens.first() == Some(&1));
            }
        }
        // Small letters alone, as some models write.
        assert_eq!(spellings("Lý Tú Anh", &letters).len(), 2);
        for short in ["张", "An", "ลี", "ຫຼີ", "", "x"] {
            assert_eq!(spellings(short, &letters), [], "{short}");
        }
    }
}
