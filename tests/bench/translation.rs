//! How fast the translation engine is, and how near that is to what memory allows: a decoding step must
//! read every weight of the decoder once, so no engine makes more steps a second than memory is read in
//! that time. How fast all threads read memory is measured in the same run. `tests/bench/translation_peer.py`
//! compares with CTranslate2.
//!
//!     translation                    random weights of NLLB-600M's shape in 8 and in 6 bits, with the whole
//!                                    vocabulary and trimmed to 40,000 rows (1.6 GB in the temporary folder)
//!     translation shrink FROM TO [6] an 8-bit copy, or one in 6 bits
//!     translation run DIR            24 source tokens, 40 target tokens, beams 1, 2 and 4, as one line of JSON
//!     translation cancel [ROWS] [KIND...]
//!                                    how long an engine goes on after it was asked to stop: 50 random moments of a
//!                                    translation and 20 of loading, on random 8-bit weights of NLLB-600M's shape with
//!                                    so many rows in the vocabulary (usual: 256206), of four decoder-only layers and of
//!                                    four on each side of a T5 model; KIND: m2m100, load, decoder, t5, all where none is
//!                                    named
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed measurement, and a bench prints what it measured"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use mekong_interview::domain::{Cancel, Lang};
use mekong_interview::translate::{
    self, Bits, DecodeOptions, Llm, M2m100, ShrinkOptions, T5, shrink,
};
use random::Random;
use serde_json::{Value, json};

#[path = "checkpoint.rs"]
mod checkpoint;
#[path = "random.rs"]
mod random;

/// Source tokens, and target tokens after the language token.
const SHAPE: (u32, usize) = (24, 40);
/// Runs of which the median counts.
const RUNS: usize = 5;
/// Hypotheses side by side.
const BEAMS: [usize; 3] = [1, 2, 4];
/// Kinds of engines, in the order in which they are stopped.
const KINDS: [&str; 4] = ["m2m100", "load", "decoder", "t5"];
/// Tokens of NLLB's whole vocabulary.
const WHOLE: usize = 256_206;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["shrink", from, to, more @ ..] => {
            std::fs::create_dir_all(to).unwrap();
            let bits = match more.contains(&"6") {
                true => Bits::Six,
                false => Bits::Eight,
            };
            let options = ShrinkOptions {
                trim: false,
                bits: Some(bits),
            };
            let (from, to) = (Path::new(from), Path::new(to));
            shrink(from, to, options, None, &mut |_, _| {}, &Cancel::new()).unwrap();
        }
        ["run", dir, ..] => measure(Path::new(dir)),
        ["cancel", more @ ..] => {
            let rows = more.iter().find_map(|rows| rows.parse().ok());
            stop_each(rows.unwrap_or(WHOLE), |kind| {
                let named = |kind: &&str| KINDS.contains(kind);
                !more.iter().any(named) || more.contains(&kind)
            });
        }
        _ => near_the_limit(),
    }
}

/// How long each kind of engine that is wanted goes on after a cancel.
fn stop_each(rows: usize, wanted: impl Fn(&str) -> bool) {
    // Each in a folder of its own: a tokenizer.json beside a file is taken for the file's.
    let [folder, of_decoder, of_t5] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let [m2m100, loading, decoder, t5] = KINDS.map(wanted);
    if m2m100 || loading {
        checkpoint::make(folder.path(), rows, 8);
        let begun = Instant::now();
        let model = M2m100::load(folder.path(), "bench", None).unwrap();
        let load = begun.elapsed();
        for (source, beam) in [(24, 1), (24, 4), (200, 4), (900, 8)] {
            if m2m100 {
                stop_translating(&model, source, beam);
            }
        }
        drop(model);
        if loading {
            stop_loading(folder.path(), load);
        }
    }
    if decoder {
        let file = of_decoder.path().join("decoder.gguf");
        checkpoint::make_decoder(&file);
        stop_continuing(&Llm::load(&file, "bench").unwrap());
    }
    if t5 {
        let file = of_t5.path().join("t5.gguf");
        checkpoint::make_t5(&file);
        let model = T5::load(&file, "bench", None).unwrap();
        for (source, beam) in [(24, 1), (24, 4), (500, 8)] {
            stop_t5(&model, source, beam);
        }
    }
}

/// Each checkpoint in a process of its own, so that its memory is its own.
fn near_the_limit() {
    println!(
        "{} source and {} target tokens; a step reads all weights of the decoder and of the vocabulary once",
        SHAPE.0, SHAPE.1
    );
    for (name, rows) in [("40,000 rows", 40_000), ("256,206 rows", WHOLE)] {
        for bits in [8, 6] {
            let folder = tempfile::tempdir().unwrap();
            checkpoint::make(folder.path(), rows, bits);
            let output = std::process::Command::new(std::env::current_exe().unwrap())
                .arg("run")
                .arg(folder.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            let found: Value = serde_json::from_slice(&output.stdout).unwrap();
            let number = |name: &str| found[name].as_f64().unwrap();
            println!(
                "{bits} bits, {name}: {:.0} MB a step, read at {:.1} GB/s by {} threads: at most {:.0} tokens/s",
                number("step_mb"),
                number("read_gb_per_s"),
                found["threads"],
                number("limit_tokens_per_s"),
            );
            for beam in BEAMS {
                let beam = format!("beam{beam}");
                let speed = found["tokens_per_s"][&beam].as_f64().unwrap();
                let share = found["share_of_limit"][&beam].as_f64().unwrap();
                println!(
                    "    {beam}: {speed:.1} tokens/s, {:.0} % of that",
                    share * 100.0
                );
            }
            println!(
                "    loaded in {:.2} s, {:.0} MB of memory at most",
                number("load_s"),
                number("peak_mb")
            );
        }
    }
}

/// Raises a cancel at random moments of a translation of `source` tokens and prints how long it went on.
fn stop_translating(model: &M2m100, source: u32, beam: usize) {
    let language = model.language_token(Lang::Vi).unwrap();
    let mut tokens = vec![model.language_token(Lang::Zh).unwrap()];
    tokens.extend((1..source - 1).map(|i| 100 + i * 37));
    tokens.push(2);
    let options = DecodeOptions {
        beam,
        max_tokens: SHAPE.1 + 1,
        ..DecodeOptions::default()
    };
    let run = |number: u32, cancel: &Cancel| {
        let mut tokens = tokens.clone();
        // The engine knows the sentence that it read last.
        tokens[1] = 100 + number;
        model.generate(&tokens, language, &options, cancel)
    };
    let what = format!("translate {source} tokens, beam {beam}");
    stop_fifty_times(&what, |number, cancel| run(number, cancel).is_err());
}

/// The same with a decoder-only model that reads 600 tokens.
fn stop_continuing(model: &Llm) {
    let options = DecodeOptions {
        max_tokens: SHAPE.1,
        ..DecodeOptions::default()
    };
    let prompt: Vec<u32> = (0..600).map(|i| 100 + i * 37).collect();
    stop_fifty_times("continue 600 tokens", |_, cancel| {
        model.generate(&prompt, &options, cancel).is_err()
    });
}

/// The same with a T5 model.
fn stop_t5(model: &T5, source: u32, beam: usize) {
    let options = DecodeOptions {
        beam,
        max_tokens: SHAPE.1,
        ..DecodeOptions::default()
    };
    let mut tokens: Vec<u32> = (0..source - 1).map(|i| 100 + i * 37).collect();
    tokens.push(2);
    stop_fifty_times(
        &format!("T5 of {source} tokens, beam {beam}"),
        |_, cancel| model.generate(&tokens, &options, cancel).is_err(),
    );
}

/// `work` says whether it was stopped.
fn stop_fifty_times(what: &str, work: impl Fn(u32, &Cancel) -> bool) {
    let begun = Instant::now();
    assert!(!work(0, &Cancel::new()));
    let whole = begun.elapsed();
    let mut random = Random(7);
    let stop = |number: u32| stopped(random.below(1000), whole, |cancel| work(number, cancel));
    told(what, whole, (1..=50).map(stop).collect());
}

/// The same while a checkpoint is loaded.
fn stop_loading(dir: &Path, whole: Duration) {
    let mut random = Random(1);
    let load = |cancel: &Cancel| translate::open(dir, "bench", None, cancel).is_err();
    let times = (0..20)
        .map(|_| stopped(random.below(1000), whole, load))
        .collect();
    told("load", whole, times);
}

/// Milliseconds between a cancel, after so many thousandths of the time that the whole takes, and the end of the
/// work; `None` where it ended by itself before.
fn stopped(after: usize, whole: Duration, work: impl FnOnce(&Cancel) -> bool) -> Option<f64> {
    let cancel = Cancel::new();
    let raised = std::thread::scope(|scope| {
        let raiser = scope.spawn(|| {
            std::thread::sleep(whole.mul_f64(after as f64 / 1000.0));
            cancel.cancel();
            Instant::now()
        });
        let was_stopped = work(&cancel);
        let ended = Instant::now();
        let raised = raiser.join().unwrap();
        was_stopped.then(|| ended.duration_since(raised))
    });
    raised.map(|time| time.as_secs_f64() * 1000.0)
}

fn told(what: &str, whole: Duration, times: Vec<Option<f64>>) {
    let mut times: Vec<f64> = times.into_iter().flatten().collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{}",
        json!({"what": what, "whole_ms": whole.as_millis() as u64, "stops": times.len(),
               "median_ms": times.get(times.len() / 2), "worst_ms": times.last()})
    );
}

fn measure(dir: &Path) {
    let begun = Instant::now();
    let model = M2m100::load(dir, "bench", None).unwrap();
    let load = begun.elapsed().as_secs_f64();
    let cancel = Cancel::new();
    let language = model.language_token(Lang::Vi).unwrap();
    let mut source = vec![model.language_token(Lang::Zh).unwrap()];
    source.extend((1..SHAPE.0 - 1).map(|i| 100 + i * 37));
    source.push(2);
    let mut speeds = serde_json::Map::new();
    for beam in BEAMS {
        let options = DecodeOptions {
            beam,
            max_tokens: SHAPE.1 + 1,
            ..DecodeOptions::default()
        };
        let mut seconds: Vec<f64> = (0..=RUNS)
            .map(|run| {
                // The engine knows the sentence that it read last; the peer reads each one.
                source[1] = 100 + run as u32;
                let begun = Instant::now();
                let found = model
                    .generate(&source, language, &options, &cancel)
                    .unwrap();
                assert_eq!(found.token_ids.len(), SHAPE.1, "the end came early");
                begun.elapsed().as_secs_f64()
            })
            .skip(1)
            .collect();
        seconds.sort_by(f64::total_cmp);
        speeds.insert(
            format!("beam{beam}"),
            (SHAPE.1 as f64 / seconds[RUNS / 2]).into(),
        );
    }
    let peak = status_mb("VmHWM:");
    let weights = std::fs::metadata(dir.join("model.safetensors"))
        .unwrap()
        .len();
    let (threads, step) = (threads(), step_bytes(&dir.join("model.safetensors")));
    let read = bandwidth(threads);
    let limit = read * 1e9 / step;
    let shares: serde_json::Map<String, Value> = speeds
        .iter()
        .map(|(beam, speed)| (beam.clone(), (speed.as_f64().unwrap() / limit).into()))
        .collect();
    println!(
        "{}",
        json!({"load_s": load, "tokens_per_s": speeds, "peak_mb": peak, "weights_mb": weights as f64 / 1e6,
               "threads": threads, "read_gb_per_s": read, "step_mb": step / 1e6, "limit_tokens_per_s": limit,
               "share_of_limit": shares})
    );
}

/// Bytes of weights in memory that a decoding step reads: the decoder without what is computed once a
/// sentence (keys and values of the source), and the output projection. What is not in 8 or 6 bits is
/// kept in f32.
fn step_bytes(file: &Path) -> f64 {
    use std::io::Read;

    let mut file = std::fs::File::open(file).unwrap();
    let mut length = [0u8; 8];
    file.read_exact(&mut length).unwrap();
    let mut header = vec![0u8; u64::from_le_bytes(length) as usize];
    file.read_exact(&mut header).unwrap();
    let header: serde_json::Map<String, Value> = serde_json::from_slice(&header).unwrap();
    let once = ["encoder_attn.k_proj", "encoder_attn.v_proj"];
    let each_step = |name: &str| {
        let head = ["model.shared.weight", "model.decoder.layers."];
        head.iter().any(|n| name.starts_with(n)) && !once.iter().any(|n| name.contains(n))
    };
    let bytes = |(name, entry): (&String, &Value)| {
        let shape = entry["shape"].as_array().unwrap().iter();
        let numbers: f64 = shape.map(|n| n.as_f64().unwrap()).product();
        let width = match entry["dtype"].as_str().unwrap() {
            "I8" | "U8" => 1.0,
            _ if name.ends_with(".scale") => 2.0,
            _ => 4.0,
        };
        numbers * width
    };
    let read = header.iter().filter(|(name, _)| each_step(name));
    read.map(bytes).sum()
}

fn status_mb(field: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with(field));
    let kb = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok());
    kb.unwrap_or(f64::NAN) / 1024.0
}

/// As many as the engine works with.
fn threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.min(8)
}

/// What `threads` read from memory together, in GB/s: the best of five passes over 1 GB.
fn bandwidth(threads: usize) -> f64 {
    let data = vec![1u64; (1 << 30) / 8];
    let pass = || {
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for part in data.chunks(data.len() / threads) {
                scope.spawn(move || {
                    let (chunks, _) = part.as_chunks::<16>();
                    let mut sums = [0u64; 16];
                    for chunk in chunks {
                        for (sum, x) in sums.iter_mut().zip(chunk) {
                            *sum ^= x;
                        }
                    }
                    black_box(sums)
                });
            }
        });
        (data.len() * 8) as f64 / 1e9 / begun.elapsed().as_secs_f64()
    };
    (0..5).map(|_| pass()).fold(0.0, f64::max)
}
