//! What the search bench measures its store against, over the same rows: a plain `LIKE`, FTS5's trigram
//! index in the same SQLite, and tantivy, which gets the words and clusters that the store cuts.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use mekong_interview::text;
use rusqlite::Connection;

use super::{Rows, timed, told};

/// Peers that read everything take seconds a question.
const SLOW_QUESTIONS: usize = 12;

fn inner(question: &str) -> &str {
    question.trim_matches('"')
}

/// Reads every text.
pub fn like(conn: &Connection, words: &[String]) {
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

/// Words of three letters and more.
pub fn trigram(conn: &Connection, folder: &Path, lines: usize, words: &[String], bytes: u64) {
    let path = folder.join(format!("trigram-{lines}.sqlite3"));
    let there = path.exists();
    conn.execute("ATTACH ?1 AS tri", [path.to_str().unwrap()])
        .unwrap();
    if !there {
        conn.execute_batch(
            "PRAGMA tri.journal_mode = off;
             CREATE VIRTUAL TABLE tri.grams USING fts5 (text, translation, content = '', tokenize = 'trigram');
             INSERT INTO tri.grams (rowid, text, translation)
             SELECT v.segment, v.text, t.text FROM text_version v JOIN translation t ON t.segment = v.segment
             GROUP BY v.segment;",
        )
        .unwrap();
    }
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
    let ask = |name: &str, order: &str| {
        let sql =
            format!("SELECT rowid FROM tri.grams WHERE grams MATCH ?1 ORDER BY {order} LIMIT 50");
        let mut statement = conn.prepare(&sql).unwrap();
        let mut count = |q: &str| {
            let found = statement.query_map([q], |r| r.get::<_, i64>(0));
            found.unwrap().count();
        };
        timed(&long, &mut count);
        told(name, timed(&long, count));
    };
    ask("peer: trigram, ranked by bm25", "rank");
    ask(
        "peer: trigram, newest first, neither ranked nor counted",
        "rowid DESC",
    );
    conn.execute("DETACH tri", []).unwrap();
}

/// Words and pairs by the program that `MEKONG_BENCH_TANTIVY` names.
pub fn tantivy(folder: &Path, rows: &Rows, lines: usize, words: &[String], pairs: &[String]) {
    let Some(program) = std::env::var_os("MEKONG_BENCH_TANTIVY") else {
        println!("  (peer: tantivy is not named, scripts/proof search does)");
        return;
    };
    let index = folder.join(format!("tantivy-{lines}"));
    let there = index.exists();
    std::fs::create_dir_all(&index).unwrap();
    let mut peer = Command::new(program)
        .arg(&index)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = BufWriter::new(peer.stdin.take().unwrap());
    let cut = |text: &str| -> String {
        let tokens: Vec<String> = text::index_tokens(text)
            .into_iter()
            .map(|t| t.text)
            .collect();
        tokens.join(" ")
    };
    for n in (0..lines).filter(|_| !there) {
        let row = rows.row(n);
        writeln!(to, "{}\t{}", cut(&row.text), cut(&row.translations[0].text)).unwrap();
    }
    writeln!(to).unwrap();
    for question in words.iter().chain(pairs) {
        let phrases: Vec<String> = question.split("\" \"").map(|p| cut(inner(p))).collect();
        writeln!(to, "{}", phrases.join("\t")).unwrap();
    }
    drop(to);
    assert!(peer.wait().unwrap().success());
}
