//! How fast a word is found among ten thousand, a hundred thousand and a million lines in six
//! languages, what one more line costs, and how large the index is, beside a plain `LIKE`, FTS5's trigram
//! index and tantivy over the same rows.
//!
//! The lines are halves of news lines put together (`shared/text/ntrex` beside the project, else the
//! practice interviews), each with a translation; every five hundredth ends with a name that is made of
//! two. The words asked for are cut from lines as they come, so that frequent words are asked often.
//! `MEKONG_BENCH_LINES=1000000` asks for other sizes, `MEKONG_BENCH_FOLDER` keeps the stores and the peers'
//! indexes there and finds them again, `MEKONG_BENCH_PEERS=0` leaves the peers out,
//! `MEKONG_BENCH_TANTIVY` names the program of `tests/bench/tantivy`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed bench, and a bench prints what it measured"
)]

mod peers;
mod random;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mekong_interview::domain::{
    Channel, Hypothesis, InterviewId, Lang, SamplePos, Span, Status, Translation,
};
use mekong_interview::store::{
    ImportedLine, ImportedTranslation, NewInterview, NewSegment, SearchQuery, Store,
};
use mekong_interview::text;
use random::Random;
use rusqlite::Connection;

const LINES_AN_INTERVIEW: usize = 500;
const QUESTIONS: usize = 300;
/// Every so many lines one ends with a name.
const NAMED: usize = 500;
/// A disk in memory, where a line costs what the program does and not what the disk does.
const MEMORY: &str = "/dev/shm";

/// Both halves of every line, by language in the order of `Lang::SIX`; the same number is the same
/// line in each.
fn halves() -> (Vec<Vec<(String, String)>>, &'static str) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let news = project.ancestors().map(|a| a.join("shared/text/ntrex"));
    let (texts, from) = match news.into_iter().find(|p| p.is_dir()) {
        Some(folder) => {
            let read = |lang: Lang| std::fs::read_to_string(folder.join(format!("{lang}.txt")));
            (
                Lang::SIX.map(|lang| lines_of(&read(lang).unwrap(), lang)),
                "news lines",
            )
        }
        None => (practice(project), "practice sentences"),
    };
    let cut = |line: &String, lang| {
        let words = text::words(line, lang);
        let at = words.get(words.len() / 2).map_or(line.len(), |w| w.start);
        let (a, b) = line.split_at(at);
        (a.to_owned(), b.to_owned())
    };
    let all = texts.iter().zip(Lang::SIX);
    (
        all.map(|(lines, lang)| lines.iter().map(|l| cut(l, lang)).collect())
            .collect(),
        from,
    )
}

fn lines_of(text: &str, lang: Lang) -> Vec<String> {
    text.lines().map(|l| text::normalise(l, lang)).collect()
}

fn practice(project: &Path) -> [Vec<String>; 6] {
    Lang::SIX.map(|lang| {
        let folder = project.join("recordings/practice/corpus");
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        files.sort();
        let mut lines = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(file).unwrap();
            let mut rows = text.lines().map(|l| l.split('\t').collect::<Vec<_>>());
            let header = rows.next().unwrap();
            let Some(column) = header.iter().position(|h| *h == lang.code()) else {
                continue;
            };
            lines.extend(rows.filter_map(|r| r.get(column).map(|c| (*c).to_owned())));
        }
        lines
    })
}

/// Full names by language, of which others are made.
fn names() -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/names/pairs.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split('\t').collect()).collect();
    let of = |lang: Lang| {
        let cells = rows.iter().flat_map(|r| [(r[0], r[1]), (r[2], r[3])]);
        let own = cells.filter(|(script, _)| *script == lang.code());
        own.map(|(_, name)| name.to_owned()).collect()
    };
    Lang::SIX.into_iter().map(of).collect()
}

/// The rows of a store, each of them made by its number alone.
struct Rows {
    halves: Vec<Vec<(String, String)>>,
    names: Vec<Vec<String>>,
}

impl Rows {
    fn row(&self, n: usize) -> ImportedLine {
        let mut random = Random((n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let said = n % 6;
        let into = (said + 1 + random.below(5)) % 6;
        let count = self.halves[0].len();
        let (a, b) = (random.below(count), random.below(count));
        let line = |lang: usize| format!("{}{}", self.halves[lang][a].0, self.halves[lang][b].1);
        let mut text = line(said);
        if let Some(name) = self.name(n) {
            text = format!("{text} {name}");
        }
        let start = SamplePos::from_ms(n as u64 * 1000 % 40_000_000);
        ImportedLine {
            speaker: if n.is_multiple_of(2) {
                "officer"
            } else {
                "interviewee"
            }
            .into(),
            span: Span::new(start, SamplePos(start.0 + 16_000)),
            lang: Lang::SIX[said],
            text,
            translations: vec![ImportedTranslation::new(Lang::SIX[into], line(into), true)],
            machine: true,
            flags: Vec::new(),
        }
    }

    /// The beginning of one name and the end of another.
    fn name(&self, n: usize) -> Option<String> {
        let all = &self.names[n % 6];
        let mut random = Random(n as u64);
        let (first, last) = (random.below(all.len()), random.below(all.len()));
        let cut = |name: &str| {
            let end = |(at, c): (usize, char)| at + c.len_utf8();
            let gap = name.char_indices().find(|(_, c)| " ·".contains(*c));
            gap.or_else(|| name.char_indices().next()).map(end)
        };
        let (first, last) = (&all[first], &all[last]);
        let name = format!("{}{}", &first[..cut(first)?], &last[cut(last)?..]);
        n.is_multiple_of(NAMED).then_some(name)
    }
}

fn interview(n: usize) -> NewInterview {
    NewInterview {
        id: InterviewId(format!("20260101-000000-{n:06x}")),
        case: Some(format!("case-{}", n % 50)),
        languages: Lang::SIX.to_vec(),
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

fn fill(store: &mut Store, rows: &Rows, lines: usize) {
    for first in (0..lines).step_by(LINES_AN_INTERVIEW) {
        let last = lines.min(first + LINES_AN_INTERVIEW);
        let part: Vec<ImportedLine> = (first..last).map(|n| rows.row(n)).collect();
        let new = interview(first / LINES_AN_INTERVIEW);
        store
            .create_from_transcript(&new, &part, "bench", None)
            .unwrap();
    }
}

/// Words as they come in lines of the store, and pairs of a word and one of its translation.
fn questions(rows: &Rows, lines: usize) -> (Vec<String>, Vec<String>) {
    let mut random = Random(7);
    let (mut words, mut pairs) = (Vec::new(), Vec::new());
    for _ in 0..QUESTIONS {
        let line = rows.row(random.below(lines));
        let mut word = |text: &str, lang| {
            let words = text::words(text, lang);
            let at = random.below(words.len().max(1));
            words
                .get(at)
                .map_or_else(|| "x".to_owned(), |w| text[w.clone()].to_owned())
        };
        let said = word(&line.text, line.lang);
        let made = &line.translations[0];
        pairs.push(format!("\"{said}\" \"{}\"", word(&made.text, made.lang)));
        words.push(format!("\"{said}\""));
    }
    (words, pairs)
}

fn told(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at =
        |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!(
        "  {name:<44} p50 {:>9.2} ms  p95 {:>9.2} ms  max {:>9.2} ms",
        at(50),
        at(95),
        at(100)
    );
}

fn timed(questions: &[String], mut ask: impl FnMut(&str)) -> Vec<Duration> {
    let each = questions.iter().map(|q| {
        let begun = Instant::now();
        ask(q);
        begun.elapsed()
    });
    each.collect()
}

fn query(text: &str) -> SearchQuery {
    SearchQuery {
        text: text.to_owned(),
        limit: 50,
        ..SearchQuery::default()
    }
}

fn index_bytes(conn: &Connection) -> u64 {
    let sql = "SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'search%' OR name = 'sound'";
    conn.query_row(sql, [], |row| row.get::<_, i64>(0))
        .unwrap()
        .unsigned_abs()
}

fn measure(lines: usize, folder: &Path, peers: bool) {
    let (halves, from) = halves();
    let names = names();
    let rows = Rows { halves, names };
    let path = folder.join(format!("search-{lines}.sqlite3"));
    let there = path.exists();
    let mut store = Store::open(&path).unwrap();
    println!("{lines} lines of {from}, six languages, each with one translation, in a file");
    if there {
        println!("  (the store was there)");
    } else {
        let begun = Instant::now();
        fill(&mut store, &rows, lines);
        let each = begun.elapsed().as_secs_f64() * 1e3 / lines as f64;
        println!("  stored at {each:.3} ms a line, 500 lines a transaction");
    }
    let conn = Connection::open(&path).unwrap();
    let bytes = text_bytes(&conn);
    let index = index_bytes(&conn);
    println!(
        "  text {:.1} MB, index {:.1} MB: {:.2} times the text",
        bytes as f64 / 1e6,
        index as f64 / 1e6,
        index as f64 / bytes as f64
    );
    let (words, pairs) = questions(&rows, lines);
    let ask = |q: &str| assert!(store.search(&query(q)).unwrap().total > 0, "{q}");
    // Once to bring the file into memory, as in a program that has been open for a while.
    timed(&words, ask);
    told("a word", timed(&words, ask));
    let mut common: Vec<String> = words
        .iter()
        .filter(|q| store.search(&query(q)).unwrap().more)
        .cloned()
        .collect();
    common.dedup();
    if !common.is_empty() {
        told(
            &format!("of these {} words in over 10,000 lines", common.len()),
            timed(&common, ask),
        );
    }
    timed(&pairs, ask);
    told("a word and one of the translation", timed(&pairs, ask));
    let step = (lines / NAMED / QUESTIONS).max(1);
    let names: Vec<String> = (0..lines)
        .step_by(NAMED * step)
        .filter_map(|n| Some(format!("\"{}\"", rows.name(n)?)))
        .collect();
    timed(&names, ask);
    told("a name in a few lines", timed(&names, ask));
    let slips: Vec<String> = words.iter().map(|w| format!("{w}z")).take(60).collect();
    told(
        "a word that is nowhere, near spellings",
        timed(&slips, |q| {
            store.search(&query(q)).unwrap();
        }),
    );
    drop(store);
    one_more_line(&path, &rows, lines);
    if peers {
        peers::like(&conn, &words);
        peers::trigram(&conn, folder, lines, &words, bytes);
        peers::tantivy(folder, &rows, lines, &words, &pairs);
    }
}

/// What a line of a running session costs, in a copy of the store in memory: cut, then its words, then its
/// translation, each a transaction.
fn one_more_line(path: &Path, rows: &Rows, lines: usize) {
    let Some(memory) = tempfile::tempdir_in(MEMORY).ok() else {
        println!("  (no {MEMORY} here: one more line is not measured)");
        return;
    };
    let copy = memory.path().join("store.sqlite3");
    std::fs::copy(path, &copy).unwrap();
    let mut store = Store::open(&copy).unwrap();
    let new = interview(lines);
    store.create_interview(&new, &[]).unwrap();
    let mut times: [Vec<Duration>; 3] = std::array::from_fn(|_| Vec::new());
    for n in 0..QUESTIONS {
        let row = rows.row(lines + n);
        let begun = Instant::now();
        let cut = NewSegment {
            channel: 0,
            speaker: row.speaker,
            span: row.span,
            lang: row.lang,
            flags: Vec::new(),
        };
        let ids = store.append_segments(&new.id, &[cut], 0).unwrap();
        let heard = Hypothesis {
            lang: row.lang,
            text: row.text,
            confidence: 0.9,
            words: Vec::new(),
            flags: Vec::new(),
            engine: "bench".into(),
        };
        store.record_hypothesis(&new.id, ids[0], &heard).unwrap();
        let said = begun.elapsed();
        let ImportedTranslation { lang, text, .. } = row.translations[0].clone();
        let made = Translation {
            lang,
            text,
            engine: "bench".into(),
            status: Status::Machine,
            log_prob: None,
            terms: Vec::new(),
            flags: Vec::new(),
            of_version: 1,
        };
        store.record_translation(&new.id, ids[0], &made).unwrap();
        let all = begun.elapsed();
        for (list, time) in times.iter_mut().zip([said, all - said, all]) {
            list.push(time);
        }
    }
    let [said, translated, all] = times;
    told("one more line with its words, without fsync", said);
    told("  its translation", translated);
    told("  both", all);
}

fn text_bytes(conn: &Connection) -> u64 {
    let sql = "SELECT (SELECT sum(octet_length(text)) FROM text_version)
                    + (SELECT sum(octet_length(text)) FROM translation)";
    conn.query_row(sql, [], |row| row.get::<_, i64>(0))
        .unwrap()
        .unsigned_abs()
}

fn main() {
    let sizes = std::env::var("MEKONG_BENCH_LINES").unwrap_or_else(|_| "10000,100000".to_owned());
    let temporary = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("MEKONG_BENCH_FOLDER").map(PathBuf::from);
    let folder = kept.as_deref().unwrap_or(temporary.path());
    let peers = std::env::var("MEKONG_BENCH_PEERS").map_or(true, |v| v != "0");
    for lines in sizes.split(',').filter_map(|s| s.parse().ok()) {
        measure(lines, folder, peers);
    }
}
