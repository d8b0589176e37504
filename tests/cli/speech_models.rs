//! `--speech-model`: a model of its own for a language of an interview, or for one channel of it

use std::fs;

use mekong_interview::domain::{Cancel, InterviewId, Lang, SpeechChoice};
use mekong_interview::pipeline::{Intake, IntakePlan, intake_file};
use mekong_interview::store::Store;
use serde_json::{Value, json};

use crate::common::{assert_helpful_failure, practice_sound, root, stderr};
use crate::fixture::{Desk, files};

/// Installs the practice recogniser once more under another name, for these languages.
fn install(desk: &Desk, name: &str, languages: &[&str]) {
    let folder = desk.workspace().join("models").join(name);
    fs::create_dir_all(&folder).unwrap();
    let own = root().join("models/practice/asr");
    fs::copy(own.join("model.bin"), folder.join("model.bin")).unwrap();
    let card = fs::read_to_string(own.join("model.toml")).unwrap();
    let card = card.replace("practice-asr", name);
    let (before, rest) = card.split_once("languages = [").unwrap();
    let (_, rest) = rest.split_once(']').unwrap();
    let card = format!("{before}languages = {languages:?}{rest}");
    fs::write(folder.join("model.toml"), card).unwrap();
}

/// Who wrote the lines of a channel.
fn authors(shown: &Value, channel: u64) -> Vec<String> {
    let lines = shown["segments"].as_array().unwrap().iter();
    let own = lines.filter(|line| line["channel"] == channel);
    let mut authors: Vec<String> = own
        .map(|line| line["author"].as_str().unwrap().to_owned())
        .collect();
    authors.sort();
    authors.dedup();
    authors
}

#[test]
fn one_channel_is_heard_by_its_own_model_and_everything_tells_so() {
    let desk = Desk::empty();
    install(&desk, "telephone", &["zh", "vi", "th", "my", "lo", "km"]);
    for (sound, languages, by) in [
        ("zh-vi", ["zh", "vi"], "interviewee"),
        ("my-th", ["my", "th"], "2"),
        ("th-lo", ["th", "lo"], "Interviewee"),
    ] {
        let chosen = format!("{}@{by}=telephone", languages[1]);
        let args = [
            "import",
            &practice_sound(sound),
            "--languages",
            &languages.join(","),
            "--speech-model",
            &chosen,
            "--json",
        ];
        let id = desk.json(&args)[0]["id"].as_str().unwrap().to_owned();
        let shown = desk.json(&["show", &id, "--json"]);
        assert_eq!(
            shown["channels"][1]["speech_models"],
            json!({languages[1]: "telephone"})
        );
        assert!(shown["channels"][0].get("speech_models").is_none());
        let (first, second) = (authors(&shown, 0), authors(&shown, 1));
        assert!(
            first.len() == 1 && first[0].contains("practice-asr"),
            "{first:?}"
        );
        assert!(
            second.len() == 1 && second[0].contains("telephone"),
            "{second:?}"
        );
        let listed = desk.json(&["list", "--json"]);
        let mut own = listed.as_array().unwrap().iter();
        let own = own.find(|i| i["id"] == id.as_str()).unwrap();
        assert_eq!(
            own["speech_models"],
            json!([{"channel": 1, "lang": languages[1], "model": "telephone"}])
        );
        let text = desk.text(&["show", &id]);
        assert!(
            text.contains("on channel 2 (interviewee): telephone"),
            "{text}"
        );
        let verdict = desk.json(&["verify", &id, "--json"]);
        assert_eq!(verdict["ok"], true, "{verdict}");
    }
    let plain = desk.json(&[
        "import",
        &practice_sound("zh-vi"),
        "--languages",
        "zh,vi",
        "--again",
        "--json",
    ]);
    let listed = desk.json(&["list", "--json"]);
    let mut own = listed.as_array().unwrap().iter();
    let own = own.find(|i| i["id"] == plain[0]["id"]).unwrap();
    assert!(own.get("speech_models").is_none(), "{own}");
}

/// What is wrong, and what the message and its next step say.
const WRONG: [(&[&str], &str, &str); 8] = [
    (
        &["vi=nothing"],
        "no installed model is called 'nothing'",
        "practice-asr",
    ),
    (
        &["vi=practice-mt"],
        "does not recognise Vietnamese",
        "practice-asr",
    ),
    (
        &["vi=lao-only"],
        "does not recognise Vietnamese",
        "telephone",
    ),
    (
        &["lo=lao-only"],
        "not one of the interview's languages",
        "--languages",
    ),
    (
        &["vi@3=telephone"],
        "on a channel that is not there",
        "km@2=NAME",
    ),
    (
        &["vi@ພະຍານ=telephone"],
        "on a channel that is not there",
        "km@2=NAME",
    ),
    (
        &["vi@officer=telephone"],
        "which is not spoken there",
        "--channels",
    ),
    (
        &["vi@2=telephone", "vi@interviewee=practice-asr"],
        "two speech models were chosen for Vietnamese",
        "Leave one",
    ),
];

#[test]
fn a_wrong_choice_is_refused_before_anything_is_stored() {
    let desk = Desk::empty();
    install(&desk, "telephone", &["zh", "vi"]);
    install(&desk, "lao-only", &["lo"]);
    assert_eq!(desk.json(&["list", "--json"]), json!([]));
    let sound = practice_sound("zh-vi");
    let device = format!("file:{sound}");
    let import = ["import", &sound, "--languages", "zh,vi"];
    let named = [&import[..], &["--channels", "officer=zh,interviewee=vi"]].concat();
    let record = [
        "record",
        "--languages",
        "zh,vi",
        "--device",
        &device,
        "--for",
        "2",
    ];
    let mut wrong = WRONG.to_vec();
    wrong.push((
        &["vi=telephone", "vi=telephone"],
        "two speech models were chosen for Vietnamese",
        "Leave one",
    ));
    for (choices, cause, next) in wrong {
        for work in [&import[..], &named, &record] {
            let mut args = work.to_vec();
            for choice in choices {
                args.extend(["--speech-model", choice]);
            }
            let output = desk.run(&args);
            let told = stderr(&output);
            assert_helpful_failure(&output, &args.join(" "));
            let (what, step) = told.split_once("next:").expect(&told);
            assert!(what.contains(cause) && step.contains(next), "{told}");
            assert!(!told.contains("ພະຍານ"), "{told}");
            assert_eq!(desk.json(&["list", "--json"]), json!([]), "{told}");
            let recordings = desk.workspace().join("recordings");
            assert!(
                !recordings.exists() || files(&recordings).is_empty(),
                "{told}"
            );
        }
    }
    for choice in ["vi", "vi=", "vi@=telephone", "xx=telephone"] {
        desk.refused(&[&import[..], &["--speech-model", choice]].concat());
    }
}

/// An interview that waits for its text, with a model that was chosen for Vietnamese.
fn waiting(desk: &Desk, model: &str) -> InterviewId {
    let workspace = desk.workspace();
    let recordings = workspace.join("recordings");
    fs::create_dir_all(&recordings).unwrap();
    let mut store = Store::open(&workspace.join("store.sqlite3")).unwrap();
    let plan = IntakePlan {
        id: InterviewId("20261124-090000-abcdef".into()),
        case: None,
        languages: vec![Lang::Zh, Lang::Vi],
        channels: Vec::new(),
        started: "2026-11-24T09:00:00+07:00".into(),
        original_name: "现场.flac".into(),
        max_utterance_ms: 7_000.into(),
        again: false,
        speech_models: vec![SpeechChoice {
            lang: Lang::Vi,
            channel: None,
            model: model.into(),
        }],
        asked: None,
    };
    let intake = Intake {
        recordings: &recordings,
        cancel: &Cancel::new(),
        watcher: &|_| {},
    };
    let sound = practice_sound("zh-vi");
    intake_file(&intake, &mut store, sound.as_ref(), &plan).unwrap();
    plan.id
}

#[test]
fn lines_wait_for_a_chosen_model_that_is_gone_and_are_heard_by_no_other() {
    let desk = Desk::empty();
    let id = waiting(&desk, "telephone").0;
    let status = |lang: &str| {
        let shown = desk.json(&["show", &id, "--json"]);
        let channel = u64::from(lang == "vi");
        let lines = shown["segments"].as_array().unwrap().clone();
        let own = lines.into_iter().filter(|l| l["channel"] == channel);
        let mut all: Vec<String> = own
            .map(|l| l["status"].as_str().unwrap().to_owned())
            .collect();
        all.dedup();
        all
    };
    assert_eq!(
        (status("zh"), status("vi")),
        (vec!["pending".to_owned()], vec!["pending".to_owned()])
    );
    let output = desk.run(&["resume", "--json"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let missing = "no installed model called 'telephone' recognises Vietnamese";
    assert!(told.contains(missing) && told.contains("next:"), "{told}");
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(done["recognised"].as_u64() > Some(0) && done["unheard"].as_u64() > Some(0));
    assert_eq!(
        (status("zh"), status("vi")),
        (vec!["machine".to_owned()], vec!["pending".to_owned()])
    );
    let told = String::from_utf8(desk.run(&["doctor"]).stdout).unwrap();
    assert!(told.contains("telephone (Vietnamese)"), "{told}");
    // A person who asks for the lines once more, and names no model, is told the same.
    let number = desk.json(&["show", &id, "--json"])["segments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|l| l["channel"] == 1)
        .unwrap()["id"]
        .clone();
    let line = number.to_string();
    let again = ["again", &id, &line, "--language", "vi", "--by", "Lan"];
    let told = desk.fails(&again);
    assert!(told.contains(missing), "{told}");
    install(&desk, "telephone", &["lo"]);
    let output = desk.run(&["resume"]);
    assert!(
        stderr(&output).contains(missing),
        "it does not serve Vietnamese"
    );
    install(&desk, "telephone", &["vi"]);
    desk.text(&["resume"]);
    assert_eq!(status("vi"), ["machine"]);
    let shown = desk.json(&["show", &id, "--json"]);
    assert!(authors(&shown, 1)[0].contains("telephone"));
    // Once more is by the same model, unless a person names another.
    for (model, by) in [(None, "telephone"), (Some("practice-asr"), "practice-asr")] {
        let named = model.map(|name| ["--model", name]);
        let args = [&again[..], named.as_ref().map_or(&[][..], |n| n)].concat();
        desk.text(&args);
        let shown = desk.json(&["show", &id, "--json"]);
        let mut lines = shown["segments"].as_array().unwrap().iter();
        let own = lines.find(|l| l["id"] == number).unwrap();
        let author = own["author"].as_str().unwrap();
        assert!(author.contains(by), "{author}");
    }
}
