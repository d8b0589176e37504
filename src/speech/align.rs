//! When each token of a text was said, by where the decoder looked while it wrote the token.
//!
//! The shares of attention of many heads, each made comparable and all averaged, are an image of tokens
//! against sound; the best way through it that goes back in neither is the alignment (dynamic time
//! warping). Most heads of the decoder's later layers look at the sound they write, in every model,
//! so none are chosen for one model. Heads that look sharply are not given more weight: on the practice
//! sentences that placed words worse.

use super::sound::POSITION;
use crate::domain::SAMPLE_RATE;

/// Neighbouring positions of which the middle one counts: a single look elsewhere is no place.
const SMOOTH: usize = 7;
/// Of texts with fewer tokens any place is believed.
const FEW: usize = 8;

/// Where the decoder looked: for each token that it wrote and for the end, a number for each position.
#[derive(Clone, Debug, PartialEq)]
pub struct Attended {
    /// Positions of 20 ms, at least one.
    pub frames: usize,
    /// `(tokens + 1, frames)`: how much more than for the other tokens it looked there.
    pub looks: Vec<f32>,
}

/// The mean over heads, taken head by head so that no more than one layer is kept.
pub struct Mean {
    tokens: usize,
    from: usize,
    frames: usize,
    sums: Vec<f32>,
    heads: usize,
}

impl Mean {
    /// For texts of `tokens` tokens, prompt included, of which those from `from` on count, and the first
    /// `frames` positions of the sound.
    pub fn new(tokens: usize, from: usize, frames: usize) -> Self {
        let rows = tokens.saturating_sub(from);
        Self {
            tokens,
            from,
            frames,
            sums: vec![0.0; rows.saturating_mul(frames)],
            heads: 0,
        }
    }

    /// Adds the heads of one layer: `(heads, tokens, window)`, the window at least as long as the frames.
    pub fn add(&mut self, shares: &[f32], window: usize) {
        let frames = self.frames.min(window);
        let mut own = vec![0f32; self.sums.len()];
        let head = self.tokens.saturating_mul(window).max(1);
        for shares in shares.chunks_exact(head) {
            let rows = shares.chunks_exact(window.max(1)).skip(self.from);
            for (row, own) in rows.zip(own.chunks_exact_mut(self.frames.max(1))) {
                let seen = row.get(..frames).unwrap_or_default();
                own.get_mut(..frames)
                    .unwrap_or_default()
                    .copy_from_slice(seen);
            }
            compare_tokens(&mut own, self.frames);
            for (sum, own) in self.sums.iter_mut().zip(&own) {
                *sum += own;
            }
            self.heads = self.heads.saturating_add(1);
        }
    }

    /// The mean; `None` where nothing was added.
    pub fn done(mut self) -> Option<Attended> {
        if self.heads == 0 || self.sums.is_empty() {
            return None;
        }
        let heads = self.heads as f32;
        self.sums.iter_mut().for_each(|s| *s /= heads);
        for row in self.sums.chunks_exact_mut(self.frames) {
            smooth(row);
        }
        Some(Attended {
            frames: self.frames,
            looks: self.sums,
        })
    }
}

/// Gives each position's numbers, over all tokens, a mean of 0 and a deviation of 1: a place that all
/// tokens look at says nothing about any of them.
fn compare_tokens(looks: &mut [f32], frames: usize) {
    let rows = looks.len() / frames.max(1);
    for frame in 0..frames {
        let column = || looks.iter().skip(frame).step_by(frames);
        let mean = column().sum::<f32>() / rows.max(1) as f32;
        let variance = column().map(|x| (x - mean) * (x - mean)).sum::<f32>() / rows.max(1) as f32;
        let scale = 1.0 / variance.sqrt().max(f32::EPSILON);
        for look in looks.iter_mut().skip(frame).step_by(frames) {
            *look = (*look - mean) * scale;
        }
    }
}

/// Each number becomes the median of itself and its neighbours, fewer at the edges.
fn smooth(row: &mut [f32]) {
    let before = row.to_vec();
    let mut near = Vec::with_capacity(SMOOTH);
    for (at, place) in row.iter_mut().enumerate() {
        let from = at.saturating_sub(SMOOTH / 2);
        let to = at.saturating_add(SMOOTH / 2 + 1).min(before.len());
        near.clear();
        near.extend(before.get(from..to).unwrap_or_default());
        near.sort_by(f32::total_cmp);
        *place = near.get(near.len() / 2).copied().unwrap_or(0.0);
    }
}

/// When each token begins, in seconds from the start of the sound, and at the end when the last one
/// ends. `None` where most of the text would have been said at one instant, or a number is none.
pub fn times(attended: &Attended) -> Option<Vec<f32>> {
    let frames = attended.frames;
    if attended.looks.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let firsts = first_frames(&attended.looks, frames);
    let tokens = firsts.len().checked_sub(1)?;
    let seconds = POSITION as f32 / SAMPLE_RATE as f32;
    let mut times = Vec::with_capacity(firsts.len());
    // Tokens that begin in one position share it.
    for together in firsts.chunk_by(|a, b| a == b) {
        if tokens >= FEW && together.len() > FEW.max(tokens / 2) {
            return None;
        }
        for (n, first) in together.iter().enumerate() {
            let part = n as f32 / together.len() as f32;
            times.push((*first as f32 + part) * seconds);
        }
    }
    Some(times)
}

/// The position at which each row of `looks`, `(rows, frames)`, begins on the way from the first to the
/// last that sees most.
fn first_frames(looks: &[f32], frames: usize) -> Vec<usize> {
    // What the best way to each position is worth, and whether it came from the row before (a step in
    // both, or in the row alone) or from the position before.
    #[derive(Clone, Copy)]
    enum From {
        Both,
        Row,
        Frame,
    }
    let mut came = Vec::with_capacity(looks.len());
    let mut above = vec![f32::NEG_INFINITY; frames];
    for (row, looks) in looks.chunks_exact(frames.max(1)).enumerate() {
        let mut left = f32::NEG_INFINITY;
        let mut corner = if row == 0 { 0.0 } else { f32::NEG_INFINITY };
        for (look, above) in looks.iter().zip(&mut above) {
            let (best, from) = if corner >= *above && corner >= left {
                (corner, From::Both)
            } else if left >= *above {
                (left, From::Frame)
            } else {
                (*above, From::Row)
            };
            corner = *above;
            left = best + look;
            *above = left;
            came.push(from);
        }
    }
    let rows = looks.len() / frames.max(1);
    let mut firsts = vec![0; rows];
    let (mut row, mut frame) = (rows.saturating_sub(1), frames.saturating_sub(1));
    loop {
        if let Some(first) = firsts.get_mut(row) {
            *first = frame;
        }
        let at = row.saturating_mul(frames).saturating_add(frame);
        let from = came.get(at).copied().unwrap_or(From::Both);
        if (row, frame) == (0, 0) {
            return firsts;
        }
        if !matches!(from, From::Frame) || frame == 0 {
            row = row.saturating_sub(1);
        }
        if !matches!(from, From::Row) || row == 0 {
            frame = frame.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image of `firsts.len()` tokens that each look at their own positions up to the next one's.
    fn image(firsts: &[usize], frames: usize) -> Attended {
        let ends = firsts.iter().skip(1).chain([&frames]);
        let rows = firsts.iter().zip(ends);
        let looks = rows.flat_map(|(from, to)| {
            (0..frames).map(move |f| if (*from..*to).contains(&f) { 1.0 } else { -0.2 })
        });
        Attended {
            frames,
            looks: looks.collect(),
        }
    }

    #[test]
    fn the_way_goes_where_each_token_looks() {
        for firsts in [
            vec![0, 10, 12, 40, 41, 90],
            vec![0, 99],
            vec![0, 1, 2, 3],
            (0..100).collect(),
        ] {
            assert_eq!(first_frames(&image(&firsts, 100).looks, 100), firsts);
            let found = times(&image(&firsts, 100)).unwrap();
            for (found, first) in found.iter().zip(&firsts) {
                assert!((found - *first as f32 * 0.02).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn more_tokens_than_positions_stay_in_order() {
        let looks = vec![0.5; 7 * 3];
        let found = times(&Attended { frames: 3, looks }).unwrap();
        assert_eq!(found.len(), 7);
        assert!(found.is_sorted(), "{found:?}");
        assert!(found.iter().all(|t| (0.0..=0.06).contains(t)));
    }

    #[test]
    fn a_text_at_one_instant_and_no_numbers_are_no_alignment() {
        // Twenty tokens look at the first position, the end at all the others.
        let mut looks = vec![-1.0; 21 * 50];
        looks.iter_mut().step_by(50).take(20).for_each(|x| *x = 1.0);
        looks[20 * 50..].fill(1.0);
        assert_eq!(times(&Attended { frames: 50, looks }), None);
        let looks = vec![f32::NAN; 20];
        assert_eq!(times(&Attended { frames: 10, looks }), None);
        let nothing = Attended {
            frames: 10,
            looks: Vec::new(),
        };
        assert_eq!(times(&nothing), None);
    }

    #[test]
    fn heads_are_made_comparable_and_a_place_that_all_look_at_says_nothing() {
        // Two tokens behind a prompt of one; a window of six positions of which five are sound.
        let (prompt, first, second) = (
            [9.0, 9.0, 9.0, 9.0, 9.0, 9.0],
            [0.8, 0.7, 0.6, 0.0, 0.1, 0.3],
            [0.1, 0.2, 0.6, 0.9, 0.5, 0.3],
        );
        let layer = [prompt, first, second].concat();
        let mut mean = Mean::new(3, 1, 5);
        mean.add(&layer, 6);
        // A head of a hundredth of the strength counts as much.
        let weak: Vec<f32> = layer.iter().map(|x| x / 100.0).collect();
        let mut both = Mean::new(3, 1, 5);
        both.add(&[layer, weak].concat(), 6);
        let (mean, both) = (mean.done().unwrap(), both.done().unwrap());
        for (a, b) in mean.looks.iter().zip(&both.looks) {
            assert!((a - b).abs() < 1e-3, "{mean:?} {both:?}");
        }
        let mut columns = vec![0.4, 0.1, 0.4, 0.3];
        compare_tokens(&mut columns, 2);
        assert_eq!((columns[0], columns[2]), (0.0, 0.0));
        assert!((columns[1] + 1.0).abs() < 1e-3 && (columns[3] - 1.0).abs() < 1e-3);
        assert_eq!(Mean::new(3, 1, 5).done(), None);
    }

    #[test]
    fn a_single_look_elsewhere_is_no_place() {
        let mut row = vec![0.0; 20];
        row[5] = 9.0;
        row[10..16].fill(1.0);
        smooth(&mut row);
        assert_eq!(row[5], 0.0);
        assert_eq!(row[12], 1.0);
    }
}
