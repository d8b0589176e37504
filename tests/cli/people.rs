//! `mekong people`

use serde_json::Value;

use crate::fixture::Desk;

/// One person's name in all scripts.
const HUNG: [&str; 6] = [
    "阮文雄",
    "Nguyễn Văn Hùng",
    "เหงียน วัน หุ่ง",
    "ງວຽນ ວັນ ຫຸງ",
    "ង្វៀន វ៉ាន់ ហ៊ុង",
    "ငုယင်ဗန်ဟုန်း",
];

#[test]
fn a_person_is_found_by_a_name_in_any_script_and_told_why() {
    let desk = Desk::empty();
    let added = desk.json(&[
        "people",
        "add",
        HUNG[0],
        "阿雄",
        "--case",
        "C1",
        "--role",
        "suspect",
        "--phone",
        "081-234-5678",
        "--born",
        "พ.ศ. 2530",
        "--by",
        "Li",
        "--json",
    ]);
    assert_eq!(added["id"], "p1");
    desk.text(&["people", "add", "สมชาย ใจดี", "--by", "Li"]);
    for name in HUNG {
        let found = desk.json(&["people", "match", name, "--json"]);
        assert_eq!(found["matches"][0]["person"], "p1", "{name}");
        assert!(found["matches"][0]["score"].as_f64().unwrap() > 0.65);
        assert!(!found["matches"][0]["why"].as_str().unwrap().is_empty());
    }
    let told = desk.text(&["people", "match", HUNG[1]]);
    assert!(
        told.contains("Sino-Vietnamese") && told.contains("family name 1.00"),
        "{told}"
    );
    assert_eq!(
        desk.json(&["people", "list", "--case", "C1", "--json"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(desk.text(&["people", "list"]).lines().count() == 2);
    let none = desk.json(&["people", "match", "មុំ", "--json"]);
    assert!(none["matches"].as_array().unwrap().is_empty());
}

#[test]
fn corrections_and_decisions_are_added_and_all_is_shown() {
    let desk = Desk::empty();
    desk.text(&["people", "add", "សុខ សុភា", "--by", "Li"]);
    desk.text(&[
        "people",
        "add",
        "Sok Sophea",
        "--by",
        "Li",
        "--source",
        "document",
    ]);
    let fact = desk.json(&["people", "show", "p1", "--json"])["facts"][0]["id"].to_string();
    desk.text(&[
        "people",
        "note",
        "p1",
        "--name",
        "សុខ សុភី",
        "--replaces",
        &fact,
        "--by",
        "Noy",
        "--reason",
        "misread",
    ]);
    desk.text(&["people", "note", "p1", "--place", "ភ្នំពេញ", "--by", "Noy"]);
    desk.text(&["people", "decide", "p1", "p2", "unsure", "--by", "Li"]);
    desk.text(&[
        "people",
        "decide",
        "p2",
        "p1",
        "not-same",
        "--by",
        "Li",
        "--reason",
        "other year",
    ]);
    let page = desk.json(&["people", "show", "P1", "--json"]);
    assert_eq!(page["facts"].as_array().unwrap().len(), 2);
    assert_eq!(page["history"].as_array().unwrap().len(), 3);
    assert_eq!(page["decisions"][1]["verdict"], "not-same");
    let shown = desk.text(&["people", "show", "p1"]);
    assert!(
        shown.contains("no longer counts") && shown.contains("because misread"),
        "{shown}"
    );
    let near = desk.json(&["people", "match", "p1", "--json", "--all"]);
    assert_eq!(
        (
            &near["matches"][0]["person"],
            &near["matches"][0]["verdict"]
        ),
        (&"p2".into(), &"not-same".into())
    );
    desk.fails(&["people", "show", "p9"]);
    desk.fails(&["people", "decide", "p1", "p1", "same", "--by", "Li"]);
    desk.fails(&["people", "note", "p1", "--phone", "1", "--by", "Li"]);
    desk.fails(&["people", "add", "123", "--by", "Li"]);
}

#[test]
fn transcripts_offer_names_and_numbers_and_add_none_by_themselves() {
    let (desk, ids) = Desk::with_talks();
    let offered = desk.json(&["people", "candidates", "--json"]);
    let seen: Vec<(&str, &str)> = offered
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["kind"].as_str().unwrap(), c["value"].as_str().unwrap()))
        .collect();
    for wanted in [("name", "张伟"), ("document", "E12345678"), ("name", "សុខ")] {
        assert!(seen.contains(&wanted), "{seen:?}");
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(
        desk.json(&["people", "list", "--json"])
            .as_array()
            .unwrap()
            .is_empty()
    );

    desk.text(&[
        "people",
        "add",
        "张伟",
        "--document",
        "E12345678",
        "--interview",
        &ids[0],
        "--segment",
        "1",
        "--by",
        "Li",
    ]);
    desk.text(&[
        "people",
        "candidates",
        &ids[2],
        "--dismiss",
        "សុខ",
        "--kind",
        "name",
        "--segment",
        "2",
        "--by",
        "Li",
    ]);
    assert!(
        desk.json(&["people", "candidates", "--json"])
            .as_array()
            .unwrap()
            .is_empty()
    );

    desk.text(&[
        "people",
        "add",
        "Trương Vĩ",
        "--document",
        "e 1234 5678",
        "--by",
        "Li",
    ]);
    let links = desk.json(&["people", "links", "--json"]);
    assert_eq!(
        (
            &links[0]["kind"],
            links[0]["people"].as_array().unwrap().len()
        ),
        (&"document".into(), 2)
    );
    assert!(desk.text(&["people", "links", "p1"]).contains("E12345678"));
    assert_eq!(
        desk.json(&["people", "list", "--case", "C-zh", "--json"])
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let out = desk.path("people.jsonl");
    let file = out.to_str().unwrap();
    desk.text(&["people", "export", "--out", file]);
    desk.fails(&["people", "export", "--out", file]);
    let written = std::fs::read_to_string(&out).unwrap();
    let schemata: Vec<String> = written
        .lines()
        .map(|l| {
            serde_json::from_str::<Value>(l).unwrap()["schema"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    for wanted in ["Person", "Identification", "Mention", "Document"] {
        assert!(
            schemata.iter().any(|s| s == wanted),
            "{wanted} is not in {schemata:?}"
        );
    }
}

#[test]
fn the_register_is_written_as_far_as_its_people_allow() {
    let (desk, ids) = Desk::with_talks();
    let add = |name: &str, more: &[&str]| {
        let args = [&["people", "add", name, "--by", "Li", "--json"], more].concat();
        desk.json(&args)["id"].as_str().unwrap().to_owned()
    };
    let nobody = add("张伟", &["--phone", "+86 138 0013 8000"]);
    let under = add("ສົມພອນ", &["--document", "N7654321"]);
    add("សុខ", &["--plate", "2A-1234"]);
    let consent = |id: &str, person: &str, seen_by: &str| {
        let by = ["--seen-by", seen_by, "--by", "Li"];
        let args = ["consent", id, "--of", "victim", "--person", person];
        desk.text(&[&args[..], &by].concat());
    };
    consent(&ids[0], &nobody, "nobody");
    consent(&ids[1], &under, "agency");
    let out = desk.path("people.jsonl");
    let export = ["people", "export", "--out", out.to_str().unwrap()];
    let output = desk.run(&export);
    assert!(output.status.success());
    let told = crate::common::stderr(&output);
    assert!(String::from_utf8_lossy(&output.stdout).contains("(2 people)"));
    assert!(
        told.contains("1 person under a pseudonym") && told.contains("1 person left out"),
        "{told}"
    );
    let written = std::fs::read_to_string(&out).unwrap();
    for hidden in ["张伟", "138", "ສົມພອນ", "N7654321"] {
        assert!(!written.contains(hidden), "{hidden} in {written}");
    }
    assert!(written.contains("\"V1\"") && written.contains("សុខ") && written.contains("2A-1234"));
}
