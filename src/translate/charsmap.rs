//! The normalisation table of a SentencePiece model: its text form, whether it can be followed, and
//! what it makes of a text.
//!
//! Layout (SentencePiece's `precompiled_charsmap`): 4 bytes little-endian length of a double-array
//! trie in bytes, the trie's units, then replacement texts that end with a zero byte. The tokenizer
//! library follows the trie without looking where it leads, so a damaged one is refused here.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A table of which every step and every replacement stays inside it.
pub(super) struct Table {
    /// Of the trie.
    units: Vec<u32>,
    /// The replacements, each ended by a zero byte.
    texts: String,
}

/// How far a step of the trie leads.
fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 0x200) >> 6)) as usize
}

impl Table {
    /// The table that these bytes hold; `None` where it is damaged.
    pub fn read(table: &[u8]) -> Option<Self> {
        let (len, rest) = table.split_first_chunk::<4>()?;
        let (trie, texts) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        let (units, odd) = trie.as_chunks::<4>();
        let units: Vec<u32> = units.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        let texts = std::str::from_utf8(texts).ok()?;
        let follows = |(at, unit): (usize, &u32)| {
            // The highest bit marks the end of a word; its unit leads nowhere.
            if unit >> 31 == 1 {
                return true;
            }
            let next = at ^ offset(*unit);
            let leaf = units.get(next).map(|leaf| leaf & 0x7fff_ffff);
            let text =
                (unit >> 8) & 1 == 0 || leaf.is_some_and(|at| texts.is_char_boundary(at as usize));
            (next | 0xff) < units.len() && text
        };
        let sound = odd.is_empty() && !units.is_empty() && units.iter().enumerate().all(follows);
        let texts = texts.to_owned();
        sound.then_some(Self { units, texts })
    }

    /// The longest beginning of `text` that is replaced: its length in bytes, and what takes its place.
    pub fn longest(&self, text: &str) -> Option<(usize, &str)> {
        let mut found = None;
        let mut at = offset(*self.units.first()?);
        for (len, byte) in (1..).zip(text.bytes()) {
            at ^= usize::from(byte);
            let Some(unit) = self.units.get(at) else {
                break;
            };
            if unit & 0x8000_00ff != u32::from(byte) {
                break;
            }
            at ^= offset(*unit);
            if (unit >> 8) & 1 == 1 && text.is_char_boundary(len) {
                let leaf = self.units.get(at).map(|leaf| leaf & 0x7fff_ffff);
                found = leaf.map(|from| (len, from as usize));
            }
        }
        let (len, from) = found?;
        let texts = self.texts.get(from..)?;
        Some((len, texts.split('\0').next().unwrap_or_default()))
    }
}

/// Whether every step and every replacement of the table stays inside it.
pub(super) fn is_sound(table: &[u8]) -> bool {
    Table::read(table).is_some()
}

/// Base64, as tokenizer.json holds the table.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for part in bytes.chunks(3) {
        let word = part
            .iter()
            .zip([16, 8, 0])
            .fold(0_u32, |word, (byte, shift)| {
                word | u32::from(*byte) << shift
            });
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = ALPHABET.get((word >> shift & 63) as usize);
            let letter = letter.filter(|_| place <= part.len());
            text.push(char::from(*letter.unwrap_or(&b'=')));
        }
    }
    text
}

/// The bytes of a Base64 text; `None` when it is none.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(text.len());
    for part in text.chunks(4) {
        let mut word = 0_u32;
        for (letter, shift) in part.iter().zip([18, 12, 6, 0]) {
            let value = ALPHABET.iter().position(|known| known == letter)?;
            word |= (value as u32) << shift;
        }
        let count = part.len().checked_sub(1).filter(|n| *n > 0)?;
        bytes.extend(word.to_be_bytes().into_iter().skip(1).take(count));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_there_and_back() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"\xff\xfe\xfd\xfc", "//79/A=="),
        ] {
            assert_eq!(to_base64(bytes), text);
            assert_eq!(from_base64(text).unwrap(), bytes);
        }
        assert_eq!(from_base64("A"), None);
        assert_eq!(from_base64("A*=="), None);
    }

    /// A trie of one block with `unit` at its root, and one replacement text.
    fn table(unit: u32) -> Vec<u8> {
        let mut units = vec![0_u32; 256];
        units[0] = unit;
        let mut bytes = 1024_u32.to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes.extend("é\0".as_bytes());
        bytes
    }

    #[test]
    fn a_table_that_leads_outside_itself_is_refused() {
        assert!(is_sound(&table(0)));
        assert!(!is_sound(&table(1 << 20)), "a step beyond the trie");
        assert!(!is_sound(&table(0)[..1000]), "cut short");
        assert!(!is_sound(&[]));
        let mut half_a_letter = table(1 << 8 | 1 << 10);
        half_a_letter[4 + 4] = 1;
        assert!(
            !is_sound(&half_a_letter),
            "a text that begins inside a letter"
        );
    }
}
