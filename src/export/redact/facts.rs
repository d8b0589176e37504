//! What the register knows of a person beside the names, as it may stand in a line: a telephone number
//! without the code of its country, a year in another calendar. A pseudonym hides nobody whose
//! telephone number stands beside it.

use crate::domain::FactKind;
use crate::text;

use super::super::places::{needle, places};
use super::{Checked, Redaction, one_line};

/// The kinds that tell who a person is.
const TELLING: [FactKind; 6] = [
    FactKind::Mention,
    FactKind::Phone,
    FactKind::Document,
    FactKind::Plate,
    FactKind::Place,
    FactKind::BirthYear,
];
/// Codes of the countries along the Mekong and of those next to them, longest first.
const COUNTRIES: [&str; 11] = [
    "855", "856", "886", "852", "86", "84", "66", "95", "60", "65", "91",
];
/// Digits of a telephone number without the code of its country.
const SHORTEST_PHONE: usize = 6;
/// Letters of the shortest word that is looked for: one alone stands in half of all lines.
const SHORTEST: usize = 2;

impl Redaction {
    /// Covers what else is known of a person for whom a pseudonym stands. It need not stand in the
    /// interview: nobody says all of it.
    pub fn add_facts(&mut self, facts: &[(FactKind, String)], pseudonym: &str) {
        let as_name = format!("[{}]", one_line(pseudonym));
        for kind in TELLING {
            let block = match kind {
                // The words by which the person was called: as good as a name.
                FactKind::Mention => as_name.clone(),
                kind => format!("[redacted: {}]", kind.as_str()),
            };
            let of_kind = facts.iter().filter(|(k, _)| *k == kind);
            let spellings = of_kind.flat_map(|(_, value)| spellings(kind, value));
            let mut needles: Vec<Vec<char>> = spellings.map(|word| needle(&word)).collect();
            // What stands in place of something cannot be covered itself.
            let blocks = [&as_name, &block];
            let stands = |word: &Vec<char>, block: &str| {
                !places(block, std::slice::from_ref(word)).is_empty()
            };
            needles.retain(|word| {
                word.len() >= SHORTEST && !blocks.iter().any(|block| stands(word, block))
            });
            needles.sort();
            needles.dedup();
            if !needles.is_empty() {
                self.rules.push(Checked {
                    needles,
                    line: None,
                    span: None,
                    block,
                    names: false,
                    may_miss: true,
                });
            }
        }
    }
}

/// All ways in which a value may be written in a line.
fn spellings(kind: FactKind, value: &str) -> Vec<String> {
    let mut all = vec![value.to_owned()];
    match kind {
        FactKind::Phone => all.extend(phones(value)),
        FactKind::BirthYear => {
            for year in text::birth_year(value).into_iter() {
                for year in [year, year.saturating_add(text::BUDDHIST.into())] {
                    all.extend([year.to_string(), in_han(year)]);
                }
            }
        }
        _ => {}
    }
    all
}

/// The digits with the code of the country and without, and without the nought before them: a long
/// number is found behind any prefix.
fn phones(value: &str) -> Vec<String> {
    let digits = text::numbers(value).concat();
    let bare = digits.trim_start_matches('0');
    let code = COUNTRIES.iter().find_map(|code| bare.strip_prefix(code));
    // Where no plus was typed the first digits may be those of the number itself.
    let national = code.map(|rest| rest.trim_start_matches('0'));
    let all = [Some(digits.as_str()), Some(bare), national];
    let long = all
        .into_iter()
        .flatten()
        .filter(|n| n.len() >= SHORTEST_PHONE);
    long.map(str::to_owned).collect()
}

/// A year as Chinese writes it, digit by digit.
fn in_han(year: i32) -> String {
    let han = ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    let digits = year.to_string();
    let digits = digits.chars().filter_map(|c| c.to_digit(10));
    digits.filter_map(|d| han.get(d as usize)).collect()
}
