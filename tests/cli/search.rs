//! `mekong search`

use std::fs;

use serde_json::json;

use crate::common::stderr;
use crate::fixture::{Desk, TALKS, characters};

/// What somebody looks for, whose interview holds it, and in which line.
const WANTED: [(&str, usize, i64); 8] = [
    ("张伟", 0, 1),
    ("E12345678", 0, 1),
    ("Hà Nội", 0, 2),
    ("ha noi", 0, 2),
    ("ทำงาน", 1, 1),
    ("ຫຼວງພະບາງ", 1, 2),
    ("သင့်အမည်", 2, 1),
    ("ឈ្មោះ", 2, 2),
];

#[test]
fn words_of_all_six_scripts_are_found_and_marked() {
    let (desk, ids) = Desk::with_talks();
    for (query, talk, segment) in WANTED {
        let page = desk.json(&["search", query, "--json"]);
        assert_eq!(page["query"], query);
        let hits = page["hits"].as_array().unwrap();
        assert_eq!(page["total"], hits.len());
        let hit = hits
            .iter()
            .find(|h| h["interview"] == ids[talk].as_str() && h["segment"] == segment)
            .unwrap_or_else(|| panic!("{query} is not found: {page}"));
        let (lang, text, made) = TALKS[talk].lines[segment as usize - 1];
        assert_eq!((&hit["lang"], &hit["text"]), (&json!(lang), &json!(text)));
        assert_eq!(hit["translation"], made);
        assert_eq!(hit["matched"], "text");
        assert_eq!(hit["start_ms"], [1_000, 4_000][segment as usize - 1]);
        assert!(hit["case"].is_string() && hit["score"].is_number());
        let marks = hit["marks"].as_array().unwrap();
        let ends = |m: &serde_json::Value| (m[0].as_u64().unwrap(), m[1].as_u64().unwrap());
        let marked: String = marks
            .iter()
            .map(ends)
            .map(|(from, to)| characters(text, from as usize, to as usize))
            .collect();
        assert!(
            !marked.is_empty() && text.contains(&characters(&marked, 0, 1)),
            "{query}: {marked}"
        );
    }
}

#[test]
fn a_translation_is_found_too_and_said_to_be_one() {
    let (desk, _) = Desk::with_talks();
    let page = desk.json(&["search", "河内", "--json"]);
    assert_eq!(page["total"], 1);
    assert_eq!(page["hits"][0]["matched"], "translation");
    assert_eq!(page["hits"][0]["lang"], "vi");
}

#[test]
fn filters_narrow_and_a_limit_cuts() {
    let (desk, ids) = Desk::with_talks();
    let total = |args: &[&str]| {
        let args = [&["search", "E12345678", "--json"], args].concat();
        desk.json(&args)["total"].as_u64().unwrap()
    };
    assert_eq!(total(&[]), 1);
    assert_eq!(
        total(&["--lang", "zh", "--case", "C-zh", "--speaker", "officer"]),
        1
    );
    assert_eq!(total(&["--lang", "vi"]), 0);
    assert_eq!(total(&["--case", "C-th"]), 0);
    assert_eq!(total(&["--speaker", "interviewee"]), 0);
    assert_eq!(
        total(&["--since", "2020-01-01", "--until", "2999-01-01"]),
        1
    );
    assert_eq!(total(&["--since", "2999-01-01"]), 0);
    assert_eq!(total(&["--until", "2020-01-01"]), 0);

    desk.import(&TALKS[0]);
    let page = desk.json(&["search", "张伟", "--limit", "1", "--json"]);
    assert_eq!(
        (&page["total"], page["hits"].as_array().unwrap().len()),
        (&json!(2), 1)
    );
    assert!(desk.text(&["search", "张伟"]).contains(&ids[0]));
}

#[test]
fn nothing_found_is_no_failure_and_no_query_is_a_syntax_error() {
    let (desk, _) = Desk::with_talks();
    for query in [
        "没有这个词",
        "\"",
        "AND OR NOT",
        "a*",
        "(",
        "text:x",
        "%",
        "''; DROP TABLE",
        " ",
    ] {
        let page = desk.json(&["search", query, "--json"]);
        assert!(page["hits"].is_array(), "{query}");
    }
    let output = desk.run(&["search", "没有这个词"]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(stderr(&output).contains("0 hits"));
}

#[test]
fn a_damaged_index_is_made_anew_by_the_search_that_meets_it() {
    let (desk, _) = Desk::with_talks();
    let store = desk.workspace().join("store.sqlite3");
    let harm = |sql: &str| {
        let conn = rusqlite::Connection::open(&store).unwrap();
        conn.execute_batch(sql).unwrap();
    };
    for damage in [
        "DELETE FROM search_data",
        "UPDATE search_data SET block = x'00ff00'",
        "DROP TABLE search",
        "UPDATE setting SET value = '1' WHERE name = 'index'",
    ] {
        harm(damage);
        for (word, total) in [("张伟", 1), ("河内", 1), ("ທ", 0)] {
            let output = desk.run(&["search", word, "--json"]);
            let told = stderr(&output);
            let page: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(page["total"], total, "{damage}: {told}");
            let first = word == "张伟";
            assert_eq!(told.contains("made anew from the lines"), first, "{told}");
        }
    }
    // While others write, nothing is made anew, and lines are read one by one.
    harm("DELETE FROM search_data");
    let lock = fs::File::options()
        .write(true)
        .open(desk.workspace().join(".mekong-lock"));
    let lock = lock.unwrap();
    lock.lock().unwrap();
    let output = desk.run(&["search", "张伟", "--json"]);
    assert!(stderr(&output).contains("cannot be made anew now"));
    let page: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(page["total"], 1);
}

#[test]
fn what_was_corrected_is_found_by_its_new_words() {
    let (desk, ids) = Desk::with_talks();
    desk.text(&[
        "edit",
        &ids[1],
        "2",
        "--text",
        "ຂ້ອຍເຮັດວຽກຢູ່ວຽງຈັນ",
        "--by",
        "Noy",
    ]);
    assert_eq!(desk.json(&["search", "ວຽງຈັນ", "--json"])["total"], 1);
    desk.refused(&["search", "x", "--since", "yesterday"]);
}

#[test]
fn cases_and_speakers_are_found_in_any_letters() {
    let (desk, _) = Desk::with_talks();
    let args = [
        "search",
        "张伟",
        "--case",
        "c-ZH",
        "--speaker",
        " Officer",
        "--json",
    ];
    assert_eq!(desk.json(&args)["total"], 1);
    let args = ["search", "张伟", "--speaker", "office", "--json"];
    assert_eq!(desk.json(&args)["total"], 0);
}

#[test]
fn a_query_of_marks_alone_is_told_as_such() {
    let (desk, _) = Desk::with_talks();
    for query in ["?!", "。", "«»"] {
        let output = desk.run(&["search", query]);
        assert!(output.status.success());
        let told = stderr(&output);
        assert!(
            told.contains("no letters or digits") && !told.contains("hit"),
            "{told}"
        );
    }
    assert!(stderr(&desk.run(&["search", "张伟"])).contains("1 hit\n"));
}

#[test]
fn operators_narrow_and_every_hit_says_why() {
    let (desk, ids) = Desk::with_talks();
    let page = desk.json(&["search", "张伟 OR \"Hà Nội\"", "--json"]);
    assert_eq!((&page["total"], &page["more"]), (&json!(2), &json!(false)));
    assert_eq!(desk.json(&["search", "张伟 -Hùng", "--json"])["total"], 1);
    assert_eq!(
        desk.json(&["search", "张伟 -E12345678", "--json"])["total"],
        0
    );
    let hit = &desk.json(&["search", "ha noi", "--json"])["hits"][0];
    assert_eq!(hit["interview"], ids[0].as_str());
    assert_eq!(hit["near"], false);
    assert!(hit["why"].as_str().unwrap().contains("what was said"));
    assert_eq!(hit["before"]["text"], TALKS[0].lines[0].1);
    assert!(hit["after"].is_null());
    let status = |status: &str| {
        desk.json(&["search", "张伟", "--status", status, "--json"])["total"].clone()
    };
    assert_eq!(status("certified"), 0);
    desk.refused(&["search", "x", "--status", "nice"]);
    desk.refused(&["search", "x", "--flag", "nice"]);
}

#[test]
fn a_near_spelling_is_found_and_said_to_be_one() {
    let (desk, ids) = Desk::with_talks();
    for (typed, talk) in [("章维", 0), ("Hà Nọi", 0), ("ຫຼວງພະບັງ", 1)] {
        let page = desk.json(&["search", typed, "--json"]);
        let hit = &page["hits"][0];
        assert_eq!(hit["interview"], ids[talk].as_str(), "{typed}");
        assert!(
            hit["near"] == true || hit["why"].as_str().unwrap().contains("diacritics"),
            "{typed}"
        );
    }
    assert!(
        desk.text(&["search", "章维"])
            .contains("nearly these words: 张伟")
    );
}

#[test]
fn a_term_and_a_name_are_found_in_another_language() {
    let (desk, ids) = Desk::with_talks();
    desk.text(&[
        "edit",
        &ids[0],
        "1",
        "--text",
        "我叫张伟，他说贩运人口。",
        "--by",
        "Li",
    ]);
    let hit = desk.json(&["search", "mua bán người", "--json"])["hits"][0].clone();
    assert_eq!(
        (&hit["interview"], &hit["matched"]),
        (&json!(ids[0]), &json!("term"))
    );
    assert!(hit["why"].as_str().unwrap().contains("贩运人口"));
    assert!(!hit["marks"].as_array().unwrap().is_empty());

    desk.text(&["people", "add", "Chang Wai", "张伟", "--by", "Li"]);
    let page = desk.json(&["search", "Chang Wai", "--json"]);
    let hit = page["hits"]
        .as_array()
        .unwrap()
        .iter()
        .find(|h| h["matched"] == "name");
    assert_eq!(hit.unwrap()["segment"], 1, "{page}");
    assert!(hit.unwrap()["why"].as_str().unwrap().contains("register"));
}
