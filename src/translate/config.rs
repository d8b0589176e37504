//! Reads and bounds `config.json` of an M2M100 or NLLB checkpoint before anything is allocated from it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::error::Category;

use super::Error;

/// No settings or index file of a sound model comes near this, in bytes.
const LONGEST_JSON: u64 = 64 << 20;

/// The shape of an M2M100 model. Field names and defaults are those of Hugging Face's `M2M100Config`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Config {
    model_type: String,
    /// Rows of the embedding and of the output projection.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Encoder layers.
    pub encoder_layers: usize,
    /// Width of the encoder's feed-forward layers.
    pub encoder_ffn_dim: usize,
    /// Attention heads in the encoder.
    pub encoder_attention_heads: usize,
    /// Decoder layers.
    pub decoder_layers: usize,
    /// Width of the decoder's feed-forward layers.
    pub decoder_ffn_dim: usize,
    /// Attention heads in the decoder.
    pub decoder_attention_heads: usize,
    /// Longest source and longest target, in tokens.
    #[serde(default = "default_positions")]
    pub max_position_embeddings: usize,
    #[serde(default = "default_activation")]
    activation_function: String,
    /// Whether embeddings are multiplied by the square root of `d_model`.
    #[serde(default = "default_true")]
    pub scale_embedding: bool,
    /// Padding token; also sets the offset of positions.
    #[serde(default = "default_pad")]
    pub pad_token_id: u32,
    /// End token.
    #[serde(default = "default_eos")]
    eos_token_id: OneOrMore,
    /// First token that the decoder reads.
    #[serde(default = "default_start")]
    pub decoder_start_token_id: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(u32),
    More(Vec<u32>),
}

fn default_positions() -> usize {
    1024
}
fn default_activation() -> String {
    "relu".to_owned()
}
fn default_true() -> bool {
    true
}
fn default_pad() -> u32 {
    1
}
fn default_eos() -> OneOrMore {
    OneOrMore::One(2)
}
fn default_start() -> u32 {
    2
}

impl Config {
    /// Reads and checks `config.json` in `dir`.
    pub fn read(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("config.json");
        let bytes = read_bounded(&path, LONGEST_JSON)?;
        let fail = |problem: String| Error::Config {
            problem,
            path: path.clone(),
        };
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|e| fail(e.to_string()))?;
        // Looked at first, so that another architecture is named instead of its missing fields.
        match value.get("model_type").and_then(|v| v.as_str()) {
            Some("m2m_100") => {}
            Some(other) => {
                return Err(fail(format!(
                    "model_type is '{other}', this engine runs 'm2m_100'"
                )));
            }
            None => return Err(fail("model_type is missing".to_owned())),
        }
        let config: Config = serde_json::from_value(value).map_err(|e| fail(e.to_string()))?;
        config.check().map_err(fail)?;
        Ok(config)
    }

    /// End token; `check` has seen that there is exactly one.
    pub fn eos(&self) -> u32 {
        match &self.eos_token_id {
            OneOrMore::One(id) => *id,
            OneOrMore::More(ids) => ids.first().copied().unwrap_or_default(),
        }
    }

    fn check(&self) -> Result<(), String> {
        debug_assert_eq!(self.model_type, "m2m_100");
        let sizes = [
            ("vocab_size", self.vocab_size, 32, 2_000_000),
            ("d_model", self.d_model, 4, 16_384),
            ("encoder_layers", self.encoder_layers, 1, 128),
            ("encoder_ffn_dim", self.encoder_ffn_dim, 1, 131_072),
            (
                "encoder_attention_heads",
                self.encoder_attention_heads,
                1,
                256,
            ),
            ("decoder_layers", self.decoder_layers, 1, 128),
            ("decoder_ffn_dim", self.decoder_ffn_dim, 1, 131_072),
            (
                "decoder_attention_heads",
                self.decoder_attention_heads,
                1,
                256,
            ),
            (
                "max_position_embeddings",
                self.max_position_embeddings,
                8,
                16_384,
            ),
        ];
        for (name, value, least, most) in sizes {
            if !(least..=most).contains(&value) {
                return Err(format!(
                    "{name} is {value}, must lie between {least} and {most}"
                ));
            }
        }
        for (name, heads) in [
            ("encoder_attention_heads", self.encoder_attention_heads),
            ("decoder_attention_heads", self.decoder_attention_heads),
        ] {
            if !self.d_model.is_multiple_of(heads) {
                return Err(format!(
                    "d_model {} is no multiple of {name} {heads}",
                    self.d_model
                ));
            }
        }
        if !self.d_model.is_multiple_of(2) {
            return Err(format!("d_model {} is odd", self.d_model));
        }
        if self.activation_function != "relu" {
            return Err(format!(
                "activation_function is '{}', this engine runs 'relu'",
                self.activation_function
            ));
        }
        if matches!(&self.eos_token_id, OneOrMore::More(ids) if ids.len() != 1) {
            return Err("eos_token_id must be one token".to_owned());
        }
        let ids = [
            ("pad_token_id", self.pad_token_id),
            ("eos_token_id", self.eos()),
            ("decoder_start_token_id", self.decoder_start_token_id),
        ];
        for (name, id) in ids {
            if id as usize >= self.vocab_size {
                return Err(format!(
                    "{name} {id} lies outside vocab_size {}",
                    self.vocab_size
                ));
            }
        }
        if self.pad_token_id > 1024 || self.pad_token_id == self.eos() {
            return Err(format!(
                "pad_token_id {} cannot be right",
                self.pad_token_id
            ));
        }
        Ok(())
    }
}

/// The bytes of a file of at most `limit` bytes. The file is never read beyond the limit, so a huge
/// or endless file cannot fill the memory.
pub(super) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let read = |cause| Error::Read {
        cause,
        path: path.to_owned(),
    };
    let file = File::open(path).map_err(read)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(read)?;
    if bytes.len() as u64 > limit {
        let problem = format!("the file is longer than {limit} bytes");
        return Err(Error::Config {
            problem,
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// A JSON file as a value of type `T`.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = read_bounded(path, LONGEST_JSON)?;
    serde_json::from_slice(&bytes).map_err(|e| Error::Config {
        problem: match e.classify() {
            // A setting that is missing or of another type; the others name no setting.
            Category::Data => e.to_string(),
            _ => format!("it is not valid JSON ({e})"),
        },
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(change: impl FnOnce(&mut serde_json::Value)) -> Result<Config, Error> {
        let mut value = serde_json::json!({
            "model_type": "m2m_100", "vocab_size": 256206, "d_model": 1024,
            "encoder_layers": 12, "encoder_ffn_dim": 4096, "encoder_attention_heads": 16,
            "decoder_layers": 12, "decoder_ffn_dim": 4096, "decoder_attention_heads": 16,
            "eos_token_id": [2],
        });
        change(&mut value);
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.json"), value.to_string()).unwrap();
        Config::read(dir.path())
    }

    fn problem(change: impl FnOnce(&mut serde_json::Value)) -> String {
        written(change).unwrap_err().to_string()
    }

    #[test]
    fn the_600m_model_and_its_defaults_are_accepted() {
        let config = written(|_| {}).unwrap();
        assert_eq!(
            (
                config.eos(),
                config.pad_token_id,
                config.decoder_start_token_id
            ),
            (2, 1, 2)
        );
        assert_eq!(config.max_position_embeddings, 1024);
        assert!(config.scale_embedding);
    }

    #[test]
    fn another_architecture_is_named() {
        assert!(problem(|v| v["model_type"] = "marian".into()).contains("'marian'"));
        assert!(problem(|v| v["activation_function"] = "gelu".into()).contains("'gelu'"));
    }

    #[test]
    fn absurd_sizes_are_refused_by_name() {
        for (name, value) in [
            ("vocab_size", 1u64 << 40),
            ("d_model", 0),
            ("encoder_layers", 1 << 20),
            ("decoder_ffn_dim", u64::MAX),
            ("decoder_attention_heads", 7),
            ("max_position_embeddings", 1 << 30),
            ("pad_token_id", 300_000),
        ] {
            let text = problem(|v| v[name] = value.into());
            assert!(text.contains(name), "{text}");
            assert!(text.ends_with("config.json"), "{text}");
        }
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("long");
        std::fs::write(&path, [b' '; 11]).unwrap();
        assert_eq!(read_bounded(&path, 11).unwrap().len(), 11);
        assert!(
            read_bounded(&path, 10)
                .unwrap_err()
                .to_string()
                .contains("longer than 10")
        );
    }
}
