//! How fast our Whisper engine is beside whisper.cpp, on random weights of the stock models' shapes.
//!
//!     recognition                     a model of the tiny shape, quickly
//!     recognition run SHAPE [DIR]     SHAPE: tiny, base or small; DIR keeps the model file (f16)
//!     recognition set SHAPE DIR ENGINE EVERY
//!         200 utterances of 1 to 12 s, of which every EVERYth is heard. ENGINE: native, whisper.cpp
//!         (f16, its full window and flash attention, as are its defaults) or whisper.cpp-8 (the same
//!         in q8_0)
//!     recognition import SHAPE DIR [UTTERANCES DECODERS..]
//!                                     how long utterances of 1 to 12 s take, 40 where no number is
//!                                     given, with so many decoders for each core: 1, 2, 4 and 8
//!
//! One line of JSON for each engine and length of the utterance: milliseconds until the first word,
//! and a token, and what is not in the total: the passes in which recognition finds the language
//! (`language_ms`) and when each word was said (`align_ms`), so that with them it is what an utterance costs. For an import, one line for each number of decoders a core: seconds for all utterances
//! (the median of interleaved rounds), those of the processors' time, which say more where other
//! programs run, and how many times less both are than with one. `tests/bench/recognition_peer.py`
//! runs this and faster-whisper and prints the ratios.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed measurement, and a bench prints what it measured"
)]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mekong_interview::domain::Cancel;
use mekong_interview::speech::{Crowd, Engine, Spent, Trial};
use serde_json::json;

/// Seconds of sound, and tokens written about them: about six a second.
const UTTERANCES: [(usize, usize); 5] = [(1, 6), (3, 18), (6, 36), (12, 72), (30, 180)];
/// Hears a sound and writes so many tokens.
type Run = Box<dyn FnMut(&[f32], usize) -> Took>;

/// What an utterance took: hearing and writing, and beside that the passes for its language and for when
/// its words were said, where the engine has them.
struct Took {
    total: Duration,
    passes: Option<[Duration; 2]>,
}

/// Samples a second.
const RATE: usize = 16_000;
/// Start, Chinese, write down, without times.
const PROMPT: [i32; 4] = [50_258, 50_260, 50_359, 50_363];
/// Utterances of the set.
const SET: usize = 200;
/// Runs of which the fastest counts, after one that warms up.
const RUNS: usize = 3;
/// Utterances of an import, decoders for each core, and rounds of which the median counts.
const MANY: usize = 40;
const A_CORE: [usize; 4] = [1, 2, 4, 8];
const ROUNDS: usize = 3;
/// Name, width, heads, layers of each side.
const SHAPES: [(&str, u32, u32, u32); 3] = [
    ("tiny", 384, 6, 4),
    ("base", 512, 8, 6),
    ("small", 768, 12, 12),
];

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["run", shape] => {
            let folder = tempfile::tempdir().unwrap();
            measure(shape, folder.path(), &UTTERANCES);
        }
        ["run", shape, folder] => measure(shape, Path::new(folder), &UTTERANCES),
        ["set", shape, folder, engine, every] => {
            measure_set(shape, Path::new(folder), engine, every.parse().unwrap());
        }
        ["import", shape, folder] => import(shape, Path::new(folder), MANY, &A_CORE),
        ["import", shape, folder, many, a_core @ ..] => {
            let a_core: Vec<usize> = a_core.iter().map(|n| n.parse().unwrap()).collect();
            import(shape, Path::new(folder), many.parse().unwrap(), &a_core);
        }
        _ => {
            let folder = tempfile::tempdir().unwrap();
            measure("tiny", folder.path(), &[(3, 18)]);
        }
    }
}

fn measure(shape: &str, folder: &Path, utterances: &[(usize, usize)]) {
    let file = model(shape, folder, false);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let cancel = Cancel::new();
    for (engine, fit) in [
        (Engine::Native, true),
        (Engine::WhisperCpp, true),
        (Engine::WhisperCpp, false),
    ] {
        let before = status_mb("VmRSS:");
        let mut trial = Trial::load(&file, engine, threads).unwrap();
        for &(seconds, tokens) in utterances {
            // The full window costs the same whatever is said.
            let runs = if fit { RUNS } else { 1 };
            let pcm = sound(seconds * RATE);
            let best = (0..=runs)
                .map(|_| trial.run(&pcm, fit, tokens, &cancel).unwrap())
                .skip(usize::from(fit))
                .min_by_key(|timed| timed.hear + timed.write)
                .unwrap();
            let line = json!({
                "shape": shape,
                "engine": engine.name(),
                "window": best.window,
                "threads": threads,
                "seconds": seconds,
                "tokens": tokens,
                "hear_ms": best.hear.as_secs_f64() * 1e3,
                "token_ms": best.write.as_secs_f64() * 1e3 / (tokens + 1) as f64,
                "total_ms": (best.hear + best.write).as_secs_f64() * 1e3,
                "language_ms": best.language.as_secs_f64() * 1e3,
                "align_ms": best.align.as_secs_f64() * 1e3,
                "memory_mb": (status_mb("VmRSS:") - before).max(0.0),
            });
            println!("{line}");
        }
    }
}

/// The utterances of the set in samples, and their tokens: lengths of 1 to 12 s, evenly, in a mixed order.
fn set() -> impl Iterator<Item = (usize, usize)> {
    (0..SET).map(|n| {
        let samples = RATE + 11 * RATE * (n * 77 % SET) / (SET - 1);
        (samples, (6 * samples).div_ceil(RATE))
    })
}

/// Each utterance once, after one that warms up, in a process of one engine's own, so that its memory is
/// its own too.
fn measure_set(shape: &str, folder: &Path, engine: &str, every: usize) {
    let file = model(shape, folder, engine == "whisper.cpp-8");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let before = status_mb("VmRSS:");
    let mut run: Run = match engine {
        "native" => {
            let mut trial = Trial::load(&file, Engine::Native, threads).unwrap();
            Box::new(move |pcm, tokens| {
                let timed = trial.run(pcm, true, tokens, &Cancel::new()).unwrap();
                Took {
                    total: timed.hear + timed.write,
                    passes: Some([timed.language, timed.align]),
                }
            })
        }
        "whisper.cpp" | "whisper.cpp-8" => whisper_cpp(&file, threads),
        other => panic!("no engine is called '{other}'"),
    };
    run(&sound(3 * RATE), 18);
    for (samples, tokens) in set().step_by(every.max(1)) {
        let took = run(&sound(samples), tokens);
        let line = json!({
            "shape": shape,
            "engine": engine,
            "threads": threads,
            "samples": samples,
            "tokens": tokens,
            "total_ms": took.total.as_secs_f64() * 1e3,
            "language_ms": took.passes.map(|[language, _]| language.as_secs_f64() * 1e3),
            "align_ms": took.passes.map(|[_, align]| align.as_secs_f64() * 1e3),
            "peak_mb": status_mb("VmHWM:") - before,
        });
        println!("{line}");
    }
}

fn import(shape: &str, folder: &Path, many: usize, each: &[usize]) {
    let file = model(shape, folder, false);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cancel = Cancel::new();
    let crowd = Crowd::load(&file, Engine::Native).unwrap();
    // From 1 to 12 s, long ones and short ones mixed.
    let seconds: Vec<usize> = (0..many).map(|i| 1 + i * 7 % 12).collect();
    let utterances: Vec<(Vec<f32>, usize)> =
        seconds.iter().map(|s| (sound(*s * RATE), s * 6)).collect();
    let mut found: Vec<Vec<(Spent, f64)>> = vec![Vec::new(); each.len()];
    for _ in 0..ROUNDS {
        for (a_core, found) in each.iter().zip(&mut found) {
            let before = processor_seconds();
            let spent = crowd.run(&utterances, a_core * cores, cores, &cancel);
            let spent = (spent.unwrap(), processor_seconds() - before);
            eprintln!("{a_core} decoders a core: {spent:?}");
            found.push(spent);
        }
    }
    let median = |found: &[(Spent, f64)], of: fn(&(Spent, f64)) -> f64| {
        let mut all: Vec<f64> = found.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let alone = median(&found[0], |(s, _)| s.whole.as_secs_f64());
    let alone_busy = median(&found[0], |(_, busy)| *busy);
    for (a_core, found) in each.iter().zip(&found) {
        let whole = median(found, |(s, _)| s.whole.as_secs_f64());
        let busy = median(found, |(_, busy)| *busy);
        let line = json!({
            "shape": shape,
            "utterances": many,
            "seconds": seconds.iter().sum::<usize>(),
            "cores": cores,
            "decoders_a_core": a_core,
            "whole_s": whole,
            "processor_s": busy,
            "hear_s": median(found, |(s, _)| s.hear.as_secs_f64()),
            "write_s": median(found, |(s, _)| s.write.as_secs_f64()),
            "times_faster": alone / whole,
            "times_less_processor": alone_busy / busy,
            "memory_mb": status_mb("VmRSS:"),
        });
        println!("{line}");
    }
}

/// whisper.cpp as it is by default: flash attention, a window of 30 s. Greedily, where its command line
/// follows five texts.
fn whisper_cpp(file: &Path, threads: usize) -> Run {
    whisper_rs::install_logging_hooks();
    let mut parameters = whisper_rs::WhisperContextParameters::default();
    parameters.flash_attn(true);
    let context = whisper_rs::WhisperContext::new_with_params(file, parameters).unwrap();
    let mut state = context.create_state().unwrap();
    Box::new(move |pcm, tokens| {
        let begun = Instant::now();
        state.pcm_to_mel(pcm, threads).unwrap();
        state.encode(0, threads).unwrap();
        state.decode(&PROMPT, 0, threads).unwrap();
        for (past, token) in (PROMPT.len()..).zip(0..tokens) {
            state
                .decode(&[100 + token as i32 * 37], past, threads)
                .unwrap();
        }
        Took {
            total: begun.elapsed(),
            passes: None,
        }
    })
}

/// Noise with the rhythm of syllables.
fn sound(samples: usize) -> Vec<f32> {
    let mut random = Random(3);
    (0..samples)
        .map(|i| {
            let loud = if i / 2000 % 3 == 2 { 0.01 } else { 0.3 };
            random.next() * loud
        })
        .collect()
}

/// xorshift, from -1 to 1.
struct Random(u32);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / u32::MAX as f32 * 2.0 - 1.0
    }
}

/// The model file of a shape, its matrices in f16 or in 8 bits (q8_0), made where it is not there.
fn model(shape: &str, folder: &Path, eight: bool) -> PathBuf {
    let form = if eight { "-q8_0" } else { "" };
    let path = folder.join(format!("whisper-{shape}-random{form}.bin"));
    if !path.exists() {
        let (_, width, heads, layers) = SHAPES.into_iter().find(|s| s.0 == shape).unwrap();
        let mut out = ModelWriter {
            out: BufWriter::new(File::create(&path).unwrap()),
            random: Random(1),
            eight,
        };
        out.write(width, heads, layers);
        out.out.flush().unwrap();
    }
    path
}

struct ModelWriter {
    out: BufWriter<File>,
    random: Random,
    eight: bool,
}

impl ModelWriter {
    fn numbers(&mut self, numbers: &[u32]) {
        for number in numbers {
            self.out.write_all(&number.to_le_bytes()).unwrap();
        }
    }

    fn tensor(&mut self, name: &str, sizes: &[u32], large: bool) {
        let (dimensions, length) = (sizes.len() as u32, name.len() as u32);
        let eight = self.eight && large && dimensions == 2;
        let form = if eight { 8 } else { u32::from(large) };
        self.numbers(&[dimensions, length, form]);
        self.numbers(sizes);
        self.out.write_all(name.as_bytes()).unwrap();
        let scale = (3.0 / sizes[0] as f32).sqrt();
        let fixed = match name {
            _ if large => None,
            _ if name.ends_with("bias") => Some(0.0f32),
            _ if name.contains("ln") => Some(1.0),
            _ => None,
        };
        if eight {
            return self.blocks(sizes.iter().product::<u32>() / 32, scale);
        }
        for _ in 0..sizes.iter().product::<u32>() {
            let value = fixed.unwrap_or_else(|| self.random.next() * scale);
            match large {
                true => self
                    .out
                    .write_all(&half::f16::from_f32(value).to_le_bytes()),
                false => self.out.write_all(&value.to_le_bytes()),
            }
            .unwrap();
        }
    }

    /// Blocks of q8_0: an f16 scale and 32 whole numbers.
    fn blocks(&mut self, count: u32, scale: f32) {
        for _ in 0..count {
            let step = half::f16::from_f32(scale / 127.0);
            self.out.write_all(&step.to_le_bytes()).unwrap();
            let numbers: [i8; 32] = std::array::from_fn(|_| (self.random.next() * 127.0) as i8);
            self.out.write_all(&numbers.map(|n| n as u8)).unwrap();
        }
    }

    fn norm(&mut self, name: &str, width: u32) {
        self.tensor(&format!("{name}.weight"), &[width], false);
        self.tensor(&format!("{name}.bias"), &[width], false);
    }

    fn linear(&mut self, name: &str, from: u32, to: u32) {
        self.tensor(&format!("{name}.weight"), &[from, to], true);
        if !name.ends_with("key") {
            self.tensor(&format!("{name}.bias"), &[to], false);
        }
    }

    fn write(&mut self, w: u32, heads: u32, layers: u32) {
        let (vocabulary, audio, text, mels) = (51_865, 1500, 448, 80);
        self.numbers(&[0x6767_6d6c, vocabulary, audio, w, heads, layers]);
        let form = if self.eight { 2_007 } else { 1 };
        self.numbers(&[text, w, heads, layers, mels, form, mels, 201]);
        for band in 0..80u32 {
            for bin in 0..201u32 {
                let inside = (bin / 2).abs_diff(band) < 2;
                let weight = if inside { 0.01f32 } else { 0.0 };
                self.out.write_all(&weight.to_le_bytes()).unwrap();
            }
        }
        self.numbers(&[50_257]);
        for id in 0..50_257u32 {
            let token = format!("{id:x} ");
            self.numbers(&[token.len() as u32]);
            self.out.write_all(token.as_bytes()).unwrap();
        }
        self.tensor("encoder.positional_embedding", &[w, audio], false);
        for (name, from) in [("encoder.conv1", mels), ("encoder.conv2", w)] {
            self.tensor(&format!("{name}.weight"), &[3, from, w], true);
            self.tensor(&format!("{name}.bias"), &[1, w], false);
        }
        self.norm("encoder.ln_post", w);
        self.tensor("decoder.positional_embedding", &[w, text], false);
        self.tensor("decoder.token_embedding.weight", &[w, vocabulary], true);
        self.norm("decoder.ln", w);
        for (side, attentions) in [
            ("encoder", &["attn"][..]),
            ("decoder", &["attn", "cross_attn"]),
        ] {
            for layer in 0..layers {
                let block = format!("{side}.blocks.{layer}");
                for attention in attentions {
                    for part in ["query", "key", "value", "out"] {
                        self.linear(&format!("{block}.{attention}.{part}"), w, w);
                    }
                    self.norm(&format!("{block}.{attention}_ln"), w);
                }
                self.linear(&format!("{block}.mlp.0"), w, 4 * w);
                self.linear(&format!("{block}.mlp.2"), 4 * w, w);
                self.norm(&format!("{block}.mlp_ln"), w);
            }
        }
    }
}

/// What this process has used of the processors; 0 where the system does not tell.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in brackets, may hold blanks.
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    // Linux counts a hundred to the second.
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// A size of this process in MB; 0 where the system does not tell.
fn status_mb(key: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key));
    let kilobytes = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1e3
}
