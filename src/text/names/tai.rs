//! Thai and Lao spellings as sounds, after the Royal Thai General System and the tables of BGN/PCGN.
//!
//! Both scripts write vowels before, above, below and behind their consonant. Lao writes every vowel;
//! Thai leaves some out, keeps silent letters of Sanskrit, and cuts syllables where only a
//! dictionary knows. The rules here take the reading that names most often have.

use super::sound::Sounds;
use super::tai_letters::{Sign, Tai, is_consonant, letter, signs, vowel};

/// The letters that are spoken: a letter under a silencer goes, with the r, t or d of Sanskrit
/// clusters before it, and so does a short i or u at the end of a word behind a closing t or m.
fn spoken(mut signs: Vec<Sign>) -> Vec<Sign> {
    while let Some(at) = signs.iter().position(|s| *s == Sign::Silent) {
        let mut from = at;
        if matches!(
            from.checked_sub(1).and_then(|i| signs.get(i)),
            Some(Sign::Vowel('i' | 'u'))
        ) {
            from -= 1;
        }
        from = from.saturating_sub(1);
        let before = from.checked_sub(1).and_then(|i| signs.get(i));
        let closed = from
            .checked_sub(2)
            .is_some_and(|i| is_consonant(signs.get(i)));
        if letter(signs.get(from)) == 'ร' && "ทตด".contains(letter(before)) && closed {
            from -= 1;
        }
        signs.drain(from..=at);
    }
    if let [
        ..,
        third,
        Sign::Consonant(_, _, 'ต' | 'ฒ' | 'ม' | 'ธ'),
        Sign::Vowel('i' | 'u'),
    ] = signs.as_slice()
        && (matches!(third, Sign::Vowel(_)) || is_consonant(Some(third)))
    {
        signs.pop();
    }
    signs
}

/// A word as syllables.
pub(super) fn syllables(word: &str, tai: Tai) -> Vec<Sounds> {
    let page = Page {
        signs: spoken(signs(word, tai)),
        tai,
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < page.signs.len() {
        let mut sounds = Sounds::new();
        let next = page.syllable(at, &mut sounds);
        if !sounds.is_empty() {
            found.push(sounds);
        }
        at = next.max(at + 1);
    }
    found
}

struct Page {
    signs: Vec<Sign>,
    tai: Tai,
}

impl Page {
    fn get(&self, at: usize) -> Option<&Sign> {
        self.signs.get(at)
    }

    /// Reads one syllable at `at` and returns where the next one starts.
    fn syllable(&self, at: usize, sounds: &mut Sounds) -> usize {
        match self.get(at) {
            Some(Sign::Lead(lead)) => {
                let behind = self.onset(at + 1, true, sounds);
                self.led(*lead, behind, sounds)
            }
            Some(Sign::Consonant(..)) => {
                let behind = self.onset(at, false, sounds);
                self.rhyme(behind, sounds)
            }
            Some(Sign::Vowel('r')) => {
                sounds.extend(b"ri");
                self.coda(at + 1, sounds)
            }
            _ => at + 1,
        }
    }

    /// Consonants that open the syllable; returns where they end.
    fn onset(&self, at: usize, led: bool, sounds: &mut Sounds) -> usize {
        let Some(Sign::Consonant(open, _, first)) = self.get(at) else {
            return at;
        };
        let second = letter(self.get(at + 1));
        let marked = matches!(self.get(at + 2), Some(Sign::Vowel(_)));
        let follows = marked || is_consonant(self.get(at + 2)) || led;
        let mute =
            matches!(first, 'ห' | 'ຫ') && "งญนมยรลวງຍນມຢຣລວ".contains(second) && second != ' ';
        let mute = mute || (*first == 'อ' && second == 'ย');
        if mute && follows && vowel(self.get(at + 1)) == ' ' {
            if let Some(Sign::Consonant(open, ..)) = self.get(at + 1) {
                sounds.extend(open.bytes());
            }
            return self.glide(at + 2, sounds);
        }
        let liquid = matches!(second, 'ร' | 'ล' | 'ຣ' | 'ລ');
        let stop = matches!(
            open.as_bytes().first(),
            Some(b'k' | b'x' | b't' | b'p' | b'P' | b'b' | b'f' | b'd')
        );
        if liquid && (marked || led) {
            match *first {
                // Tr and sr of Sanskrit words are s.
                'ท' | 'ส' | 'ศ' | 'ซ' if second == 'ร' && !(led && *first == 'ท') => {
                    sounds.push(b's');
                    return at + 2;
                }
                'จ' if second == 'ร' => {
                    sounds.push(b'c');
                    return at + 2;
                }
                _ if stop || *first == 'ท' => {
                    sounds.extend(open.bytes());
                    sounds.push(b'L');
                    return at + 2;
                }
                _ => {}
            }
        }
        sounds.extend(open.bytes());
        self.glide(at + 1, sounds)
    }

    /// A w between the first consonant and a vowel sign.
    fn glide(&self, at: usize, sounds: &mut Sounds) -> usize {
        let second = letter(self.get(at));
        let vowel = vowel(self.get(at + 1));
        let kin = matches!(
            sounds.last(),
            Some(
                b'k' | b'x'
                    | b'q'
                    | b'h'
                    | b's'
                    | b'c'
                    | b'C'
                    | b't'
                    | b'T'
                    | b'y'
                    | b'Y'
                    | b'l'
                    | b'n'
            )
        );
        if matches!(second, 'ว' | 'ວ') && kin && vowel != ' ' {
            sounds.push(b'+');
            return at + 1;
        }
        at
    }

    /// The rest of a syllable that began with a leading vowel.
    fn led(&self, lead: char, at: usize, sounds: &mut Sounds) -> usize {
        let next = vowel(self.get(at));
        match lead {
            'y' => {
                sounds.extend(b"a7");
                let doubled = matches!(letter(self.get(at)), 'ย' | 'ຍ') && !self.opens_next(at);
                at + usize::from(doubled)
            }
            'o' => {
                sounds.push(b'o');
                if next == 'a' {
                    at + 1
                } else {
                    self.coda(at, sounds)
                }
            }
            'E' => {
                sounds.push(b'e');
                let at = at + usize::from(matches!(next, 'a' | '8' | '%'));
                if next == 'a' {
                    at
                } else {
                    self.coda(at, sounds)
                }
            }
            _ => self.led_by_e(at, sounds),
        }
    }

    /// The many vowels that begin with the sign for e.
    fn led_by_e(&self, at: usize, sounds: &mut Sounds) -> usize {
        let (next, after) = (vowel(self.get(at)), letter(self.get(at + 1)));
        match next {
            'A' | 'O' if next == 'A' && vowel(self.get(at + 1)) == 'a' => {
                sounds.push(b'o');
                at + 2
            }
            'A' => {
                sounds.extend(b"a8");
                at + 1
            }
            'O' if vowel(self.get(at + 1)) == 'A' => {
                sounds.extend(b"a8");
                at + 2
            }
            'I' | '%' if matches!(after, 'ย' | 'ຍ') => {
                sounds.extend(b"ia");
                self.coda(at + 2, sounds)
            }
            '&' if matches!(after, 'อ' | 'ອ') => {
                sounds.extend(b"&a");
                self.coda(at + 2, sounds)
            }
            'i' | 'I' | '&' => {
                sounds.push(b'@');
                self.coda(at + 1, sounds)
            }
            'a' => {
                sounds.push(b'e');
                at + 1
            }
            '8' | '%' => {
                sounds.push(b'e');
                self.coda(at + 1, sounds)
            }
            _ => match letter(self.get(at)) {
                'ย' if !self.opens_next(at) => {
                    sounds.extend(b"@7");
                    at + 1
                }
                'ຍ' if !self.opens_next(at) => {
                    sounds.extend(b"ia");
                    self.coda(at + 1, sounds)
                }
                'อ' if !self.opens_next(at) => {
                    sounds.push(b'@');
                    at + 1 + usize::from(vowel(self.get(at + 1)) == 'a')
                }
                _ => {
                    sounds.push(b'e');
                    self.coda(at, sounds)
                }
            },
        }
    }

    /// The rest of a syllable whose vowel follows its consonant.
    fn rhyme(&self, at: usize, sounds: &mut Sounds) -> usize {
        match self.get(at) {
            Some(Sign::Vowel(sign)) => self.signed(*sign, at, sounds),
            Some(Sign::Consonant(_, _, c)) => self.unsigned(*c, at, sounds),
            _ => {
                self.bare(sounds);
                at
            }
        }
    }

    fn signed(&self, sign: char, at: usize, sounds: &mut Sounds) -> usize {
        let behind = letter(self.get(at + 1));
        match sign {
            '%' | 'O'
                if matches!(behind, 'ว' | 'ວ')
                    && !matches!(
                        self.get(at + 2),
                        Some(Sign::Vowel('A'..='Z' | 'i' | 'u' | '&'))
                    ) =>
            {
                sounds.extend(b"ua");
                self.coda(at + 2, sounds)
            }
            '%' | 'A' => {
                sounds.push(b'a');
                self.coda(at + 1, sounds)
            }
            'a' => {
                sounds.push(b'a');
                at + 1
            }
            'M' => {
                sounds.extend(b"a1");
                at + 1
            }
            'i' | 'I' => {
                sounds.push(b'i');
                self.coda(at + 1, sounds)
            }
            '&' => {
                sounds.push(b'&');
                let carrier = matches!(behind, 'อ' | 'ອ') && !self.opens_next(at + 1);
                self.coda(at + 1 + usize::from(carrier), sounds)
            }
            'u' | 'U' => {
                sounds.push(b'u');
                self.coda(at + 1, sounds)
            }
            'O' | 'Q' => {
                sounds.push(b'o');
                self.coda(at + 1, sounds)
            }
            'Y' => {
                sounds.extend(b"ia");
                self.coda(at + 1, sounds)
            }
            '8' => {
                sounds.push(b'o');
                self.coda(at + 1 + usize::from(behind == 'อ'), sounds)
            }
            'r' => {
                sounds.extend(b"Li");
                self.coda(at + 1, sounds)
            }
            _ => at + 1,
        }
    }

    /// A consonant behind a consonant without a sign: a vowel letter, a close, or a new syllable.
    fn unsigned(&self, next: char, at: usize, sounds: &mut Sounds) -> usize {
        let opens = self.opens_next(at);
        match next {
            'อ' | 'ອ' if !opens => {
                sounds.push(b'o');
                self.coda(at + 1, sounds)
            }
            'ຽ' | 'ຍ' if self.tai == Tai::Lao && is_consonant(self.get(at + 1)) && !opens => {
                sounds.extend(b"ia");
                self.coda(at + 1, sounds)
            }
            'ว' | 'ວ' if !opens && is_consonant(self.get(at + 1)) => {
                sounds.extend(b"ua");
                self.coda(at + 1, sounds)
            }
            'ร' if letter(self.get(at + 1)) == 'ร' => {
                sounds.push(b'a');
                let after = at + 2;
                if is_consonant(self.get(after)) && !self.opens_next(after) {
                    return self.coda(after, sounds);
                }
                sounds.push(b'2');
                after
            }
            _ if opens => {
                self.bare(sounds);
                at
            }
            _ => {
                // Two more consonants before the next sign: this one is open, as in Thanakon.
                let second = at + 1;
                let closes_next = is_consonant(self.get(second))
                    && !self.opens_next(second)
                    && self.tai == Tai::Thai;
                if closes_next && self.get(second + 1).is_none() {
                    self.bare(sounds);
                    return at;
                }
                sounds.push(b'o');
                self.coda(at, sounds)
            }
        }
    }

    /// A consonant by itself has a short a.
    fn bare(&self, sounds: &mut Sounds) {
        sounds.push(b'a');
    }

    /// Whether the consonant at `at` opens the next syllable: a vowel sign or a cluster follows it.
    fn opens_next(&self, at: usize) -> bool {
        match self.get(at + 1) {
            Some(Sign::Vowel(_)) => true,
            Some(Sign::Consonant(open, _, c)) => {
                let vowel = vowel(self.get(at + 2)) != ' ';
                let first = letter(self.get(at));
                let stop = "กขคตปผพบຫหกขคຂຄປພ".contains(first);
                let liquid = matches!(c, 'ร' | 'ล' | 'ว' | 'ຣ' | 'ລ' | 'ວ' | 'ຼ');
                let mute = matches!(first, 'ห' | 'ຫ') && !open.is_empty();
                (vowel && ((stop && liquid) || mute))
                    || (matches!(c, 'อ' | 'ອ') && self.closes_word_or_syllable(at + 2))
                    || (matches!(c, 'ວ' | 'ว')
                        && self.tai == Tai::Lao
                        && is_consonant(self.get(at + 2))
                        && !self.opens_sign(at + 2))
            }
            _ => false,
        }
    }

    /// Whether a vowel sign stands behind the consonant at `at`.
    fn opens_sign(&self, at: usize) -> bool {
        matches!(self.get(at + 1), Some(Sign::Vowel(_)))
    }

    /// Whether what is at `at` lets a letter before it be a vowel: an end, or a consonant.
    fn closes_word_or_syllable(&self, at: usize) -> bool {
        !matches!(self.get(at), Some(Sign::Vowel(_)))
    }

    /// A consonant that closes the syllable, if one does; returns where the next syllable starts.
    fn coda(&self, at: usize, sounds: &mut Sounds) -> usize {
        let Some(Sign::Consonant(_, close, c)) = self.get(at) else {
            return at;
        };
        if self.opens_next(at) || matches!(c, 'อ' | 'ອ' | 'ห' | 'ຫ' | 'ฮ' | 'ຮ') {
            return at;
        }
        sounds.extend(close.bytes());
        // What is left at the end of a word is not spoken.
        let mut next = at + 1;
        if self.tai == Tai::Thai
            && (next..self.signs.len()).all(|i| is_consonant(self.get(i)))
            && self.signs.len() - next < 3
            && !matches!(close.bytes().next(), Some(b'7' | b'8'))
            && self.signs.len() == next + 1
        {
            next = self.signs.len();
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(word: &str, tai: Tai) -> String {
        let all: Vec<String> = syllables(word, tai)
            .iter()
            .map(|s| String::from_utf8_lossy(s).into_owned())
            .collect();
        all.join(" ")
    }

    #[test]
    fn thai_names_are_read() {
        for (word, sounds) in [
            ("สมชาย", "so1 Ca7"),
            ("ประยุทธ์", "pLa yu5"),
            ("จันทร์", "ca2"),
            ("ทักษิณ", "Ta6 si2"),
            ("ชินวัตร", "Ci2 wa5"),
            ("เหงียน", "qia2"),
            ("วัน", "wa2"),
            ("สมบัติ", "so1 ba5"),
            ("ทอง", "To3"),
            ("แก้ว", "ke8"),
            ("ศรี", "si"),
            ("เสี่ยว", "sia8"),
            ("ธรรม", "Ta1"),
        ] {
            assert_eq!(shown(word, Tai::Thai), sounds, "{word}");
        }
    }

    #[test]
    fn lao_names_are_read() {
        for (word, sounds) in [
            ("ສົມພອນ", "so1 Po2"),
            ("ງວຽນ", "q+ia2"),
            ("ຫຸງ", "hu3"),
            ("ບຸນຍັງ", "bu2 Ya3"),
            ("ຫຼວງ", "lua3"),
            ("ແກ້ວ", "ke8"),
            ("ເລີດ", "l@5"),
            ("ຈຽນ", "cia2"),
            ("ທອງລຸນ", "To3 lu2"),
        ] {
            assert_eq!(shown(word, Tai::Lao), sounds, "{word}");
        }
    }
}
