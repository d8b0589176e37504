//! The names, places and terms of a case as a tree of bytes, since a token of Whisper is a few bytes of
//! any script: where a text stands in the tree, and what the names in it gain.

use std::collections::{HashMap, VecDeque};

use crate::text;
use crate::text::names::{Name, Written};

/// Names that are taken at most.
pub const MOST_NAMES: usize = 5000;
/// Bytes of all names that are taken at most; the tree needs some fifty times as many.
const MOST_BYTES: usize = 1 << 18;
/// What each syllable of a name gains, as a logarithm. Measured on the practice interviews in noise: from
/// 0.8 on names of the list displace others that were said, at 1.5 more than the list brings.
const GAIN: f32 = 0.5;
/// Syllables beyond these gain nothing: a long term needs no more help than a long name.
const MOST_SYLLABLES: usize = 4;
/// Fewer would be preferred in the middle of other words.
const FEWEST_SYLLABLES: usize = 2;

/// A name that is preferred where the sound leaves it open.
#[derive(Clone, Debug, PartialEq)]
pub struct Preferred {
    /// As it is written: as entered, and in Latin letters as at the start of a sentence.
    pub ways: Vec<String>,
    /// What the whole of it gains, as a logarithm; at most [`MOST_SYLLABLES`] times [`GAIN`].
    pub gain: f32,
    /// Its script writes spaces, so it begins and ends where a word does.
    pub spaced: bool,
}

/// How a name is preferred; `None` for one of fewer than two syllables, which would be found in the
/// middle of other words.
pub fn preferred(name: &str) -> Option<Preferred> {
    let read = Name::read(name, None);
    let clean = read.text();
    let letters = || text::graphemes(clean).len() / 2;
    let syllables = read.syllables().unwrap_or_else(letters);
    if syllables < FEWEST_SYLLABLES {
        return None;
    }
    let spaced = read.written() == Some(Written::Latin);
    let capital = spaced.then(|| text::capitalised(clean));
    Some(Preferred {
        ways: [clean.to_owned()].into_iter().chain(capital).collect(),
        gain: syllables.min(MOST_SYLLABLES) as f32 * GAIN,
        spaced,
    })
}

/// The list as a tree, with links from each place to the longest end of it that also begins a name
/// (Aho and Corasick 1975).
#[derive(Debug, Default)]
pub struct Names {
    nodes: Vec<Node>,
    next: HashMap<(Place, u8), Place>,
}

/// A place in the tree; 0 is its root, where no name has begun.
pub type Place = u32;

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    link: Place,
    /// What the name that ends here gains; 0 where none does.
    whole: f32,
    /// The same for any name that ends here, wherever it began.
    ends: f32,
    /// The most that a name through this place gains.
    most: f32,
}

/// What some bytes did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walked {
    /// Where they lead.
    pub place: Place,
    /// What the best name gains that they finished; 0 where they finished none.
    pub finished: f32,
    /// Whether all of them went on with what had begun.
    pub further: bool,
}

impl Names {
    /// A tree of these writings, the first [`MOST_NAMES`] of them. Those of one syllable are left out.
    pub fn new(names: &[String]) -> Self {
        let mut tree = Self {
            nodes: vec![Node::default()],
            next: HashMap::new(),
        };
        let mut room = MOST_BYTES;
        for name in names.iter().take(MOST_NAMES) {
            let Some(Preferred { ways, gain, spaced }) = preferred(name) else {
                continue;
            };
            room = room.saturating_sub(ways.first().map_or(0, String::len));
            if room == 0 {
                break;
            }
            for way in ways {
                // A word begins behind a space.
                tree.add(&if spaced { format!(" {way}") } else { way }, gain);
            }
        }
        tree.link();
        tree
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() <= 1
    }

    /// Where a text stands before its first letter: as behind a space.
    pub fn start(&self) -> Place {
        self.child(0, b' ').unwrap_or(0)
    }

    /// The most that a name gains of which the bytes up to here are a part.
    pub fn most(&self, place: Place) -> f32 {
        self.node(place).most
    }

    /// Where `bytes` lead from `place`.
    pub fn walk(&self, place: Place, bytes: &[u8]) -> Walked {
        let mut walked = Walked {
            place,
            finished: 0.0,
            further: true,
        };
        for &byte in bytes {
            while walked.place != 0 && self.child(walked.place, byte).is_none() {
                walked.place = self.node(walked.place).link;
                walked.further = false;
            }
            match self.child(walked.place, byte) {
                Some(next) => walked.place = next,
                None => walked.further = false,
            }
            walked.finished = walked.finished.max(self.node(walked.place).ends);
        }
        walked
    }

    /// What the names in a text gain together, each once: one that a text repeats may be a loop.
    pub fn gain(&self, line: &str) -> f32 {
        let line = format!(" {}", line.trim_start());
        let mut edges = vec![0];
        for letter in text::graphemes(&line) {
            edges.push(edges.last().copied().unwrap_or(0) + letter.len());
        }
        let (mut gain, mut free) = (0.0, 0);
        let mut seen = Vec::new();
        for &from in &edges {
            if from < free {
                continue;
            }
            if let Some((place, end)) = self.longest(&line, from, &edges) {
                free = end;
                if !seen.contains(&place) {
                    seen.push(place);
                    gain += self.node(place).whole;
                }
            }
        }
        gain
    }

    /// The longest name that begins at byte `from` and ends with a letter and, in Latin letters, with
    /// a word.
    fn longest(&self, line: &str, from: usize, edges: &[usize]) -> Option<(Place, usize)> {
        let (mut place, mut found) = (0, None);
        for (end, &byte) in (from + 1..).zip(line.as_bytes().get(from..)?) {
            let Some(next) = self.child(place, byte) else {
                break;
            };
            place = next;
            let ends = self.node(place).whole > 0.0 && edges.binary_search(&end).is_ok();
            if ends && !inside_a_word(line, end) {
                found = Some((place, end));
            }
        }
        found
    }

    fn node(&self, place: Place) -> Node {
        let index = usize::try_from(place).unwrap_or(usize::MAX);
        self.nodes.get(index).copied().unwrap_or_default()
    }

    fn change(&mut self, place: Place, change: impl FnOnce(&mut Node)) {
        let index = usize::try_from(place).unwrap_or(usize::MAX);
        if let Some(node) = self.nodes.get_mut(index) {
            change(node);
        }
    }

    fn child(&self, place: Place, byte: u8) -> Option<Place> {
        self.next.get(&(place, byte)).copied()
    }

    fn add(&mut self, name: &str, gain: f32) {
        let mut place = 0;
        for &byte in name.as_bytes() {
            place = self.child(place, byte).unwrap_or_else(|| {
                let new = Place::try_from(self.nodes.len()).unwrap_or(0);
                self.nodes.push(Node::default());
                self.next.insert((place, byte), new);
                new
            });
            self.change(place, |node| node.most = node.most.max(gain));
        }
        self.change(place, |node| node.whole = node.whole.max(gain));
    }

    /// Sets the links, nearest the root first.
    fn link(&mut self) {
        let mut children: HashMap<Place, Vec<(u8, Place)>> = HashMap::new();
        for (&(place, byte), &next) in &self.next {
            children.entry(place).or_default().push((byte, next));
        }
        let mut queue = VecDeque::from([0]);
        while let Some(place) = queue.pop_front() {
            for &(byte, next) in children.get(&place).into_iter().flatten() {
                let link = match place {
                    0 => 0,
                    _ => self.walk(self.node(place).link, &[byte]).place,
                };
                let ends = self.node(link).ends;
                self.change(next, |node| {
                    node.link = link;
                    node.ends = node.whole.max(ends);
                });
                queue.push_back(next);
            }
        }
        // A space alone begins no name.
        self.change(self.start(), |node| node.most = 0.0);
    }
}

/// Whether byte `at` stands between letters or digits of one word, in a script that writes spaces.
fn inside_a_word(line: &str, at: usize) -> bool {
    let (before, after) = line.split_at_checked(at).unwrap_or((line, ""));
    let latin = |c: char| Written::of(c.encode_utf8(&mut [0; 4])) == Some(Written::Latin);
    let in_word = |c: char| c.is_ascii_digit() || latin(c);
    before.chars().next_back().is_some_and(in_word) && after.chars().next().is_some_and(in_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Names {
        Names::new(&list.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn names_are_found_in_six_scripts_wherever_they_may_begin() {
        let list = [
            "张建国",
            "Lý Tú Anh",
            "หวังลี่หัว",
            "ကျန်းကျန်းကော့",
            "ຫຼີ່ຊິ່ວອິງ",
            "ចាងជៀនកូ",
        ];
        let names = names(&list);
        for line in [
            "我叫张建国。",
            "Tôi tên là Lý Tú Anh.",
            "Lý Tú Anh",
            "ฉันชื่อหวังลี่หัว",
            "ကျွန်တော့်နာမည်ကျန်းကျန်းကော့ပါ။",
            "ຂ້ອຍຊື່ຫຼີ່ຊິ່ວອິງ",
            "ខ្ញុំឈ្មោះចាងជៀនកូ។",
        ] {
            assert!(names.gain(line) >= 2.0 * GAIN, "{line}");
        }
    }

    #[test]
    fn a_part_of_a_name_or_of_a_word_gains_nothing() {
        let names = names(&["张建国", "Lý Tú An", "hộ chiếu", "ကျန်းကျန်းကော"]);
        for line in [
            "我叫张建。",
            "Lý Tú Anh",
            "xLý Tú An",
            "Tôi Lý Tú",
            // The last letter goes on with a tone.
            "နာမည်ကျန်းကျန်းကော့ပါ",
            "",
        ] {
            assert_eq!(names.gain(line), 0.0, "{line}");
        }
        assert!(names.gain("Hộ chiếu của tôi") > 0.0);
    }

    #[test]
    fn the_longest_name_counts_and_each_once() {
        let names = names(&["王丽", "王丽华", "丽华街"]);
        let one = names.gain("王丽");
        assert_eq!(one, 2.0 * GAIN);
        assert_eq!(names.gain("王丽华街"), 3.0 * GAIN);
        assert_eq!(names.gain("王丽，王丽，王丽"), one);
        assert_eq!(names.gain("王丽，王丽华"), 5.0 * GAIN);
    }

    #[test]
    fn one_syllable_is_not_taken_and_a_long_list_ends() {
        for short in ["张", "An", "ลี", "လီ", "ຫຼີ", "លី", "", "!?", "7"] {
            assert!(names(&[short]).is_empty(), "{short}");
        }
        let many: Vec<String> = (0..20_000).map(|n| format!("Nguyễn Văn {n}")).collect();
        let tree = Names::new(&many);
        assert!(tree.gain("Nguyễn Văn 4999") > 0.0);
        assert_eq!(tree.gain("Nguyễn Văn 5000"), 0.0);
        let long: Vec<String> = (0..5000)
            .map(|n| format!("{n}{}", "阿".repeat(115)))
            .collect();
        let nodes = Names::new(&long).nodes.len();
        assert!((MOST_BYTES / 2..=MOST_BYTES).contains(&nodes), "{nodes}");
    }

    #[test]
    fn bytes_lead_into_a_name_however_tokens_cut_it() {
        let names = names(&["王丽华", "丽江"]);
        for size in 1..=9 {
            let mut at = names.start();
            let (mut finished, mut further) = (0.0_f32, true);
            for token in "王丽华".as_bytes().chunks(size) {
                let walked = names.walk(at, token);
                (at, finished) = (walked.place, finished.max(walked.finished));
                further &= walked.further;
            }
            assert!(further);
            assert_eq!(finished, 3.0 * GAIN, "{size}");
        }
        // Another name begins inside one that does not go on.
        let walked = names.walk(0, "王丽江".as_bytes());
        assert_eq!((walked.finished, walked.further), (2.0 * GAIN, false));
        assert_eq!(names.walk(0, "我".as_bytes()).place, 0);
        assert_eq!(names.most(names.walk(0, "王".as_bytes()).place), 3.0 * GAIN);
    }
}
