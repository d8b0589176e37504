//! What a Hugging Face folder of a `Wav2Vec2ForCTC` says of its model, checked before anything is
//! built from it.
//!
//! Source of names and defaults: `configuration_wav2vec2.py` of transformers 4.57.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::LONGEST_MS;
use crate::domain::SamplePos;
use crate::speech::Error;

/// Longest settings file that is read, in bytes.
const LONGEST: u64 = 16 << 20;
/// Samples between two frames of the output at least: 5 ms, a quarter of what published models have.
const LEAST_STRIDE: usize = 80;
/// Numbers of the widest layer over the longest piece at most: 512 MB. The usual convolutions over the sound
/// take half of that.
const MOST_NUMBERS: usize = 1 << 27;
/// The only epsilon that published checkpoints use, and the one our norm computes with.
const EPS: f64 = 1e-5;

/// The shape of a model.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    model_type: String,
    /// Width of the encoder.
    pub hidden_size: usize,
    /// Blocks of the encoder.
    pub num_hidden_layers: usize,
    /// Heads of each block.
    pub num_attention_heads: usize,
    /// Width inside a block's feed-forward part.
    pub intermediate_size: usize,
    /// Rows of the output.
    pub vocab_size: usize,
    /// Outputs of each convolution over the sound.
    pub conv_dim: Vec<usize>,
    /// Inputs in time of each.
    pub conv_kernel: Vec<usize>,
    /// Steps in time of each.
    pub conv_stride: Vec<usize>,
    /// Whether these convolutions have offsets.
    #[serde(default)]
    pub conv_bias: bool,
    #[serde(default = "group")]
    feat_extract_norm: String,
    #[serde(default = "gelu")]
    feat_extract_activation: String,
    #[serde(default = "gelu")]
    hidden_act: String,
    /// Frames that one place's position is made of.
    #[serde(default = "positions")]
    pub num_conv_pos_embeddings: usize,
    /// Groups of channels in that convolution.
    #[serde(default = "groups")]
    pub num_conv_pos_embedding_groups: usize,
    /// Norms stand before the parts of a block instead of behind them.
    #[serde(default)]
    pub do_stable_layer_norm: bool,
    #[serde(default = "eps")]
    layer_norm_eps: f64,
    #[serde(default)]
    add_adapter: bool,
    /// Width of the small layers that a language brings with it (MMS), if there are any.
    #[serde(default)]
    pub adapter_attn_dim: Option<usize>,
    /// The token that stands for "nothing new".
    #[serde(default)]
    pub pad_token_id: usize,
}

#[derive(Deserialize)]
struct Preprocessor {
    #[serde(default = "yes")]
    do_normalize: bool,
    #[serde(default = "rate")]
    sampling_rate: u32,
}

fn group() -> String {
    "group".into()
}
fn gelu() -> String {
    "gelu".into()
}
const fn positions() -> usize {
    128
}
const fn groups() -> usize {
    16
}
const fn eps() -> f64 {
    EPS
}
const fn yes() -> bool {
    true
}
const fn rate() -> u32 {
    crate::domain::SAMPLE_RATE
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// [`Error::ModelRead`]; [`Error::ModelRefused`] naming the setting.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("config.json");
        let config: Self = read_json(&path)?;
        config
            .check()
            .map_err(|reason| Error::ModelRefused { path, reason })?;
        Ok(config)
    }

    /// Whether the first convolution's outputs are normed over time, each for itself; otherwise every
    /// convolution's outputs are normed at each moment.
    pub fn norms_over_time(&self) -> bool {
        self.feat_extract_norm == "group"
    }

    /// Samples between two frames of the output.
    pub fn stride(&self) -> usize {
        self.conv_stride.iter().product()
    }

    /// Samples that the first frame of the output hears.
    pub fn reach(&self) -> usize {
        let layers = self.conv_kernel.iter().zip(&self.conv_stride);
        layers.rev().fold(1, |frames, (kernel, stride)| {
            (frames - 1).saturating_mul(*stride).saturating_add(*kernel)
        })
    }

    /// Rows of the output at most: more would not fit beside the frames of the longest piece.
    pub fn most_rows(&self) -> usize {
        MOST_NUMBERS / self.frames_of(self.conv_stride.len()).max(1)
    }

    /// Rows behind so many convolutions in the longest piece that is heard at a time.
    fn frames_of(&self, layers: usize) -> usize {
        let stride: usize = self.conv_stride.iter().take(layers).product();
        let samples = SamplePos::from_ms(LONGEST_MS).0;
        usize::try_from(samples).unwrap_or(usize::MAX) / stride.max(1)
    }

    /// Refuses a shape of which one layer takes too much memory over the longest piece.
    fn check_memory(&self) -> Result<(), String> {
        let too_much = |name: &str, frames: usize, width: usize| {
            let numbers = frames.saturating_mul(width);
            (numbers > MOST_NUMBERS)
                .then(|| format!("{name} {width} over {frames} frames would take too much memory"))
        };
        let convolutions = self.conv_dim.iter().zip(&self.conv_kernel);
        let mut inputs = 1_usize;
        for (at, (outputs, kernel)) in convolutions.enumerate() {
            let frames = self.frames_of(at.saturating_add(1));
            let width = inputs.saturating_mul(*kernel).max(*outputs);
            if let Some(reason) = too_much("conv_dim", frames, width) {
                return Err(reason);
            }
            inputs = *outputs;
        }
        let frames = self.frames_of(self.conv_stride.len());
        let group = self.hidden_size / self.num_conv_pos_embedding_groups.max(1);
        let widest = [
            ("hidden_size", self.hidden_size.saturating_mul(3)),
            ("intermediate_size", self.intermediate_size),
            ("vocab_size", self.vocab_size),
            (
                "num_conv_pos_embeddings",
                group.saturating_mul(self.num_conv_pos_embeddings),
            ),
        ];
        let mut refused = widest
            .into_iter()
            .filter_map(|(name, width)| too_much(name, frames, width));
        refused.next().map_or(Ok(()), Err)
    }

    fn check(&self) -> Result<(), String> {
        if self.model_type != "wav2vec2" {
            let kind = &self.model_type;
            return Err(format!("model_type is '{kind}', not 'wav2vec2'"));
        }
        for (name, value, most) in [
            ("hidden_size", self.hidden_size, 8192),
            ("num_hidden_layers", self.num_hidden_layers, 96),
            ("num_attention_heads", self.num_attention_heads, 256),
            ("intermediate_size", self.intermediate_size, 65_536),
            ("vocab_size", self.vocab_size, 200_000),
            (
                "num_conv_pos_embeddings",
                self.num_conv_pos_embeddings,
                1024,
            ),
            (
                "num_conv_pos_embedding_groups",
                self.num_conv_pos_embedding_groups,
                1024,
            ),
            ("adapter_attn_dim", self.adapter_attn_dim.unwrap_or(1), 4096),
        ] {
            if value == 0 || value > most {
                return Err(format!("{name} {value} is outside 1 to {most}"));
            }
        }
        let heads = self.num_attention_heads;
        let groups = self.num_conv_pos_embedding_groups;
        if !self.hidden_size.is_multiple_of(heads) || !self.hidden_size.is_multiple_of(groups) {
            let width = self.hidden_size;
            return Err(format!(
                "hidden_size {width} does not divide into {heads} heads and {groups} groups"
            ));
        }
        self.check_convolutions()?;
        if self.hidden_act != "gelu" || self.feat_extract_activation != "gelu" {
            return Err("an activation is not 'gelu'".into());
        }
        if !["group", "layer"].contains(&self.feat_extract_norm.as_str()) {
            let norm = &self.feat_extract_norm;
            return Err(format!(
                "feat_extract_norm is '{norm}', not 'group' or 'layer'"
            ));
        }
        if (self.layer_norm_eps - EPS).abs() > 1e-9 {
            let eps = self.layer_norm_eps;
            return Err(format!("layer_norm_eps is {eps}, not {EPS}"));
        }
        if self.add_adapter {
            return Err("add_adapter is true, which this engine does not know".into());
        }
        if self.pad_token_id >= self.vocab_size {
            let blank = self.pad_token_id;
            return Err(format!("pad_token_id {blank} is no row of the output"));
        }
        Ok(())
    }

    fn check_convolutions(&self) -> Result<(), String> {
        let count = self.conv_dim.len();
        let same = self.conv_kernel.len() == count && self.conv_stride.len() == count;
        if count == 0 || count > 16 || !same {
            return Err("conv_dim, conv_kernel and conv_stride do not fit each other".into());
        }
        let sizes = self.conv_dim.iter().zip(&self.conv_kernel);
        for ((dim, kernel), stride) in sizes.zip(&self.conv_stride) {
            let fits =
                (1..=4096).contains(dim) && (1..=64).contains(kernel) && (1..=32).contains(stride);
            if !fits {
                return Err(format!(
                    "a convolution of {dim} outputs, {kernel} inputs and step {stride} cannot be right"
                ));
            }
        }
        // 20 ms a frame is usual; a second would be useless, and a huge one an overflow.
        let stride = self
            .conv_stride
            .iter()
            .try_fold(1_usize, |all, stride| all.checked_mul(*stride));
        if stride.is_none_or(|stride| stride > 16_000) {
            return Err("conv_stride: a frame of the output is longer than a second".into());
        }
        if stride.is_some_and(|stride| stride < LEAST_STRIDE) {
            return Err("conv_stride: a frame of the output is shorter than 5 ms".into());
        }
        self.check_memory()
    }
}

/// Whether the sound is brought to mean 0 and variance 1, as `preprocessor_config.json` says; where
/// there is none it is, as with every published model that lacks one.
///
/// # Errors
/// A file that cannot be read or asks for another sample rate.
pub fn normalises(folder: &Path) -> Result<bool, Error> {
    let path = folder.join("preprocessor_config.json");
    if !path.exists() {
        return Ok(true);
    }
    let settings: Preprocessor = read_json(&path)?;
    if settings.sampling_rate != rate() {
        let reason = format!("it wants {} samples a second", settings.sampling_rate);
        return Err(Error::ModelRefused { path, reason });
    }
    Ok(settings.do_normalize)
}

/// A settings file as a value of type `T`; never read beyond a bound.
///
/// # Errors
/// [`Error::ModelRead`], [`Error::ModelRefused`].
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let read = |source| Error::ModelRead {
        path: path.to_owned(),
        source,
    };
    let refused = |reason: String| Error::ModelRefused {
        path: path.to_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(read)?;
    file.take(LONGEST.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(read)?;
    if bytes.len() as u64 > LONGEST {
        return Err(refused(format!("it is longer than {LONGEST} bytes")));
    }
    serde_json::from_slice(&bytes).map_err(|e| refused(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(change: impl FnOnce(&mut serde_json::Value)) -> Result<(), String> {
        let mut value = serde_json::json!({
            "model_type": "wav2vec2", "hidden_size": 1024, "num_hidden_layers": 24,
            "num_attention_heads": 16, "intermediate_size": 4096, "vocab_size": 100,
            "conv_dim": [512, 512, 512, 512, 512, 512, 512],
            "conv_kernel": [10, 3, 3, 3, 3, 2, 2], "conv_stride": [5, 2, 2, 2, 2, 2, 2],
        });
        change(&mut value);
        serde_json::from_value::<Config>(value)
            .map_err(|e| e.to_string())?
            .check()
    }

    #[test]
    fn the_usual_shape_hears_400_samples_every_320() {
        let config: Config = serde_json::from_value(serde_json::json!({
            "model_type": "wav2vec2", "hidden_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 9,
            "conv_dim": [8, 8, 8, 8, 8, 8, 8],
            "conv_kernel": [10, 3, 3, 3, 3, 2, 2], "conv_stride": [5, 2, 2, 2, 2, 2, 2],
        }))
        .unwrap();
        assert_eq!((config.stride(), config.reach()), (320, 400));
        assert!(config.norms_over_time());
    }

    #[test]
    fn settings_that_cannot_be_right_are_refused_by_name() {
        assert_eq!(checked(|_| {}), Ok(()));
        for (name, value) in [
            ("model_type", serde_json::json!("hubert")),
            ("hidden_size", serde_json::json!(0)),
            ("hidden_size", serde_json::json!(1_000_000)),
            ("num_hidden_layers", serde_json::json!(1_000_000_000)),
            ("vocab_size", serde_json::json!(4_000_000_000_u64)),
            ("hidden_size", serde_json::json!(1023)),
            ("layer_norm_eps", serde_json::json!(1e-3)),
            ("add_adapter", serde_json::json!(true)),
            ("pad_token_id", serde_json::json!(100)),
            ("feat_extract_norm", serde_json::json!("batch")),
        ] {
            let refused = checked(|v| v[name] = value.clone()).unwrap_err();
            assert!(refused.contains(name), "{refused}");
        }
        for (name, value) in [
            ("conv_stride", serde_json::json!([5, 2])),
            ("conv_kernel", serde_json::json!([10, 3, 3, 3, 3, 2, 0])),
            (
                "conv_stride",
                serde_json::json!([32, 32, 32, 32, 32, 32, 32]),
            ),
            ("hidden_act", serde_json::json!("relu")),
            ("conv_stride", serde_json::json!([5, 2, 2, 2, 1, 1, 1])),
        ] {
            assert!(checked(|v| v[name] = value.clone()).is_err(), "{name}");
        }
    }
    #[test]
    fn a_shape_that_would_take_gigabytes_is_refused_by_name() {
        // A stride of one makes as many frames as there are samples.
        let refused = checked(|v| v["conv_stride"] = serde_json::json!([1, 1, 1, 1, 1, 1, 1]));
        assert!(refused.unwrap_err().contains("conv_stride"));
        let slow_start = checked(|v| v["conv_stride"] = serde_json::json!([1, 1, 1, 5, 4, 4, 4]));
        assert!(slow_start.unwrap_err().contains("conv_dim"));
        for (name, value) in [
            (
                "conv_dim",
                serde_json::json!([4096, 4096, 512, 512, 512, 512, 512]),
            ),
            ("vocab_size", serde_json::json!(200_000)),
            ("intermediate_size", serde_json::json!(65_536)),
        ] {
            let refused = checked(|v| {
                v["conv_stride"] = serde_json::json!([5, 2, 2, 2, 2, 2, 1]);
                v[name] = value.clone();
            });
            assert!(refused.unwrap_err().contains(name), "{name}");
        }
        // What is published, and the largest of it, is not.
        for (width, inner, rows) in [(1024, 4096, 10_288), (1920, 7680, 10_288), (1280, 5120, 32)] {
            let taken = checked(|v| {
                v["hidden_size"] = serde_json::json!(width);
                v["intermediate_size"] = serde_json::json!(inner);
                v["vocab_size"] = serde_json::json!(rows);
            });
            assert_eq!(taken, Ok(()));
        }
    }
}
