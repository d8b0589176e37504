//! The register as FollowTheMoney entities, one JSON object a line: what investigators' tools read.
//!
//! Schemata and what each requires after the descriptions of followthemoney 4.11 (`schema/*.yaml`): Person
//! (name), Identification (holder, number), Vehicle for a plate and UserAccount (username) for a telephone,
//! each with an UnknownLink (subject, object) to whoever was named with it, Document (fileName), Mention
//! (document, name) and Similar (candidate, match). A decision is a link between two people, never a merger.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};

use super::Error;
use crate::domain::{Decision, Fact, FactKind, Interview, NameSource, Person, PersonId, Verdict};
use crate::text;

/// Writes people, what identifies them, where they are mentioned and what was decided about them.
/// Decisions that name somebody who is not among `people` are left out.
///
/// # Errors
/// A writer that refuses.
pub fn write(
    people: &[Person],
    decisions: &[Decision],
    interviews: &[Interview],
    out: &mut dyn Write,
) -> Result<(), Error> {
    for interview in interviews {
        let name = &interview.id.0;
        let mut properties =
            json!({ "fileName": [name], "title": [name], "date": [interview.started] });
        if let (Some(case), Some(map)) = (&interview.case, properties.as_object_mut()) {
            map.insert("keywords".to_owned(), json!([case]));
        }
        entity(
            &format!("interview-{}", interview.id),
            "Document",
            properties,
            out,
        )?;
    }
    let mut things = BTreeSet::new();
    for person in people {
        write_person(person, &mut things, out)?;
    }
    let known = |id: &PersonId| people.iter().any(|p| p.id == *id);
    let mut written: Vec<String> = Vec::new();
    // The last decision about two people is the one that counts.
    for decision in decisions.iter().rev() {
        let (one, other) = if decision.person.0 < decision.other.0 {
            (&decision.person, &decision.other)
        } else {
            (&decision.other, &decision.person)
        };
        let id = format!("decision-{one}-{other}");
        if written.contains(&id) || !known(one) || !known(other) {
            continue;
        }
        if decision.verdict != Verdict::NotSame {
            let words = format!(
                "{}, decided by {} at {}",
                decision.verdict.as_str(),
                decision.by,
                decision.at
            );
            let properties = json!({
                "candidate": [format!("person-{one}")],
                "match": [format!("person-{other}")],
                "criteria": [words],
            });
            entity(&id, "Similar", properties, out)?;
        }
        written.push(id);
    }
    Ok(())
}

/// Writes a person; `things` are the vehicles and telephones that are written already.
fn write_person(
    person: &Person,
    things: &mut BTreeSet<String>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let id = format!("person-{}", person.id);
    let values = |wanted: fn(&Fact) -> bool| -> Vec<&str> {
        person
            .facts
            .iter()
            .filter(|f| wanted(f))
            .map(|f| f.value.as_str())
            .collect()
    };
    let alias = |f: &Fact| f.source == Some(NameSource::Alias);
    let mut names: Vec<&str> = Vec::new();
    let mut aliases: Vec<&str> = Vec::new();
    for fact in person.facts.iter().filter(|f| f.kind == FactKind::Name) {
        if alias(fact) {
            aliases.push(&fact.value)
        } else {
            names.push(&fact.value)
        }
    }
    if names.is_empty() {
        // A person must have one.
        names.push(aliases.first().unwrap_or(&person.id.0.as_str()));
    }
    let born: Vec<String> = values(|f| f.kind == FactKind::BirthYear)
        .into_iter()
        .filter_map(|typed| text::birth_year(typed).map(|year| year.to_string()))
        .collect();
    // The format knows a telephone number only with the code of its country.
    let abroad: Vec<String> = values(|f| f.kind == FactKind::Phone)
        .into_iter()
        .filter(|typed| typed.trim_start().starts_with(['+', '＋']))
        .map(|typed| format!("+{}", text::numbers(typed).concat()))
        .collect();
    let properties = json!({
        "name": names,
        "alias": aliases,
        "birthDate": born,
        "phone": abroad,
        "address": values(|f| f.kind == FactKind::Place),
        "position": values(|f| f.kind == FactKind::Role),
        "notes": values(|f| f.kind == FactKind::Note),
    });
    entity(&id, "Person", properties, out)?;
    for fact in &person.facts {
        let own = format!("fact-{}", fact.id);
        match (fact.kind, &fact.interview) {
            (FactKind::Document, _) => {
                entity(
                    &own,
                    "Identification",
                    json!({ "holder": [id], "number": [fact.value] }),
                    out,
                )?;
            }
            (FactKind::Plate | FactKind::Phone, _) => {
                let (thing, schema, properties, role) = shared(fact);
                if things.insert(thing.clone()) {
                    entity(&thing, schema, properties, out)?;
                }
                let properties = json!({ "subject": [id], "object": [thing], "role": [role] });
                entity(&own, "UnknownLink", properties, out)?;
            }
            (FactKind::Name | FactKind::Mention, Some(interview)) => {
                let properties = json!({
                    "document": [format!("interview-{interview}")],
                    "resolved": [id],
                    "name": [fact.value],
                });
                entity(&own, "Mention", properties, out)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a plate or a telephone number stands for, one entity whoever was named with it: its name, schema and
/// properties, and what it is called.
fn shared(fact: &Fact) -> (String, &'static str, Value, &'static str) {
    let value = &fact.value;
    if fact.kind == FactKind::Phone {
        let digits = text::numbers(value).concat();
        let properties = json!({ "username": [value], "service": ["telephone"] });
        return (
            format!("phone-{digits}"),
            "UserAccount",
            properties,
            "telephone",
        );
    }
    let plate = text::fold(value);
    let plate: String = plate.chars().filter(|c| c.is_alphanumeric()).collect();
    let properties = json!({ "registrationNumber": [value] });
    (format!("vehicle-{plate}"), "Vehicle", properties, "plate")
}

/// One entity; properties without a value are left out.
fn entity(id: &str, schema: &str, mut properties: Value, out: &mut dyn Write) -> Result<(), Error> {
    if let Some(map) = properties.as_object_mut() {
        map.retain(|_, value| value.as_array().is_some_and(|list| !list.is_empty()));
    }
    let entity = json!({ "id": id, "schema": schema, "properties": properties });
    writeln!(out, "{entity}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{InterviewId, SegmentId};

    fn fact(id: i64, kind: FactKind, value: &str) -> Fact {
        Fact {
            id,
            kind,
            value: value.to_owned(),
            script: None,
            lang: None,
            source: None,
            interview: None,
            segment: None,
            by: "Li".into(),
            at: "2026-11-24T01:00:00Z".into(),
            reason: None,
            replaces: None,
            withdrawn: false,
        }
    }

    fn person(id: &str, facts: Vec<Fact>) -> Person {
        Person {
            id: PersonId(id.into()),
            case: None,
            by: "Li".into(),
            at: "x".into(),
            facts,
        }
    }

    #[test]
    fn people_in_six_scripts_leave_as_entities_and_decisions_as_links() {
        let names = [
            "阮文雄",
            "Nguyễn Văn Hùng",
            "เหงียน วัน หุ่ง",
            "ງວຽນ ວັນ ຫຸງ",
            "ង្វៀន វ៉ាន់ ហ៊ុង",
            "ငုယင်ဗန်ဟုန်း",
        ];
        let mut facts: Vec<Fact> = (1..)
            .zip(names)
            .map(|(n, name)| fact(n, FactKind::Name, name))
            .collect();
        facts.push(fact(7, FactKind::BirthYear, "พ.ศ. 2530"));
        facts.push(fact(8, FactKind::Document, "N1234567"));
        facts.push(fact(9, FactKind::Plate, "云A12345"));
        facts.push(fact(13, FactKind::Phone, "+84 912 345 678"));
        let heard = Fact {
            interview: Some(InterviewId("a-1".into())),
            segment: Some(SegmentId(2)),
            ..fact(10, FactKind::Mention, "阿雄")
        };
        facts.push(heard);
        let people = [
            person("p1", facts),
            person(
                "p2",
                vec![
                    fact(11, FactKind::Name, "Hung"),
                    fact(12, FactKind::Plate, "云Ａ-12345"),
                ],
            ),
        ];
        let decision = |verdict| Decision {
            person: PersonId("p2".into()),
            other: PersonId("p1".into()),
            verdict,
            by: "Li".into(),
            at: "x".into(),
            reason: None,
        };
        let written = |decisions: &[Decision]| -> Vec<Value> {
            let mut out = Vec::new();
            write(&people, decisions, &[], &mut out).unwrap();
            String::from_utf8(out)
                .unwrap()
                .lines()
                .map(|l| serde_json::from_str(l).unwrap())
                .collect()
        };
        let entities = written(&[decision(Verdict::Unsure), decision(Verdict::Same)]);
        let schemata: Vec<&str> = entities
            .iter()
            .map(|e| e["schema"].as_str().unwrap())
            .collect();
        assert_eq!(
            schemata,
            [
                "Person",
                "Identification",
                "Vehicle",
                "UnknownLink",
                "UserAccount",
                "UnknownLink",
                "Mention",
                "Person",
                "UnknownLink",
                "Similar"
            ]
        );
        assert_eq!(entities[0]["properties"]["name"], json!(names));
        assert_eq!(entities[0]["properties"]["birthDate"], json!(["1987"]));
        assert_eq!(entities[1]["properties"]["holder"], json!(["person-p1"]));
        assert_eq!(entities[0]["properties"]["phone"], json!(["+84912345678"]));
        assert!(entities[7]["properties"].get("phone").is_none());
        assert_eq!(entities[6]["properties"]["name"], json!(["阿雄"]));
        for link in [&entities[3], &entities[8]] {
            assert_eq!(link["properties"]["object"], json!(["vehicle-云a12345"]));
        }
        // What was decided last counts: they are two people, and no link is left.
        assert_eq!(
            written(&[decision(Verdict::Same), decision(Verdict::NotSame)]).len(),
            9
        );
    }
}
