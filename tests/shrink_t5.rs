//! Smaller copies of T5 checkpoints in Hugging Face folders: in 8 bits near the original, in 6 bits where
//! the rows fit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::fs;
use std::path::{Path, PathBuf};

use mekong_interview::domain::{Cancel, Lang, LangPair};
use mekong_interview::translate::{
    Bits, DecodeOptions, ShrinkOptions, Shrunk, T5, Translator, shrink,
};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Source and target tokens; the target begins with the decoder's start.
const SOURCE: [u32; 12] = [3, 20, 31, 42, 53, 64, 75, 86, 97, 108, 119, 2];
const TARGET: [u32; 9] = [0, 21, 32, 43, 54, 65, 76, 87, 98];

fn fixture(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/fixtures/t5").join(name)
}

fn copy(of: &Path, bits: Bits) -> (TempDir, Shrunk) {
    let dir = tempfile::tempdir().unwrap();
    let options = ShrinkOptions {
        trim: true,
        bits: Some(bits),
    };
    let shrunk = shrink(
        of,
        dir.path(),
        options,
        None,
        &mut |_, _| {},
        &Cancel::new(),
    );
    (dir, shrunk.unwrap())
}

/// How far the logits of two models are apart, as a share of their size, and at how many of the places
/// both would write the same token.
fn apart(a: &Path, b: &Path) -> (f64, usize) {
    let rows = |dir: &Path| {
        let model = T5::load(dir, "parity", None).unwrap();
        model.logits(&SOURCE, &TARGET, &Cancel::new()).unwrap()
    };
    let (a, b) = (rows(a), rows(b));
    assert_eq!(a.len(), TARGET.len());
    let both = || a.iter().flatten().zip(b.iter().flatten());
    let wrong: f64 = both().map(|(a, b)| f64::from(a - b).powi(2)).sum();
    let size: f64 = both().map(|(a, _)| f64::from(*a).powi(2)).sum();
    let best = |row: &Vec<f32>| (0..row.len()).max_by(|i, j| row[*i].total_cmp(&row[*j]));
    let same = a.iter().zip(&b).filter(|(a, b)| best(a) == best(b)).count();
    ((wrong / size).sqrt(), same)
}

fn weights(dir: &Path) -> u64 {
    fs::metadata(dir.join("model.safetensors")).unwrap().len()
}

#[test]
fn eight_bits_stay_near_the_original() {
    // One file with a head of its own; two shards with the embedding as head.
    for name in ["folder-a", "folder-b"] {
        let (small, shrunk) = copy(&fixture(name), Bits::Eight);
        assert_eq!((shrunk.rows, shrunk.wider), (shrunk.rows_before, 0));
        let (error, same) = apart(&fixture(name), small.path());
        println!(
            "{name}: logits {error:.4} off in 8 bits, {same} of {} tokens",
            TARGET.len()
        );
        // T5 does not scale what attention compares, so small errors grow; a wrong matrix is off by 1.
        assert!(
            error > 0.0 && error < 0.08 && same + 1 >= TARGET.len(),
            "{error} {same}"
        );
        let mut model = T5::load(small.path(), "small", None).unwrap();
        for beam in [1, 4] {
            let options = DecodeOptions {
                beam,
                max_tokens: 12,
                ..DecodeOptions::default()
            };
            let pair = LangPair::new(Lang::Th, Lang::Lo);
            let found = model.translate("123 456", pair, &options, &Cancel::new());
            assert!(found.unwrap().log_prob.is_finite());
        }
        // Rows of 16 and 24 numbers hold no 6-bit block.
        let (six, shrunk) = copy(&fixture(name), Bits::Six);
        assert!(shrunk.wider > 10, "{shrunk:?}");
        let read = |dir: &Path| fs::read(dir.join("model.safetensors")).unwrap();
        assert_eq!(read(six.path()), read(small.path()));
    }
}

/// A checkpoint of random weights with 256 numbers a row and the vocabulary of `folder-a`, in `dtype`.
fn wide(dtype: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let from = fixture("folder-a");
    fs::copy(
        from.join("tokenizer.json"),
        dir.path().join("tokenizer.json"),
    )
    .unwrap();
    let mut config: Map<String, Value> =
        serde_json::from_slice(&fs::read(from.join("config.json")).unwrap()).unwrap();
    let sizes = [
        ("d_model", 256),
        ("d_kv", 64),
        ("d_ff", 512),
        ("num_heads", 4),
    ];
    for (name, size) in sizes {
        config.insert(name.to_owned(), size.into());
    }
    let vocab = config["vocab_size"].as_u64().unwrap();
    let text = Value::Object(config).to_string();
    fs::write(dir.path().join("config.json"), text).unwrap();
    let mut tensors: Vec<(String, Vec<u64>)> = vec![
        ("shared.weight".to_owned(), vec![vocab, 256]),
        ("lm_head.weight".to_owned(), vec![vocab, 256]),
    ];
    for side in ["encoder", "decoder"] {
        let mut add = |name: String, shape: &[u64]| tensors.push((name, shape.to_vec()));
        add(format!("{side}.final_layer_norm.weight"), &[256]);
        let bias = "block.0.layer.0.SelfAttention.relative_attention_bias";
        add(format!("{side}.{bias}.weight"), &[32, 4]);
        for layer in 0..2 {
            let name = |part: &str| format!("{side}.block.{layer}.layer.{part}.weight");
            let mut looks = vec!["0.SelfAttention"];
            looks.extend((side == "decoder").then_some("1.EncDecAttention"));
            for look in &looks {
                for part in ["q", "k", "v", "o"] {
                    add(name(&format!("{look}.{part}")), &[256, 256]);
                }
            }
            for part in 0..=looks.len() {
                add(name(&format!("{part}.layer_norm")), &[256]);
            }
            let last = looks.len();
            add(name(&format!("{last}.DenseReluDense.wi_0")), &[512, 256]);
            add(name(&format!("{last}.DenseReluDense.wi_1")), &[512, 256]);
            add(name(&format!("{last}.DenseReluDense.wo")), &[256, 512]);
        }
    }
    let (mut header, mut data, mut state) = (Map::new(), Vec::new(), 7u64);
    for (name, shape) in tensors {
        let begin = data.len();
        let spread = match shape.as_slice() {
            [_, inputs] if name.contains("SelfAttention.q") => 1.0 / *inputs as f32,
            [_, inputs] => (*inputs as f32).powf(-0.5),
            _ => 0.1,
        };
        for _ in 0..shape.iter().product::<u64>() {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let number = ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * 1.7 * spread;
            let number = if shape.len() == 1 {
                1.0 + number
            } else {
                number
            };
            match dtype {
                "BF16" => data.extend(half::bf16::from_f32(number).to_le_bytes()),
                _ => data.extend(number.to_le_bytes()),
            }
        }
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert(name, entry);
    }
    let header = Value::Object(header).to_string().into_bytes();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(data);
    fs::write(dir.path().join("model.safetensors"), file).unwrap();
    dir
}

#[test]
fn six_and_eight_bits_of_wide_rows_stay_near_and_are_small() {
    for (dtype, width) in [("F32", 4.0), ("BF16", 2.0)] {
        let whole = wide(dtype);
        let (eight, _) = copy(whole.path(), Bits::Eight);
        let (six, shrunk) = copy(whole.path(), Bits::Six);
        assert_eq!(shrunk.wider, 0);
        let (wrong_8, same_8) = apart(whole.path(), eight.path());
        let (wrong_6, same_6) = apart(whole.path(), six.path());
        let share = |dir: &Path| weights(dir) as f64 / weights(whole.path()) as f64 * width;
        let (bytes_8, bytes_6) = (share(eight.path()), share(six.path()));
        println!(
            "{dtype}: logits {wrong_8:.4} off in 8 bits ({bytes_8:.2} bytes a number), {wrong_6:.4} \
             in 6 ({bytes_6:.2}); {same_8} and {same_6} of {} tokens",
            TARGET.len()
        );
        assert!(
            wrong_8 > 0.0 && wrong_8 < 0.08 && wrong_6 < 0.15,
            "{wrong_8} {wrong_6}"
        );
        assert!(wrong_8 < wrong_6 && same_8 >= same_6);
        assert!(same_6 + 2 >= TARGET.len(), "{same_6}");
        assert!(bytes_8 < 1.1 && bytes_6 < 0.86, "{bytes_8} {bytes_6}");
    }
}

#[test]
fn damaged_blocks_and_shapes_are_named() {
    let whole = wide("F32");
    let (six, _) = copy(whole.path(), Bits::Six);
    let path = six.path().join("model.safetensors");
    let good = fs::read(&path).unwrap();
    let length = u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(good[8..8 + length].to_vec()).unwrap();
    let entries: Value = serde_json::from_str(&header).unwrap();
    let name = "decoder.block.1.layer.1.EncDecAttention.k.weight";
    let refused = |file: Vec<u8>| {
        fs::write(&path, file).unwrap();
        T5::load(six.path(), "bad", None).err().unwrap().to_string()
    };
    // The f16 of a block's scales becomes infinite.
    let at = 8 + length + entries[name]["data_offsets"][0].as_u64().unwrap() as usize;
    let mut bad = good.clone();
    bad[at + 208..at + 210].copy_from_slice(&half::f16::INFINITY.to_le_bytes());
    let error = refused(bad);
    assert!(
        error.contains(name) && error.contains("infinite"),
        "{error}"
    );
    // Bytes of the usual shape are no weights of any kind.
    let entry = entries["shared.weight"].clone();
    let rows = entry["shape"][0].as_u64().unwrap();
    let narrow = header.replacen(
        &format!("\"shape\":[{rows},210]"),
        &format!("\"shape\":[210,{rows}]"),
        1,
    );
    assert_ne!(narrow, header);
    let mut bad = good.clone();
    bad.splice(8..8 + length, narrow.into_bytes());
    let error = refused(bad);
    assert!(
        error.contains("shared.weight") && error.contains("shape"),
        "{error}"
    );
    let again = tempfile::tempdir().unwrap();
    fs::write(&path, good).unwrap();
    let options = ShrinkOptions {
        trim: false,
        bits: Some(Bits::Eight),
    };
    let cancel = Cancel::new();
    let twice = shrink(
        six.path(),
        again.path(),
        options,
        None,
        &mut |_, _| {},
        &cancel,
    );
    assert!(twice.unwrap_err().to_string().contains("6 bits already"));
}
