//! Near spellings of one search token: the slips of typists and recognisers in the six languages.
//!
//! Every token has keys; tokens that share one are candidates, and [`alike`] then says how far they
//! lie apart. A Chinese character is keyed by its Mandarin reading, where southern speakers merge
//! `zh ch sh` with `z c s`, `n` with `l`, and `-ng` with `-n`. A cluster of the Brahmic scripts is
//! keyed by the sound of its consonants, without vowel and tone. A Latin word is keyed by its
//! letters without marks, by how Vietnamese sounds, and, from five letters on, by what is left when
//! any one letter is missing (the deletion neighbourhood of the symmetric-delete method).

use super::names::pinyin_of;
use super::normalise::bare;

/// How near two tokens are; smaller is nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alike {
    /// Another tone or other marks.
    Marks,
    /// It sounds alike.
    Sound,
    /// One letter is another, too many or missing.
    Letter,
}

/// Consonants that sound alike, group by group; the first of a group stands for all.
const GROUPS: &[&str] = &[
    // Thai
    "กฃ",
    "ขคฅฆ",
    "จ",
    "ชฉฌ",
    "สศษซ",
    "ดฎ",
    "ตฏ",
    "ทธฑฒถฐ",
    "นณ",
    "พภผ",
    "ฟฝ",
    "รลฬ",
    "ยญ",
    "หฮ",
    // Lao
    "ຂຄ",
    "ສຊ",
    "ທຖ",
    "ພຜ",
    "ຟຝ",
    "ລຣ",
    "ຍຢ",
    "ຫຮ",
    "ນໜ",
    "ມໝ",
    // Khmer: the two series, and letters drawn or read alike
    "កគ",
    "ខឃ",
    "ចជ",
    "ឆឈ",
    "តទដឌ",
    "ថធឋឍ",
    "បព",
    "ផភ",
    "នណ",
    "លឡ",
    "ញង",
    // Burmese: plain and voiced, aspirated and voiced
    "ကဂ",
    "ခဃ",
    "စဇ",
    "ဆဈ",
    "တဒဋဍ",
    "ထဓဌဎ",
    "ပဗ",
    "ဖဘ",
    "နဏ",
    "လဠ",
    "ယရ",
    "ျြ",
    "ညဉ",
];
/// Vowels of Thai and Lao that stand as letters of their own: what a slip of a vowel adds or drops.
/// Burmese has signs that stand alone as a cluster too.
const WEAK: &str = "\u{0E30}\u{0E32}\u{0E40}\u{0E41}\u{0E42}\u{0E43}\u{0E44}\u{0E45}\
    \u{0EB0}\u{0EB2}\u{0EBD}\u{0EC0}\u{0EC1}\u{0EC2}\u{0EC3}\u{0EC4}";
/// Letters from which on one may be wrong.
const LONG: usize = 5;
/// Letters beyond which a word is not looked at.
const MOST_LETTERS: usize = 24;

/// Vietnamese sounds that one region or another merges; a beginning of a word, then ends.
const BEGINS: &[(&str, &str)] = &[
    ("ngh", "G"),
    ("gi", "z"),
    ("gh", "g"),
    ("ng", "G"),
    ("nh", "N"),
    ("ph", "f"),
    ("th", "T"),
    ("tr", "C"),
    ("ch", "C"),
    ("kh", "K"),
    ("qu", "kw"),
    ("d", "z"),
    ("r", "z"),
    ("v", "z"),
    ("x", "s"),
    ("n", "l"),
    ("c", "k"),
];
const ENDS: &[(&str, &str)] = &[
    ("nh", "n"),
    ("ng", "n"),
    ("ch", "t"),
    ("c", "t"),
    ("y", "i"),
];

/// Whether a cluster is a vowel letter alone.
pub fn is_weak(token: &str) -> bool {
    !token.is_empty() && token.chars().all(|c| WEAK.contains(c) || is_mark(c))
}

/// The keys of a token as [`super::index_tokens`] gives it; none for numbers and what is not of the
/// six languages' scripts. The first key is the chief one.
pub fn sound_keys(token: &str) -> Vec<String> {
    let Some(first) = token.chars().next() else {
        return Vec::new();
    };
    if token.chars().any(|c| c.is_ascii_digit()) {
        return Vec::new();
    }
    if is_weak(token) {
        return vec![format!("v:{:x}", block(first))];
    }
    if is_brahmic(first) {
        return vec![format!("x:{}", consonants(token))];
    }
    let mut keys: Vec<String> = pinyin_of(first)
        .iter()
        .map(|p| format!("h:{}", merged_pinyin(p)))
        .collect();
    if keys.is_empty() {
        keys = latin_keys(token);
    }
    keys.dedup();
    keys
}

/// How near two tokens that share a key are; `None` where they are equal or too far apart.
pub fn alike(a: &str, b: &str) -> Option<Alike> {
    if a == b {
        return None;
    }
    let (first, other) = (a.chars().next()?, b.chars().next()?);
    if is_weak(a) && is_weak(b) {
        return (block(first) == block(other)).then_some(Alike::Marks);
    }
    if is_brahmic(first) || is_brahmic(other) {
        let same = is_brahmic(first) && is_brahmic(other) && consonants(a) == consonants(b);
        let letters = |t: &str| t.chars().filter(|&c| !is_mark(c)).collect::<String>();
        let kind = if letters(a) == letters(b) {
            Alike::Marks
        } else {
            Alike::Sound
        };
        return same.then_some(kind);
    }
    if !pinyin_of(first).is_empty() {
        let merged = |c| {
            pinyin_of(c)
                .iter()
                .map(|p| merged_pinyin(p))
                .collect::<Vec<_>>()
        };
        let others = merged(other);
        return merged(first)
            .iter()
            .any(|p| others.contains(p))
            .then_some(Alike::Sound);
    }
    let (a, b) = (bare(a), bare(b));
    if a == b {
        return Some(Alike::Marks);
    }
    if vietnamese(&a) == vietnamese(&b) {
        return Some(Alike::Sound);
    }
    let long = a.chars().count().min(b.chars().count()) >= LONG - 1
        && a.chars().count().max(b.chars().count()) >= LONG;
    (long && one_letter_apart(&a, &b)).then_some(Alike::Letter)
}

/// The number of the script's block.
fn block(c: char) -> u32 {
    u32::from(c) >> 7
}

fn is_brahmic(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}')
}

/// Signs that stand around a consonant: vowels, tones, killers.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0E31}' | '\u{0E33}'..='\u{0E3A}' | '\u{0E47}'..='\u{0E4E}'
        | '\u{0EB1}' | '\u{0EB3}'..='\u{0EBC}' | '\u{0EC8}'..='\u{0ECE}'
        | '\u{102B}'..='\u{103A}' | '\u{103D}' | '\u{103E}' | '\u{17B6}'..='\u{17D3}')
}

/// The consonants of a cluster, each as the first of its group. A consonant that the Burmese killer
/// closes is kept apart: it ends a syllable, where the stops fall together and so do the nasals.
fn consonants(cluster: &str) -> String {
    if cluster.contains('\u{103A}') {
        let stop = cluster.starts_with(['က', 'စ', 'တ', 'ပ']);
        let nasal = cluster.starts_with(['င', 'န', 'မ']);
        if stop || nasal {
            return if stop { "4" } else { "3" }.to_owned();
        }
    }
    cluster
        .chars()
        .filter(|&c| !is_mark(c))
        .map(grouped)
        .collect()
}

fn grouped(c: char) -> char {
    let group = GROUPS.iter().find(|g| g.contains(c));
    group.and_then(|g| g.chars().next()).unwrap_or(c)
}

fn merged_pinyin(syllable: &str) -> String {
    let begun = [("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")]
        .iter()
        .find_map(|(from, to)| {
            syllable
                .strip_prefix(from)
                .map(|rest| format!("{to}{rest}"))
        });
    let begun = begun.unwrap_or_else(|| syllable.to_owned());
    match begun.strip_suffix("ng") {
        Some(head) => format!("{head}n"),
        None => begun,
    }
}

fn latin_keys(token: &str) -> Vec<String> {
    let bare = bare(token);
    let letters: Vec<char> = bare.chars().collect();
    if letters.len() < 2
        || letters.len() > MOST_LETTERS
        || !letters.iter().all(char::is_ascii_alphabetic)
    {
        return Vec::new();
    }
    let mut keys = vec![format!("s:{}", vietnamese(&bare))];
    if letters.len() >= LONG - 1 {
        keys.push(format!("d:{bare}"));
    }
    if letters.len() >= LONG {
        for missing in 0..letters.len() {
            let rest = letters.iter().enumerate().filter(|(i, _)| *i != missing);
            keys.push(format!("d:{}", rest.map(|(_, c)| c).collect::<String>()));
        }
    }
    keys.sort_by_key(|k| !k.starts_with("s:"));
    keys
}

/// A syllable without marks as Vietnamese sounds it, its merged sounds taken as one.
fn vietnamese(bare: &str) -> String {
    let begun = BEGINS
        .iter()
        .find_map(|(from, to)| bare.strip_prefix(from).map(|rest| format!("{to}{rest}")));
    let begun = begun.unwrap_or_else(|| bare.to_owned());
    let ended = ENDS
        .iter()
        .find_map(|(from, to)| begun.strip_suffix(from).map(|head| format!("{head}{to}")));
    ended.unwrap_or(begun).replace('y', "i")
}

/// Whether one substitution, insertion, removal or exchange of neighbours makes one of the other.
fn one_letter_apart(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = |v: &[char], from: usize| v.get(from..).map(<[char]>::to_vec).unwrap_or_default();
    let (x, y) = (tail(&a, same), tail(&b, same));
    let swapped = match (&x[..], &y[..]) {
        ([p, q, rest @ ..], [r, s, other @ ..]) => p == s && q == r && rest == other,
        _ => false,
    };
    swapped
        || tail(&x, 1) == tail(&y, 1) && !x.is_empty() && !y.is_empty()
        || tail(&x, 1) == y && !x.is_empty()
        || x == tail(&y, 1) && !y.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{Alike, alike, sound_keys};

    fn near(a: &str, b: &str) -> Option<Alike> {
        let (x, y) = (sound_keys(a), sound_keys(b));
        x.iter().any(|k| y.contains(k)).then(|| alike(a, b))?
    }

    #[test]
    fn slips_of_each_language_are_near_and_others_are_not() {
        for (a, b, kind) in [
            ("伟", "维", Alike::Sound),
            ("张", "赃", Alike::Sound),
            ("nguyễn", "nguyện", Alike::Marks),
            ("sơn", "xơn", Alike::Sound),
            ("nguyen", "nguyne", Alike::Letter),
            ("nguyen", "nguyn", Alike::Letter),
            ("ชั", "ช", Alike::Marks),
            ("ช", "ฉ", Alike::Sound),
            ("ສົ", "ຊົ", Alike::Sound),
            ("ကို", "ဂို", Alike::Sound),
            ("င်", "န်", Alike::Sound),
            ("សុ", "សូ", Alike::Marks),
        ] {
            assert_eq!(near(a, b), Some(kind), "{a} {b}");
            assert_eq!(near(b, a), Some(kind), "{b} {a}");
        }
        for (a, b) in [
            ("张", "李"),
            ("lan", "hoa"),
            ("123", "124"),
            ("ก", "ม"),
            ("ສ", "ກ"),
            ("က", "မ"),
            ("ក", "ស"),
            ("a", "a"),
        ] {
            assert_eq!(near(a, b), None, "{a} {b}");
        }
    }
}
