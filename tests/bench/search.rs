//! How fast a word is found among ten thousand, a hundred thousand and a million lines in six
//! languages, and how large the index is, beside a plain `LIKE` and FTS5's trigram index over the same
//! rows in the same SQLite.
//!
//! The lines are halves of news lines put together (`shared/text/ntrex` beside the project, else the
//! practice interviews), each with a translation; the words asked for are cut from them as they come,
//! so that frequent words are asked often. `MEKONG_BENCH_LINES=1000000` asks for other sizes,
//! `MEKONG_BENCH_FOLDER` keeps the stores there, `MEKONG_BENCH_PEERS=0` leaves the peers out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed bench, and a bench prints what it measured"
)]

mod random;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mekong_interview::domain::{Channel, InterviewId, Lang, SamplePos, Span};
use mekong_interview::store::{ImportedLine, NewInterview, SearchQuery, Store};
use mekong_interview::text;
use random::Random;
use rusqlite::Connection;

const LINES_AN_INTERVIEW: usize = 500;
const QUESTIONS: usize = 300;
/// Peers that read everything take seconds a question.
const SLOW_QUESTIONS: usize = 12;

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

struct Rows {
    halves: Vec<Vec<(String, String)>>,
    random: Random,
}

impl Rows {
    fn next(&mut self, n: usize) -> ImportedLine {
        let said = n % 6;
        let into = (said + 1 + self.random.below(5)) % 6;
        let count = self.halves[0].len();
        let (a, b) = (self.random.below(count), self.random.below(count));
        let line = |lang: usize| format!("{}{}", self.halves[lang][a].0, self.halves[lang][b].1);
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
            text: line(said),
            translations: vec![(Lang::SIX[into], line(into))],
            machine: true,
            flags: Vec::new(),
        }
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
        }],
        working: Vec::new(),
    }
}

/// Fills a store; returns the bytes of its texts.
fn fill(store: &mut Store, rows: &mut Rows, lines: usize) -> u64 {
    let mut bytes = 0;
    for first in (0..lines).step_by(LINES_AN_INTERVIEW) {
        let last = lines.min(first + LINES_AN_INTERVIEW);
        let part: Vec<ImportedLine> = (first..last).map(|n| rows.next(n)).collect();
        let texts = part
            .iter()
            .flat_map(|l| l.translations.iter().map(|t| &t.1).chain([&l.text]));
        bytes += texts.map(|t| t.len() as u64).sum::<u64>();
        let new = interview(first / LINES_AN_INTERVIEW);
        store
            .create_from_transcript(&new, &part, "bench", None)
            .unwrap();
    }
    bytes
}

/// Words as they come in the lines, and pairs of a word and one of its translation.
fn questions(rows: &mut Rows) -> (Vec<String>, Vec<String>) {
    let (mut words, mut pairs) = (Vec::new(), Vec::new());
    for n in 0..QUESTIONS {
        let line = rows.next(n);
        let random = &mut rows.random;
        let mut word = |text: &str, lang| {
            let words = text::words(text, lang);
            let at = random.below(words.len().max(1));
            words
                .get(at)
                .map_or_else(|| "x".to_owned(), |w| text[w.clone()].to_owned())
        };
        let said = word(&line.text, line.lang);
        let (lang, translated) = &line.translations[0];
        pairs.push(format!("\"{said}\" \"{}\"", word(translated, *lang)));
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
    let mut rows = Rows {
        halves,
        random: Random(1),
    };
    let path = folder.join(format!("search-{lines}.sqlite3"));
    let there = path.exists();
    let mut store = Store::open(&path).unwrap();
    let begun = Instant::now();
    let bytes = if there {
        0
    } else {
        fill(&mut store, &mut rows, lines)
    };
    println!("{lines} lines of {from}, six languages, each with one translation, in a file");
    let conn = Connection::open(&path).unwrap();
    if there {
        println!("  (the store was there)");
    } else {
        let each = begun.elapsed().as_secs_f64() * 1e3 / lines as f64;
        println!("  stored at {each:.3} ms a line, 500 lines a transaction");
        let index = index_bytes(&conn);
        println!(
            "  text {:.1} MB, index {:.1} MB: {:.2} times the text",
            bytes as f64 / 1e6,
            index as f64 / 1e6,
            index as f64 / bytes as f64
        );
    }
    rows.random = Random(7);
    let (words, pairs) = questions(&mut rows);
    let ask = |q: &str| {
        assert!(
            store.search(&query(q)).unwrap().total > 0 || lines < 1_000_000,
            "{q}"
        );
    };
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
    told("a word and one of the translation", timed(&pairs, ask));
    let slips: Vec<String> = words.iter().map(|w| format!("{w}z")).take(60).collect();
    told(
        "a word that is nowhere, near spellings",
        timed(&slips, |q| {
            store.search(&query(q)).unwrap();
        }),
    );
    let (lang, words_of) = (Lang::Vi, "Tôi tên là Nguyễn Văn Hùng, đi từ Lào Cai");
    let one = ImportedLine {
        lang,
        text: words_of.into(),
        ..rows.next(1)
    };
    let mut number = lines;
    let added = timed(&words, |_| {
        number += 1;
        let new = interview(1_000_000 + number);
        store
            .create_from_transcript(&new, std::slice::from_ref(&one), "bench", None)
            .unwrap();
    });
    told("an interview of one line stored, fsync included", added);
    if peers {
        peer_like(&conn, &words);
        peer_trigram(&conn, folder, &words, bytes);
    }
}

fn inner(question: &str) -> &str {
    question.trim_matches('"')
}

fn peer_like(conn: &Connection, words: &[String]) {
    let mut statement = conn
        .prepare(
            "SELECT segment FROM text_version WHERE text LIKE ?1
             UNION ALL SELECT segment FROM translation WHERE text LIKE ?1 ORDER BY 1 DESC LIMIT 50",
        )
        .unwrap();
    let slow: Vec<String> = words.iter().take(SLOW_QUESTIONS).cloned().collect();
    told(
        "peer: LIKE",
        timed(&slow, |q| {
            let found = statement.query_map([format!("%{}%", inner(q))], |r| r.get::<_, i64>(0));
            found.unwrap().count();
        }),
    );
}

fn peer_trigram(conn: &Connection, folder: &Path, words: &[String], bytes: u64) {
    let path = folder.join("trigram.sqlite3");
    let _ = std::fs::remove_file(&path);
    conn.execute("ATTACH ?1 AS tri", [path.to_str().unwrap()])
        .unwrap();
    conn.execute_batch(
        "PRAGMA tri.journal_mode = off;
         CREATE VIRTUAL TABLE tri.grams USING fts5 (text, translation, content = '', tokenize = 'trigram');
         INSERT INTO tri.grams (rowid, text, translation)
         SELECT v.segment, v.text, t.text FROM text_version v JOIN translation t ON t.segment = v.segment
         GROUP BY v.segment;",
    )
    .unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    let long: Vec<String> = words
        .iter()
        .filter(|q| inner(q).chars().count() > 2)
        .cloned()
        .collect();
    println!(
        "  peer: trigram index {:.1} MB ({:.2} times the text), answers {} of {} questions (three letters or more)",
        size as f64 / 1e6,
        size as f64 / bytes.max(1) as f64,
        long.len(),
        words.len()
    );
    let mut ranked = conn
        .prepare("SELECT rowid FROM tri.grams WHERE grams MATCH ?1 ORDER BY rank LIMIT 50")
        .unwrap();
    told(
        "peer: trigram, ranked by bm25",
        timed(&long, |q| {
            ranked
                .query_map([q], |r| r.get::<_, i64>(0))
                .unwrap()
                .count();
        }),
    );
    let mut newest = conn
        .prepare("SELECT rowid FROM tri.grams WHERE grams MATCH ?1 ORDER BY rowid DESC LIMIT 50")
        .unwrap();
    told(
        "peer: trigram, newest first, neither ranked nor counted",
        timed(&long, |q| {
            newest
                .query_map([q], |r| r.get::<_, i64>(0))
                .unwrap()
                .count();
        }),
    );
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
