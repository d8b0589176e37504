//! The register as FollowTheMoney entities, one JSON object a line: what investigators' tools read.
//!
//! Schemata after the project's own descriptions (`followthemoney/schema/*.yaml`): Person,
//! Identification (holder, number), Vehicle (registrationNumber, owner), Document, Mention (document,
//! resolved, personMentioned), Note (entity, description) and Similar (candidate, match, criteria). A
//! decision is a link between two people, never a merger.

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
        let mut properties = json!({ "title": [interview.id.0], "date": [interview.started] });
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
    for person in people {
        write_person(person, out)?;
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

fn write_person(person: &Person, out: &mut dyn Write) -> Result<(), Error> {
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
    let born: Vec<String> = values(|f| f.kind == FactKind::BirthYear)
        .into_iter()
        .filter_map(|typed| text::birth_year(typed).map(|year| year.to_string()))
        .collect();
    let properties = json!({
        "name": names,
        "alias": aliases,
        "birthDate": born,
        "phone": values(|f| f.kind == FactKind::Phone),
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
            (FactKind::Plate, _) => {
                let properties = json!({ "registrationNumber": [fact.value], "owner": [id] });
                entity(&own, "Vehicle", properties, out)?;
            }
            (FactKind::Name | FactKind::Mention, Some(interview)) => {
                let properties = json!({
                    "document": [format!("interview-{interview}")],
                    "resolved": [id],
                    "personMentioned": [fact.value],
                });
                entity(&own, "Mention", properties, out)?;
            }
            _ => {}
        }
    }
    Ok(())
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
        let heard = Fact {
            interview: Some(InterviewId("a-1".into())),
            segment: Some(SegmentId(2)),
            ..fact(10, FactKind::Mention, "阿雄")
        };
        facts.push(heard);
        let people = [
            person("p1", facts),
            person("p2", vec![fact(11, FactKind::Name, "Hung")]),
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
                "Mention",
                "Person",
                "Similar"
            ]
        );
        assert_eq!(entities[0]["properties"]["name"], json!(names));
        assert_eq!(entities[0]["properties"]["birthDate"], json!(["1987"]));
        assert_eq!(entities[1]["properties"]["holder"], json!(["person-p1"]));
        assert!(entities[4]["properties"].get("phone").is_none());
        // What was decided last counts: they are two people, and no link is left.
        assert_eq!(
            written(&[decision(Verdict::Same), decision(Verdict::NotSame)]).len(),
            5
        );
    }
}
