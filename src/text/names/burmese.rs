//! Burmese spellings as sounds, by a table of rhymes: what is written and what is said differ much,
//! and closing letters change the vowel (`အောင်` is said *aung*, `ဝင်း` *win*).

use super::sound::Sounds;

const ASAT: char = '\u{103A}';
const STACK: char = '\u{1039}';

/// How a consonant opens a syllable.
fn consonant(c: char) -> Option<&'static str> {
    Some(match c {
        'က' => "k",
        'ခ' => "x",
        'ဂ' | 'ဃ' => "g",
        'င' => "q",
        'စ' | 'ဆ' => "s",
        'ဇ' | 'ဈ' => "z",
        'ည' | 'ဉ' => "Y",
        'ဋ' | 'တ' => "t",
        'ဌ' | 'ထ' => "T",
        'ဍ' | 'ဎ' | 'ဒ' | 'ဓ' => "d",
        'ဏ' | 'န' => "n",
        'ပ' => "p",
        'ဖ' => "P",
        'ဗ' | 'ဘ' => "b",
        'မ' => "m",
        'ယ' => "y",
        'ရ' => "r",
        'လ' | 'ဠ' => "l",
        'ဝ' => "w",
        'သ' | 'ဿ' => "D",
        'ဟ' => "h",
        'အ' => "",
        _ => return None,
    })
}

/// Vowel letters that stand alone.
fn independent(c: char) -> Option<&'static str> {
    Some(match c {
        'ဣ' | 'ဤ' => "i",
        'ဥ' | 'ဦ' => "u",
        'ဧ' => "e",
        'ဩ' | 'ဪ' => "o",
        _ => return None,
    })
}

/// One written syllable.
#[derive(Default)]
struct Written {
    first: char,
    medials: String,
    vowels: String,
    finals: Vec<char>,
}

/// A word as syllables.
pub(super) fn syllables(word: &str) -> Vec<Sounds> {
    written(word)
        .iter()
        .map(sounds)
        .filter(|s| !s.is_empty())
        .collect()
}

fn written(word: &str) -> Vec<Written> {
    let letters: Vec<char> = word.chars().collect();
    let mut found: Vec<Written> = Vec::new();
    for (i, &c) in letters.iter().enumerate() {
        if consonant(c).is_some() || independent(c).is_some() {
            let next = letters.get(i + 1).copied().unwrap_or(' ');
            let after = letters.get(i + 2).copied().unwrap_or(' ');
            // A tone mark may stand between a closing consonant and its killer.
            let closed = next == ASAT || next == STACK || ('\u{1037}' == next && after == ASAT);
            match found.last_mut() {
                Some(last) if closed => last.finals.push(c),
                _ => found.push(Written {
                    first: c,
                    ..Written::default()
                }),
            }
        } else if let Some(last) = found.last_mut() {
            match c {
                'ျ' | 'ြ' | 'ွ' | 'ှ' => last.medials.push(c),
                'ါ' => last.vowels.push('ာ'),
                'ာ' | 'ိ' | 'ီ' | 'ု' | 'ူ' | 'ေ' | 'ဲ' | 'ံ' => {
                    last.vowels.push(c)
                }
                _ => {}
            }
        }
    }
    found
}

fn sounds(syllable: &Written) -> Sounds {
    let mut sounds: Sounds = match independent(syllable.first) {
        Some(vowel) => vowel.as_bytes().to_vec(),
        None => onset(syllable),
    };
    if independent(syllable.first).is_some() {
        let end = syllable.finals.first().map_or("", |c| close(*c));
        sounds.extend(end.bytes());
        return sounds;
    }
    let round = syllable.medials.contains('ွ');
    sounds.extend(rhyme(syllable, round).bytes());
    // Letters beyond the first that are killed too: foreign closing consonants.
    for extra in syllable.finals.iter().skip(1) {
        sounds.extend(close(*extra).bytes());
    }
    sounds
}

fn onset(syllable: &Written) -> Sounds {
    let has = |c| syllable.medials.contains(c);
    let glide = has('ျ') || has('ြ');
    let mut sounds = match (syllable.first, glide, has('ှ')) {
        ('က', true, _) => "c",
        ('ခ', true, _) => "C",
        ('ဂ' | 'ဃ', true, _) => "j",
        ('င', true, _) => "Y",
        ('လ', true, true) | ('ရ' | 'ယ', _, true) => "S",
        ('သ', true, true) => "S",
        ('သ', _, true) => "S",
        (first, ..) => consonant(first).unwrap_or(""),
    }
    .as_bytes()
    .to_vec();
    let palatal = matches!(sounds.first(), Some(b'c' | b'C' | b'j' | b'Y' | b'S'));
    if glide && !palatal {
        // In loans the medial is an r or an l.
        sounds.push(if has('ြ') { b'L' } else { b'-' });
    }
    sounds
}

/// A killed consonant by itself.
fn close(c: char) -> &'static str {
    match c {
        'က' | 'ခ' | 'ဂ' => "6",
        'စ' | 'ဆ' | 'ဇ' | 'သ' => "0",
        'တ' | 'ဋ' | 'ထ' | 'ဒ' | 'ဓ' | 'ဍ' | 'ဌ' => "5",
        'ပ' | 'ဖ' | 'ဗ' | 'ဘ' => "4",
        'င' => "3",
        'န' | 'ဏ' | 'ည' | 'ဉ' => "2",
        'မ' => "1",
        'လ' | 'ရ' => "9",
        'ယ' => "7",
        _ => "",
    }
}

/// The vowel and what closes it.
fn rhyme(syllable: &Written, round: bool) -> String {
    let glide = if round { "+" } else { "" };
    let plain = |vowel: &str| format!("{glide}{vowel}");
    let killed = syllable.finals.first().copied();
    let Some(killed) = killed else {
        return plain(match syllable.vowels.as_str() {
            "" | "ာ" => "a",
            "ိ" | "ီ" => "i",
            "ု" | "ူ" => "u",
            "ေ" => "e",
            "ဲ" => "e",
            "ော" => "o",
            "ို" | "ိုံ" => "o",
            "ံ" => "a2",
            "ုံ" | "ံု" => "o2",
            "ိံ" => "e2",
            _ => "a",
        });
    };
    let end = close(killed);
    match syllable.vowels.as_str() {
        "" if round => match killed {
            'င' => "+i2".to_owned(),
            'န' | 'မ' | 'ဏ' => format!("u{end}"),
            'တ' | 'ပ' => format!("u{end}"),
            'ယ' => "+e".to_owned(),
            _ => format!("+a{end}"),
        },
        "" => match killed {
            'က' => "e6".to_owned(),
            'င' => "i2".to_owned(),
            'စ' => "i5".to_owned(),
            'ည' => "i".to_owned(),
            'ဉ' => "i2".to_owned(),
            'ယ' => "e".to_owned(),
            _ => format!("a{end}"),
        },
        "ော" if killed == 'က' => "a86".to_owned(),
        "ော" if killed == 'င' => "a83".to_owned(),
        "ော" => format!("o{end}"),
        "ို" if killed == 'က' => "a76".to_owned(),
        "ို" if killed == 'င' => "a73".to_owned(),
        "ို" => format!("o{end}"),
        "ိ" => format!("e7{end}"),
        "ီ" => format!("i{end}"),
        "ု" => format!("o8{end}"),
        "ူ" => format!("u{end}"),
        "ေ" | "ဲ" => plain(&format!("e{end}")),
        "ာ" => plain(&format!("a{end}")),
        _ => plain(&format!("a{end}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burmese_names_are_read() {
        for (word, sounds) in [
            ("အောင်", "a83"),
            ("မင်း", "mi2"),
            ("ထွန်း", "Tu2"),
            ("ကျော်", "co"),
            ("ခင်", "xi2"),
            ("စန်း", "sa2"),
            ("သီတာ", "Di ta"),
            ("လှမြင့်", "la mLi2"),
            ("နိုင်", "na73"),
            ("ရှီကျင့်ဖျင်", "Si ci2 P-i2"),
            ("ဟုန်း", "ho82"),
        ] {
            let all: Vec<String> = syllables(word)
                .iter()
                .map(|s| String::from_utf8_lossy(s).into_owned())
                .collect();
            assert_eq!(all.join(" "), sounds, "{word}");
        }
    }
}
