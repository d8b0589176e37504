//! A translation as the decoder saw it while it was written, or sees it when it is read once more: how likely
//! each token is, and which part of the source it looks at.

use std::ops::Range;

use super::M2m100;
use super::beam;
use super::error::StepError;
use super::model::{Decoding, Hidden, Kept};
use super::terms::{Task, share};

/// A part of the translation with more than this share of all the attention that another word of the
/// source gets says that word too.
const LOST: f32 = 0.6;
/// Source tokens that get less than this in all say nothing.
const FAINT: f32 = 0.3;

/// A translation as the decoder sees it.
pub(super) struct Seen {
    /// `n` tokens.
    pub tokens: Vec<u32>,
    /// Their log-probabilities and the end's, the states behind them, the attention.
    pub kept: Kept,
}

impl Seen {
    /// Log-probability of the token at this place, or of the end behind the last.
    pub fn log(&self, place: usize) -> f32 {
        self.kept.logs.get(place).copied().unwrap_or(f32::NAN)
    }
}

impl M2m100 {
    /// The decoder over the sentence, with the free translation as it was when it was written, where that is
    /// still known.
    pub(super) fn begin<'a>(
        &'a self,
        task: &'a Task<'_>,
    ) -> Result<(Decoding<'a>, Option<Seen>), StepError> {
        let tokens = &task.free.token_ids;
        let opened = Self::opened(task, tokens);
        let known = self.model.resume(&task.source, &opened, task.cancel);
        let seen = |kept| Seen {
            tokens: tokens.clone(),
            kept,
        };
        Ok(match known {
            Some((decoding, kept)) => (decoding, Some(seen(kept))),
            None => (self.model.start(&task.source, task.cancel)?, None),
        })
    }

    /// Reads a translation, again only from where it differs from the one before.
    pub(super) fn see(
        &self,
        task: &Task<'_>,
        decoding: &mut Decoding<'_>,
        before: Option<Seen>,
        tokens: Vec<u32>,
    ) -> Result<Seen, StepError> {
        let end = self.model.config().eos();
        let Some(Seen {
            tokens: old,
            mut kept,
        }) = before
        else {
            let (hidden, watch) = decoding.read(0, &Self::opened(task, &tokens))?;
            // The row of the language token looks for the first word.
            let hidden = hidden.part(1, tokens.len().saturating_add(1));
            let kept = Kept {
                logs: logs(&scores(decoding, &hidden)?, tokens.iter().chain([&end])),
                hidden,
                looks: watch.rows().split_off(1),
            };
            return Ok(Seen { tokens, kept });
        };
        let shared = alike(&old, &tokens);
        let tail = tokens.get(shared..).unwrap_or_default();
        kept.logs.truncate(shared);
        kept.looks.truncate(shared.saturating_add(1));
        kept.hidden.truncate(shared.saturating_add(1));
        if tail.is_empty() {
            decoding.rewind(shared.saturating_add(2));
        } else {
            let (hidden, watch) = decoding.read(shared.saturating_add(2), tail)?;
            kept.hidden.extend(&hidden);
            kept.looks.extend(watch.rows());
        }
        let changed = kept.hidden.part(shared, tail.len().saturating_add(1));
        let rows = scores(decoding, &changed)?;
        kept.logs.extend(logs(&rows, tail.iter().chain([&end])));
        Ok(Seen { tokens, kept })
    }

    /// What the decoder reads: start, language, translation.
    pub(super) fn opened(task: &Task<'_>, tokens: &[u32]) -> Vec<u32> {
        [&task.opening, tokens].concat()
    }
}

/// How many tokens two texts have in common at their start.
pub(super) fn alike(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The log-probabilities of these tokens, each by its row.
pub(super) fn logs<'a>(scores: &[Vec<f32>], tokens: impl Iterator<Item = &'a u32>) -> Vec<f32> {
    let rows = scores.iter().zip(tokens);
    rows.map(|(row, token)| log(row, *token)).collect()
}

/// Log-probabilities of what comes after hidden states, `(n, vocab)`.
pub(super) fn scores(
    decoding: &mut Decoding<'_>,
    hidden: &Hidden,
) -> Result<Vec<Vec<f32>>, StepError> {
    let mut rows = decoding.logits(hidden)?;
    for row in &mut rows {
        let normaliser = beam::normaliser(row)?;
        row.iter_mut().for_each(|logit| *logit -= normaliser);
    }
    Ok(rows)
}

/// The token's log-probability in a row of them.
pub(super) fn log(row: &[f32], token: u32) -> f32 {
    row.get(token as usize).copied().unwrap_or(f32::NAN)
}

/// Each token's share of attention on the columns, as a part of the highest.
pub(super) fn relative(seen: &Seen, columns: &Range<usize>) -> Vec<f32> {
    let looks = seen.kept.looks.iter().take(seen.tokens.len());
    let shares: Vec<f32> = looks.map(|look| share(look, columns)).collect();
    let most = shares.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    shares.iter().map(|s| s / most).collect()
}

/// Whether these tokens are most of what stands for another word of the source.
pub(super) fn says(seen: &Seen, part: Range<usize>, columns: &[Range<usize>]) -> bool {
    let width = seen.kept.looks.first().map_or(0, Vec::len);
    let at = |row: &Vec<f32>, column: usize| row.get(column).copied().unwrap_or(0.0);
    let sum = |rows: &[Vec<f32>], column: usize| rows.iter().map(|r| at(r, column)).sum::<f32>();
    let all = seen.kept.looks.get(..seen.tokens.len()).unwrap_or_default();
    let own = all.get(part).unwrap_or_default();
    // The ends of the source are where attention rests.
    (1..width.saturating_sub(1))
        .filter(|column| !columns.iter().any(|own| own.contains(column)))
        .any(|column| {
            let whole = sum(all, column);
            whole >= FAINT && sum(own, column) > LOST * whole
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Cancel, Lang};
    use crate::translate::DecodeOptions;

    #[test]
    fn what_was_known_while_it_was_written_is_what_is_read_again() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/models/practice/mt");
        let model = M2m100::load(folder.as_ref(), "practice", None).unwrap();
        let cancel = Cancel::new();
        let source = |text| model.source_ids(text, Lang::Zh).unwrap().unwrap().0;
        let (said, other) = (source("我叫张伟。"), source("我不知道。"));
        let language = model.language_token(Lang::Vi).unwrap();
        let config = model.model.config();
        for beam in [1, 4] {
            let options = DecodeOptions {
                beam,
                ..DecodeOptions::default()
            };
            let write = |source: &[u32]| {
                let decoded = model.generate(source, language, &options, &cancel).unwrap();
                let opening = [config.decoder_start_token_id, language];
                [&opening, decoded.token_ids.as_slice()].concat()
            };
            let opened = write(&said);
            let (mut decoding, kept) = model.model.resume(&said, &opened, &cancel).unwrap();
            let mut fresh = model.model.start(&said, &cancel).unwrap();
            let (hidden, watch) = fresh.read(0, &opened).unwrap();
            let rows = scores(&mut fresh, &hidden.part(1, opened.len())).unwrap();
            let end = config.eos();
            let written = opened.iter().skip(2).chain([&end]);
            let close = |a: &[f32], b: &[f32]| {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-2)
            };
            assert!(close(&kept.logs, &logs(&rows, written)), "beam {beam}");
            let looks = watch.rows().split_off(1);
            assert_eq!(kept.looks.len(), looks.len());
            assert!(kept.looks.iter().zip(&looks).all(|(a, b)| close(a, b)));
            let again = scores(&mut decoding, &kept.hidden).unwrap();
            assert!(again.iter().zip(&rows).all(|(a, b)| close(a, b)));
            // It goes on from there as from what was read.
            let next = |decoding: &mut Decoding<'_>| {
                let (hidden, _) = decoding.aside(&[(3, &opened[2..])], &[]).unwrap();
                scores(decoding, &hidden).unwrap()
            };
            let (a, b) = (next(&mut decoding), next(&mut fresh));
            assert!(a.iter().zip(&b).all(|(a, b)| close(a, b)));
            // It is known once, of this translation, and until another sentence is read.
            assert!(model.model.resume(&said, &opened, &cancel).is_none());
            let opened = write(&said);
            let shorter = &opened[..opened.len() - 1];
            assert!(model.model.resume(&said, shorter, &cancel).is_none());
            assert!(model.model.resume(&other, &opened, &cancel).is_none());
            write(&other);
            assert!(model.model.resume(&said, &opened, &cancel).is_none());
        }
    }

    #[test]
    fn a_part_that_stands_for_another_word_is_known() {
        let seen = Seen {
            tokens: vec![7, 8],
            kept: Kept {
                logs: Vec::new(),
                hidden: Hidden::default(),
                looks: vec![
                    vec![0.0, 0.9, 0.1, 0.0],
                    vec![0.0, 0.2, 0.8, 0.0],
                    vec![1.0, 0.0, 0.0, 0.0],
                ],
            },
        };
        let says = |part, own: Range<usize>| says(&seen, part, &[own]);
        assert!(!says(1..2, 2..3));
        assert!(says(0..2, 2..3));
        assert!(!says(0..2, 1..3));
    }
}
