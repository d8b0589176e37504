//! Khmer spellings as sounds, after the tables of BGN/PCGN: the vowel depends on its consonant's
//! series, and names of neighbours are written with signs that change the series.

use super::sound::Sounds;

const COENG: char = '\u{17D2}';

/// How a consonant opens and closes a syllable, and its series: 1 or 2.
fn consonant(c: char) -> Option<(&'static str, &'static str, u8)> {
    Some(match c {
        'ក' => ("k", "6", 1),
        'ខ' => ("x", "6", 1),
        'គ' => ("k", "6", 2),
        'ឃ' => ("x", "6", 2),
        'ង' => ("q", "3", 2),
        'ច' => ("c", "5", 1),
        'ឆ' => ("C", "5", 1),
        'ជ' => ("c", "5", 2),
        'ឈ' => ("C", "5", 2),
        'ញ' => ("Y", "2", 2),
        'ដ' => ("d", "5", 1),
        'ឋ' => ("T", "5", 1),
        'ឌ' => ("d", "5", 2),
        'ឍ' => ("T", "5", 2),
        'ណ' => ("n", "2", 1),
        'ត' => ("t", "5", 1),
        'ថ' => ("T", "5", 1),
        'ទ' => ("t", "5", 2),
        'ធ' => ("T", "5", 2),
        'ន' => ("n", "2", 2),
        'ប' => ("b", "4", 1),
        'ផ' => ("P", "4", 1),
        'ព' => ("p", "4", 2),
        'ភ' => ("P", "4", 2),
        'ម' => ("m", "1", 2),
        'យ' => ("y", "7", 2),
        'រ' => ("r", "9", 2),
        'ល' => ("l", "9", 2),
        'វ' => ("v", "8", 2),
        'ឝ' | 'ឞ' | 'ស' => ("s", "0", 1),
        'ហ' => ("h", "", 1),
        'ឡ' => ("l", "9", 1),
        'អ' => ("", "", 1),
        _ => return None,
    })
}

/// Vowels that need no consonant.
fn independent(c: char) -> Option<&'static str> {
    Some(match c {
        'ឥ' | 'ឦ' => "i",
        'ឧ' | 'ឨ' | 'ឩ' => "u",
        'ឪ' => "@8",
        'ឫ' | 'ឬ' => "r&",
        'ឭ' | 'ឮ' => "l&",
        'ឯ' => "e",
        'ឰ' => "a7",
        'ឱ' | 'ឲ' => "a8",
        'ឳ' => "a8",
        _ => return None,
    })
}

/// The sounds of a vowel sign in the first and in the second series.
fn vowel(c: char) -> Option<(&'static str, &'static str)> {
    Some(match c {
        'ា' => ("a", "ia"),
        'ិ' => ("e", "i"),
        'ី' => ("e7", "i"),
        'ឹ' => ("@", "&"),
        'ឺ' => ("@", "&"),
        'ុ' => ("o", "u"),
        'ូ' => ("o", "u"),
        'ួ' => ("ua", "ua"),
        'ើ' => ("@", "@"),
        'ឿ' => ("&a", "&a"),
        'ៀ' => ("ia", "ia"),
        'េ' => ("e", "e"),
        'ែ' => ("e", "e"),
        'ៃ' => ("a7", "a7"),
        'ោ' => ("a8", "o"),
        'ៅ' => ("a8", "o8"),
        'ំ' => ("o1", "u1"),
        'ះ' => ("a", "ia"),
        '័' => ("a", "oa"),
        _ => return None,
    })
}

/// One written syllable's opening: consonants under one another.
struct Cluster {
    letters: Vec<char>,
    /// The series sign on it: `1` for ៉, `2` for ៊, or none.
    shift: Option<u8>,
    /// Not spoken.
    silent: bool,
    vowels: Vec<char>,
}

/// A word as syllables.
pub(super) fn syllables(word: &str) -> Vec<Sounds> {
    let clusters = clusters(word);
    let mut found: Vec<Sounds> = Vec::new();
    // Whether the last syllable may still take a closing consonant.
    let mut open = false;
    for (i, cluster) in clusters.iter().enumerate() {
        if cluster.silent {
            continue;
        }
        let Some(&first) = cluster.letters.first() else {
            continue;
        };
        if let Some(sounds) = independent(first) {
            found.push(sounds.as_bytes().to_vec());
            open = true;
            continue;
        }
        let bare = cluster.vowels.is_empty() && cluster.shift.is_none();
        let last = i + 1 == clusters.len();
        if bare && open && (cluster.letters.len() == 1 || last || !starts_word(cluster)) {
            close(&mut found, cluster, last);
            open = false;
            continue;
        }
        let mut letters = cluster.letters.as_slice();
        if open
            && let [one, rest @ ..] = letters
            && splits(*one, rest)
        {
            let end = consonant(*one).map_or("", |(_, close, _)| close);
            if let Some(before) = found.last_mut() {
                before.extend(end.bytes());
            }
            letters = rest;
        }
        let (mut sounds, series) = onset(letters, cluster.shift);
        open = rhyme(&cluster.vowels, series, &mut sounds);
        found.push(sounds);
    }
    found
}

fn starts_word(cluster: &Cluster) -> bool {
    matches!(cluster.letters.as_slice(), [_, 'រ' | 'ល' | 'វ'])
}

/// Whether a stack parts two syllables: a doubled consonant, a nasal with its stop, a stop with the
/// aspirated one.
fn splits(first: char, rest: &[char]) -> bool {
    let [second, ..] = rest else { return false };
    let row = |c: char| (u32::from(c).wrapping_sub(0x1780)) / 5;
    first == *second
        || (row(first) == row(*second) && u32::from(first) < 0x1799 && u32::from(*second) < 0x1799)
        || (matches!(first, 'ម' | 'ន' | 'ណ' | 'ង' | 'ញ')
            && !matches!(second, 'រ' | 'ល' | 'យ' | 'វ' | 'ា'))
}

/// Gives the last syllable its closing consonant.
fn close(found: &mut [Sounds], cluster: &Cluster, last: bool) {
    let Some(before) = found.last_mut() else {
        return;
    };
    let Some(&first) = cluster.letters.first() else {
        return;
    };
    let Some((_, end, _)) = consonant(first) else {
        return;
    };
    // An r at an end is not spoken.
    if !(first == 'រ' && last) {
        before.extend(end.bytes());
    }
}

fn clusters(word: &str) -> Vec<Cluster> {
    let mut found: Vec<Cluster> = Vec::new();
    let mut under = false;
    for c in word.chars() {
        if c == COENG {
            under = true;
        } else if consonant(c).is_some() || independent(c).is_some() {
            match found.last_mut() {
                Some(cluster) if under => cluster.letters.push(c),
                _ => found.push(Cluster {
                    letters: vec![c],
                    shift: None,
                    silent: false,
                    vowels: Vec::new(),
                }),
            }
            under = false;
        } else if let Some(cluster) = found.last_mut() {
            match c {
                '៉' => cluster.shift = Some(1),
                '៊' => cluster.shift = Some(2),
                '៍' => cluster.silent = true,
                _ if vowel(c).is_some() => cluster.vowels.push(c),
                _ => {}
            }
        }
    }
    found
}

/// Opening sounds and the series that the vowel follows.
fn onset(letters: &[char], shift: Option<u8>) -> (Sounds, u8) {
    let mut sounds = Sounds::new();
    let rest = match letters {
        // Foreign sounds are written with ha above another letter.
        ['ហ', 'វ', rest @ ..] => (b"f".as_slice(), rest),
        ['ហ', 'ស', rest @ ..] => (b"z".as_slice(), rest),
        ['ហ', 'គ', rest @ ..] => (b"g".as_slice(), rest),
        ['ហ', 'ន', rest @ ..] => (b"n".as_slice(), rest),
        ['ហ', 'ម', rest @ ..] => (b"m".as_slice(), rest),
        ['ហ', 'ល', rest @ ..] => (b"l".as_slice(), rest),
        ['ប', rest @ ..] if shift == Some(1) || !rest.is_empty() => (b"p".as_slice(), rest),
        [first, rest @ ..] => (consonant(*first).map_or("", |(o, ..)| o).as_bytes(), rest),
        [] => (b"".as_slice(), letters),
    };
    sounds.extend(rest.0);
    for under in rest.1 {
        sounds.extend(match under {
            'រ' | 'ល' | 'ឡ' if !sounds.is_empty() => "L".bytes(),
            'វ' => "+".bytes(),
            'យ' => "-".bytes(),
            other => consonant(*other).map_or("", |(o, ..)| o).bytes(),
        });
    }
    let strong = letters
        .iter()
        .rev()
        .copied()
        .find(|c| !matches!(c, 'ង' | 'ញ' | 'ន' | 'ម' | 'យ' | 'រ' | 'ល' | 'វ'))
        .or(letters.first().copied());
    let series = shift
        .or_else(|| strong.and_then(consonant).map(|(.., s)| s))
        .unwrap_or(1);
    (sounds, series)
}

/// The vowel; returns whether a consonant may still close the syllable.
fn rhyme(vowels: &[char], series: u8, sounds: &mut Sounds) -> bool {
    if vowels.is_empty() {
        sounds.push(b'o');
        return true;
    }
    match vowels {
        ['ា', 'ំ'] => sounds.extend(b"a1"),
        ['ុ', 'ំ'] => sounds.extend(b"o1"),
        ['ុ', 'ះ'] => sounds.extend(if series == 1 { b"o" } else { b"u" }),
        ['េ', 'ះ'] => sounds.push(b'e'),
        ['ោ', 'ះ'] => sounds.push(b'o'),
        [first, ..] => {
            let both = vowel(*first).unwrap_or(("", ""));
            sounds.extend((if series == 1 { both.0 } else { both.1 }).bytes());
        }
        [] => {}
    }
    !vowels.iter().any(|v| matches!(v, 'ំ' | 'ះ'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn khmer_names_are_read() {
        for (word, sounds) in [
            ("សុខ", "so6"),
            ("ហ៊ុន", "hu2"),
            ("សែន", "se2"),
            ("សុភា", "so Pia"),
            ("ចាន់", "ca2"),
            ("ហ្វា", "fa"),
            ("វ៉ាន់", "va2"),
            ("ណាំ", "na1"),
            ("ស៊ីម", "si1"),
            ("សិទ្ធ", "se5"),
            ("បូ", "bo"),
            ("ប៉ាង", "pa3"),
        ] {
            let all: Vec<String> = syllables(word)
                .iter()
                .map(|s| String::from_utf8_lossy(s).into_owned())
                .collect();
            assert_eq!(all.join(" "), sounds, "{word}");
        }
    }
}
