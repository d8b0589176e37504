//! From scores to tokens: the likeliest token of each frame, or the likeliest text over all ways to say
//! it (prefix beam search, Graves 2012, Hannun et al. 2014) with the names and terms of the case, and
//! where in the sound each token was said (Viterbi alignment).

use std::collections::HashMap;

use crate::domain::Cancel;
use crate::speech::Error;

use super::lexicon::Lexicon;
use super::stop_if;

/// Texts that are followed at a time.
const BEAM: usize = 24;
/// Tokens less likely than this at a frame do not begin anything new there.
const UNLIKELY: f32 = -9.0;

/// Logarithms of probabilities, `(frames, tokens)`.
pub(super) struct Scores {
    numbers: Vec<f32>,
    tokens: usize,
}

/// A token with the frames in which it was said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    /// The token.
    pub token: usize,
    /// First frame.
    pub start: usize,
    /// One past the last frame.
    pub end: usize,
    /// Its greatest logarithm of a probability in them.
    pub log_prob: f32,
}

impl Scores {
    /// Turns logits, `(frames, tokens)`, into logarithms of probabilities. None where one of them is
    /// no number.
    pub fn new(mut logits: Vec<f32>, tokens: usize) -> Option<Self> {
        for row in logits.chunks_exact_mut(tokens.max(1)) {
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = row.iter().map(|x| f64::from(x - top).exp()).sum();
            let all = top + sum.ln() as f32;
            if !all.is_finite() {
                return None;
            }
            row.iter_mut().for_each(|x| *x -= all);
        }
        Some(Self {
            numbers: logits,
            tokens,
        })
    }

    /// Frames.
    pub fn frames(&self) -> usize {
        self.numbers.len() / self.tokens.max(1)
    }

    fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.numbers.chunks_exact(self.tokens.max(1))
    }

    fn at(&self, frame: usize, token: usize) -> f32 {
        let place = frame.saturating_mul(self.tokens).saturating_add(token);
        self.numbers
            .get(place)
            .copied()
            .unwrap_or(f32::NEG_INFINITY)
    }
}

/// The likeliest token of each frame, repeated ones once, blanks not at all.
pub(super) fn greedy(scores: &Scores, blank: usize) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    let mut last = blank;
    for (frame, row) in scores.rows().enumerate() {
        let best = row.iter().copied().enumerate();
        let Some((token, log_prob)) = best.reduce(|a, b| if b.1 > a.1 { b } else { a }) else {
            continue;
        };
        match said.last_mut() {
            Some(open) if token == last && token != blank => {
                open.end = frame.saturating_add(1);
                open.log_prob = open.log_prob.max(log_prob);
            }
            _ if token != blank => said.push(Said {
                token,
                start: frame,
                end: frame.saturating_add(1),
                log_prob,
            }),
            _ => {}
        }
        last = token;
    }
    said
}

/// A text that is followed.
#[derive(Clone)]
struct Path {
    tokens: Vec<usize>,
    /// Ends with a blank.
    with_blank: f32,
    /// Ends with its last token.
    without: f32,
    /// Place in the lexicon, and what it gained there.
    node: usize,
    gain: f32,
}

impl Path {
    fn sound(&self) -> f32 {
        log_add(self.with_blank, self.without)
    }

    fn rank(&self) -> f32 {
        self.sound() + self.gain
    }
}

fn log_add(a: f32, b: f32) -> f32 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f32::NEG_INFINITY {
        return high;
    }
    high + (low - high).exp().ln_1p()
}

/// The likeliest text with the names of `lexicon` preferred: its tokens.
///
/// # Errors
/// A cancel.
pub(super) fn beam(
    scores: &Scores,
    blank: usize,
    lexicon: &Lexicon,
    cancel: &Cancel,
) -> Result<Vec<usize>, Error> {
    let mut paths = vec![Path {
        tokens: Vec::new(),
        with_blank: 0.0,
        without: f32::NEG_INFINITY,
        node: lexicon.start(),
        gain: 0.0,
    }];
    for row in scores.rows() {
        stop_if(cancel)?;
        let likely: Vec<(usize, f32)> = row
            .iter()
            .copied()
            .enumerate()
            .filter(|(token, p)| *token != blank && *p > UNLIKELY)
            .collect();
        let silent = row.get(blank).copied().unwrap_or(f32::NEG_INFINITY);
        paths = further(&paths, &likely, silent, row, lexicon);
    }
    for path in &mut paths {
        path.gain += lexicon.settled(path.node);
    }
    let best = paths
        .into_iter()
        .reduce(|a, b| if b.rank() > a.rank() { b } else { a });
    Ok(best.map(|path| path.tokens).unwrap_or_default())
}

/// All paths one frame further; the best of them.
fn further(
    paths: &[Path],
    likely: &[(usize, f32)],
    silent: f32,
    row: &[f32],
    lexicon: &Lexicon,
) -> Vec<Path> {
    let mut places: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut next: Vec<Path> = Vec::with_capacity(paths.len().saturating_mul(4));
    for path in paths {
        let all = path.sound();
        // The same text: silence, or its last token goes on.
        let stays = path.tokens.last().and_then(|t| row.get(*t)).copied();
        let stays = stays.map_or(f32::NEG_INFINITY, |p| path.without + p);
        merge(&mut next, &mut places, path.clone(), all + silent, stays);
        for (token, p) in likely {
            // The same letter twice needs a blank between.
            let again = path.tokens.last() == Some(token);
            let from = if again { path.with_blank } else { all };
            if from == f32::NEG_INFINITY {
                continue;
            }
            let (node, gain) = lexicon.step(path.node, *token);
            let mut longer = path.clone();
            longer.tokens.push(*token);
            longer.node = node;
            longer.gain += gain;
            merge(&mut next, &mut places, longer, f32::NEG_INFINITY, from + p);
        }
    }
    next.sort_by(|a, b| b.rank().total_cmp(&a.rank()));
    next.truncate(BEAM);
    next
}

/// Adds the ways of one path to those of the same text.
fn merge(
    next: &mut Vec<Path>,
    places: &mut HashMap<Vec<usize>, usize>,
    mut path: Path,
    with_blank: f32,
    without: f32,
) {
    match places.get(&path.tokens).and_then(|at| next.get_mut(*at)) {
        Some(same) => {
            same.with_blank = log_add(same.with_blank, with_blank);
            same.without = log_add(same.without, without);
        }
        None => {
            (path.with_blank, path.without) = (with_blank, without);
            places.insert(path.tokens.clone(), next.len());
            next.push(path);
        }
    }
}

/// Where each of `tokens` was said: the likeliest way through the frames. None where there are too few
/// frames for the text.
pub(super) fn align(scores: &Scores, tokens: &[usize], blank: usize) -> Option<Vec<Said>> {
    // Blank, token, blank, ..., token, blank.
    let states = tokens.len().saturating_mul(2).saturating_add(1);
    let token_of = |state: usize| {
        let odd = state % 2 == 1;
        let at = odd.then(|| tokens.get(state / 2)).flatten();
        at.copied().unwrap_or(blank)
    };
    let frames = scores.frames();
    let mut best = vec![f32::NEG_INFINITY; states];
    // For each frame and state how far back in the states the way came from.
    let mut ways: Vec<u8> = Vec::with_capacity(frames.saturating_mul(states));
    for frame in 0..frames {
        let mut now = vec![f32::NEG_INFINITY; states];
        for (state, place) in now.iter_mut().enumerate() {
            let token = token_of(state);
            let leaps = state % 2 == 1 && (state < 2 || token_of(state - 2) != token);
            let furthest = if leaps { 2 } else { 1 };
            let (mut from, mut back) = (f32::NEG_INFINITY, 0_u8);
            if frame == 0 && state <= 1 {
                // A text begins with silence or its first token.
                from = 0.0;
            }
            for step in 0..=furthest {
                let before = state
                    .checked_sub(usize::from(step))
                    .and_then(|s| best.get(s));
                if let Some(score) = before.filter(|score| **score > from) {
                    (from, back) = (*score, step);
                }
            }
            *place = from + scores.at(frame, token);
            ways.push(back);
        }
        best = now;
    }
    let last = states.checked_sub(1)?;
    let ends = [last, last.saturating_sub(1)];
    let mut state = ends.into_iter().max_by(|a, b| {
        let score = |s: &usize| best.get(*s).copied().unwrap_or(f32::NEG_INFINITY);
        score(a).total_cmp(&score(b))
    })?;
    if !best.get(state)?.is_finite() {
        return None;
    }
    let mut path = vec![0; frames];
    for frame in (0..frames).rev() {
        *path.get_mut(frame)? = state;
        let back = ways.get(frame.saturating_mul(states).saturating_add(state))?;
        state = state.saturating_sub(usize::from(*back));
    }
    Some(gather(scores, &path, tokens))
}

/// The tokens of a way through the states.
fn gather(scores: &Scores, path: &[usize], tokens: &[usize]) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::with_capacity(tokens.len());
    let mut last = usize::MAX;
    for (frame, state) in path.iter().enumerate() {
        let Some(token) = (state % 2 == 1).then(|| tokens.get(state / 2)).flatten() else {
            last = *state;
            continue;
        };
        let log_prob = scores.at(frame, *token);
        match said.last_mut() {
            Some(open) if *state == last => {
                open.end = frame.saturating_add(1);
                open.log_prob = open.log_prob.max(log_prob);
            }
            _ => said.push(Said {
                token: *token,
                start: frame,
                end: frame.saturating_add(1),
                log_prob,
            }),
        }
        last = *state;
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::ctc::lexicon::Spelling;

    /// Scores of frames in which some tokens have the given probabilities.
    fn scores(frames: &[&[f32]]) -> Scores {
        let tokens = frames[0].len();
        let logits = frames.iter().flat_map(|f| f.iter().map(|p| p.ln()));
        Scores::new(logits.collect(), tokens).unwrap()
    }

    /// The probability of every text, by adding up all ways through the frames.
    fn every_text(frames: &[&[f32]]) -> HashMap<Vec<usize>, f64> {
        let mut ways: Vec<(Vec<usize>, f64)> = vec![(Vec::new(), 1.0)];
        for frame in frames {
            ways = ways
                .into_iter()
                .flat_map(|(way, p)| {
                    frame.iter().enumerate().map(move |(token, q)| {
                        let mut longer = way.clone();
                        longer.push(token);
                        (longer, p * f64::from(*q))
                    })
                })
                .collect();
        }
        let mut texts = HashMap::new();
        for (mut way, p) in ways {
            way.dedup();
            way.retain(|t| *t != 0);
            *texts.entry(way).or_insert(0.0) += p;
        }
        texts
    }

    const FRAMES: [&[f32]; 5] = [
        &[0.3, 0.5, 0.2],
        &[0.5, 0.3, 0.2],
        &[0.2, 0.45, 0.35],
        &[0.4, 0.25, 0.35],
        &[0.6, 0.1, 0.3],
    ];

    #[test]
    fn repeats_count_once_and_blanks_not_at_all() {
        let said = greedy(
            &scores(&[
                &[0.1, 0.8, 0.1],
                &[0.1, 0.7, 0.2],
                &[0.8, 0.1, 0.1],
                &[0.1, 0.8, 0.1],
                &[0.1, 0.2, 0.7],
            ]),
            0,
        );
        let tokens: Vec<(usize, usize, usize)> =
            said.iter().map(|s| (s.token, s.start, s.end)).collect();
        assert_eq!(tokens, [(1, 0, 2), (1, 3, 4), (2, 4, 5)]);
        assert!((said[0].log_prob - 0.8_f32.ln()).abs() < 1e-5);
    }

    #[test]
    fn the_beam_finds_the_text_whose_ways_add_up_to_most() {
        let texts = every_text(&FRAMES);
        let best = texts.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        let found = beam(&scores(&FRAMES), 0, &Lexicon::default(), &Cancel::new()).unwrap();
        assert_eq!(&found, best.0);
        // Taking the likeliest token each time finds another one here.
        let one_by_one: Vec<usize> = greedy(&scores(&FRAMES), 0)
            .iter()
            .map(|s| s.token)
            .collect();
        assert_ne!(found, one_by_one);
    }

    #[test]
    fn a_name_of_the_case_wins_where_the_sound_leaves_it_open_and_only_there() {
        let open: [&[f32]; 3] = [&[0.04, 0.5, 0.46], &[0.98, 0.01, 0.01], &[0.04, 0.5, 0.46]];
        let find = |frames: &[&[f32]], names: &[&[usize]]| {
            let spelling = |tokens: &&[usize]| Spelling {
                tokens: tokens.to_vec(),
                gain: 1.0,
                spaced: false,
            };
            let lexicon = Lexicon::new(names.iter().map(spelling), None);
            beam(&scores(frames), 0, &lexicon, &Cancel::new()).unwrap()
        };
        assert_eq!(find(&open, &[]), [1, 1]);
        assert_eq!(find(&open, &[&[2, 1]]), [2, 1]);
        // What it would gain for a name that does not come to its end is taken back.
        assert_eq!(find(&open, &[&[2, 2, 2, 2]]), [1, 1]);
        let clear: [&[f32]; 3] = [
            &[0.01, 0.98, 0.01],
            &[0.98, 0.01, 0.01],
            &[0.01, 0.98, 0.01],
        ];
        assert_eq!(find(&clear, &[&[2, 1]]), [1, 1]);
    }

    #[test]
    fn each_token_of_a_text_has_its_frames() {
        let s = scores(&FRAMES);
        let said = align(&s, &[1, 2, 2], 0).unwrap();
        assert_eq!(said.iter().map(|s| s.token).collect::<Vec<_>>(), [1, 2, 2]);
        assert!(said.windows(2).all(|p| p[0].end <= p[1].start));
        // Between two equal tokens lies a blank.
        assert!(said[1].end < said[2].start);
        assert!(align(&s, &[1, 2, 1, 2, 1], 0).is_some());
        assert!(align(&s, &[1, 1, 1, 1], 0).is_none(), "too few frames");
        assert!(align(&s, &[], 0).is_some_and(|s| s.is_empty()));
        // The greedy text lies where it was found.
        let greedy = greedy(&s, 0);
        let tokens: Vec<usize> = greedy.iter().map(|s| s.token).collect();
        assert_eq!(align(&s, &tokens, 0).unwrap(), greedy);
    }

    #[test]
    fn scores_that_are_no_numbers_are_refused() {
        assert!(Scores::new(vec![0.0, f32::NAN], 2).is_none());
        assert!(Scores::new(vec![f32::INFINITY, 0.0], 2).is_none());
        assert!(Scores::new(vec![f32::NEG_INFINITY; 2], 2).is_none());
        assert_eq!(Scores::new(Vec::new(), 2).unwrap().frames(), 0);
    }
}
