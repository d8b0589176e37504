//! The decoder's memory of what it has written: keys and values of one layer, for all hypotheses.

use candle_core::{DType, Device, Tensor};

use super::error::StepError;

/// Positions that a new cache has room for; it doubles when they are full.
const FIRST_ROOM: usize = 32;

/// Keys and values of one layer, each `(room, n, d)`, of which the first positions are filled.
///
/// Positions come first, so a step appends one contiguous block in place and the filled part is
/// contiguous without copying.
pub(super) struct SelfCache {
    keys: Tensor,
    values: Tensor,
}

impl SelfCache {
    /// An empty cache for one hypothesis of width `d`.
    pub fn new(d: usize) -> Result<Self, StepError> {
        let empty = || Tensor::zeros((FIRST_ROOM, 1, d), DType::F32, &Device::Cpu);
        Ok(Self {
            keys: empty()?,
            values: empty()?,
        })
    }

    /// Makes hypothesis `i` continue hypothesis `parents[i]` of the step before, and makes room for
    /// one more position after `length`.
    pub fn follow(&mut self, parents: &[usize], length: usize) -> Result<(), StepError> {
        let (room, rows, d) = self.keys.dims3()?;
        let unmoved = parents.len() == rows && parents.iter().enumerate().all(|(i, p)| i == *p);
        if unmoved && length < room {
            return Ok(());
        }
        let order: Vec<u32> = parents.iter().map(|p| *p as u32).collect();
        let order = Tensor::new(order, &Device::Cpu)?;
        let wanted_room = if length < room {
            room
        } else {
            room.saturating_mul(2)
        };
        for side in [&mut self.keys, &mut self.values] {
            let moved = match length {
                0 => None,
                _ => Some(side.narrow(0, 0, length)?.index_select(&order, 1)?),
            };
            if wanted_room != room || parents.len() != rows {
                let shape = (wanted_room, parents.len(), d);
                *side = Tensor::zeros(shape, DType::F32, &Device::Cpu)?;
            }
            if let Some(moved) = moved {
                side.slice_set(&moved, 0, 0)?;
            }
        }
        Ok(())
    }

    /// Writes the keys and values `(n, d)` of position `at`.
    pub fn push(&mut self, keys: &Tensor, values: &Tensor, at: usize) -> Result<(), StepError> {
        self.keys.slice_set(&keys.unsqueeze(0)?, 0, at)?;
        self.values.slice_set(&values.unsqueeze(0)?, 0, at)?;
        Ok(())
    }

    /// The first `length` positions as `(n * h, length, head_width)`, without copying.
    pub fn by_head(&self, length: usize, head_width: usize) -> Result<(Tensor, Tensor), StepError> {
        let view = |side: &Tensor| -> candle_core::Result<Tensor> {
            side.narrow(0, 0, length)?
                .reshape((length, (), head_width))?
                .transpose(0, 1)
        };
        Ok((view(&self.keys)?, view(&self.values)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[f32]) -> Tensor {
        Tensor::new(values, &Device::Cpu)
            .unwrap()
            .unsqueeze(1)
            .unwrap()
    }

    /// The past of each hypothesis, oldest first.
    fn pasts(cache: &SelfCache, length: usize) -> Vec<Vec<f32>> {
        let (keys, values) = cache.by_head(length, 1).unwrap();
        let keys = keys.squeeze(2).unwrap().to_vec2().unwrap();
        assert_eq!(
            keys,
            values
                .neg()
                .unwrap()
                .squeeze(2)
                .unwrap()
                .to_vec2::<f32>()
                .unwrap()
        );
        keys
    }

    fn push(cache: &mut SelfCache, values: &[f32], at: usize) {
        let keys = column(values);
        cache.push(&keys, &keys.neg().unwrap(), at).unwrap();
    }

    #[test]
    fn hypotheses_take_their_parents_past_with_them() {
        let mut cache = SelfCache::new(1).unwrap();
        cache.follow(&[0], 0).unwrap();
        push(&mut cache, &[1.0], 0);
        cache.follow(&[0, 0, 0], 1).unwrap();
        push(&mut cache, &[20.0, 21.0, 22.0], 1);
        cache.follow(&[2, 0, 2], 2).unwrap();
        push(&mut cache, &[30.0, 31.0, 32.0], 2);
        let wanted = vec![
            vec![1.0, 22.0, 30.0],
            vec![1.0, 20.0, 31.0],
            vec![1.0, 22.0, 32.0],
        ];
        assert_eq!(pasts(&cache, 3), wanted);
        cache.follow(&[1], 3).unwrap();
        assert_eq!(pasts(&cache, 3), vec![vec![1.0, 20.0, 31.0]]);
    }

    #[test]
    fn it_grows_past_its_first_room() {
        let mut cache = SelfCache::new(1).unwrap();
        let steps = FIRST_ROOM * 4 + 3;
        for at in 0..steps {
            cache.follow(&[0], at).unwrap();
            push(&mut cache, &[at as f32], at);
        }
        let wanted: Vec<f32> = (0..steps).map(|at| at as f32).collect();
        assert_eq!(pasts(&cache, steps), vec![wanted]);
    }
}
