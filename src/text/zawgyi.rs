//! Zawgyi: the encoding that Burmese was typed in for years, before and beside Unicode.
//!
//! Zawgyi uses the same code points for other letters and writes them in the order in which they are
//! seen: the vowel ေ and the medial ြ stand before their consonant, and each subscript and each shape of
//! a medial has a code of its own. Text in it looks right only in its own font, is never found by a
//! search, and no model has learnt it. This module tells the two apart and puts Zawgyi into Unicode.
//!
//! Sources: the Myanmar block of the Unicode Standard (chapter 16.3) and Unicode Technical Note 11
//! for the order of marks; the code chart of the Zawgyi-One font for its codes.

const E_VOWEL: char = '\u{1031}';
const STACK: char = '\u{1039}';
const ASAT: char = '\u{103A}';
const YA: char = '\u{103B}';
const RA: char = '\u{103C}';
const WA: char = '\u{103D}';
const HA: char = '\u{103E}';
/// The small NGA above the letter that follows it.
const KINZI: &str = "\u{1004}\u{103A}\u{1039}";

/// Whether a text is written in Zawgyi: it holds more of what Unicode cannot mean than of what
/// Zawgyi cannot mean. A text that could be either, such as one letter, counts as Unicode.
pub fn is_zawgyi(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let at = |i: Option<usize>| i.and_then(|i| letters.get(i)).copied();
    let (mut zawgyi, mut unicode) = (0_u32, 0_u32);
    for (i, &c) in letters.iter().enumerate() {
        let before = at(i.checked_sub(1));
        let after = at(i.checked_add(1));
        let (old, new) = match c {
            // ေ stands behind its consonant in Unicode, before it in Zawgyi.
            E_VOWEL => (
                !before.is_some_and(carries_e),
                !after.is_some_and(|a| is_consonant(a) || is_ra_shape(a)),
            ),
            // Unicode joins two consonants by it; Zawgyi silences the one before.
            STACK => (!stacks(before, after), before == Some(ASAT)),
            // Silences in Unicode; in Zawgyi a medial, which stands on a consonant.
            ASAT => (
                after.is_some_and(|a| a == STACK && at(i.checked_sub(1)) != Some('\u{1004}')),
                !before.is_some_and(|b| is_consonant(b) || is_ra_shape(b) || is_stacked_shape(b))
                    || after == Some(STACK),
            ),
            // A medial in Unicode; in Zawgyi ြ, which stands before its consonant.
            YA => (
                !before.is_some_and(is_consonant) && after.is_some_and(is_consonant),
                after.is_none_or(|a| !is_consonant(a)),
            ),
            '\u{1033}' | '\u{1034}' | '\u{1060}'..='\u{1064}' | '\u{1066}'..='\u{1097}' => {
                (true, false)
            }
            _ => continue,
        };
        zawgyi = zawgyi.saturating_add(u32::from(old));
        unicode = unicode.saturating_add(u32::from(new));
    }
    zawgyi > unicode
}

/// The text in Unicode, read as Zawgyi: every code in its Unicode form, the marks of each letter in
/// Unicode's order. What is not Burmese is left as it is, and nothing is left out.
pub fn from_zawgyi(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_mul(2));
    let mut letter = Letter::default();
    let letters: Vec<char> = text.chars().collect();
    for (i, &c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| letters.get(i)).copied();
        let after = i.checked_add(1).and_then(|i| letters.get(i)).copied();
        match read(c, before, after) {
            Code::Base(base) => letter.begin(base, &mut out),
            Code::Before(mark) => letter.ahead.push(mark),
            Code::Marks(marks) => letter.take(marks.chars()),
            Code::Kinzi(marks) => {
                letter.kinzi = true;
                letter.take(marks.chars());
            }
            Code::Stacked(below) => letter.stacked.push(below),
            Code::Other => {
                letter.write(&mut out);
                out.push(c);
            }
        }
    }
    letter.write(&mut out);
    respell(&out)
}

/// One code of Zawgyi.
enum Code {
    /// Begins a letter: a consonant, an independent vowel, a digit; or two stacked ones.
    Base(&'static str),
    /// A mark of the letter that follows.
    Before(char),
    /// Marks of the letter before.
    Marks(&'static str),
    /// The small NGA above the letter before, with marks.
    Kinzi(&'static str),
    /// A consonant below the letter before.
    Stacked(char),
    /// No Burmese.
    Other,
}

/// A consonant with all that belongs to it.
#[derive(Default)]
struct Letter {
    base: Option<&'static str>,
    kinzi: bool,
    stacked: Vec<char>,
    marks: Vec<char>,
    /// Marks that stand before the next letter.
    ahead: Vec<char>,
}

impl Letter {
    /// Writes this letter and begins the next, which takes the marks that stand before it.
    fn begin(&mut self, base: &'static str, out: &mut String) {
        let ahead = std::mem::take(&mut self.ahead);
        self.write(out);
        self.base = Some(base);
        self.marks = ahead;
    }

    /// Adds marks. Some type a mark that stands before its letter after it: no letter has begun
    /// since, so both belong to this one.
    fn take(&mut self, marks: impl Iterator<Item = char>) {
        self.marks.append(&mut self.ahead);
        self.marks.extend(marks);
    }

    /// Writes the letter in Unicode's order and begins an empty one.
    fn write(&mut self, out: &mut String) {
        self.take(std::iter::empty());
        let Letter {
            base,
            kinzi,
            stacked,
            mut marks,
            ..
        } = std::mem::take(self);
        if kinzi {
            out.push_str(KINZI);
        }
        out.push_str(base.unwrap_or_default());
        for below in stacked {
            out.push(STACK);
            out.push(below);
        }
        marks.sort_by_key(|&m| place(m));
        // Typed twice is seen once: the second lies on the first.
        marks.dedup();
        // Words drawn together silence the consonant first: ကျွန်ုပ်, ယောက်ျား.
        let drawn_together = match base {
            Some("က") => marks.starts_with(&[YA, '\u{102C}', ASAT]),
            _ => marks == ['\u{102F}', ASAT],
        };
        if drawn_together && let Some(asat) = marks.iter().position(|&m| m == ASAT) {
            marks.remove(asat);
            marks.insert(0, ASAT);
        }
        out.extend(marks);
    }
}

/// The place of a mark behind its consonant (Unicode Technical Note 11).
fn place(mark: char) -> u8 {
    match mark {
        YA => 0,
        RA => 1,
        WA => 2,
        HA => 3,
        E_VOWEL => 4,
        '\u{102D}' | '\u{102E}' | '\u{1032}' => 5,
        '\u{102F}' | '\u{1030}' => 6,
        '\u{102B}' | '\u{102C}' => 7,
        '\u{1036}' => 8,
        '\u{1037}' => 9,
        ASAT => 10,
        _ => 11,
    }
}

/// Whether Unicode's stacking sign can stand here: behind a kinzi, or between consonants that Pali
/// doubles, which are of one row of the alphabet (and two pairs of old words, ဟ္မ and သ္မ).
fn stacks(above: Option<char>, below: Option<char>) -> bool {
    let row = |c: char| match c {
        '\u{1000}'..='\u{1003}' => 0,
        '\u{1005}'..='\u{100A}' => 1,
        '\u{100B}'..='\u{100F}' => 2,
        '\u{1010}'..='\u{1014}' => 3,
        '\u{1015}'..='\u{1019}' => 4,
        other => u32::from(other),
    };
    let (Some(above), Some(below)) = (above, below) else {
        return false;
    };
    is_consonant(below)
        && (above == ASAT
            || row(above) == row(below)
            || matches!(above, '\u{101E}' | '\u{101F}') && below == '\u{1019}')
}

fn is_consonant(c: char) -> bool {
    matches!(c, '\u{1000}'..='\u{1021}' | '\u{1025}' | '\u{1029}' | '\u{103F}' | '\u{104E}')
        // Digits that look like letters are typed for them.
        || matches!(c, '\u{1040}' | '\u{1047}')
}

/// What ေ may follow in Unicode.
fn carries_e(c: char) -> bool {
    is_consonant(c) || matches!(c, YA..=HA | '\u{1060}')
}

fn is_ra_shape(c: char) -> bool {
    matches!(c, YA | '\u{107E}'..='\u{1084}')
}

fn is_stacked_shape(c: char) -> bool {
    matches!(c, '\u{1060}'..='\u{1063}' | '\u{1065}'..='\u{107C}' | '\u{1085}' | '\u{1093}' | '\u{1096}')
}

/// Whether a digit stands for the letter that looks like it: 0 for WA, 7 for RA. Only beside marks
/// that no digit bears; 0 also behind a letter, where nobody writes a nought.
fn is_letter(zero: bool, before: Option<char>, after: Option<char>) -> bool {
    let number = |c: Option<char>| c.is_some_and(|c| matches!(c, '\u{1040}'..='\u{1049}'));
    let burmese = |c: char| matches!(c, '\u{1000}'..='\u{103F}' | '\u{1060}'..='\u{1097}');
    let marked = after.is_some_and(bears_on_the_letter_before)
        || before.is_some_and(|b| b == E_VOWEL || is_ra_shape(b));
    !number(before) && !number(after) && (marked || zero && before.is_some_and(burmese))
}

/// Marks and subscripts that are typed behind their letter.
fn bears_on_the_letter_before(c: char) -> bool {
    matches!(
        read(c, None, None),
        Code::Marks(_) | Code::Kinzi(_) | Code::Stacked(_)
    )
}

/// The single letters, by code.
const BASES: &str = "ကခဂဃငစဆဇဈဉညဋဌဍဎဏတထဒဓနပဖဗဘမယရလဝသဟဠအဢဣဤဥဦဧဨဩဪ";

/// The letter of a code that both encodings share.
fn shared(c: char) -> Option<&'static str> {
    let index = usize::try_from(u32::from(c).checked_sub(0x1000)?).ok()?;
    // Each letter takes three bytes.
    let from = index.checked_mul(3)?;
    BASES.get(from..from.checked_add(3)?)
}

fn read(c: char, before: Option<char>, after: Option<char>) -> Code {
    use Code::{Base, Before, Kinzi, Marks, Other, Stacked};
    match c {
        '\u{1000}'..='\u{102A}' => shared(c).map_or(Other, Base),
        '\u{103F}' | '\u{1086}' => Base("\u{103F}"),
        // Written short: the sign alone says the whole word.
        '\u{104E}' if after != Some('\u{1004}') => Base("\u{104E}\u{1004}\u{103A}\u{1038}"),
        '\u{104E}' => Base("\u{104E}"),
        '\u{1040}' if is_letter(true, before, after) => Base("\u{101D}"),
        '\u{1040}' => Base("\u{1040}"),
        '\u{1041}' => Base("\u{1041}"),
        '\u{1042}' => Base("\u{1042}"),
        '\u{1043}' => Base("\u{1043}"),
        '\u{1044}' => Base("\u{1044}"),
        '\u{1045}' => Base("\u{1045}"),
        '\u{1046}' => Base("\u{1046}"),
        '\u{1047}' if is_letter(false, before, after) => Base("\u{101B}"),
        '\u{1047}' => Base("\u{1047}"),
        '\u{1048}' => Base("\u{1048}"),
        '\u{1049}' => Base("\u{1049}"),
        '\u{106A}' => Base("\u{1009}"),
        '\u{106B}' => Base("\u{100A}"),
        '\u{106E}' => Base("\u{100D}\u{1039}\u{100D}"),
        '\u{106F}' => Base("\u{100D}\u{1039}\u{100E}"),
        '\u{108F}' => Base("\u{1014}"),
        '\u{1090}' => Base("\u{101B}"),
        '\u{1091}' => Base("\u{100F}\u{1039}\u{100D}"),
        '\u{1092}' => Base("\u{100B}\u{1039}\u{100C}"),
        '\u{1097}' => Base("\u{100B}\u{1039}\u{100B}"),
        E_VOWEL => Before(E_VOWEL),
        YA | '\u{107E}'..='\u{1084}' => Before(RA),
        '\u{102B}' => Marks("\u{102B}"),
        '\u{102C}' => Marks("\u{102C}"),
        '\u{102D}' => Marks("\u{102D}"),
        '\u{102E}' => Marks("\u{102E}"),
        '\u{102F}' | '\u{1033}' => Marks("\u{102F}"),
        '\u{1030}' | '\u{1034}' => Marks("\u{1030}"),
        '\u{1032}' => Marks("\u{1032}"),
        '\u{1036}' => Marks("\u{1036}"),
        '\u{1037}' | '\u{1094}' | '\u{1095}' => Marks("\u{1037}"),
        '\u{1038}' => Marks("\u{1038}"),
        STACK => Marks("\u{103A}"),
        ASAT | '\u{107D}' => Marks("\u{103B}"),
        RA => Marks("\u{103D}"),
        WA | HA | '\u{1087}' => Marks("\u{103E}"),
        '\u{1088}' => Marks("\u{103E}\u{102F}"),
        '\u{1089}' => Marks("\u{103E}\u{1030}"),
        '\u{108A}' => Marks("\u{103D}\u{103E}"),
        '\u{105A}' => Marks("\u{102B}\u{103A}"),
        '\u{108E}' => Marks("\u{102D}\u{1036}"),
        '\u{1064}' => Kinzi(""),
        '\u{108B}' => Kinzi("\u{102D}"),
        '\u{108C}' => Kinzi("\u{102E}"),
        '\u{108D}' => Kinzi("\u{1036}"),
        '\u{1096}' => Stacked('\u{1010}'),
        _ => below(c).map_or(Other, Stacked),
    }
}

/// The consonant that a subscript of Zawgyi stands for.
fn below(c: char) -> Option<char> {
    Some(match c {
        '\u{1060}' => '\u{1000}',
        '\u{1061}' => '\u{1001}',
        '\u{1062}' => '\u{1002}',
        '\u{1063}' => '\u{1003}',
        '\u{1065}' => '\u{1005}',
        '\u{1066}' | '\u{1067}' => '\u{1006}',
        '\u{1068}' => '\u{1007}',
        '\u{1069}' => '\u{1008}',
        '\u{106C}' => '\u{100B}',
        '\u{106D}' => '\u{100C}',
        '\u{1070}' => '\u{100F}',
        '\u{1071}' | '\u{1072}' => '\u{1010}',
        '\u{1073}' | '\u{1074}' => '\u{1011}',
        '\u{1075}' => '\u{1012}',
        '\u{1076}' => '\u{1013}',
        '\u{1077}' => '\u{1014}',
        '\u{1078}' => '\u{1015}',
        '\u{1079}' => '\u{1016}',
        '\u{107A}' => '\u{1017}',
        '\u{107B}' | '\u{1093}' => '\u{1018}',
        '\u{107C}' => '\u{1019}',
        '\u{1085}' => '\u{101C}',
        _ => return None,
    })
}

/// Spellings that people put together from pieces: Unicode has one letter for each.
fn respell(text: &str) -> String {
    const PIECES: [(&str, &str); 8] = [
        ("\u{1044}\u{1004}\u{103A}", "\u{104E}\u{1004}\u{103A}"), // the digit ၄ for ၎ in ၎င်း
        ("\u{1025}\u{1037}\u{103A}", "\u{1009}\u{1037}\u{103A}"), // ဥ့် for ဉ့်
        ("\u{1005}\u{103B}", "\u{1008}"),                         // စျ for ဈ
        ("\u{101E}\u{103C}\u{1031}\u{102C}\u{103A}", "\u{102A}"), // သြော် for ဪ
        ("\u{101E}\u{103C}", "\u{1029}"),                         // သြ for ဩ
        ("\u{1025}\u{102E}", "\u{1026}"),                         // ဦ for ဦ
        ("\u{1025}\u{103A}", "\u{1009}\u{103A}"),                 // ဥ် for ဉ်
        ("\u{1025}\u{1039}", "\u{1009}\u{1039}"),                 // ဥ္ for ဉ္
    ];
    PIECES
        .iter()
        .fold(text.to_owned(), |text, (pieces, letter)| {
            text.replace(pieces, letter)
        })
}

#[cfg(test)]
mod tests;
