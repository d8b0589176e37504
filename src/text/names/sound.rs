//! Sounds that names of all scripts are broken into, and how far two of them lie apart.
//!
//! One small alphabet, a byte a sound, serves six languages. It has no tones and no lengths: no
//! neighbour's script writes them. A consonant that closes a syllable is another sound than the one
//! that opens it, since closing ones are the first that a neighbour's spelling drops (*Prayut* becomes
//! 巴育). The distances follow what the languages merge; they were set by hand and then tried on the
//! half of `tests/fixtures/names/pairs.tsv` that is there for it.
//!
//! Consonants that open: `k x g h q` (plain k, kh, g, h, ng), `c C j Z X` (plain ch, aspirated ch, j,
//! ts, aspirated ts), `s S D z` (s, sh, Burmese th, z), `y Y` (y, ny), `t T d n`, `p P b f m`, `r R l L`
//! (r, Mandarin r, l, an r or l behind another consonant), `w v`. Glides: `+` w, `-` y. Vowels: `a e i
//! o u`, `@` schwa, `&` unrounded u. Consonants that close: `1 2 3` m, n, ng, `4 5 6` p, t, k, `7 8` y, w,
//! `9` r or l, `0` s.

use std::sync::LazyLock;

/// Sounds in a row.
pub(super) type Sounds = Vec<u8>;

/// All sounds.
const ALPHABET: &str = "kxghqcCjZXsSDzyYtTdnpPbfmrRlLwv+-aeiou@&1234567890";
/// Entries a row of the table: every sound is an ASCII byte.
const WIDTH: usize = 128;

/// What a sound costs that only one side has, in percent of a strong consonant.
const ALONE: &[(&str, u8)] = &[
    ("kxgcCjZXSDztTdnpPbfmrRlv", 90),
    ("s", 75),
    ("hqyYw", 50),
    ("L", 25),
    ("+", 20),
    ("-", 15),
    ("aeo", 42),
    ("iu", 36),
    ("&", 25),
    ("@", 20),
    ("1", 45),
    ("23", 35),
    ("4", 30),
    ("56", 25),
    ("78", 28),
    ("9", 20),
    ("0", 30),
];

/// What it costs to find one sound for the other, in percent; the first of each word against each of
/// the others. Everything that is not named costs a consonant for a consonant [`OTHER_CONSONANT`], a
/// vowel for a vowel [`OTHER_VOWEL`], and as much as both alone otherwise.
const MERGED: &[(&str, u8)] = &[
    // Velars: plain, aspirated and voiced stops, the fricatives they become.
    ("kx g", 20),
    ("xg h", 32),
    ("gh", 45),
    ("kh", 60),
    ("kc", 60),
    // Affricates and what stands for them where a language has none.
    ("cC j", 14),
    ("Cj", 22),
    ("cZ", 20),
    ("CX", 18),
    ("ZX", 15),
    ("cX", 30),
    ("CZ", 30),
    ("Cs S", 32),
    ("cs S", 45),
    ("Zs", 30),
    ("Zz", 15),
    ("Xs S", 25),
    ("jz", 30),
    ("cz", 40),
    ("jS", 45),
    ("ct", 50),
    ("CT", 55),
    ("Zt", 50),
    ("XT", 55),
    ("sS", 8),
    ("sD", 14),
    ("SD", 28),
    ("sz", 25),
    ("Sz", 32),
    ("Dt", 32),
    ("DT", 28),
    ("Dz", 35),
    ("st T", 65),
    ("Sh", 60),
    // Vietnamese d, gi and r; Burmese and Thai y.
    ("zy d r", 35),
    ("zR", 30),
    ("yj", 40),
    ("yY", 18),
    ("y-", 5),
    ("dy", 55),
    ("ry", 45),
    ("td", 15),
    ("tT", 20),
    ("dT", 30),
    ("dl", 60),
    ("dn", 60),
    ("nl", 38),
    ("nY", 20),
    ("qn Y", 32),
    ("nm", 60),
    ("qg", 50),
    // Labials.
    ("pP", 20),
    ("pb", 15),
    ("bP", 30),
    ("Pf", 18),
    ("pf", 40),
    ("bv", 22),
    ("bf", 45),
    ("vf", 32),
    ("pv", 45),
    ("fh", 38),
    ("bw", 30),
    ("wv", 8),
    ("fw", 50),
    ("hw", 50),
    ("mb", 60),
    ("w+", 5),
    ("v+", 12),
    ("vy", 60),
    // Liquids.
    ("rl L", 10),
    ("lL", 10),
    ("rR", 25),
    ("Rl", 35),
    ("RL", 30),
    ("RY y", 35),
    ("RS", 45),
    ("rg h", 50),
    ("L-", 20),
    ("Ly", 30),
    // Vowels.
    ("ae o", 33),
    ("a@", 20),
    ("a&", 40),
    ("ei", 24),
    ("e@", 28),
    ("e&", 40),
    ("i&", 25),
    ("i@", 38),
    ("ou", 18),
    ("o@", 30),
    ("o&", 40),
    ("u&", 25),
    ("u@", 40),
    ("@&", 18),
    ("eo", 60),
    // Vowels and glides.
    ("i7", 12),
    ("i-", 8),
    ("iy", 22),
    ("e7", 25),
    ("e-", 20),
    ("u8", 12),
    ("u+", 8),
    ("uw", 22),
    ("uv", 32),
    ("o8", 20),
    ("o+", 18),
    ("y7", 15),
    ("w8", 12),
    ("v8", 18),
    // Closing consonants fall together, or turn into opening ones where syllables are cut otherwise.
    ("12", 25),
    ("13", 35),
    ("23", 14),
    ("45", 28),
    ("46", 32),
    ("56", 22),
    ("92", 25),
    ("05", 22),
    ("06", 35),
    ("52", 50),
    ("72", 45),
    ("1m", 8),
    ("2n", 8),
    ("2l r", 38),
    ("3q", 8),
    ("3g k", 45),
    ("4p P b", 8),
    ("4f", 20),
    ("5t T d", 8),
    ("5s c C j Z X", 28),
    ("6k x g", 8),
    ("0s S z X Z", 10),
    ("0c C", 25),
    ("9r l R", 8),
    ("9L", 8),
];
const OTHER_CONSONANT: f32 = 1.0;
const OTHER_VOWEL: f32 = 0.55;

/// Costs of sounds alone and of sounds for one another.
pub(super) struct Costs {
    alone: Vec<f32>,
    pair: Vec<f32>,
}

static COSTS: LazyLock<Costs> = LazyLock::new(Costs::made);

/// The costs.
pub(super) fn costs() -> &'static Costs {
    &COSTS
}

fn is_vowel(sound: u8) -> bool {
    matches!(sound, b'a' | b'e' | b'i' | b'o' | b'u' | b'@' | b'&')
}

/// Whether a sound opens a syllable.
pub(super) fn opens(sound: u8) -> bool {
    !is_vowel(sound) && !sound.is_ascii_digit() && !matches!(sound, b'+' | b'-' | b'L')
}

impl Costs {
    fn made() -> Self {
        let mut costs = Self {
            alone: vec![1.0; WIDTH],
            pair: vec![0.0; WIDTH * WIDTH],
        };
        for (sounds, percent) in ALONE {
            for sound in sounds.bytes() {
                if let Some(cost) = costs.alone.get_mut(usize::from(sound)) {
                    *cost = f32::from(*percent) / 100.0;
                }
            }
        }
        for a in ALPHABET.bytes() {
            for b in ALPHABET.bytes() {
                let both = costs.alone(a) + costs.alone(b);
                let usual = if a == b {
                    0.0
                } else if is_vowel(a) && is_vowel(b) {
                    OTHER_VOWEL
                } else if opens(a) && opens(b) {
                    OTHER_CONSONANT.min(both)
                } else {
                    both
                };
                costs.set(a, b, usual);
            }
        }
        for (word, percent) in MERGED {
            let mut sounds = word.bytes();
            let Some(first) = sounds.next() else { continue };
            for other in sounds.filter(|s| *s != b' ') {
                let cost = f32::from(*percent) / 100.0;
                costs.set(first, other, cost);
                costs.set(other, first, cost);
            }
        }
        costs
    }

    fn set(&mut self, a: u8, b: u8, cost: f32) {
        if let Some(entry) = self.pair.get_mut(usize::from(a) * WIDTH + usize::from(b)) {
            *entry = cost;
        }
    }

    /// What a sound costs that the other side lacks.
    pub(super) fn alone(&self, a: u8) -> f32 {
        self.alone.get(usize::from(a)).copied().unwrap_or(1.0)
    }

    /// What it costs to find `b` where `a` was meant.
    pub(super) fn pair(&self, a: u8, b: u8) -> f32 {
        self.pair
            .get(usize::from(a) * WIDTH + usize::from(b))
            .copied()
            .unwrap_or(1.0)
    }

    /// What a row of sounds would cost alone.
    pub(super) fn weight(&self, sounds: &[u8]) -> f32 {
        sounds.iter().map(|s| self.alone(*s)).sum()
    }
}

/// The class of a consonant that opens a syllable, 0 to 8; those that languages merge share one.
pub(super) fn class(sound: u8) -> u8 {
    match sound {
        b'k' | b'x' | b'g' | b'h' => 1,
        b'c' | b'C' | b'j' | b'Z' | b'X' | b's' | b'S' | b'D' | b'z' => 2,
        b't' | b'T' | b'd' => 3,
        b'p' | b'P' | b'b' | b'f' | b'v' | b'w' => 4,
        b'n' | b'Y' | b'q' => 5,
        b'm' => 6,
        b'r' | b'R' | b'l' => 7,
        b'y' => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_names_sounds_of_the_alphabet_and_each_sound_has_a_cost() {
        for (word, percent) in MERGED.iter().chain(ALONE) {
            assert!(
                word.bytes()
                    .all(|s| s == b' ' || ALPHABET.as_bytes().contains(&s)),
                "{word}"
            );
            assert!(*percent > 0 && *percent <= 100);
        }
        for sound in ALPHABET.bytes() {
            assert!(
                ALONE.iter().any(|(w, _)| w.as_bytes().contains(&sound)),
                "{}",
                char::from(sound)
            );
            assert_eq!(costs().pair(sound, sound), 0.0);
        }
    }

    #[test]
    fn costs_go_both_ways_and_merged_sounds_are_near() {
        let all = costs();
        for a in ALPHABET.bytes() {
            for b in ALPHABET.bytes() {
                assert_eq!(all.pair(a, b), all.pair(b, a));
            }
        }
        for (a, b) in [
            (b'r', b'l'),
            (b'P', b'f'),
            (b's', b'S'),
            (b'2', b'3'),
            (b'w', b'v'),
        ] {
            assert!(all.pair(a, b) < 0.2);
        }
        assert!(all.pair(b'k', b'm') > 0.9);
    }
}
