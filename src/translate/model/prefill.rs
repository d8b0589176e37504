//! What is known beforehand is decoded in one pass: all tokens of a text at once, and back to a
//! place in it. Cross-attention is kept on the way, for whoever asks where a token comes from.

use candle_core::{Device, Tensor};
use candle_nn::Module;
use candle_nn::ops::softmax_last_dim;

use super::{Attention, Decoding, KeysValues};
use crate::translate::cache::SelfCache;
use crate::translate::error::{StepError, stop_if};

/// Cross-attention of the tokens of one step or pass: the mean over all heads of the decoder's upper
/// half, where attention follows the words; the lower layers mostly look at the source's end.
#[derive(Default)]
pub(in crate::translate) struct Watch {
    sum: Option<Tensor>,
    layers: usize,
}

impl Watch {
    /// Takes in one layer's weights, `(h, t, source)`.
    pub(super) fn add(&mut self, weights: &Tensor) -> Result<(), StepError> {
        let mean = weights.mean(0)?;
        self.sum = Some(match self.sum.take() {
            Some(sum) => (sum + mean)?,
            None => mean,
        });
        self.layers = self.layers.saturating_add(1);
        Ok(())
    }

    /// A row over the source tokens for each of the `t` tokens; each sums to 1.
    pub fn rows(&self) -> Result<Vec<Vec<f32>>, StepError> {
        match &self.sum {
            Some(sum) => Ok((sum / self.layers.max(1) as f64)?.to_vec2()?),
            None => Ok(Vec::new()),
        }
    }
}

impl Decoding<'_> {
    /// Decodes `tokens` from the start in one pass. Returns the hidden states, `(t, d)`, and where
    /// each token looks for the next one.
    ///
    /// # Errors
    /// Tokens that do not fit; a cancel.
    pub fn prefill(&mut self, tokens: &[u32]) -> Result<(Tensor, Watch), StepError> {
        let config = &self.model.config;
        if tokens.is_empty() || tokens.len() > config.max_position_embeddings || self.length > 0 {
            return Err(StepError::Broken(
                "the text does not fit the model".to_owned(),
            ));
        }
        let first = config.pad_token_id.saturating_add(1);
        let places: Vec<u32> = (first..).take(tokens.len()).collect();
        let mut x = self.model.embed(tokens, &places)?;
        let mask = causal(tokens.len())?;
        let mut watch = Watch::default();
        let upper = self.model.decoder.len() / 2;
        for (number, layer) in self.model.decoder.iter().enumerate() {
            stop_if(self.cancel)?;
            let (Some(cross), Some(cache)) = (self.cross.get(number), self.caches.get_mut(number))
            else {
                break;
            };
            let normed = layer.norm.forward(&x)?;
            x = (x + layer.attention.look_back_all(&normed, cache, &mask)?)?;
            let normed = layer.cross_norm.forward(&x)?;
            let (seen, weights) = layer.cross.look_at_with(&normed, cross)?;
            if number >= upper {
                watch.add(&weights)?;
            }
            x = layer.feed_forward.add_to((x + seen)?)?;
        }
        self.length = tokens.len();
        Ok((self.model.decoder_norm.forward(&x)?, watch))
    }

    /// Goes back to the first `length` tokens; what came after is forgotten.
    pub fn rewind(&mut self, length: usize) {
        self.length = self.length.min(length);
    }
}

impl Attention {
    /// Each row of `x`, a token of one hypothesis, looks at those before it and at itself.
    fn look_back_all(
        &self,
        x: &Tensor,
        cache: &mut SelfCache,
        mask: &Tensor,
    ) -> Result<Tensor, StepError> {
        let KeysValues(keys, values) = self.keys_values(x)?;
        cache.fill(&self.key.forward(x)?, &self.value.forward(x)?)?;
        let scores = self.by_head(&self.query(x)?)?.matmul(&keys.t()?)?;
        let seen = softmax_last_dim(&scores.broadcast_add(mask)?)?.matmul(&values)?;
        let (_, rows, _) = seen.dims3()?;
        let seen = seen.transpose(0, 1)?.reshape((rows, ()))?;
        Ok(self.out.forward(&seen)?)
    }
}

/// 0 where a token may look, minus infinity where it would see what comes after it, `(t, t)`.
fn causal(length: usize) -> Result<Tensor, StepError> {
    let row = |i: usize| (0..length).map(move |j| if j > i { f32::NEG_INFINITY } else { 0.0 });
    let mask: Vec<f32> = (0..length).flat_map(row).collect();
    Ok(Tensor::from_vec(mask, (length, length), &Device::Cpu)?)
}
