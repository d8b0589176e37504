//! The value of a number from its pieces: digits, number words and powers of ten.

use std::ops::Range;

use super::digits::Written;
use super::lexicon::Word;
use super::read::{Piece, Token, half, span};
use super::units::Unit;
use super::{Figure, Page};
use crate::domain::Lang;

/// All values are counted in thousandths, so that 3.5 million is exact.
const ONE: u128 = 1_000;

/// A part of a number: its value in thousandths and the place of its lowest digit.
#[derive(Clone, Copy, Debug)]
struct Term {
    value: u128,
    scale: u128,
    /// Index of its first piece.
    from: usize,
    /// A bare digit from a word, which behind a unit may mean that unit's tenths (三千五).
    digit: bool,
}

/// Reads one number from the start of `run` and returns how many pieces it took.
pub(super) fn compose(page: &Page, run: &[Piece], found: &mut Vec<Figure>) -> usize {
    if is_prison(page, run) {
        return 1;
    }
    let mut terms: Vec<Term> = Vec::new();
    let mut joined_by_and = false;
    let mut leading_unit = None;
    let mut taken = 0;
    for (i, piece) in run.iter().enumerate() {
        let next = run.get(i.saturating_add(1)).map(|p| &p.token);
        let top = terms.last().copied();
        let pushed = match &piece.token {
            // 零 fills the places between 一百 and 一.
            Token::Word(Word::Digit(0))
                if top.is_some_and(|t| t.scale >= 100)
                    && matches!(next, Some(Token::Word(Word::Digit(_) | Word::Fixed(..)))) =>
            {
                joined_by_and = true;
                true
            }
            Token::Word(Word::Digit(d)) => place(&mut terms, *d, 1, i, true),
            Token::Word(Word::Fixed(v, scale)) => place(&mut terms, *v, *scale, i, false),
            Token::Word(Word::Tail(d)) => tail(page, &mut terms, *d, i),
            Token::Word(Word::Unit(u) | Word::Joined(u)) => {
                if terms.is_empty() && *u >= 10_000 && page.lang == Lang::My {
                    leading_unit = Some(u128::from(*u));
                }
                multiply(&mut terms, u128::from(*u), i)
            }
            Token::Word(Word::And) => {
                joined_by_and = top.is_some()
                    && matches!(next, Some(Token::Word(Word::Digit(_) | Word::Fixed(..))));
                joined_by_and && top.is_some_and(|t| t.scale >= 100)
            }
            Token::Written(w) => {
                written(page, &mut terms, w, next, (run, i))
                    || leading_amount(&mut terms, w, leading_unit, i)
            }
            Token::Half => match terms.last_mut() {
                Some(t) if t.scale >= 100 => {
                    t.value = t.value.saturating_add(t.scale.saturating_mul(ONE / 2));
                    t.scale = 1;
                    true
                }
                _ => false,
            },
            _ => false,
        };
        if !pushed {
            break;
        }
        taken = i.saturating_add(1);
    }
    // A unit that met a part it cannot multiply begins a number of its own.
    if let Some(cut) = overlap(&terms) {
        taken = cut;
        terms.retain(|t| t.from < cut);
    }
    if taken == 0 {
        return leftover(page, run, found);
    }
    let used = run.get(..taken).unwrap_or_default();
    if let Some(mut figure) = figure(page, used, &terms, joined_by_and, leading_unit) {
        // What looks like its unit is the next number: ငါးနှစ်ကောင် is fish, two of them.
        let next = run.get(taken).filter(|p| p.range.start == figure.range.end);
        if page.lang == Lang::My
            && taken == 1
            && next.is_some_and(|p| matches!(p.token, Token::Word(Word::Digit(_))))
        {
            (figure.unit, figure.sure) = (None, false);
        }
        found.push(figure);
    }
    taken
}

/// Burmese ထောင် is a thousand and a prison: before a digit and years it is the prison.
fn is_prison(page: &Page, run: &[Piece]) -> bool {
    let [thousand, digit, rest @ ..] = run else {
        return false;
    };
    let alone = rest
        .iter()
        .all(|p| matches!(p.token, Token::Word(Word::Skip)));
    let counted = page.unit_after(digit.range.end).map(|(unit, _)| unit);
    page.lang == Lang::My
        && matches!(thousand.token, Token::Word(Word::Unit(1_000)))
        && matches!(digit.token, Token::Word(Word::Digit(_)) | Token::Written(_))
        && counted == Some(Unit::Year)
        && alone
}

/// The first piece of the run opens no number.
fn leftover(page: &Page, run: &[Piece], found: &mut Vec<Figure>) -> usize {
    if let Some(
        piece @ Piece {
            token: Token::Half, ..
        },
    ) = run.first()
    {
        half(page, piece, found);
    }
    1
}

/// Adds a part below all parts so far.
fn place(terms: &mut Vec<Term>, value: u64, scale: u64, from: usize, digit: bool) -> bool {
    let fits = terms
        .last()
        .is_none_or(|t| t.scale > u128::from(scale) && t.scale > u128::from(value));
    if fits {
        terms.push(Term {
            value: u128::from(value).saturating_mul(ONE),
            scale: scale.into(),
            from,
            digit,
        });
    }
    fits
}

/// `mốt`, เอ็ด: behind ten a digit, behind a bare digit its tens, behind a larger unit its tenth.
fn tail(page: &Page, terms: &mut Vec<Term>, d: u64, from: usize) -> bool {
    let Some(top) = terms.last_mut() else {
        return false;
    };
    let value = u128::from(d).saturating_mul(ONE);
    match top.scale {
        1 if top.digit => {
            top.value = top.value.saturating_mul(10).saturating_add(value);
            top.digit = false;
            return true;
        }
        1 => return false,
        // Thai and Lao add one, whatever stands before.
        scale if scale == 10 || page.lang != Lang::Vi => terms.push(Term {
            value,
            scale: 1,
            from,
            digit: false,
        }),
        scale => {
            let scale = scale / 10;
            terms.push(Term {
                value: value.saturating_mul(scale),
                scale,
                from,
                digit: false,
            });
        }
    }
    true
}

/// Multiplies the parts below the unit with it.
fn multiply(terms: &mut Vec<Term>, unit: u128, at: usize) -> bool {
    let keep = terms
        .iter()
        .rposition(|t| t.scale >= unit)
        .map_or(0, |i| i.saturating_add(1));
    let below = terms.split_off(keep);
    let from = below.first().map_or(at, |t| t.from);
    let below_sum = below
        .iter()
        .fold(0u128, |sum, t| sum.saturating_add(t.value));
    let sum = match below_sum {
        // vi không trăm, and a unit of its own: ร้อย.
        0 if below.is_empty() => ONE,
        sum => sum,
    };
    let Some(value) = sum.checked_mul(unit) else {
        return false;
    };
    terms.push(Term {
        value,
        scale: unit,
        from,
        digit: false,
    });
    true
}

/// Digits within a run: at its start, or `3万5千`, `2 triệu 500 nghìn`.
fn written(
    page: &Page,
    terms: &mut Vec<Term>,
    w: &Written,
    next: Option<&Token>,
    (run, at): (&[Piece], usize),
) -> bool {
    let milli = format!(
        "{:0<3}",
        w.fraction
            .get(..w.fraction.len().min(3))
            .unwrap_or_default()
    );
    let (Ok(whole), Ok(milli)) = (w.whole.parse::<u64>(), milli.parse::<u128>()) else {
        // Too long for a number: a code of its own.
        let alone = terms.is_empty();
        if alone {
            terms.push(Term {
                value: 0,
                scale: 1,
                from: at,
                digit: false,
            });
        }
        return alone;
    };
    let value = u128::from(whole).saturating_mul(ONE).saturating_add(milli);
    let term = Term {
        value,
        scale: 1,
        from: at,
        digit: false,
    };
    let Some(top) = terms.last() else {
        terms.push(term);
        return true;
    };
    let before = at.checked_sub(1).and_then(|i| run.get(i));
    let word = before.filter(|b| !matches!(b.token, Token::Written(_)));
    let gap = word.map_or(usize::MAX, |b| w.range.start.saturating_sub(b.range.end));
    let digit = w.whole.len() == 1 && w.fraction.is_empty() && next.is_none();
    // 2 triệu 5 is two and a half million, where nothing is counted but money.
    let money = matches!(
        page.unit_after(w.range.end),
        None | Some((Unit::Money(_), _))
    );
    let spaced = page.lang == Lang::Vi && gap == 1 && digit && money;
    let touches = gap == 0 || spaced;
    let smaller_unit = matches!(next, Some(Token::Word(Word::Unit(u) | Word::Joined(u))) if u128::from(*u) < top.scale);
    let tenths = touches && top.scale >= 1_000;
    let fits = value < top.scale.saturating_mul(ONE) && (smaller_unit || tenths);
    if fits {
        let digit = digit && tenths;
        terms.push(Term { digit, ..term });
    }
    fits
}

/// Burmese: digits behind the unit that counts them (သိန်း ၃၀).
fn leading_amount(terms: &mut Vec<Term>, w: &Written, leading: Option<u128>, from: usize) -> bool {
    let Ok(count) = w.whole.parse::<u64>() else {
        return false;
    };
    let fits = leading.is_some() && terms.len() == 1 && w.fraction.is_empty();
    if fits {
        terms.push(Term {
            value: u128::from(count).saturating_mul(ONE),
            scale: 1,
            from,
            digit: false,
        });
    }
    fits
}

/// The first piece of the second number, where two numbers follow each other: 'three thousand two
/// thousand' leaves two parts of the same scale.
fn overlap(terms: &[Term]) -> Option<usize> {
    terms
        .iter()
        .zip(terms.iter().skip(1))
        .find(|(a, b)| a.scale <= b.scale)
        .map(|(_, b)| b.from)
}

/// The figure that these pieces and parts make.
fn figure(
    page: &Page,
    used: &[Piece],
    terms: &[Term],
    and: bool,
    leading: Option<u128>,
) -> Option<Figure> {
    let range = span(used);
    let unit = page.unit(&range).filter(|_| !is_family(page, &range));
    if let [
        Piece {
            token: Token::Written(w),
            ..
        },
    ] = used
    {
        return Some(digits_figure(w, range, unit));
    }
    let total = terms
        .iter()
        .fold(0u128, |sum, t| sum.saturating_add(t.value));
    let mut keys = Vec::new();
    if let (Some(unit), [first, rest @ ..]) = (leading, terms) {
        // Burmese names a round amount's unit first: သိန်း ၃၀.
        let count = rest
            .iter()
            .fold(0u128, |sum, t| sum.saturating_add(t.value));
        if count > 0 && first.from == 0 {
            keys.push(plain(count.saturating_mul(unit)));
        }
    }
    let mut only = None;
    if let ([.., unit, last], false) = (terms, and)
        && last.digit
        && last.scale == 1
        && unit.scale >= 100
    {
        let colloquial = plain(
            total
                .saturating_sub(last.value)
                .saturating_add(last.value.saturating_mul(unit.scale / 10)),
        );
        // Chinese would say 三千零五 for 3005, so 三千五 is 3500 and nothing else.
        match (page.lang, used.last().map(|p| &p.token)) {
            (Lang::Zh, _) => only = Some(colloquial),
            (_, Some(Token::Written(_))) => keys.push(colloquial),
            _ => keys.extend([plain(total), colloquial]),
        }
    }
    let key = only.unwrap_or_else(|| plain(total));
    if !keys.contains(&key) {
        keys.push(key);
    }
    keys.extend(hundreds_of_thousands(page, terms, total, and));
    let spelled = used.iter().all(|p| !matches!(p.token, Token::Written(_)));
    let single = used.len() == 1;
    if single && spelled {
        let inside = !(page.is_word_edge(range.start) && page.is_word_edge(range.end));
        if inside && unit.is_none() {
            return None;
        }
        if keys.iter().all(|k| k == "0") {
            return None;
        }
    }
    let fixed = matches!(
        used,
        [Piece {
            token: Token::Word(Word::Fixed(..)),
            ..
        }]
    ) && page.lang != Lang::Lo;
    let counted = unit.is_some_and(|u| u != Unit::Fraction);
    let one = keys.first().is_some_and(|k| k == "1");
    let sure = (!single || fixed || counted) && !one && unit != Some(Unit::Fraction);
    Some(Figure {
        range,
        keys,
        unit,
        spelled,
        sure: sure || !spelled,
        buddhist: false,
        half: None,
    })
}

/// 'Hai triệu năm trăm' may be two million and five hundred thousand.
fn hundreds_of_thousands(page: &Page, terms: &[Term], total: u128, and: bool) -> Option<String> {
    let [.., million, last] = terms else {
        return None;
    };
    let short = page.lang == Lang::Vi && !and && million.scale >= 1_000_000 && last.scale == 100;
    let more = last.value.saturating_mul(million.scale / 1_000);
    short.then(|| plain(total.saturating_sub(last.value).saturating_add(more)))
}

/// Vietnamese 'năm em' is five children or 'the year you', 'ba em' three or 'my father', at the beginning of
/// what is said.
fn is_family(page: &Page, range: &Range<usize>) -> bool {
    const FAMILY: [&str; 13] = [
        "anh", "em", "con", "chị", "cô", "bạn", "chú", "bác", "cháu", "ông", "bà", "nó", "mình",
    ];
    let is = |form: &str| {
        let form: Vec<char> = form.chars().collect();
        page.letters.get(range.clone()) == Some(form.as_slice())
    };
    let opens = page.letters.get(..range.start).is_some_and(|head| {
        head.iter()
            .rfind(|c| **c != ' ')
            .is_none_or(|c| ",.;!?\"".contains(*c))
    });
    let family = FAMILY.iter().any(|word| page.follows(range.end, word));
    page.lang == Lang::Vi && family && (is("năm") || (is("ba") && opens))
}

fn digits_figure(w: &Written, range: Range<usize>, unit: Option<Unit>) -> Figure {
    let mut keys = Vec::new();
    if w.fraction.is_empty() {
        keys.push(w.whole.clone());
    } else {
        keys.push(format!("{}.{}", w.whole, w.fraction));
    }
    // The seventh of a month is 7, a document's 0012 is not 12.
    if let (Some(day), 2, "") = (
        w.whole.strip_prefix('0'),
        w.whole.len(),
        w.fraction.as_str(),
    ) {
        keys.insert(0, day.to_owned());
    }
    Figure {
        range,
        keys,
        unit,
        spelled: false,
        sure: unit != Some(Unit::Fraction),
        buddhist: false,
        half: None,
    }
}

/// Thousandths as a plain decimal.
fn plain(value: u128) -> String {
    let (whole, rest) = (value / ONE, value % ONE);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{rest:03}")
        .trim_end_matches('0')
        .to_owned()
}
