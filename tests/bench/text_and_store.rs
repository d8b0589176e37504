//! How fast text and store are: words into index tokens, a line into the store, a search over ten
//! thousand lines, a list of a thousand interviews and the whole command that prints it. Beside the
//! index stands the peer it must beat: a plain `LIKE`-like scan over the same lines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mekong_interview::domain::{Channel, InterviewId, Lang, SamplePos, Span};
use mekong_interview::store::{ImportedLine, NewInterview, SearchQuery, Store};
use mekong_interview::text;
use mekong_interview::vault::{WorkspaceKey, hold};

/// One line in each of the six languages; numbered so that no two lines are alike.
const LINES: [(Lang, &str); 6] = [
    (Lang::Zh, "我叫张伟，从瑞丽来。"),
    (Lang::Vi, "Tôi tên là Nguyễn Văn Hùng, từ Lạng Sơn đến."),
    (Lang::Th, "ฉันชื่อสมชายมาจากแม่สอด"),
    (Lang::My, "ကျွန်တော့်နာမည် အောင်မင်းပါ မြဝတီက လာပါတယ်။"),
    (Lang::Lo, "ຂ້ອຍຊື່ສົມພອນມາຈາກບໍ່ແກ້ວ"),
    (Lang::Km, "ខ្ញុំឈ្មោះសុខាមកពីប៉ោយប៉ែត។"),
];

fn line(n: usize) -> ImportedLine {
    let (lang, words) = LINES[n % LINES.len()];
    let start = SamplePos::from_ms(n as u64 * 1000);
    ImportedLine {
        speaker: "officer".into(),
        span: Span::new(start, SamplePos(start.0 + 16_000)),
        lang,
        text: format!("{words} {n}"),
        translations: Vec::new(),
        machine: false,
        flags: Vec::new(),
    }
}

fn interview(n: usize) -> NewInterview {
    NewInterview {
        id: InterviewId(format!("20260101-000000-{n:06x}")),
        case: Some(format!("case-{}", n % 20)),
        languages: vec![Lang::Zh, Lang::Vi],
        started: "2026-01-01T00:00:00Z".into(),
        duration_ms: 1000,
        audio: Vec::new(),
        channels: vec![Channel {
            index: 0,
            speaker: "officer".into(),
            languages: Lang::SIX.to_vec(),
            speech_models: Default::default(),
        }],
        working: Vec::new(),
        notes: Vec::new(),
        asked: None,
    }
}

fn filled(interviews: usize, lines: usize) -> Store {
    let store = Store::open_in_memory().expect("a store in memory");
    fill(store, interviews, lines)
}

fn fill(mut store: Store, interviews: usize, lines: usize) -> Store {
    for n in 0..interviews {
        let rows: Vec<ImportedLine> = (0..lines).map(|k| line(n * lines + k)).collect();
        store
            .create_from_transcript(&interview(n), &rows, "bench", None)
            .expect("stored");
    }
    store
}

fn query(text: &str) -> SearchQuery {
    SearchQuery {
        text: text.into(),
        limit: 20,
        ..SearchQuery::default()
    }
}

fn texts(c: &mut Criterion) {
    for (lang, words) in LINES {
        c.bench_function(
            &format!("index tokens, {lang}, {} characters", words.chars().count()),
            |b| {
                b.iter(|| text::index_tokens(black_box(words)));
            },
        );
    }
    c.bench_function("normalise, six lines", |b| {
        b.iter(|| LINES.map(|(lang, words)| text::normalise(black_box(words), lang)));
    });
}

fn stores(c: &mut Criterion) {
    let store = filled(100, 100);
    let lines: Vec<String> = (0..10_000).map(|n| line(n).text).collect();
    for word in ["张伟", "Hùng", "แม่สอด", "အောင်မင်း", "ບໍ່ແກ້ວ", "ប៉ោយប៉ែត", "9876"]
    {
        c.bench_function(&format!("search {word}, 10,000 lines"), |b| {
            b.iter(|| store.search(&query(black_box(word))).expect("searched"));
        });
    }
    c.bench_function("peer: plain scan for 9876, 10,000 lines", |b| {
        b.iter(|| {
            lines
                .iter()
                .filter(|l| l.contains(black_box("9876")))
                .count()
        });
    });
    let many = filled(1000, 30);
    c.bench_function("list 1,000 interviews of 30 lines", |b| {
        b.iter(|| many.list(None).expect("listed"))
    });
    c.bench_function("store a transcript of 100 lines", |b| {
        let rows: Vec<ImportedLine> = (0..100).map(line).collect();
        b.iter_batched(
            || Store::open_in_memory().expect("a store in memory"),
            |mut store| store.create_from_transcript(&interview(0), &rows, "bench", None),
            BatchSize::SmallInput,
        );
    });
}

/// The same store on a disk, in the clear and in a locked workspace: what the lock costs.
fn locks(c: &mut Criterion) {
    for locked in [false, true] {
        let dir = tempfile::tempdir().expect("a folder");
        let key = WorkspaceKey::generate().expect("randomness");
        let _held = locked.then(|| hold(dir.path(), key).expect("held"));
        let path = dir.path().join("store.sqlite3");
        let mut store = fill(Store::open(&path).expect("a store"), 100, 100);
        let how = if locked { "locked" } else { "plain" };
        for word in ["张伟", "9876"] {
            c.bench_function(
                &format!("{how}: search {word}, 10,000 lines on a disk"),
                |b| {
                    b.iter(|| store.search(&query(black_box(word))).expect("searched"));
                },
            );
        }
        c.bench_function(
            &format!("{how}: open a store of 10,000 lines, and search"),
            |b| {
                b.iter(|| {
                    let store = Store::open_read_only(&path).expect("a store");
                    store.search(&query(black_box("9876"))).expect("searched")
                });
            },
        );
        let rows: Vec<ImportedLine> = (0..100).map(line).collect();
        let mut n = 1_000;
        c.bench_function(
            &format!("{how}: store a transcript of 100 lines on a disk"),
            |b| {
                b.iter(|| {
                    n += 1;
                    store.create_from_transcript(&interview(n), &rows, "bench", None)
                });
            },
        );
    }
}

/// The median and the longest of `runs` runs of the program, start to end.
fn whole(workspace: &std::path::Path, arguments: &[&str], runs: usize) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_mekong"));
            command.arg("--workspace").arg(workspace).args(arguments);
            let begun = Instant::now();
            let status = command.stdout(Stdio::null()).status().expect("run");
            assert!(status.success(), "{arguments:?}");
            begun.elapsed()
        })
        .collect();
    times.sort();
    (times[runs / 2], times[runs - 1])
}

/// `mekong list` as a person waits for it: a new process, the store opened, a thousand interviews read
/// and printed.
fn commands(_: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("store.sqlite3");
    drop(fill(Store::open(&path).expect("a store"), 1000, 30));
    for arguments in [&["--version"][..], &["list"], &["list", "--json"]] {
        let (median, worst) = whole(dir.path(), arguments, 50);
        println!(
            "mekong {}, 1,000 interviews of 30 lines, whole command, 50 runs: median {:.1} ms, longest {:.1} ms",
            arguments.join(" "),
            median.as_secs_f64() * 1e3,
            worst.as_secs_f64() * 1e3
        );
    }
}

criterion_group!(benches, texts, stores, locks, commands);
criterion_main!(benches);
