//! How near two names are: the cheapest alignment of their sounds, told part by part.

use super::read::{Name, Part, Reading, Role, System};
use super::sound::{Costs, Sounds, costs};

/// The score from which two names are shown as a possible match.
pub const SHOWN: f32 = 0.65;
/// What it takes off the score that the parts stand in another order.
const OTHER_ORDER: f32 = 0.03;
/// How much the worst syllable counts beside the whole.
const WORST: f32 = 0.25;

/// A comparison of two names that explains itself.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// 0.0 to 1.0; from [`SHOWN`] on a person should look.
    pub score: f32,
    /// By which readings: `by sound`, `by the Sino-Vietnamese reading`, ...
    pub how: &'static str,
    /// The parts of one name, in the order of that name.
    pub parts: Vec<PartMatch>,
    /// The parts stand in another order in the other name.
    pub reordered: bool,
}

/// One part of a name and how near the other name comes to it.
#[derive(Clone, Debug)]
pub struct PartMatch {
    /// What part it is.
    pub role: Role,
    /// The part as written.
    pub text: String,
    /// 0.0 to 1.0.
    pub score: f32,
}

impl Comparison {
    /// One line for a person: `family name 1.00, given name 0.86, by the Sino-Vietnamese reading`.
    pub fn words(&self) -> String {
        let parts: Vec<String> = self
            .parts
            .iter()
            .map(|p| format!("{} {:.2}", p.role.words(), p.score))
            .collect();
        let order = if self.reordered {
            ", in another order"
        } else {
            ""
        };
        format!("{}, {}{order}", parts.join(", "), self.how)
    }
}

/// The best alignment of two readings.
struct Aligned<'a> {
    score: f32,
    slots: &'a Reading,
    other: &'a Reading,
    /// The order in which the parts were taken.
    order: Vec<usize>,
    /// For each syllable in that order: its cost, its own weight, the weight of what it met.
    met: Vec<[f32; 3]>,
}

/// How near two names are, 0.0 to 1.0. Symmetric; 1.0 for names that read alike.
pub fn score(a: &Name, b: &Name) -> f32 {
    best(a, b).map_or(0.0, |aligned| aligned.score)
}

/// Compares two names. `None` where one of them cannot be read.
pub fn compare(a: &Name, b: &Name) -> Option<Comparison> {
    let best = best(a, b)?;
    let mut met = best.met.iter();
    let mut parts: Vec<(usize, PartMatch)> = Vec::new();
    for &at in &best.order {
        let Some(part) = best.slots.parts.get(at) else {
            continue;
        };
        let mut sum = [0.0f32; 3];
        for slot in met.by_ref().take(part.slots.len()) {
            for (all, one) in sum.iter_mut().zip(slot) {
                *all += one;
            }
        }
        let score = nearness(sum);
        parts.push((
            at,
            PartMatch {
                role: part.role,
                text: part.text.clone(),
                score,
            },
        ));
    }
    parts.sort_by_key(|(at, _)| *at);
    let reordered = best.order.windows(2).any(|w| matches!(w, [x, y] if x > y));
    Some(Comparison {
        score: best.score,
        how: how(best.slots.system, best.other.system),
        parts: parts.into_iter().map(|(_, part)| part).collect(),
        reordered,
    })
}

fn how(a: System, b: System) -> &'static str {
    let has = |system| a == system || b == system;
    if has(System::SinoVietnamese) || has(System::FromVietnamese) {
        "by the Sino-Vietnamese reading"
    } else if has(System::Mandarin) && has(System::Pinyin) {
        "by Hanyu Pinyin"
    } else if has(System::Mandarin) || has(System::Pinyin) {
        "by the Mandarin reading"
    } else {
        "by sound"
    }
}

/// Whether two readings say anything about each other.
fn comparable(a: &Reading, b: &Reading) -> bool {
    use System::{FromVietnamese, Mandarin, Pinyin, SinoVietnamese, Vietnamese};
    !matches!(
        (a.system, b.system),
        (
            FromVietnamese,
            FromVietnamese | Mandarin | SinoVietnamese | Vietnamese
        ) | (Mandarin | SinoVietnamese | Vietnamese, FromVietnamese)
            | (Mandarin, SinoVietnamese)
            | (SinoVietnamese, Mandarin)
            | (SinoVietnamese, Pinyin)
            | (Pinyin, SinoVietnamese)
    )
}

fn best<'a>(a: &'a Name, b: &'a Name) -> Option<Aligned<'a>> {
    let mut best: Option<Aligned<'a>> = None;
    for x in &a.readings {
        for y in &b.readings {
            if !comparable(x, y) {
                continue;
            }
            let (slots, other) = if leads(x, y) { (x, y) } else { (y, x) };
            for order in orders(&slots.parts) {
                let aligned = align(slots, other, order);
                if best.as_ref().is_none_or(|b| aligned.score > b.score) {
                    best = Some(aligned);
                }
            }
        }
    }
    best
}

/// Whether `x` is the one whose syllables are walked: the one with several sounds a syllable, then
/// the one that knows its family name, then the one with more parts; the choice does not depend on
/// which name was given first.
fn leads(x: &Reading, y: &Reading) -> bool {
    let rank = |r: &Reading| {
        let family = r.parts.iter().any(|p| p.role == Role::Family);
        (r.many, family, r.parts.len())
    };
    (rank(x), &x.flat) >= (rank(y), &y.flat)
}

/// The orders in which a name's parts may stand: as written, the last first, the first last.
fn orders(parts: &[Part]) -> Vec<Vec<usize>> {
    let written: Vec<usize> = (0..parts.len()).collect();
    let mut all = vec![written.clone()];
    if parts.len() > 1 {
        let mut last_first = written.clone();
        last_first.rotate_right(1);
        let mut first_last = written;
        first_last.rotate_left(1);
        if last_first != first_last {
            all.push(first_last);
        }
        all.push(last_first);
    }
    all
}

fn align<'a>(slots: &'a Reading, other: &'a Reading, order: Vec<usize>) -> Aligned<'a> {
    let costs = costs();
    let b = &other.flat;
    let in_order = || {
        order
            .iter()
            .filter_map(|i| slots.parts.get(*i))
            .flat_map(|p| &p.slots)
    };
    // The cheapest way to have met the first j sounds of `b`, and where the syllable began.
    let mut column: Vec<f32> = Vec::with_capacity(b.len() + 1);
    let mut sum = 0.0;
    column.push(0.0);
    for s in b {
        sum += costs.alone(*s);
        column.push(sum);
    }
    let start = column.clone();
    let mut steps: Vec<(Vec<f32>, Vec<usize>)> = Vec::new();
    for slot in in_order() {
        let mut next = vec![f32::INFINITY; b.len() + 1];
        let mut origin = vec![0usize; b.len() + 1];
        for sounds in slot {
            let (reached, from) = walk(&column, sounds, b, costs);
            for (((best, best_from), cost), from) in next
                .iter_mut()
                .zip(origin.iter_mut())
                .zip(reached)
                .zip(from)
            {
                if cost < *best {
                    *best = cost;
                    *best_from = from;
                }
            }
        }
        column.clone_from(&next);
        steps.push((next, origin));
    }
    let met = trace(&start, &steps, in_order(), b, costs);
    let mut all = [0.0f32; 3];
    let mut scores: Vec<f32> = Vec::with_capacity(met.len());
    for slot in &met {
        for (sum, one) in all.iter_mut().zip(slot) {
            *sum += one;
        }
        scores.push(nearness(*slot));
    }
    let moved = order.windows(2).any(|w| matches!(w, [x, y] if x > y));
    let worst = scores.iter().copied().fold(1.0f32, f32::min);
    let whole = nearness(all);
    let score =
        whole * (1.0 - WORST) + worst.min(whole) * WORST - if moved { OTHER_ORDER } else { 0.0 };
    Aligned {
        score: score.clamp(0.0, 1.0),
        slots,
        other,
        order,
        met,
    }
}

/// One syllable further: from the costs before it to the costs behind it, each with the place in `b`
/// where the syllable began.
fn walk(before: &[f32], sounds: &Sounds, b: &[u8], costs: &Costs) -> (Vec<f32>, Vec<usize>) {
    let mut cost = before.to_vec();
    let mut from: Vec<usize> = (0..before.len()).collect();
    for &a in sounds {
        let alone = costs.alone(a);
        let mut diagonal = (f32::INFINITY, 0);
        let mut left = (f32::INFINITY, 0);
        let met = std::iter::once(None).chain(b.iter().copied().map(Some));
        for ((here, origin), sound) in cost.iter_mut().zip(from.iter_mut()).zip(met) {
            let up = (*here, *origin);
            let mut best = (up.0 + alone, up.1);
            if let Some(sound) = sound {
                let met = diagonal.0 + costs.pair(a, sound);
                if met < best.0 {
                    best = (met, diagonal.1);
                }
                let skipped = left.0 + costs.alone(sound);
                if skipped < best.0 {
                    best = (skipped, left.1);
                }
            }
            (*here, *origin) = best;
            left = best;
            diagonal = up;
        }
    }
    (cost, from)
}

/// What each syllable met, from the last one back: its cost, its weight, the weight of what it met.
fn trace<'a>(
    start: &[f32],
    steps: &[(Vec<f32>, Vec<usize>)],
    slots: impl Iterator<Item = &'a Vec<Sounds>>,
    b: &[u8],
    costs: &Costs,
) -> Vec<[f32; 3]> {
    let slots: Vec<&Vec<Sounds>> = slots.collect();
    let mut met = Vec::with_capacity(steps.len());
    let mut to = b.len();
    for (at, (column, origin)) in steps.iter().enumerate().rev() {
        let from = origin.get(to).copied().unwrap_or(0);
        let before = match at.checked_sub(1).and_then(|i| steps.get(i)) {
            Some((column, _)) => column,
            None => start,
        };
        let cost = |column: &[f32], j: usize| column.get(j).copied().unwrap_or(0.0);
        let lead = if at == 0 { cost(start, from) } else { 0.0 };
        let spent = cost(column, to) - cost(before, from) + lead;
        let own = slots
            .get(at)
            .and_then(|s| s.first())
            .map_or(0.0, |s| costs.weight(s));
        let begin = if at == 0 { 0 } else { from };
        let other = costs.weight(b.get(begin..to).unwrap_or_default());
        met.push([spent, own, other]);
        to = from;
    }
    met.reverse();
    met
}

/// From a cost and two weights to a nearness between 0 and 1, after the normalised edit distance of
/// Li and Liu (IEEE TPAMI 29, 2007), which is a metric where the costs are.
fn nearness([cost, own, other]: [f32; 3]) -> f32 {
    let all = own + other + cost;
    if all <= 0.0 {
        0.0
    } else {
        (1.0 - 2.0 * cost / all).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUNG: [&str; 7] = [
        "阮文雄",
        "Nguyễn Văn Hùng",
        "เหงียน วัน หุ่ง",
        "ငုယင်ဗန်ဟုန်း",
        "ງວຽນ ວັນ ຫຸງ",
        "ង្វៀន វ៉ាន់ ហ៊ុង",
        "Nguyen Van Hung",
    ];

    #[test]
    fn one_name_in_all_scripts_is_a_possible_match_and_another_is_not() {
        for a in HUNG {
            for b in HUNG {
                let (a, b) = (Name::read(a, None), Name::read(b, None));
                let near = score(&a, &b);
                assert!(near >= SHOWN - 0.05, "{} {} {near}", a.text(), b.text());
                assert_eq!(score(&a, &b), score(&b, &a));
            }
            let other = Name::read("สมชัย แก้วดี", None);
            assert!(score(&Name::read(a, None), &other) < SHOWN - 0.15, "{a}");
        }
    }

    #[test]
    fn the_comparison_says_why() {
        let found = compare(
            &Name::read("阮文雄", None),
            &Name::read("Nguyễn Văn Hùng", None),
        )
        .unwrap();
        assert_eq!(found.how, "by the Sino-Vietnamese reading");
        assert!(found.parts.len() >= 2 && found.parts[0].role == Role::Family);
        assert!(found.score > 0.95 && found.words().starts_with("family name 1.00"));
        let western = compare(
            &Name::read("Zhang Jianguo", None),
            &Name::read("Jianguo Zhang", None),
        )
        .unwrap();
        assert!(western.reordered && western.score > 0.9);
    }

    #[test]
    fn a_text_without_letters_compares_with_nothing() {
        for odd in ["", "  ", "123", "☺", "Ωμέγα"] {
            assert!(
                compare(&Name::read(odd, None), &Name::read("张伟", None)).is_none(),
                "{odd}"
            );
        }
    }
}
