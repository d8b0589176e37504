//! Letters of Thai and Lao and what each does in a syllable, the same kinds for both scripts.

/// A script of the Tai languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tai {
    Thai,
    Lao,
}

/// What a letter does, the same for both scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Opens a syllable as the first, closes one as the second; whether it is r, l or w.
    Consonant(&'static str, &'static str, char),
    /// Stands before its consonant: `e`, `E`, `o`, `y` for ai.
    Lead(char),
    /// Stands above, below or behind its consonant.
    Vowel(char),
    /// The letter before is not spoken.
    Silent,
}

/// The signs of a text; tone marks and what is no letter are left out.
pub(super) fn signs(word: &str, tai: Tai) -> Vec<Sign> {
    word.chars()
        .filter_map(|c| match tai {
            Tai::Thai => thai_sign(c),
            Tai::Lao => lao_sign(c),
        })
        .collect()
}

fn thai_sign(c: char) -> Option<Sign> {
    let consonant = |open, close| Some(Sign::Consonant(open, close, c));
    match c {
        'ก' => consonant("k", "6"),
        'ข' | 'ฃ' | 'ค' | 'ฅ' | 'ฆ' => consonant("x", "6"),
        'ง' => consonant("q", "3"),
        'จ' => consonant("c", "5"),
        'ฉ' | 'ช' | 'ฌ' => consonant("C", "5"),
        'ซ' | 'ศ' | 'ษ' | 'ส' => consonant("s", "5"),
        'ญ' => consonant("y", "2"),
        'ย' => consonant("y", "7"),
        'ฎ' | 'ด' => consonant("d", "5"),
        'ฏ' | 'ต' => consonant("t", "5"),
        'ฐ' | 'ฑ' | 'ฒ' | 'ถ' | 'ท' | 'ธ' => consonant("T", "5"),
        'ณ' | 'น' => consonant("n", "2"),
        'บ' => consonant("b", "4"),
        'ป' => consonant("p", "4"),
        'ผ' | 'พ' | 'ภ' => consonant("P", "4"),
        'ฝ' | 'ฟ' => consonant("f", "4"),
        'ม' => consonant("m", "1"),
        'ร' => consonant("r", "2"),
        'ล' | 'ฬ' => consonant("l", "2"),
        'ว' => consonant("w", "8"),
        'ห' | 'ฮ' => consonant("h", ""),
        'อ' => consonant("", ""),
        'ฤ' => Some(Sign::Vowel('r')),
        'เ' => Some(Sign::Lead('e')),
        'แ' => Some(Sign::Lead('E')),
        'โ' => Some(Sign::Lead('o')),
        'ใ' | 'ไ' => Some(Sign::Lead('y')),
        'ะ' => Some(Sign::Vowel('a')),
        'ั' => Some(Sign::Vowel('%')),
        'า' => Some(Sign::Vowel('A')),
        'ำ' => Some(Sign::Vowel('M')),
        'ิ' => Some(Sign::Vowel('i')),
        'ี' => Some(Sign::Vowel('I')),
        'ึ' | 'ื' => Some(Sign::Vowel('&')),
        'ุ' => Some(Sign::Vowel('u')),
        'ู' => Some(Sign::Vowel('U')),
        '็' => Some(Sign::Vowel('8')),
        '์' => Some(Sign::Silent),
        _ => None,
    }
}

fn lao_sign(c: char) -> Option<Sign> {
    let consonant = |open, close| Some(Sign::Consonant(open, close, c));
    match c {
        'ກ' => consonant("k", "6"),
        'ຂ' | 'ຄ' => consonant("x", "6"),
        'ງ' => consonant("q", "3"),
        'ຈ' => consonant("c", "5"),
        'ສ' | 'ຊ' => consonant("s", "5"),
        'ຍ' => consonant("Y", "7"),
        'ດ' => consonant("d", "5"),
        'ຕ' => consonant("t", "5"),
        'ຖ' | 'ທ' => consonant("T", "5"),
        'ນ' | 'ໜ' => consonant("n", "2"),
        'ບ' => consonant("b", "4"),
        'ປ' => consonant("p", "4"),
        'ຜ' | 'ພ' => consonant("P", "4"),
        'ຝ' | 'ຟ' => consonant("f", "4"),
        'ມ' | 'ໝ' => consonant("m", "1"),
        'ຢ' => consonant("y", "7"),
        'ຣ' => consonant("r", "2"),
        'ລ' => consonant("l", "2"),
        'ຼ' => Some(Sign::Consonant("l", "2", 'ລ')),
        'ວ' => consonant("v", "8"),
        'ຫ' | 'ຮ' => consonant("h", ""),
        'ອ' => consonant("", ""),
        'ເ' => Some(Sign::Lead('e')),
        'ແ' => Some(Sign::Lead('E')),
        'ໂ' => Some(Sign::Lead('o')),
        'ໃ' | 'ໄ' => Some(Sign::Lead('y')),
        'ະ' => Some(Sign::Vowel('a')),
        'ັ' => Some(Sign::Vowel('%')),
        'າ' => Some(Sign::Vowel('A')),
        'ຳ' => Some(Sign::Vowel('M')),
        'ິ' => Some(Sign::Vowel('i')),
        'ີ' => Some(Sign::Vowel('I')),
        'ຶ' | 'ື' => Some(Sign::Vowel('&')),
        'ຸ' => Some(Sign::Vowel('u')),
        'ູ' => Some(Sign::Vowel('U')),
        'ົ' => Some(Sign::Vowel('O')),
        'ໍ' => Some(Sign::Vowel('Q')),
        'ຽ' => Some(Sign::Vowel('Y')),
        '໌' => Some(Sign::Silent),
        _ => None,
    }
}

/// Whether it is a consonant.
pub(super) fn is_consonant(sign: Option<&Sign>) -> bool {
    matches!(sign, Some(Sign::Consonant(..)))
}

/// The consonant's letter, or a space.
pub(super) fn letter(sign: Option<&Sign>) -> char {
    match sign {
        Some(Sign::Consonant(_, _, c)) => *c,
        _ => ' ',
    }
}

/// The mark of the vowel sign, or a space.
pub(super) fn vowel(sign: Option<&Sign>) -> char {
    match sign {
        Some(Sign::Vowel(v)) => *v,
        _ => ' ',
    }
}
