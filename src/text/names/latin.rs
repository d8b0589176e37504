//! Latin spellings as sounds: Hanyu Pinyin, Vietnamese, and the looser habits of passports and
//! newspapers for Thai, Lao, Khmer and Burmese names.

use std::collections::HashMap;
use std::sync::LazyLock;

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::sound::Sounds;

static NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();

/// Beginnings of Mandarin syllables in Hanyu Pinyin, and their sounds.
#[rustfmt::skip] // a table
const INITIALS: &[(&str, &str)] = &[
    ("zh", "c"), ("ch", "C"), ("sh", "S"), ("b", "p"), ("p", "P"), ("m", "m"), ("f", "f"),
    ("d", "t"), ("t", "T"), ("n", "n"), ("l", "l"), ("g", "k"), ("k", "x"), ("h", "h"),
    ("j", "c"), ("q", "C"), ("x", "S"), ("r", "R"), ("z", "Z"), ("c", "X"), ("s", "s"),
];
/// Ends of Mandarin syllables behind a beginning.
#[rustfmt::skip] // a table
const FINALS: &[(&str, &str)] = &[
    ("a", "a"), ("o", "+o"), ("e", "@"), ("ai", "a7"), ("ei", "e7"), ("ao", "a8"), ("ou", "o8"),
    ("an", "a2"), ("en", "@2"), ("ang", "a3"), ("eng", "@3"), ("ong", "u3"), ("i", "i"),
    ("ia", "-a"), ("ie", "-e"), ("iao", "-a8"), ("iu", "-u"), ("ian", "-e2"), ("in", "i2"),
    ("iang", "-a3"), ("ing", "i3"), ("iong", "-u3"), ("u", "u"), ("ua", "+a"), ("uo", "+o"),
    ("uai", "+a7"), ("ui", "+e7"), ("uan", "+a2"), ("un", "+@2"), ("uang", "+a3"), ("v", "-u"),
    ("ve", "-+e"), ("ue", "-+e"), ("van", "-+e2"), ("vn", "-u2"), ("er", "@9"),
];
/// Syllables without a beginning of their own.
#[rustfmt::skip] // a table
const WHOLE: &[(&str, &str)] = &[
    ("a", "a"), ("o", "o"), ("e", "@"), ("ai", "a7"), ("ei", "e7"), ("ao", "a8"), ("ou", "o8"),
    ("an", "a2"), ("en", "@2"), ("ang", "a3"), ("eng", "@3"), ("er", "@9"), ("yi", "yi"),
    ("ya", "ya"), ("ye", "ye"), ("yao", "ya8"), ("you", "yo8"), ("yan", "ye2"), ("yin", "yi2"),
    ("yang", "ya3"), ("ying", "yi3"), ("yong", "yu3"), ("yu", "yu"), ("yue", "y+e"),
    ("yuan", "y+e2"), ("yun", "yu2"), ("wu", "wu"), ("wa", "wa"), ("wo", "wo"), ("wai", "wa7"),
    ("wei", "we7"), ("wan", "wa2"), ("wen", "w@2"), ("wang", "wa3"), ("weng", "w@3"),
    ("yo", "yo"), ("ng", "@3"),
];

static PINYIN: LazyLock<HashMap<String, Sounds>> = LazyLock::new(|| {
    let mut all: HashMap<String, Sounds> = WHOLE
        .iter()
        .map(|(spelt, sounds)| ((*spelt).to_owned(), sounds.as_bytes().to_vec()))
        .collect();
    for (initial, onset) in INITIALS {
        let front = matches!(*initial, "j" | "q" | "x");
        let hissed = matches!(*initial, "zh" | "ch" | "sh" | "r" | "z" | "c" | "s");
        for (spelt, sounds) in FINALS.iter().filter(|(spelt, _)| *spelt != "er") {
            let sounds = match *spelt {
                "i" if hissed => "&",
                "u" if front => "-u",
                "uan" if front => "-+e2",
                "un" if front => "-u2",
                _ => sounds,
            };
            let whole = [onset.as_bytes(), sounds.as_bytes()].concat();
            all.insert(format!("{initial}{spelt}"), whole);
        }
    }
    all
});

/// The sounds of one Mandarin syllable in Hanyu Pinyin without tone, `v` for ü.
pub(super) fn mandarin_syllable(spelt: &str) -> Option<Sounds> {
    PINYIN.get(spelt).cloned()
}

/// A word of Hanyu Pinyin as syllables; `None` where it is none.
pub(super) fn pinyin(word: &str) -> Option<Vec<Sounds>> {
    let plain: String = plain_letters(word).into_iter().map(|(c, _)| c).collect();
    let plain = plain.replace('\'', "");
    if !plain.is_ascii() || plain.is_empty() || plain.len() > 40 {
        return None;
    }
    // The fewest syllables; of equal ones the longest first.
    let mut best: Vec<Option<(usize, usize)>> = vec![None; plain.len() + 1];
    if let Some(end) = best.last_mut() {
        *end = Some((0, plain.len()));
    }
    for from in (0..plain.len()).rev() {
        for to in from + 1..=plain.len().min(from + 6) {
            let Some((rest, _)) = best.get(to).copied().flatten() else {
                continue;
            };
            let known = plain.get(from..to).is_some_and(|s| PINYIN.contains_key(s));
            let better = best
                .get(from)
                .copied()
                .flatten()
                .is_none_or(|(n, _)| rest < n);
            if known
                && better
                && let Some(entry) = best.get_mut(from)
            {
                *entry = Some((rest + 1, to));
            }
        }
    }
    let mut syllables = Vec::new();
    let mut from = 0;
    while from < plain.len() {
        let (_, to) = best.get(from).copied().flatten()?;
        syllables.push(mandarin_syllable(plain.get(from..to)?)?);
        from = to;
    }
    Some(syllables)
}

/// A mark that changes a Vietnamese vowel; tones are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    None,
    Circumflex,
    Breve,
    Horn,
}

/// Lower-case letters without marks, each with the mark that changes its sound.
fn plain_letters(word: &str) -> Vec<(char, Mark)> {
    let mut letters: Vec<(char, Mark)> = Vec::new();
    for c in NFD.normalize_iter(word.chars().flat_map(char::to_lowercase)) {
        let mark = match c {
            '\u{0302}' => Mark::Circumflex,
            '\u{0306}' => Mark::Breve,
            '\u{031B}' => Mark::Horn,
            '\u{0308}' => {
                // Pinyin writes u with two dots.
                if let Some(last @ ('u', _)) = letters.last_mut() {
                    last.0 = 'v';
                }
                continue;
            }
            '\u{0300}'..='\u{036F}' => continue,
            'đ' => {
                letters.push(('đ', Mark::None));
                continue;
            }
            _ => {
                letters.push((c, Mark::None));
                continue;
            }
        };
        if let Some(last) = letters.last_mut() {
            last.1 = mark;
        }
    }
    letters
}

/// Whether letters carry marks that only Vietnamese writes.
pub(super) fn is_marked_vietnamese(text: &str) -> bool {
    NFD.normalize_iter(text.chars().flat_map(char::to_lowercase))
        .any(|c| {
            matches!(
                c,
                'đ' | '\u{0302}' | '\u{0306}' | '\u{031B}' | '\u{0309}' | '\u{0323}'
            )
        })
}

/// Beginnings of Vietnamese syllables, the longest first.
#[rustfmt::skip] // a table
const VIETNAMESE: &[(&str, &str)] = &[
    ("ngh", "q"), ("ng", "q"), ("nh", "Y"), ("ch", "c"), ("tr", "c"), ("th", "T"), ("ph", "f"),
    ("kh", "x"), ("gh", "g"), ("qu", "k+"), ("gi", "z"), ("b", "b"), ("c", "k"), ("k", "k"),
    ("d", "z"), ("đ", "d"), ("g", "g"), ("h", "h"), ("l", "l"), ("m", "m"), ("n", "n"), ("p", "p"),
    ("r", "r"), ("s", "S"), ("t", "t"), ("v", "v"), ("x", "s"),
];
#[rustfmt::skip] // a table
const VIETNAMESE_ENDS: &[(&str, &str)] = &[
    ("nh", "3"), ("ng", "3"), ("ch", "6"), ("m", "1"), ("n", "2"), ("c", "6"), ("p", "4"),
    ("t", "5"), ("", ""),
];

/// One Vietnamese syllable; `None` where it is none. Without marks, `d` may be đ as well: both come
/// back.
pub(super) fn vietnamese(word: &str) -> Option<Vec<Sounds>> {
    let letters = plain_letters(word);
    if letters.len() > 7 {
        return None;
    }
    let plain: String = letters.iter().map(|(c, _)| *c).collect();
    let (onset, mut sounds) = VIETNAMESE
        .iter()
        .find(|(spelt, _)| plain.starts_with(spelt))
        .map_or(("", Sounds::new()), |(spelt, s)| {
            (*spelt, s.as_bytes().to_vec())
        });
    let mut from = onset.chars().count();
    // The i of gi is its vowel where no other follows.
    let vowel_at = |i: usize| letters.get(i).is_some_and(|(c, _)| "aeiouy".contains(*c));
    if onset == "gi" && !vowel_at(from) {
        from -= 1;
    }
    let rhyme = letters.get(from..)?;
    let vowels = rhyme
        .iter()
        .take_while(|(c, _)| "aeiouy".contains(*c))
        .count();
    let end: String = rhyme.get(vowels..)?.iter().map(|(c, _)| *c).collect();
    let (_, coda) = VIETNAMESE_ENDS.iter().find(|(spelt, _)| *spelt == end)?;
    if !(1..=3).contains(&vowels) {
        return None;
    }
    vietnamese_vowels(rhyme.get(..vowels)?, coda.is_empty(), &mut sounds);
    sounds.extend(coda.bytes());
    let mut both = vec![sounds];
    if onset == "d"
        && !is_marked_vietnamese(word)
        && let Some(first) = both.first().cloned()
    {
        both.push([b"d", first.get(1..).unwrap_or_default()].concat());
    }
    Some(both)
}

/// The vowels of a Vietnamese rhyme: a glide before, the vowel, a glide behind.
fn vietnamese_vowels(letters: &[(char, Mark)], open: bool, sounds: &mut Sounds) {
    let sound = |(c, mark): (char, Mark)| match (c, mark) {
        ('a', Mark::Circumflex) | ('o', Mark::Horn) => b'@',
        ('u', Mark::Horn) => b'&',
        ('y', _) => b'i',
        (c, _) => u8::try_from(c).unwrap_or(b'@'),
    };
    let last = letters.len().saturating_sub(1);
    for (i, &letter) in letters.iter().enumerate() {
        let next = letters.get(i + 1);
        let here = match letter {
            ('o', Mark::None) if i == 0 && next.is_some_and(|(n, _)| "ae".contains(*n)) => b'+',
            ('u', Mark::None)
                if i == 0
                    && next.is_some_and(|(n, m)| {
                        "ye".contains(*n) || (*n == 'a' && *m == Mark::Circumflex)
                    }) =>
            {
                b'+'
            }
            ('i' | 'y', _) if i == 0 && next.is_some_and(|(n, _)| *n == 'e') => b'-',
            ('i' | 'y', _) if i > 0 && i == last && open => b'7',
            ('o' | 'u', Mark::None) if i > 0 && i == last && open => b'8',
            other => sound(other),
        };
        sounds.push(here);
    }
}

/// Consonants before a vowel in loose Latin spellings, the longest first.
#[rustfmt::skip] // a table
const LOOSE: &[(&str, &str)] = &[
    ("kyw", "c+"), ("khw", "x+"), ("htw", "T+"), ("ngw", "q+"), ("shw", "S+"), ("hnw", "n+"),
    ("hmw", "m+"), ("chh", "C"), ("sch", "S"), ("thw", "D+"), ("kh", "x"), ("gh", "g"), ("ch", "C"),
    ("sh", "S"), ("ph", "P"), ("th", "T"), ("ht", "T"), ("hp", "P"), ("hk", "x"), ("hs", "s"),
    ("hl", "l"), ("hm", "m"), ("hn", "n"), ("ng", "q"), ("ny", "Y"), ("nh", "Y"), ("gn", "Y"),
    ("ky", "c"), ("gy", "j"), ("dj", "j"), ("ts", "X"), ("tz", "Z"), ("dz", "z"), ("zh", "c"),
    ("bh", "P"), ("dh", "T"), ("tr", "tL"), ("dr", "dL"), ("kr", "kL"), ("kl", "kL"), ("gr", "gL"),
    ("gl", "gL"), ("pr", "pL"), ("pl", "pL"), ("br", "bL"), ("bl", "bL"), ("fr", "fL"), ("fl", "fL"),
    ("sr", "sL"), ("sl", "sL"), ("kw", "k+"), ("gw", "g+"), ("tw", "t+"), ("sw", "s+"), ("hw", "h+"),
    ("zw", "z+"), ("lw", "l+"), ("mw", "m+"), ("nw", "n+"), ("my", "m-"), ("py", "p-"),
    ("by", "b-"), ("ly", "l-"), ("qu", "k+"), ("b", "b"), ("c", "k"), ("d", "d"), ("f", "f"),
    ("g", "g"), ("h", "h"), ("j", "j"), ("k", "k"), ("l", "l"), ("m", "m"), ("n", "n"), ("p", "p"),
    ("q", "k"), ("r", "r"), ("s", "s"), ("t", "t"), ("v", "v"), ("w", "w"), ("x", "s"), ("y", "y"),
    ("z", "z"), ("đ", "d"),
];
/// Vowels of loose Latin spellings, the longest first.
#[rustfmt::skip] // a table
const LOOSE_VOWELS: &[(&str, &str)] = &[
    ("uea", "&a"), ("eua", "&a"), ("oeu", "@"), ("aeu", "@"), ("iao", "-a8"), ("iew", "-8"), ("uay", "ua7"), ("oai", "+a7"), ("uoi", "o7"),
    ("eou", "&"), ("eay", "7"), ("aye", "e7"), ("awe", "o"), ("aw", "o"), ("au", "a8"), ("ao", "a8"), ("ai", "a7"), ("ay", "a7"),
    ("ae", "e"), ("aa", "a"), ("ea", "ia"), ("ee", "i"), ("ei", "e7"), ("ey", "e7"), ("eu", "&"),
    ("eo", "e8"), ("ew", "e8"), ("ia", "ia"), ("ie", "-e"), ("io", "io"), ("iu", "i8"), ("iw", "i8"), ("oo", "u"),
    ("ou", "u"), ("oe", "@"), ("oi", "o7"), ("oy", "o7"), ("ow", "o8"), ("oa", "oa"), ("ua", "ua"), ("ue", "&"),
    ("ui", "u7"), ("uy", "u7"), ("uo", "uo"), ("ya", "-a"), ("yi", "i"),
    ("a", "a"), ("e", "e"), ("i", "i"), ("o", "o"), ("u", "u"), ("y", "i"),
];
/// Consonants behind a vowel.
#[rustfmt::skip] // a table
const LOOSE_ENDS: &[(&str, &str)] = &[
    ("ngkh", "3"), ("nh", "2"), ("ng", "3"), ("gn", "2"), ("nk", "3"), ("nt", "2"), ("nd", "2"),
    ("kh", "6"), ("ck", "6"), ("th", "5"), ("tt", "5"), ("ph", "4"), ("ch", "5"), ("sh", "0"), ("ss", "0"), ("nn", "2"), ("mm", "1"), ("ll", "9"),
    ("m", "1"), ("n", "2"), ("p", "4"), ("b", "4"), ("t", "5"), ("d", "5"), ("k", "6"), ("c", "6"),
    ("g", "6"), ("q", "6"), ("s", "0"), ("x", "0"), ("z", "0"), ("j", "5"), ("f", "4"), ("v", "8"), ("l", "9"),
    ("r", "9"), ("h", ""), ("w", "8"), ("y", "7"),
];

fn is_vowel_letter(c: char) -> bool {
    "aeiou".contains(c)
}

/// A word in any other Latin spelling: never refuses, letters it does not know are passed over.
pub(super) fn loose(word: &str) -> Vec<Sounds> {
    let plain: String = plain_letters(word)
        .into_iter()
        .map(|(c, _)| c)
        .filter(|c| c.is_ascii_lowercase() || *c == 'đ')
        .collect();
    let mut rest = plain.as_str();
    let mut syllables: Vec<Sounds> = Vec::new();
    while !rest.is_empty() {
        let mut sounds = Sounds::new();
        rest = take_onset(rest, &mut sounds);
        rest = take_vowels(rest, &mut sounds);
        rest = take_coda(rest, &mut sounds);
        if sounds.is_empty() {
            let mut letters = rest.chars();
            letters.next();
            rest = letters.as_str();
        } else {
            syllables.push(sounds);
        }
    }
    syllables
}

fn take_onset<'a>(rest: &'a str, sounds: &mut Sounds) -> &'a str {
    for (spelt, onset) in LOOSE {
        if let Some(after) = rest.strip_prefix(spelt) {
            sounds.extend(onset.bytes());
            // Ke and Ko, but Ce and Ci: the letter is an s there in spellings after the French.
            return after;
        }
    }
    rest
}

fn take_vowels<'a>(rest: &'a str, sounds: &mut Sounds) -> &'a str {
    for (spelt, vowels) in LOOSE_VOWELS {
        if let Some(after) = rest.strip_prefix(spelt) {
            // A glide letter before another vowel belongs to the next syllable.
            let glide = spelt.len() > 1 && spelt.ends_with(['w', 'y']);
            if glide && after.starts_with(is_vowel_letter) {
                continue;
            }
            sounds.extend(vowels.bytes());
            return after;
        }
    }
    rest
}

/// Takes the consonants that close the syllable: all of them but what opens the next one.
fn take_coda<'a>(rest: &'a str, sounds: &mut Sounds) -> &'a str {
    let consonants = rest.find(is_vowel_letter).unwrap_or_else(|| {
        // A last y behind a consonant is a vowel.
        if rest.len() > 1 && rest.ends_with('y') {
            rest.len() - 1
        } else {
            rest.len()
        }
    });
    let (run, after) = rest.split_at(consonants);
    let onset = if after.is_empty() {
        ""
    } else {
        let opening = |cut: &usize| {
            run.get(*cut..)
                .is_some_and(|tail| LOOSE.iter().any(|(spelt, _)| *spelt == tail))
        };
        (0..run.len())
            .find(opening)
            .and_then(|cut| run.get(cut..))
            .unwrap_or("")
    };
    let mut coda = run.strip_suffix(onset).unwrap_or(run);
    while !coda.is_empty() {
        let (spelt, sound) = LOOSE_ENDS
            .iter()
            .find(|(spelt, _)| coda.starts_with(spelt))
            .copied()
            .unwrap_or(("", ""));
        sounds.extend(sound.bytes());
        let step = spelt
            .len()
            .max(coda.chars().next().map_or(1, char::len_utf8));
        coda = coda.get(step..).unwrap_or("");
    }
    rest.get(consonants - onset.len()..).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(syllables: &[Sounds]) -> String {
        let all: Vec<String> = syllables
            .iter()
            .map(|s| String::from_utf8_lossy(s).into_owned())
            .collect();
        all.join(" ")
    }

    #[test]
    fn pinyin_is_cut_into_syllables_and_other_words_are_not() {
        assert_eq!(shown(&pinyin("Jianguo").unwrap()), "c-e2 k+o");
        assert_eq!(shown(&pinyin("Xiuying").unwrap()), "S-u yi3");
        assert_eq!(shown(&pinyin("lǜ").unwrap()), "l-u");
        assert!(pinyin("Nguyen").is_none() && pinyin("Kyaw").is_none());
    }

    #[test]
    fn vietnamese_syllables_with_and_without_marks() {
        let first = |word: &str| shown(&vietnamese(word).unwrap()[..1]);
        assert_eq!(first("Nguyễn"), "q+ie2");
        assert_eq!(first("Hùng"), "hu3");
        assert_eq!(first("Đức"), "d&6");
        assert_eq!(first("Quốc"), "k+o6");
        assert_eq!(first("Trương"), "c&@3");
        assert_eq!(vietnamese("Dung").unwrap().len(), 2);
        assert!(vietnamese("Somchai").is_none());
    }

    #[test]
    fn loose_spellings_part_closing_from_opening_consonants() {
        assert_eq!(shown(&loose("Somchai")), "so1 Ca7");
        assert_eq!(shown(&loose("Htun")), "Tu2");
        assert_eq!(shown(&loose("Phommachan")), "Po1 ma Ca2");
        assert!(loose("'-").is_empty());
    }
}
