//! What a bundle shows above its lines, against its records and its chain: whose interview, in which
//! languages, on which channels, from which recordings, how long, and with which notes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::chain::Kind;
use super::check::Story;
use super::shown::Columns;

/// The program that kept notes outside of the chain.
const NOTES_ELSEWHERE: &str = "mekong 0.1.0";

/// What of the head is not as records and events have it.
pub(super) fn differs(
    shown: &Value,
    records: &BTreeMap<String, Columns>,
    story: &Story,
) -> Option<&'static str> {
    let head = records.get("interview");
    let told = |column: &str| head.and_then(|columns| columns.get(column));
    let is_other =
        |name: &str, column: &str| told(column).is_some_and(|v| shown.get(name) != Some(v));
    for (name, column) in [
        ("started", "started"),
        ("case", "case_name"),
        ("source", "source"),
    ] {
        if is_other(name, column) {
            return Some(name);
        }
    }
    if told("languages").is_some_and(|v| shown.get("languages") != Some(&listed(v))) {
        return Some("languages");
    }
    let same = |name: &str, kind: &str, columns: &[&str]| {
        let list = shown.get(name).and_then(Value::as_array);
        rows(list, records, kind, columns)
    };
    if !same(
        "audio",
        "audio",
        &["path", "sha256", "sample_rate", "channels", "original_name"],
    ) {
        return Some("audio");
    }
    if !same("channels", "channel", &["speaker", "languages"]) {
        return Some("channels");
    }
    let channels = shown.get("channels").and_then(Value::as_array);
    let mut places = (0..).zip(channels.into_iter().flatten());
    if places.any(|(at, channel): (u16, _)| channel.get("index") != Some(&json!(at))) {
        return Some("channels");
    }
    if !has_speech_models(shown, records) {
        return Some("speech_models");
    }
    if story
        .duration_ms()
        .is_some_and(|ms| shown.get("duration_ms") != Some(&json!(ms)))
    {
        return Some("duration_ms");
    }
    let first = story.events.first();
    let fact = |name: &str| first.and_then(|event| event.facts.get(name));
    let none = json!([]);
    let elsewhere = first.is_none_or(|event| event.program == NOTES_ELSEWHERE);
    if (!elsewhere || fact("notes").is_some())
        && shown.get("notes") != Some(fact("notes").unwrap_or(&none))
    {
        return Some("notes");
    }
    let covered = first.is_some_and(|event| event.kind == Kind::Covered.as_str());
    let of = |name: &str| shown.get("redaction").and_then(|copy| copy.get(name));
    let names = [
        ("parent_sha256", "parent_head"),
        ("places", "places"),
        ("lines", "lines"),
    ];
    let copy = match covered {
        true => {
            let silent = fact("silent");
            names.iter().all(|(name, known)| of(name) == fact(known))
                && silent.is_none_or(|told| of("silent") == Some(told))
        }
        false => shown.get("redaction").is_none(),
    };
    (!copy).then_some("redaction")
}

/// Whether each channel is shown with the speech models that were chosen for it, and no others. A covered
/// copy has no records of them and shows none.
fn has_speech_models(shown: &Value, records: &BTreeMap<String, Columns>) -> bool {
    let channels = shown.get("channels").and_then(Value::as_array);
    let channels = channels.map(Vec::as_slice).unwrap_or_default();
    let told = (0..).zip(channels).flat_map(|(at, channel): (u16, _)| {
        let models = channel.get("speech_models").and_then(Value::as_object);
        let models = models.into_iter().flatten();
        models.map(move |(lang, model)| (format!("speech-model {at}.{lang}"), model.clone()))
    });
    let told: BTreeMap<String, Value> = told.collect();
    let known = records.iter();
    let known = known.filter(|(name, _)| name.starts_with("speech-model "));
    let known = known.map(|(name, row)| {
        let model = row.get("model").cloned().unwrap_or_default();
        (name.clone(), model)
    });
    told == known.collect()
}

/// Codes in one text, as a record has them, or a list of them, as a list.
fn listed(codes: &Value) -> Value {
    match codes.as_str() {
        Some(codes) => codes.split_whitespace().collect(),
        None => codes.clone(),
    }
}

/// Whether a list is shown as the records of this kind have it, one after the other. A covered copy has
/// records of some kinds only, and of those some columns.
fn rows(
    list: Option<&Vec<Value>>,
    records: &BTreeMap<String, Columns>,
    kind: &str,
    columns: &[&str],
) -> bool {
    let list = list.map(Vec::as_slice).unwrap_or_default();
    let known = |at: usize| records.get(&format!("{kind} {at}"));
    let none = known(0).is_none() && kind != "audio";
    if none || known(list.len()).is_some() {
        return none;
    }
    list.iter().enumerate().all(|(at, item)| {
        known(at).is_some_and(|row| {
            columns.iter().all(|name| {
                let told = row.get(*name);
                told.is_none_or(|told| item.get(*name).map(listed) == Some(listed(told)))
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Event;

    #[test]
    fn chosen_speech_models_are_those_of_the_records_and_no_others() {
        let shown = |models: Value| json!({"channels": [{"index": 0}, {"index": 1, "speech_models": models}]});
        let chosen = shown(json!({"km": "telephone", "lo": "room"}));
        let mut records = BTreeMap::new();
        assert!(has_speech_models(&shown(json!({})), &records));
        assert!(!has_speech_models(&chosen, &records), "no record has it");
        for (lang, model) in [("km", "telephone"), ("lo", "room")] {
            let row = json!({"channel": 1, "lang": lang, "model": model});
            let row = row.as_object().unwrap().clone();
            records.insert(format!("speech-model 1.{lang}"), row);
        }
        assert!(has_speech_models(&chosen, &records));
        for other in [
            json!({"km": "telephone"}),
            json!({"km": "room", "lo": "room"}),
            json!({"km": "telephone", "lo": "room", "my": "room"}),
        ] {
            assert!(
                !has_speech_models(&shown(other.clone()), &records),
                "{other}"
            );
        }
        assert!(!has_speech_models(&json!({}), &records));
    }

    #[test]
    fn notes_are_those_of_the_first_event_and_no_others() {
        for (shown, told, program, wrong) in [
            (json!([]), None, "mekong 0.2.0", false),
            (json!(["ຫຼວງພະບາງ"]), None, "mekong 0.2.0", true),
            (json!(["ຫຼວງພະບາງ"]), None, NOTES_ELSEWHERE, false),
            (json!(["សុខា"]), Some(json!(["សុខា"])), "mekong 0.2.0", false),
            (json!([]), Some(json!(["သီတာ"])), "mekong 0.2.0", true),
            (json!(null), None, "mekong 0.2.0", true),
        ] {
            let facts = told.map(|notes| ("notes".to_owned(), notes));
            let event = Event {
                number: 1,
                kind: Kind::Imported.as_str().to_owned(),
                at: "2026-11-24T09:00:00Z".to_owned(),
                program: program.to_owned(),
                facts: facts.into_iter().collect(),
                rows: BTreeMap::new(),
                signed: None,
                hash: String::new(),
            };
            let story = Story {
                events: vec![event],
            };
            let found = differs(&json!({"notes": shown}), &BTreeMap::new(), &story);
            assert_eq!(found, wrong.then_some("notes"), "{shown} {program}");
        }
    }
}
