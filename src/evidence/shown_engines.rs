//! What a bundle shows of the machines' certainty and of the interpreter's layer, against its records: the
//! confidence of lines and words, the probability of translations, and which lines an interpreter's lines
//! render.

use serde_json::{Value, json};

use super::shown::{Columns, parsed};
use crate::domain::{Interpreted, Lang, SamplePos, Segment, SegmentId, Span};

/// Whether the confidence of a line and its words are those of the text that counts; a line without a
/// text has neither.
pub(super) fn said_by_machines(shown: &Value, text: Option<&Columns>) -> bool {
    let nothing = json!([]);
    let words = shown.get("words").unwrap_or(&nothing);
    let Some(text) = text else {
        return words == &nothing && shown.get("confidence").is_none_or(Value::is_null);
    };
    // The records of a covered copy do not tell them.
    as_likely(shown, text, "confidence")
        && text
            .get("words")
            .is_none_or(|known| &parsed(known) == words)
}

/// Whether a probability is shown as its record has it; the records of a covered copy tell less.
pub(super) fn as_likely(shown: &Value, columns: &Columns, name: &str) -> bool {
    let shown = shown.get(name).and_then(Value::as_f64);
    // Canonical JSON has no fractions: a record holds them as text.
    let number = |known: &Value| known.as_str().and_then(|text| text.parse().ok());
    let known = columns.get(name);
    known.is_none_or(|known| shown == number(known).and_then(short))
}

/// Four digits behind the point, as the form has them.
fn short(value: f64) -> Option<f64> {
    let rounded = (f64::from(value as f32) * 10_000.0).round() / 10_000.0;
    rounded.is_finite().then_some(rounded)
}

/// The first line that is shown to render, or to be rendered by, other lines than the order of the sound
/// gives. `starts` are the lines' beginnings in samples.
pub(super) fn renders_differ(lines: &[Value], starts: &[u64]) -> Option<i64> {
    let segments: Vec<Segment> = lines.iter().zip(starts).filter_map(segment).collect();
    let layers = Interpreted::of(&segments);
    let wrong = lines.iter().find(|line| {
        let id = SegmentId(number(line));
        let is = |name: &str, ids: &[SegmentId]| {
            let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
            line.get(name).unwrap_or(&json!([])) == &json!(ids)
        };
        !(is("renders", layers.renders(id)) && is("rendered_by", layers.rendered_by(id)))
    });
    wrong.map(number)
}

fn number(line: &Value) -> i64 {
    line.get("id").and_then(Value::as_i64).unwrap_or_default()
}

/// As much of a line as the interpreter's layer asks for.
fn segment((line, start): (&Value, &u64)) -> Option<Segment> {
    let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
    let lang: Lang = text("lang").parse().ok()?;
    let start = SamplePos(*start);
    Some(Segment {
        speaker: text("speaker").to_owned(),
        ..Segment::new(SegmentId(number(line)), Span::new(start, start), lang)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(value: Value) -> Columns {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn confidence_and_words_are_those_of_the_text_that_counts() {
        for (said, other) in [
            ("我叫张伟", "李伟"),
            ("Hà Nội", "Huế"),
            ("คุณ", "เขา"),
            ("ကို", "မ"),
            ("ຂ້ອຍ", "ເຈົ້າ"),
            ("ខ្ញុំ", "គាត់"),
        ] {
            let word = |text: &str, sure: f64| json!([{"text": text, "start_ms": 0, "end_ms": 90, "confidence": sure}]);
            let text = columns(
                json!({"confidence": format!("{:?}", f64::from(0.912_34_f32)),
                "words": word(said, 0.75).to_string()}),
            );
            let fits = |shown: Value| said_by_machines(&shown, Some(&text));
            let shown = json!({"confidence": 0.9123, "words": word(said, 0.75)});
            assert!(fits(shown), "{said}");
            for shown in [
                json!({"confidence": 0.9923, "words": word(said, 0.75)}),
                json!({"confidence": null, "words": word(said, 0.75)}),
                json!({"confidence": 0.9123, "words": word(other, 0.75)}),
                json!({"confidence": 0.9123, "words": word(said, 0.95)}),
                json!({"confidence": 0.9123, "words": []}),
                json!({"confidence": 0.9123}),
            ] {
                assert!(!fits(shown.clone()), "{shown}");
            }
            // A covered copy's records tell neither; a line that waits has neither.
            let less = columns(json!({"text": said}));
            assert!(said_by_machines(&json!({"confidence": 0.5}), Some(&less)));
            assert!(said_by_machines(
                &json!({"confidence": null, "words": []}),
                None
            ));
            assert!(!said_by_machines(
                &json!({"confidence": 0.5, "words": []}),
                None
            ));
        }
    }

    #[test]
    fn a_translation_is_as_likely_as_its_record_says() {
        let record = columns(json!({"log_prob": format!("{:?}", f64::from(-0.123_456_f32))}));
        assert!(as_likely(
            &json!({"log_prob": -0.1235}),
            &record,
            "log_prob"
        ));
        for other in [json!(-0.1), json!(0), json!(null), json!("-0.1235")] {
            let shown = json!({"log_prob": other});
            assert!(!as_likely(&shown, &record, "log_prob"), "{shown}");
        }
        let by_hand = columns(json!({"log_prob": null}));
        assert!(as_likely(&json!({"log_prob": null}), &by_hand, "log_prob"));
        assert!(!as_likely(&json!({"log_prob": -0.1}), &by_hand, "log_prob"));
    }

    #[test]
    fn what_an_interpreter_renders_follows_from_the_order_of_the_sound() {
        let line = |id: i64, speaker: &str, lang: &str| json!({"id": id, "speaker": speaker, "lang": lang});
        let mut lines = vec![
            line(1, "officer", "zh"),
            line(2, "officer", "zh"),
            line(3, "interpreter", "km"),
            line(4, "interviewee", "km"),
        ];
        let starts = [0, 100, 200, 300];
        lines[0]["rendered_by"] = json!([3]);
        lines[1]["rendered_by"] = json!([3]);
        lines[2]["renders"] = json!([1, 2]);
        assert_eq!(renders_differ(&lines, &starts), None);
        let mut less = lines.clone();
        less[2]["renders"] = json!([1]);
        assert_eq!(renders_differ(&less, &starts), Some(3));
        let mut gone = lines.clone();
        gone[1].as_object_mut().unwrap().remove("rendered_by");
        assert_eq!(renders_differ(&gone, &starts), Some(2));
        let mut more = lines.clone();
        more[3]["rendered_by"] = json!([3]);
        assert_eq!(renders_differ(&more, &starts), Some(4));
    }
}
