//! Checkpoints of usual shapes with random weights in 8 or 6 bits, for measurements that need no reference.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use candle_core::quantized::{GgmlDType, QTensor, gguf_file};
use candle_core::{Device, Tensor as Numbers};
use serde_json::{Value, json};

/// Width, inner width, layers of each side, heads.
const SHAPE: (usize, usize, usize, usize) = (1024, 4096, 12, 16);
/// Columns that share a scale in 8 bits.
const BLOCK: usize = 32;
/// Columns of a block in 6 bits, its bytes, and which of them are the columns' numbers.
const SUPER: (usize, usize, usize) = (256, 210, 192);
const LANGUAGES: [&str; 7] = [
    "zho_Hans", "vie_Latn", "tha_Thai", "mya_Mymr", "lao_Laoo", "khm_Khmr", "eng_Latn",
];
const SPECIAL: [&str; 4] = ["<s>", "<pad>", "</s>", "<unk>"];

/// Writes a GGUF file with four layers of Qwen 3 1.7B's shape and 65,536 tokens.
pub fn make_decoder(file: &Path) {
    use gguf_file::Value::{Array, F32, String, U32};

    let (d, inner, keys, head, rows) = (2048, 6144, 1024, 128, 65_536);
    let matrix = |out: usize, into: usize, kind: GgmlDType| {
        let spread = (into as f64).powf(-0.5);
        let random = Numbers::randn(0f32, spread as f32, (out, into), &Device::Cpu).unwrap();
        QTensor::quantize(&random, kind).unwrap()
    };
    let ones = |size: usize| {
        let ones = Numbers::ones(size, candle_core::DType::F32, &Device::Cpu).unwrap();
        QTensor::quantize(&ones, GgmlDType::F32).unwrap()
    };
    // A merge needs its parts and what they make.
    let token = |at: usize| match at {
        0 => "t".to_owned(),
        1 => "0".to_owned(),
        3 => "t0".to_owned(),
        at => format!("t{at}"),
    };
    let tokens = (0..rows).map(|at| String(token(at))).collect();
    let text = |text: &str| String(text.to_owned());
    let metadata = [
        ("general.architecture", text("qwen3")),
        ("qwen3.embedding_length", U32(2048)),
        ("qwen3.attention.head_count", U32(16)),
        ("qwen3.attention.head_count_kv", U32(8)),
        ("qwen3.attention.key_length", U32(128)),
        ("qwen3.feed_forward_length", U32(6144)),
        ("qwen3.block_count", U32(4)),
        ("qwen3.context_length", U32(4096)),
        ("qwen3.rope.freq_base", F32(1e6)),
        ("qwen3.attention.layer_norm_rms_epsilon", F32(1e-6)),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text("qwen2")),
        ("tokenizer.ggml.tokens", Array(tokens)),
        ("tokenizer.ggml.merges", Array(vec![text("t 0")])),
        ("tokenizer.ggml.eos_token_id", U32(2)),
    ];
    let metadata: Vec<_> = metadata
        .iter()
        .map(|(name, value)| (*name, value))
        .collect();
    // Each layer has the same numbers: what they are makes no difference to the time.
    let parts = [
        ("attn_q.weight", matrix(d, d, GgmlDType::Q8_0)),
        ("attn_k.weight", matrix(keys, d, GgmlDType::Q8_0)),
        ("attn_output.weight", matrix(d, d, GgmlDType::Q8_0)),
        ("ffn_gate.weight", matrix(inner, d, GgmlDType::Q8_0)),
        ("ffn_down.weight", matrix(d, inner, GgmlDType::Q8_0)),
        ("attn_norm.weight", ones(d)),
        ("attn_q_norm.weight", ones(head)),
    ];
    let same = [
        ("attn_v.weight", 1),
        ("ffn_up.weight", 3),
        ("ffn_norm.weight", 5),
        ("attn_k_norm.weight", 6),
    ];
    let (table, norm) = (matrix(rows, d, GgmlDType::Q8_0), ones(d));
    let own = parts.iter().map(|(name, tensor)| (*name, tensor));
    let own = own.chain(same.iter().map(|(name, at)| (*name, &parts[*at].1)));
    let own: Vec<(&str, &QTensor)> = own.collect();
    let layers = (0..4).flat_map(|layer| {
        let name = move |part: &str| format!("blk.{layer}.{part}");
        own.iter().map(move |(part, tensor)| (name(part), *tensor))
    });
    let layers: Vec<(std::string::String, &QTensor)> = layers.collect();
    let mut all = vec![("token_embd.weight", &table), ("output_norm.weight", &norm)];
    all.extend(layers.iter().map(|(name, tensor)| (name.as_str(), *tensor)));
    let mut out = BufWriter::new(File::create(file).unwrap());
    gguf_file::write(&mut out, &metadata, &all).unwrap();
    out.flush().unwrap();
}

/// Writes a GGUF file with four layers on each side of MADLAD-400 3B's shape and 65,536 tokens.
pub fn make_t5(file: &Path) {
    use gguf_file::Value::{Array, F32, I32, String, U32};

    let (d, inner, heads, rows) = (1024, 8192, 2048, 65_536);
    let matrix = |out: usize, into: usize| {
        let spread = (into as f64).powf(-0.5);
        let random = Numbers::randn(0f32, spread as f32, (out, into), &Device::Cpu).unwrap();
        QTensor::quantize(&random, GgmlDType::Q8_0).unwrap()
    };
    let plain = |numbers: &Numbers| QTensor::quantize(numbers, GgmlDType::F32).unwrap();
    let ones = Numbers::ones(d, candle_core::DType::F32, &Device::Cpu).unwrap();
    let distances = Numbers::randn(0f32, 1f32, (32, 16), &Device::Cpu).unwrap();
    let token = |at: usize| match at {
        0 => "<unk>".to_owned(),
        3 => "<2vi>".to_owned(),
        4 => "<2zh>".to_owned(),
        at => format!("t{at}"),
    };
    let kind = |at: usize| match at {
        0 => 2,
        3 | 4 => 4,
        _ => 1,
    };
    let text = |text: &str| String(text.to_owned());
    let metadata = [
        ("general.architecture", text("t5")),
        ("t5.context_length", U32(512)),
        ("t5.embedding_length", U32(1024)),
        ("t5.feed_forward_length", U32(8192)),
        ("t5.block_count", U32(4)),
        ("t5.decoder_block_count", U32(4)),
        ("t5.attention.head_count", U32(16)),
        ("t5.attention.key_length", U32(128)),
        ("t5.attention.layer_norm_rms_epsilon", F32(1e-6)),
        ("t5.attention.relative_buckets_count", U32(32)),
        ("t5.decoder_start_token_id", U32(0)),
        ("tokenizer.ggml.model", text("t5")),
        (
            "tokenizer.ggml.tokens",
            Array((0..rows).map(|at| String(token(at))).collect()),
        ),
        (
            "tokenizer.ggml.scores",
            Array((0..rows).map(|_| F32(-1.0)).collect()),
        ),
        (
            "tokenizer.ggml.token_type",
            Array((0..rows).map(|at| I32(kind(at))).collect()),
        ),
        ("tokenizer.ggml.eos_token_id", U32(2)),
        ("tokenizer.ggml.padding_token_id", U32(1)),
    ];
    let metadata: Vec<_> = metadata
        .iter()
        .map(|(name, value)| (*name, value))
        .collect();
    // Each layer has the same numbers: what they are makes no difference to the time.
    let (table, norm, distances) = (matrix(rows, d), plain(&ones), plain(&distances));
    let (into, out, wide, back) = (
        matrix(heads, d),
        matrix(d, heads),
        matrix(inner, d),
        matrix(d, inner),
    );
    let mut all = vec![
        ("token_embd.weight".to_owned(), &table),
        ("output.weight".to_owned(), &table),
    ];
    for (side, looks) in [("enc", &["attn"][..]), ("dec", &["attn", "cross_attn"])] {
        all.push((format!("{side}.output_norm.weight"), &norm));
        all.push((format!("{side}.blk.0.attn_rel_b.weight"), &distances));
        for layer in 0..4 {
            let name = |part: &str| format!("{side}.blk.{layer}.{part}.weight");
            for look in looks {
                all.push((name(&format!("{look}_norm")), &norm));
                all.extend(["q", "k", "v"].map(|part| (name(&format!("{look}_{part}")), &into)));
                all.push((name(&format!("{look}_o")), &out));
            }
            all.push((name("ffn_norm"), &norm));
            all.extend(["ffn_gate", "ffn_up"].map(|part| (name(part), &wide)));
            all.push((name("ffn_down"), &back));
        }
    }
    let all: Vec<(&str, &QTensor)> = all
        .iter()
        .map(|(name, tensor)| (name.as_str(), *tensor))
        .collect();
    let mut to = BufWriter::new(File::create(file).unwrap());
    gguf_file::write(&mut to, &metadata, &all).unwrap();
    to.flush().unwrap();
}

/// Writes config.json, tokenizer.json and model.safetensors with a vocabulary of `rows`, in 8 or 6 `bits`.
pub fn make(folder: &Path, rows: usize, bits: u32) {
    let (d, inner, layers, heads) = SHAPE;
    let config = json!({"model_type": "m2m_100", "vocab_size": rows, "d_model": d, "encoder_layers": layers,
        "decoder_layers": layers, "encoder_ffn_dim": inner, "decoder_ffn_dim": inner,
        "encoder_attention_heads": heads, "decoder_attention_heads": heads, "max_position_embeddings": 1024,
        "scale_embedding": true, "activation_function": "relu", "pad_token_id": 1, "bos_token_id": 0,
        "eos_token_id": 2, "decoder_start_token_id": 2});
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    std::fs::write(folder.join("tokenizer.json"), tokenizer(rows).to_string()).unwrap();
    weights(folder, rows, bits);
}

fn tokenizer(rows: usize) -> Value {
    let plain = SPECIAL.len() + 1;
    let mut vocab: BTreeMap<String, usize> = SPECIAL
        .iter()
        .enumerate()
        .map(|(at, token)| ((*token).to_owned(), at))
        .collect();
    vocab.insert("▁".to_owned(), SPECIAL.len());
    vocab.extend((plain..rows - LANGUAGES.len()).map(|at| (format!("p{at}"), at)));
    let special = SPECIAL.iter().enumerate().map(|(at, token)| (at, *token));
    let languages = LANGUAGES.iter().enumerate();
    let languages = languages.map(|(at, token)| (rows - LANGUAGES.len() + at, *token));
    let added: Vec<Value> = special
        .chain(languages)
        .map(|(at, token)| {
            json!({"id": at, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": true})
        })
        .collect();
    let space =
        json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true});
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": space, "post_processor": null, "decoder": space,
        "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
                  "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": false, "ignore_merges": false,
                  "vocab": vocab, "merges": []}})
}

/// A tensor: a matrix with its scales, or a vector of one number over and over.
enum Tensor {
    Matrix(String, usize, usize),
    Vector(String, usize, f32),
}

fn tensors(rows: usize) -> Vec<Tensor> {
    let (d, inner, layers, _) = SHAPE;
    let mut all = vec![Tensor::Matrix("model.shared.weight".to_owned(), rows, d)];
    let norm = |all: &mut Vec<Tensor>, name: String| {
        all.push(Tensor::Vector(format!("{name}.weight"), d, 1.0));
        all.push(Tensor::Vector(format!("{name}.bias"), d, 0.0));
    };
    let linear = |all: &mut Vec<Tensor>, name: String, out: usize, into: usize| {
        all.push(Tensor::Matrix(format!("{name}.weight"), out, into));
        all.push(Tensor::Vector(format!("{name}.bias"), out, 0.0));
    };
    for side in ["encoder", "decoder"] {
        for layer in 0..layers {
            let name = format!("model.{side}.layers.{layer}");
            let cross = (side == "decoder").then_some("encoder_attn");
            for attention in std::iter::once("self_attn").chain(cross) {
                for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                    linear(&mut all, format!("{name}.{attention}.{part}"), d, d);
                }
                norm(&mut all, format!("{name}.{attention}_layer_norm"));
            }
            linear(&mut all, format!("{name}.fc1"), inner, d);
            linear(&mut all, format!("{name}.fc2"), d, inner);
            norm(&mut all, format!("{name}.final_layer_norm"));
        }
        norm(&mut all, format!("model.{side}.layer_norm"));
    }
    all
}

fn weights(folder: &Path, rows: usize, bits: u32) {
    let all = tensors(rows);
    let mut header = serde_json::Map::new();
    let mut at = 0;
    let mut entry = |name: String, dtype: &str, shape: Vec<usize>, width: usize| {
        let bytes = shape.iter().product::<usize>() * width;
        header.insert(
            name,
            json!({"dtype": dtype, "shape": shape, "data_offsets": [at, at + bytes]}),
        );
        at += bytes;
    };
    for tensor in &all {
        match tensor {
            Tensor::Matrix(name, out, into) if bits == 6 => {
                let bytes = into / SUPER.0 * SUPER.1;
                entry(name.clone(), "U8", vec![*out, bytes], 1);
            }
            Tensor::Matrix(name, out, into) => {
                entry(name.clone(), "I8", vec![*out, *into], 1);
                entry(format!("{name}.scale"), "F16", vec![*out, into / BLOCK], 2);
            }
            Tensor::Vector(name, size, _) => entry(name.clone(), "F32", vec![*size], 4),
        }
    }
    let header = Value::Object(header).to_string().into_bytes();
    let mut out = BufWriter::new(File::create(folder.join("model.safetensors")).unwrap());
    out.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    out.write_all(&header).unwrap();
    let mut state = 7u64;
    for tensor in &all {
        match tensor {
            Tensor::Matrix(name, size, into) => {
                let spread = if name == "model.shared.weight" {
                    0.05
                } else {
                    (*into as f32).powf(-0.5)
                };
                let mut random = || {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    (state >> 56) as u8
                };
                for row in 0..*size {
                    // The end and padding tokens never win, so every run has the same length.
                    let silent = name == "model.shared.weight" && (1..3).contains(&row);
                    if bits == 6 {
                        let step = if silent { 0.0 } else { spread / 592.0 };
                        for _ in 0..into / SUPER.0 {
                            let mut block: Vec<u8> = (0..SUPER.2).map(|_| random()).collect();
                            block.extend([32; SUPER.1 - SUPER.2 - 2]);
                            block.extend(half::f16::from_f32(step).to_le_bytes());
                            out.write_all(&block).unwrap();
                        }
                        continue;
                    }
                    // -128 is no number of the format.
                    let number = || match random() {
                        _ if silent => 0,
                        0x80 => 0,
                        number => number,
                    };
                    let numbers: Vec<u8> = std::iter::repeat_with(number).take(*into).collect();
                    out.write_all(&numbers).unwrap();
                }
                if bits == 8 {
                    let scale = half::f16::from_f32(spread / 74.0).to_le_bytes();
                    out.write_all(&scale.repeat(size * into / BLOCK)).unwrap();
                }
            }
            Tensor::Vector(_, size, value) => {
                out.write_all(&value.to_le_bytes().repeat(*size)).unwrap();
            }
        }
    }
    out.flush().unwrap();
}
