//! Terms as an automaton over the characters of a translation while it is being written.
//!
//! A decoder writes tokens, and scripts without spaces cut one term into other tokens at each place.
//! So the terms are followed letter by letter through the text that the tokens spell: which are
//! begun, which stand there whole, and whether a forbidden one has been written. A term counts only
//! between letters: `công an` does not stand in `công anh`, nor a Thai word before a tone mark.
//!
//! The automaton is nondeterministic and its states are small sets: a sentence has a handful of
//! terms, and a hypothesis copies its state at every step.

use crate::text::index_tokens;

/// More terms of one sentence than this are not followed; those beyond stay with the check.
pub const MAX_SLOTS: usize = 16;
/// Characters before a place that decide whether letters part there: a Khmer or Burmese subscript
/// reaches back over two marks.
const LOOK_BACK: usize = 4;

/// What a translation must hold and must not hold. A *slot* is one term at one place of the source.
#[derive(Clone, Debug, Default)]
pub struct Constraint {
    patterns: Vec<Pattern>,
    slots: usize,
}

/// One variant. Equal variants of several slots are one pattern.
#[derive(Clone, Debug)]
struct Pattern {
    letters: Vec<char>,
    /// The same, capitals kept.
    written: Vec<char>,
    /// The slots that it fills; none for a forbidden variant.
    slots: Vec<usize>,
}

/// How far one hypothesis has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermState {
    /// The last characters, at most [`LOOK_BACK`].
    tail: String,
    length: usize,
    begun: Vec<Begun>,
    /// Whole, if letters part behind them.
    closing: Vec<Begun>,
    /// Where approved variants stand, for forbidden ones inside them.
    approved: Vec<(usize, usize)>,
    /// Forbidden variants inside something that may become an approved one.
    held: Vec<(usize, usize)>,
    met: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Begun {
    pattern: usize,
    start: usize,
    matched: usize,
}

/// A begun variant and what is still to be written of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Where the variant begins, in characters.
    pub start: usize,
    /// Empty when only the letter's end is waited for.
    pub letters: String,
}

impl TermState {
    /// The slots that are filled, one bit each.
    pub fn met(&self) -> u32 {
        self.met
    }

    /// How many slots are filled.
    pub fn met_count(&self) -> usize {
        self.met.count_ones() as usize
    }

    /// Characters so far.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Where approved variants stand, in characters from and to.
    pub fn places(&self) -> &[(usize, usize)] {
        &self.approved
    }
}

impl Constraint {
    /// `wanted` holds the approved variants of each slot, `forbidden` what must not be written, all
    /// as the decoder writes them. Empty variants and slots beyond [`MAX_SLOTS`] are left out; a
    /// slot without any variant can never be filled.
    pub fn new(wanted: &[Vec<String>], forbidden: &[String]) -> Self {
        let mut patterns: Vec<Pattern> = Vec::new();
        let mut add = |variant: &str, slot: Option<usize>| {
            let written: Vec<char> = variant.trim().chars().collect();
            let letters: Vec<char> = written.iter().copied().map(lower).collect();
            if letters.is_empty() {
                return;
            }
            let same = patterns
                .iter_mut()
                .find(|p| p.letters == letters && p.slots.is_empty() == slot.is_none());
            match same {
                Some(pattern) => pattern
                    .slots
                    .extend(slot.filter(|s| !pattern.slots.contains(s))),
                None => patterns.push(Pattern {
                    letters,
                    written,
                    slots: slot.into_iter().collect(),
                }),
            }
        };
        for (slot, variants) in wanted.iter().enumerate().take(MAX_SLOTS) {
            variants.iter().for_each(|v| add(v, Some(slot)));
        }
        forbidden.iter().for_each(|v| add(v, None));
        // What is approved for one term is not forbidden by another.
        let approved: Vec<Vec<char>> = patterns
            .iter()
            .filter(|p| !p.slots.is_empty())
            .map(|p| p.letters.clone())
            .collect();
        patterns.retain(|p| !p.slots.is_empty() || !approved.contains(&p.letters));
        Self {
            patterns,
            slots: wanted.len().min(MAX_SLOTS),
        }
    }

    /// How many slots there are to fill.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// How many of them have a variant.
    pub fn fillable(&self) -> usize {
        let has = |slot: &usize| self.patterns.iter().any(|p| p.slots.contains(slot));
        (0..self.slots).filter(has).count()
    }

    /// The approved variants of a slot, as they are to be written.
    pub fn variants(&self, slot: usize) -> impl Iterator<Item = String> + '_ {
        self.patterns
            .iter()
            .filter(move |p| p.slots.contains(&slot))
            .map(|p| p.written.iter().collect())
    }

    /// The state after `text`, or `None` if that writes a forbidden variant.
    pub fn advance(&self, state: &TermState, text: &str) -> Option<TermState> {
        let mut next = state.clone();
        text.chars()
            .all(|c| self.step(&mut next, c))
            .then_some(next)
    }

    /// The state at the end of the text: a variant that is whole needs no letter behind it.
    pub fn finish(&self, state: &TermState) -> Option<TermState> {
        let mut next = state.clone();
        self.close(&mut next, true);
        next.begun.clear();
        self.nothing_forbidden(&mut next).then_some(next)
    }

    /// What is begun of unfilled slots and may still be finished.
    pub fn rests(&self, state: &TermState) -> Vec<Rest> {
        let rest = |b: &Begun| {
            let pattern = self.patterns.get(b.pattern)?;
            unmet(pattern, state.met)?;
            Some(Rest {
                start: b.start,
                letters: pattern.written.get(b.matched..)?.iter().collect(),
            })
        };
        let open = state.begun.iter().chain(&state.closing);
        open.filter_map(rest).collect()
    }

    fn step(&self, state: &mut TermState, c: char) -> bool {
        let letter = lower(c);
        let starts = |p: &Pattern| p.letters.first() == Some(&letter);
        // Letters are only parted where somebody asks.
        let asked = !state.closing.is_empty() || self.patterns.iter().any(starts);
        let parted = asked && parts(&state.tail, c);
        self.close(state, parted);
        state.length = state.length.saturating_add(1);
        state.tail.push(c);
        if state.tail.chars().count() > LOOK_BACK {
            state.tail.remove(0);
        }
        let mut begun = std::mem::take(&mut state.begun);
        if parted {
            begun.extend((0..self.patterns.len()).map(|pattern| Begun {
                pattern,
                start: state.length.saturating_sub(1),
                matched: 0,
            }));
        }
        for mut b in begun {
            let Some(pattern) = self.patterns.get(b.pattern) else {
                continue;
            };
            if pattern.letters.get(b.matched) != Some(&letter) {
                continue;
            }
            b.matched = b.matched.saturating_add(1);
            if b.matched == pattern.letters.len() {
                state.closing.push(b);
            } else {
                state.begun.push(b);
            }
        }
        self.nothing_forbidden(state)
    }

    /// Decides about the variants that became whole with the last character.
    fn close(&self, state: &mut TermState, parted: bool) {
        let mut closing = std::mem::take(&mut state.closing);
        if !parted {
            return;
        }
        // Approved ones first: they excuse the forbidden ones inside them. Of several the longest
        // first, so that a slot is filled by what covers most.
        closing.sort_by_key(|b| {
            let forbidden = self
                .patterns
                .get(b.pattern)
                .is_some_and(|p| p.slots.is_empty());
            (forbidden, b.start)
        });
        for b in closing {
            let Some(pattern) = self.patterns.get(b.pattern) else {
                continue;
            };
            if pattern.slots.is_empty() {
                state.held.push((b.start, state.length));
                continue;
            }
            state.approved.push((b.start, state.length));
            if let Some(slot) = unmet(pattern, state.met) {
                state.met |= bit(slot);
            }
        }
    }

    /// Whether each forbidden variant lies inside an approved one, or in what may become one.
    fn nothing_forbidden(&self, state: &mut TermState) -> bool {
        let TermState {
            held,
            approved,
            begun,
            closing,
            ..
        } = state;
        held.retain(|&(start, end)| !approved.iter().any(|a| a.0 <= start && end <= a.1));
        held.iter().all(|&(start, _)| {
            begun.iter().chain(closing.iter()).any(|b| {
                b.start <= start
                    && self
                        .patterns
                        .get(b.pattern)
                        .is_some_and(|p| !p.slots.is_empty())
            })
        })
    }
}

/// The first slot of the pattern that is not filled.
fn unmet(pattern: &Pattern, met: u32) -> Option<usize> {
    pattern
        .slots
        .iter()
        .copied()
        .find(|slot| met & bit(*slot) == 0)
}

fn bit(slot: usize) -> u32 {
    u32::try_from(slot)
        .ok()
        .and_then(|s| 1u32.checked_shl(s))
        .unwrap_or(0)
}

/// Lower case where that is one character: the places of letters must stay what they are.
fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Whether a new letter (in scripts with spaces a new word) begins with `next` after `tail`.
fn parts(tail: &str, next: char) -> bool {
    if tail.is_empty() {
        return true;
    }
    let text = format!("{tail}{next}");
    let place = tail.len();
    !index_tokens(&text)
        .iter()
        .any(|token| token.range.start < place && place < token.range.end)
        // A mark that stands alone gives no token, but is no beginning either.
        && !is_mark(next)
}

fn is_mark(c: char) -> bool {
    // A base letter before the mark shows whether the mark joins it.
    crate::text::graphemes(&format!("က{c}")).len() == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state_of(constraint: &Constraint, text: &str) -> Option<TermState> {
        let whole = constraint.advance(&TermState::default(), text)?;
        constraint.finish(&whole)
    }

    /// Places in characters where letters part, by the same rule on the whole text.
    fn stands(text: &[char], variant: &[char]) -> Vec<(usize, usize)> {
        let parted = |at: usize| {
            let from = at.saturating_sub(LOOK_BACK);
            let tail: String = text[from..at].iter().collect();
            at == text.len() || parts(&tail, text[at])
        };
        let lowered: Vec<char> = text.iter().copied().map(lower).collect();
        (0..lowered.len())
            .map(|at| (at, at + variant.len()))
            .filter(|&(from, to)| {
                lowered.get(from..to) == Some(variant) && parted(from) && parted(to)
            })
            .collect()
    }

    /// What the automaton must say, by looking at every place.
    fn brute(text: &str, wanted: &[Vec<String>], forbidden: &[String]) -> Option<u32> {
        let text: Vec<char> = text.chars().collect();
        let letters = |v: &String| v.trim().chars().map(lower).collect::<Vec<char>>();
        let all = |variants: &[String]| -> Vec<(usize, usize)> {
            variants
                .iter()
                .map(letters)
                .filter(|v| !v.is_empty())
                .flat_map(|v| stands(&text, &v))
                .collect()
        };
        let approved: Vec<(usize, usize)> = wanted.iter().flat_map(|v| all(v)).collect();
        let admitted: Vec<Vec<char>> = wanted.iter().flatten().map(letters).collect();
        let bad: Vec<String> = forbidden
            .iter()
            .filter(|f| !admitted.contains(&letters(f)))
            .cloned()
            .collect();
        let inside = |f: &(usize, usize)| approved.iter().any(|a| a.0 <= f.0 && f.1 <= a.1);
        if !all(&bad).iter().all(inside) {
            return None;
        }
        let mut met = 0;
        for (slot, variants) in wanted.iter().enumerate() {
            if !all(variants).is_empty() {
                met |= bit(slot);
            }
        }
        Some(met)
    }

    const ALPHABETS: [&[&str]; 6] = [
        &["律", "师", "录", "音", "，"],
        &["công", "an", "anh", "luật", " ", "Công"],
        &["ท", "นา", "ย", "ำ", "้", "เ"],
        &["ရှ", "ေ့", "န", "ေ", "့", "က္", "က"],
        &["ທ", "ະ", "ນາ", "ຍ", "ຫ", "ນ", "ໍ"],
        &["ម", "េ", "ធ", "ា", "វ", "ី", "្", "ក"],
    ];

    fn strings(most: usize) -> impl Strategy<Value = (usize, Vec<usize>)> {
        (0..6usize, prop::collection::vec(0..8usize, 0..most))
    }

    fn spell(script: usize, pieces: &[usize]) -> String {
        let alphabet = ALPHABETS[script];
        pieces
            .iter()
            .map(|p| alphabet[p % alphabet.len()])
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]
        #[test]
        fn it_finds_what_a_search_of_every_place_finds(
            (script, text) in strings(14),
            terms in prop::collection::vec(prop::collection::vec(
                prop::collection::vec(0..8usize, 0..4), 1..3), 1..3),
            banned in prop::collection::vec(prop::collection::vec(0..8usize, 1..3), 0..2),
            cut in 1..5usize,
        ) {
            let text = spell(script, &text);
            let mut wanted: Vec<Vec<String>> = Vec::new();
            for variants in &terms {
                let variants: Vec<String> = variants.iter().map(|v| spell(script, v)).collect();
                let letters = |v: &str| v.trim().chars().map(lower).collect::<String>();
                let taken =
                    |v: &String| wanted.iter().flatten().any(|w| letters(w) == letters(v));
                if !variants.iter().any(taken) {
                    wanted.push(variants);
                }
            }
            let forbidden: Vec<String> = banned.iter().map(|v| spell(script, v)).collect();
            let constraint = Constraint::new(&wanted, &forbidden);
            let expected = brute(&text, &wanted, &forbidden);
            prop_assert_eq!(state_of(&constraint, &text).map(|s| s.met()), expected);
            // The same, however the text is cut into tokens.
            let letters: Vec<char> = text.chars().collect();
            let mut state = Some(TermState::default());
            for piece in letters.chunks(cut) {
                let piece: String = piece.iter().collect();
                state = state.and_then(|s| constraint.advance(&s, &piece));
            }
            prop_assert_eq!(state.and_then(|s| constraint.finish(&s)).map(|s| s.met()), expected);
        }

        #[test]
        fn no_term_is_too_odd(terms in prop::collection::vec(".{0,6}", 0..40), text in ".{0,30}") {
            let wanted: Vec<Vec<String>> = terms.iter().map(|t| vec![t.clone()]).collect();
            let constraint = Constraint::new(&wanted, &terms);
            if let Some(state) = constraint.advance(&TermState::default(), &text) {
                let _ = constraint.rests(&state);
                prop_assert!(constraint.finish(&state).is_none_or(|s| s.met_count() <= MAX_SLOTS));
            }
        }
    }

    fn one(variant: &str) -> Constraint {
        Constraint::new(&[vec![variant.to_owned()]], &[])
    }

    #[test]
    fn a_term_stands_between_letters_in_every_script() {
        for (term, good, bad) in [
            ("律师", "你的律师来了", "你的律 师来了"),
            ("công an", "Anh là công an.", "Anh là công anh."),
            ("ทนาย", "ขอทนายความ", "ขอทนาย้"),
            ("ရှေ့န", "ရှေ့နက", "ရှေ့နေ"),
            ("ທະນາ", "ມີທະນາຍ", "ມີທະນາ່ຍ"),
            ("មេធ", "មានមេធខ", "មានមេធាវី"),
        ] {
            assert_eq!(state_of(&one(term), good).unwrap().met(), 1, "{term}");
            assert_eq!(state_of(&one(term), bad).unwrap().met(), 0, "{term}");
        }
    }

    #[test]
    fn a_term_that_is_asked_for_twice_must_stand_twice() {
        let twice = Constraint::new(&[vec!["警察".into()], vec!["警察".into()]], &[]);
        assert_eq!(state_of(&twice, "警察来了。").unwrap().met_count(), 1);
        assert_eq!(state_of(&twice, "警察打警察。").unwrap().met_count(), 2);
    }

    #[test]
    fn what_is_forbidden_may_stand_inside_what_is_approved() {
        let wanted = [vec!["mua bán người".to_owned()]];
        let both = Constraint::new(&wanted, &["bán người".to_owned()]);
        assert!(state_of(&both, "tội mua bán người").is_some());
        assert!(state_of(&both, "tội bán người").is_none());
        assert!(state_of(&both, "tội mua bán người và bán người").is_none());
        // At its end the approved one does not come true after all.
        let longer = Constraint::new(&[vec!["bán người già".into()]], &["bán người".into()]);
        assert!(state_of(&longer, "bán người già").is_some());
        assert!(state_of(&longer, "bán người giàu").is_none());
        assert!(state_of(&longer, "bán người").is_none());
    }

    #[test]
    fn what_is_begun_says_what_is_left() {
        let constraint = Constraint::new(&[vec!["ทนายความ".into(), "ทนาย".into()]], &[]);
        let state = constraint.advance(&TermState::default(), "มีทนาย").unwrap();
        let mut rests: Vec<String> = constraint
            .rests(&state)
            .into_iter()
            .map(|r| r.letters)
            .collect();
        rests.sort();
        assert_eq!(rests, ["", "ความ"]);
        let done = constraint.advance(&state, "ก").unwrap();
        assert_eq!((done.met(), constraint.rests(&done).len()), (1, 0));
    }
}
