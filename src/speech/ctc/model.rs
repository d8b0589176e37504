//! The encoder of wav2vec 2.0 (Baevski et al. 2020) and the layer that reads letters off its frames.
//!
//! Reference: `modeling_wav2vec2.py` of transformers. A model that serves many languages through small
//! layers of their own (MMS, Pratap et al. 2023) has one [`Voice`] for each.

use crate::compute::layers::{Attention, Norm, add};
use crate::compute::memory::Memory;
use crate::compute::packed::Linear;
use crate::compute::product::{Activations, Finish, Product};
use crate::domain::Cancel;
use crate::speech::Error;

use super::config::Config;
use super::features::Features;
use super::loader::Loader;
use super::stop_if;

/// Frames that look at all others between two looks at the cancel flag.
const FRAMES_AT_ONCE: usize = 512;

/// Everything but what belongs to one language.
pub(super) struct Model {
    features: Features,
    width: usize,
    /// Norm of the frames before their projection.
    frame_norm: Norm,
    projection: Linear,
    /// One matrix a group of channels.
    positions: Vec<Linear>,
    /// Frames that one place looks at.
    reach: usize,
    blocks: Vec<Block>,
    norm: Norm,
    /// Norms stand before the parts of a block.
    stable: bool,
    exact: bool,
}

struct Block {
    attention_norm: Norm,
    attention: Attention,
    inner_norm: Norm,
    widen: Linear,
    narrow: Linear,
}

/// What belongs to one language, or to all where the model does not tell them apart.
pub(super) struct Voice {
    /// One for each block; none where the model has no such layers.
    adapters: Vec<Adapter>,
    head: Linear,
}

struct Adapter {
    norm: Norm,
    narrow: Linear,
    widen: Linear,
}

impl Model {
    pub fn read(config: &Config, loader: &mut Loader, exact: bool) -> Result<Self, Error> {
        let width = config.hidden_size;
        let frame = config.conv_dim.last().copied().unwrap_or_default();
        let features = Features::read(config, loader)?;
        let mut blocks = Vec::with_capacity(config.num_hidden_layers);
        for at in 0..config.num_hidden_layers {
            let name = format!("wav2vec2.encoder.layers.{at}");
            let inner = config.intermediate_size;
            let forward = format!("{name}.feed_forward");
            blocks.push(Block {
                attention_norm: loader.norm(&format!("{name}.layer_norm"), width)?,
                attention: loader.attention(
                    &format!("{name}.attention"),
                    width,
                    config.num_attention_heads,
                )?,
                inner_norm: loader.norm(&format!("{name}.final_layer_norm"), width)?,
                widen: loader.linear(&format!("{forward}.intermediate_dense"), inner, width)?,
                narrow: loader.linear(&format!("{forward}.output_dense"), width, inner)?,
            });
        }
        Ok(Self {
            features,
            width,
            frame_norm: loader.norm("wav2vec2.feature_projection.layer_norm", frame)?,
            projection: loader.linear("wav2vec2.feature_projection.projection", width, frame)?,
            positions: loader.positions(
                "wav2vec2.encoder.pos_conv_embed.conv",
                width,
                config.num_conv_pos_embedding_groups,
                config.num_conv_pos_embeddings,
            )?,
            reach: config.num_conv_pos_embeddings,
            blocks,
            norm: loader.norm("wav2vec2.encoder.layer_norm", width)?,
            stable: config.do_stable_layer_norm,
            exact,
        })
    }

    /// The scores of each frame of `sound` as `voice` reads them, `(frames, vocabulary)`: logits.
    ///
    /// # Errors
    /// A cancel.
    pub fn logits(
        &self,
        sound: &[f32],
        voice: &Voice,
        work: &mut Activations,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Error> {
        let frames = self.features.frames(sound, work, cancel)?;
        let mut normed = Vec::new();
        self.frame_norm.apply(&frames, &mut normed);
        let mut x = product(&self.projection, &normed, Finish::Plain, work);
        self.add_positions(&mut x, work);
        if !self.stable {
            self.norm.apply(&x, &mut normed);
            x.clone_from(&normed);
        }
        for (at, block) in self.blocks.iter().enumerate() {
            stop_if(cancel)?;
            if self.stable {
                self.stable_block(block, &mut x, work, cancel)?;
                if let Some(adapter) = voice.adapters.get(at) {
                    adapter.add_to(&mut x, work);
                }
            } else {
                self.plain_block(block, &mut x, work, cancel)?;
            }
        }
        if self.stable {
            self.norm.apply(&x, &mut normed);
            x.clone_from(&normed);
        }
        stop_if(cancel)?;
        Ok(product(&voice.head, &x, Finish::Plain, work))
    }

    /// Norm, attention, norm, feed-forward; what goes round them stays as it was.
    fn stable_block(
        &self,
        block: &Block,
        x: &mut [f32],
        work: &mut Activations,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let mut normed = Vec::new();
        block.attention_norm.apply(x, &mut normed);
        add(x, &self.attend(&block.attention, &normed, work, cancel)?);
        block.inner_norm.apply(x, &mut normed);
        add(x, &block.forward(&normed, work));
        Ok(())
    }

    /// Attention, norm, feed-forward, norm.
    fn plain_block(
        &self,
        block: &Block,
        x: &mut Vec<f32>,
        work: &mut Activations,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let mut normed = Vec::new();
        let seen = self.attend(&block.attention, x, work, cancel)?;
        add(x, &seen);
        block.attention_norm.apply(x, &mut normed);
        x.clone_from(&normed);
        add(x, &block.forward(&normed, work));
        block.inner_norm.apply(x, &mut normed);
        x.clone_from(&normed);
        Ok(())
    }

    /// Every frame looks at every frame.
    fn attend(
        &self,
        attention: &Attention,
        x: &[f32],
        work: &mut Activations,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Error> {
        let (mut query, memory) = attention.query_keys_values(x, work);
        if self.exact {
            // In f32 throughout, for comparison with the reference.
            let frames = u32::try_from(x.len() / self.width.max(1)).unwrap_or(0);
            let path: Vec<u32> = (0..frames).collect();
            let paths = vec![path.as_slice(); path.len()];
            return Ok(attention.look(&mut query, &memory, &paths, work).0);
        }
        attention.scale(&mut query);
        let memory = Memory::new(
            &memory.keys,
            &memory.values,
            attention.heads,
            attention.width,
        );
        let mut seen = vec![0f32; x.len()];
        // Each frame looks for itself, so a cancel can come between them.
        let some = self.width.saturating_mul(FRAMES_AT_ONCE).max(1);
        for (query, seen) in query.chunks(some).zip(seen.chunks_mut(some)) {
            stop_if(cancel)?;
            memory.look(query, seen);
        }
        Ok(product(&attention.out, &seen, Finish::Plain, work))
    }

    /// Adds to each frame what its neighbours say of its place.
    fn add_positions(&self, x: &mut [f32], work: &mut Activations) {
        let inputs = (self.width / self.positions.len().max(1)).max(1);
        let frames = x.len() / self.width.max(1);
        let before = self.reach / 2;
        let mut found = vec![0f32; x.len()];
        for (group, linear) in self.positions.iter().enumerate() {
            let at = group.saturating_mul(inputs);
            let mut padded = vec![0f32; before.saturating_mul(inputs)];
            for row in x.chunks_exact(self.width) {
                padded
                    .extend_from_slice(row.get(at..at.saturating_add(inputs)).unwrap_or_default());
            }
            padded.resize(
                padded.len().saturating_add(before.saturating_mul(inputs)),
                0.0,
            );
            let window = self.reach.saturating_mul(inputs).max(1);
            // An even reach gives one more place than there are frames, which the reference drops.
            let rows = padded.windows(window).step_by(inputs).take(frames);
            let mut out = vec![0f32; frames.saturating_mul(inputs)];
            let product = Product {
                linear,
                out: &mut out,
            };
            work.multiply_rows(rows.collect(), Finish::ExactGelu, &mut [product]);
            for (row, out) in found
                .chunks_exact_mut(self.width)
                .zip(out.chunks_exact(inputs))
            {
                if let Some(places) = row.get_mut(at..at.saturating_add(inputs)) {
                    places.copy_from_slice(out);
                }
            }
        }
        add(x, &found);
    }
}

impl Block {
    fn forward(&self, x: &[f32], work: &mut Activations) -> Vec<f32> {
        let inner = product(&self.widen, x, Finish::ExactGelu, work);
        product(&self.narrow, &inner, Finish::Plain, work)
    }
}

impl Voice {
    /// Reads the head, and the small layers where there are some. `loader` is the model's file or the
    /// language's own.
    pub fn read(config: &Config, loader: &mut Loader) -> Result<Self, Error> {
        let width = config.hidden_size;
        let mut adapters = Vec::new();
        if let Some(inner) = config.adapter_attn_dim {
            for at in 0..config.num_hidden_layers {
                let name = format!("wav2vec2.encoder.layers.{at}.adapter_layer");
                adapters.push(Adapter {
                    norm: loader.norm(&format!("{name}.norm"), width)?,
                    narrow: loader.linear(&format!("{name}.linear_1"), inner, width)?,
                    widen: loader.linear(&format!("{name}.linear_2"), width, inner)?,
                });
            }
        }
        // Each language of such a model has letters of its own.
        let rows = loader.rows("lm_head.weight").unwrap_or(config.vocab_size);
        // A larger one is refused by the shape that is asked for.
        let rows = rows.min(config.most_rows());
        Ok(Self {
            adapters,
            head: loader.linear("lm_head", rows, width)?,
        })
    }

    /// Tokens that it tells apart.
    pub fn tokens(&self) -> usize {
        self.head.weight.outputs()
    }
}

impl Adapter {
    fn add_to(&self, x: &mut [f32], work: &mut Activations) {
        let mut normed = Vec::new();
        self.norm.apply(x, &mut normed);
        let inner = product(&self.narrow, &normed, Finish::Rectify, work);
        add(x, &product(&self.widen, &inner, Finish::Plain, work));
    }
}

/// `x`, rows of the layer's inputs, through `linear`.
fn product(linear: &Linear, x: &[f32], finish: Finish, work: &mut Activations) -> Vec<f32> {
    let inputs = linear.weight.inputs().max(1);
    let mut out = vec![0f32; (x.len() / inputs).saturating_mul(linear.weight.outputs())];
    let product = Product {
        linear,
        out: &mut out,
    };
    work.multiply(x, inputs, finish, &mut [product]);
    out
}
