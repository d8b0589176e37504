//! What people read in a bundle against its records: the lines that stand, each with the version that
//! counts, its speaker, its times and its translations, and no other.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::check::{Check, Story};
use super::shown_doubts::{Doubted, Failures, are_shown, has_doubts, held, of_translation};
use super::shown_engines::{as_likely, renders_differ, said_by_machines};
use super::shown_head::differs;
use crate::domain::{SamplePos, Status};

/// The columns of a record.
pub(super) type Columns = Map<String, Value>;
/// A version by which of two counts: a person's before every machine's, then the newest.
type Rank = (bool, u64);

/// A line as the records have it.
#[derive(Default)]
struct Line<'a> {
    /// Its own record; a covered copy has none and says everything with the words.
    cut: Option<&'a Columns>,
    speaker: Option<(u64, &'a Columns)>,
    place: Option<(u64, &'a Columns)>,
    text: Option<(Rank, u64, &'a Columns)>,
    translations: BTreeMap<&'a str, (Rank, &'a Columns)>,
    failures: Failures<'a>,
    /// The languages of the interview, where what follows from the records is compared too.
    exactly: Option<&'a [&'a str]>,
}

/// What people read is what the records hold. `exactly` also what is worked out from them, which another
/// version of the program may do otherwise.
pub(super) fn transcript(
    interview: &str,
    text: &str,
    records: &BTreeMap<String, Columns>,
    story: &Story,
    exactly: bool,
) -> Check {
    const NAME: &str = "transcript";
    let shown: Value = serde_json::from_str(text).unwrap_or_default();
    if shown.get("id") != Some(&json!(interview)) {
        return Check::bad(NAME, "it is of another interview");
    }
    if let Some(name) = differs(&shown, records, story) {
        let detail = format!("its head is not what was stored: {name}");
        return Check::bad(NAME, detail);
    }
    let head = records.get("interview");
    let languages = head.and_then(|columns| columns.get("languages"));
    let languages = languages.and_then(Value::as_str).unwrap_or_default();
    let languages: Vec<&str> = languages.split_whitespace().collect();
    let mut standing = lines(records);
    standing.retain(|_, line| line.stands());
    if exactly {
        for line in standing.values_mut() {
            line.exactly = Some(&languages);
        }
    }
    let lines = shown.get("segments").and_then(Value::as_array);
    let lines = lines.map(Vec::as_slice).unwrap_or_default();
    let mut before = (0, 0, i64::MIN);
    let mut starts = Vec::with_capacity(lines.len());
    for line in lines {
        let id = line.get("id").and_then(Value::as_i64).unwrap_or_default();
        let start = standing.get(&id).and_then(Line::start).unwrap_or_default();
        starts.push(start);
        let channel = line.get("channel").and_then(Value::as_u64);
        let place = (start, channel.unwrap_or_default(), id);
        if place < before {
            return Check::bad(NAME, format!("line {id} is not in its place"));
        }
        before = place;
        // Taken away, so that one that is shown twice is not found again.
        let fits = standing.remove(&id).is_some_and(|known| known.is(line));
        if !fits {
            return Check::bad(NAME, format!("line {id} is not what was stored"));
        }
    }
    if let Some(id) = renders_differ(lines, &starts) {
        let detail = format!("line {id} does not render the lines that it is said to");
        return Check::bad(NAME, detail);
    }
    match standing.keys().next() {
        Some(id) => Check::bad(NAME, format!("line {id} is left out")),
        None => Check::good(NAME, format!("{} lines", lines.len())),
    }
}

/// Every line that the records name.
fn lines(records: &BTreeMap<String, Columns>) -> BTreeMap<i64, Line<'_>> {
    let mut lines: BTreeMap<i64, Line<'_>> = BTreeMap::new();
    for (name, columns) in records {
        let (kind, rest) = name.split_once(' ').unwrap_or((name, ""));
        let parts: Vec<&str> = rest.split('.').collect();
        let number = |at: usize| parts.get(at).and_then(|part| part.parse::<u64>().ok());
        let of = match kind {
            "recut" => number(1),
            "failure" | "untranslated" => columns.get("line").and_then(Value::as_u64),
            _ => number(0),
        };
        let Some(id) = of.and_then(|id| i64::try_from(id).ok()) else {
            continue;
        };
        let machine = columns.get("status") == Some(&json!(Status::Machine.as_str()));
        match (kind, parts.as_slice()) {
            ("line", _) => lines.entry(id).or_default().cut = Some(columns),
            ("failure" | "untranslated", _) => {
                let number = number(0).unwrap_or_default();
                let line = lines.entry(id).or_default();
                line.failures.add(kind, number, columns);
            }
            ("speaker", [_, _]) => {
                let line = lines.entry(id).or_default();
                newest(&mut line.speaker, number(1), columns);
            }
            ("recut", [_, _]) => {
                let line = lines.entry(id).or_default();
                newest(&mut line.place, number(0), columns);
            }
            ("text", [_, _]) => {
                let version = number(1).unwrap_or_default();
                let (rank, line) = ((!machine, version), lines.entry(id).or_default());
                if line.text.is_none_or(|(other, _, _)| other < rank) {
                    line.text = Some((rank, version, columns));
                }
            }
            ("translation", [_, lang, _]) => {
                let rank = (!machine, number(2).unwrap_or_default());
                let line = lines.entry(id).or_default();
                let counts = line.translations.entry(lang).or_insert((rank, columns));
                if counts.0 < rank {
                    *counts = (rank, columns);
                }
            }
            _ => {}
        }
    }
    lines
}

fn newest<'a>(counts: &mut Option<(u64, &'a Columns)>, number: Option<u64>, columns: &'a Columns) {
    let number = number.unwrap_or_default();
    if counts.is_none_or(|(other, _)| other < number) {
        *counts = Some((number, columns));
    }
}

impl Line<'_> {
    /// Whether it gave way to no other.
    fn stands(&self) -> bool {
        let gave_way =
            |(_, place): (u64, &Columns)| place.get("start_sample").is_none_or(Value::is_null);
        !self.place.is_some_and(gave_way)
    }

    /// Where it begins, in samples.
    fn start(&self) -> Option<u64> {
        let own = match self.cut {
            Some(cut) => cut.get("start_sample"),
            None => self.text.and_then(|(_, _, columns)| columns.get("start")),
        };
        let moved = self.place.and_then(|(_, place)| place.get("start_sample"));
        moved.or(own)?.as_u64()
    }

    /// Whether it is shown so.
    fn is(&self, shown: &Value) -> bool {
        let ms = |at: Option<&Value>| {
            let at = at.and_then(Value::as_u64)?;
            Some(json!(SamplePos(at).as_ms()))
        };
        // A covered copy says with the words what a line's own records say of others.
        let text = self.text.map(|(_, _, columns)| columns);
        let (own, [start, end]) = match self.cut {
            Some(cut) => (Some(cut), ["start_sample", "end_sample"]),
            None => (text, ["start", "end"]),
        };
        let place = self.place.map(|(_, columns)| columns).or(own);
        let speaker = self.speaker.map(|(_, columns)| columns).or(own);
        let of = |columns: Option<&Columns>, name: &str| columns.and_then(|c| c.get(name)).cloned();
        let status = match (text, self.failures.is_unheard()) {
            (Some(text), _) => text.get("status").cloned(),
            (None, true) => Some(json!(Status::Failed.as_str())),
            (None, false) => Some(json!(Status::Pending.as_str())),
        };
        let version = self.text.map_or(0, |(_, version, _)| version);
        let words = of(text, "text").unwrap_or_else(|| json!(""));
        let is = |name: &str, value: Option<Value>| shown.get(name) == value.as_ref();
        let none = Columns::new();
        is("version", Some(json!(version)))
            && is("text", Some(words))
            && is("status", status)
            && is("speaker", of(speaker, "speaker"))
            && is("start_ms", ms(place.and_then(|p| p.get(start))))
            && is("end_ms", ms(place.and_then(|p| p.get(end))))
            && match text {
                Some(columns) => as_told(shown, columns, "author", "author"),
                None => shown.get("author").is_none_or(|author| author == ""),
            }
            && as_told(shown, text.or(self.cut).unwrap_or(&none), "lang", "lang")
            && as_told(shown, own.unwrap_or(&none), "channel", "channel")
            && self.doubted(shown, text)
            && said_by_machines(shown, text)
            && self.translated(shown)
    }

    /// Whether its doubts are shown.
    fn doubted(&self, shown: &Value, text: Option<&Columns>) -> bool {
        let known = self.exactly.and_then(|languages| {
            // A covered copy's record tells all that is shown.
            let Some(cut) = self.cut else {
                return held(text?);
            };
            let doubted = Doubted {
                cut,
                text: self.text.map(|(_, version, columns)| (version, columns)),
                translations: &|lang| self.translations.get(lang).map(|(_, columns)| *columns),
                failures: &self.failures,
                languages,
            };
            doubted.flags()
        });
        match known {
            Some(flags) => are_shown(shown, &flags),
            // Another version of the program, a copy that an earlier one covered, or doubts not known here.
            None => has_doubts(shown, text.or(self.cut)),
        }
    }

    /// The same of a translation, and whether a person is said to have made it.
    fn doubted_in(&self, shown: &Value, columns: &Columns) -> bool {
        let version = self.text.map_or(0, |(_, version, _)| version);
        let known = self.exactly.and_then(|_| match self.cut {
            Some(_) => of_translation(columns, version),
            None => held(columns),
        });
        let machine = columns.get("status") == Some(&json!(Status::Machine.as_str()));
        match known {
            Some(flags) => {
                are_shown(shown, &flags) && shown.get("by_person") == Some(&json!(!machine))
            }
            None => has_doubts(shown, Some(columns)),
        }
    }

    /// Whether each translation that counts is shown, and no other.
    fn translated(&self, shown: &Value) -> bool {
        let made = shown.get("translations").and_then(Value::as_array);
        let made = made.map(Vec::as_slice).unwrap_or_default();
        made.len() == self.translations.len()
            && self.translations.iter().all(|(lang, (_, columns))| {
                let lang = json!(lang);
                let mut found = made.iter().filter(|t| t.get("lang") == Some(&lang));
                found.any(|t| {
                    t.get("text") == columns.get("text")
                        && as_told(t, columns, "engine", "author")
                        && as_told(t, columns, "status", "status")
                        && as_told(t, columns, "of_version", "of_version")
                        && as_likely(t, columns, "log_prob")
                        && self.doubted_in(t, columns)
                        && columns
                            .get("terms")
                            .is_none_or(|terms| t.get("terms") == Some(&parsed(terms)))
                })
            })
    }
}

/// A list that a record holds as text.
pub(super) fn parsed(column: &Value) -> Value {
    let text = column.as_str().unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

/// Whether something is shown as its record has it; the records of a covered copy tell less.
fn as_told(shown: &Value, columns: &Columns, name: &str, column: &str) -> bool {
    let told = columns.get(column);
    told.is_none_or(|told| shown.get(name) == Some(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [(&str, &str); 6] = [
        ("zh", "我叫张伟。"),
        ("vi", "Tôi đến từ Hà Nội."),
        ("th", "คุณทำงานที่ไหน"),
        ("my", "ကိုအောင်ပါ။"),
        ("lo", "ຂ້ອຍເຮັດວຽກ"),
        ("km", "ខ្ញុំឈ្មោះ សុខា"),
    ];

    fn add(records: &mut BTreeMap<String, Columns>, name: &str, columns: Value) {
        let Value::Object(columns) = columns else {
            panic!("no columns")
        };
        records.insert(name.to_owned(), columns);
    }

    /// Six lines; the second was corrected, given another speaker and moved; the seventh gave way to
    /// the sixth, the eighth waits.
    fn records() -> BTreeMap<String, Columns> {
        let mut all = BTreeMap::new();
        for (id, (lang, words)) in (1..).zip(WORDS) {
            let cut = json!({"speaker": "all", "start_sample": id * 1_600, "end_sample": id * 1_600 + 800});
            add(&mut all, &format!("line {id}"), cut);
            let text = json!({"lang": lang, "text": words, "status": "machine"});
            add(&mut all, &format!("text {id}.1"), text);
            let made = json!({"text": "Anh tên gì?", "status": "machine"});
            add(&mut all, &format!("translation {id}.vi.1"), made);
        }
        let said = |text: &str, status: &str| json!({"lang": "vi", "text": text, "status": status});
        add(&mut all, "text 2.2", said("Tôi đến từ Huế.", "edited"));
        add(&mut all, "text 2.10", said("Tôi đến từ Vinh.", "machine"));
        add(
            &mut all,
            "translation 2.vi.2",
            json!({"text": "x", "status": "edited"}),
        );
        add(&mut all, "speaker 2.1", json!({"speaker": "officer"}));
        add(&mut all, "recut 1", json!({"kind": "retime"}));
        add(
            &mut all,
            "recut 1.2",
            json!({"start_sample": 3_216, "end_sample": 4_000}),
        );
        for id in [7, 8] {
            let cut = json!({"speaker": "all", "start_sample": 160_000, "end_sample": 160_160});
            add(&mut all, &format!("line {id}"), cut);
        }
        add(
            &mut all,
            "recut 2.7",
            json!({"start_sample": null, "end_sample": null}),
        );
        add(
            &mut all,
            "recut 2.6",
            json!({"start_sample": 9_600, "end_sample": 10_400}),
        );
        add(&mut all, "failure 3", json!({"line": 7}));
        all
    }

    fn shown() -> Value {
        let mut lines: Vec<Value> = (1..)
            .zip(WORDS)
            .map(|(id, (lang, words))| {
                json!({"id": id, "version": 1, "text": words, "lang": lang, "status": "machine",
                    "speaker": "all", "start_ms": id * 100, "end_ms": id * 100 + 50,
                    "translations": [{"lang": "vi", "text": "Anh tên gì?", "status": "machine"}]})
            })
            .collect();
        lines[1] = json!({"id": 2, "version": 2, "text": "Tôi đến từ Huế.", "lang": "vi",
            "status": "edited", "speaker": "officer", "start_ms": 201, "end_ms": 250,
            "translations": [{"lang": "vi", "text": "x", "status": "edited"}]});
        lines.push(
            json!({"id": 8, "version": 0, "text": "", "lang": "km", "status": "pending",
            "speaker": "all", "start_ms": 10_000, "end_ms": 10_010, "translations": []}),
        );
        json!({"id": "a-1", "segments": lines})
    }

    fn check(shown: &Value) -> Check {
        transcript("a-1", &shown.to_string(), &records(), &untold(), false)
    }

    /// No event at all.
    fn untold() -> Story {
        Story { events: Vec::new() }
    }

    #[test]
    fn what_is_shown_is_what_counts() {
        let good = check(&shown());
        assert!(good.ok && good.detail == "7 lines", "{good:?}");
        assert!(!transcript("a-2", &shown().to_string(), &records(), &untold(), false).ok);
    }

    #[test]
    fn who_wrote_what_and_whose_head_it_is_are_seen_too() {
        for (lang, words) in WORDS {
            let mut records = BTreeMap::new();
            let head = json!({"id": "a-1", "case_name": "K-17", "started": "2026-11-24T09:00:00Z"});
            add(&mut records, "interview", head);
            let cut = json!({"speaker": "all", "start_sample": 0, "end_sample": 160});
            add(&mut records, "line 1", cut);
            let text = json!({"lang": lang, "text": words, "status": "certified", "author": "N. Lan",
                    "confidence": "0.5", "words": "[{\"text\":\"x\"}]"});
            add(&mut records, "text 1.1", text);
            let made = json!({"text": "x", "status": "machine", "author": "m 1", "of_version": 1,
                "log_prob": "-0.25"});
            add(&mut records, "translation 1.en.1", made);
            let shown = json!({"id": "a-1", "case": "K-17", "started": "2026-11-24T09:00:00Z",
                "segments": [{"id": 1, "version": 1, "text": words, "lang": lang, "author": "N. Lan",
                    "status": "certified", "speaker": "all", "start_ms": 0, "end_ms": 10,
                    "confidence": 0.5, "words": [{"text": "x"}], "renders": [],
                    "translations": [{"lang": "en", "text": "x", "engine": "m 1", "status": "machine",
                        "of_version": 1, "log_prob": -0.25}]}]});
            let fits = |shown: &Value| {
                transcript("a-1", &shown.to_string(), &records, &untold(), false).ok
            };
            assert!(fits(&shown), "{lang}");
            for (at, other) in [
                ("/case", json!("K-18")),
                ("/case", json!(null)),
                ("/started", json!("2026-11-25T09:00:00Z")),
                ("/segments/0/author", json!("Somchai")),
                ("/segments/0/translations/0/engine", json!("N. Lan")),
                ("/segments/0/translations/0/status", json!("certified")),
                ("/segments/0/translations/0/of_version", json!(2)),
                ("/segments/0/translations/0/log_prob", json!(-0.2)),
                ("/segments/0/confidence", json!(0.9)),
                ("/segments/0/words/0/text", json!("y")),
                ("/segments/0/renders", json!([1])),
            ] {
                let mut changed = shown.clone();
                *changed.pointer_mut(at).unwrap() = other;
                assert!(!fits(&changed), "{lang}: {at}");
            }
        }
    }

    #[test]
    fn whatever_is_shown_otherwise_is_seen() {
        let older = json!({"version": 1, "text": WORDS[1].1, "status": "machine"});
        let machine = json!({"version": 10, "text": "Tôi đến từ Vinh.", "status": "machine"});
        let changes = [
            older,
            machine,
            json!({"speaker": "all"}),
            json!({"status": "certified"}),
            json!({"start_ms": 200}),
            json!({"end_ms": 251}),
            json!({"lang": "zh"}),
            json!({"text": "Tôi đến từ Huế"}),
            json!({"id": 7}),
            json!({"id": 1}),
            json!({"translations": []}),
            json!({"translations": [{"lang": "vi", "text": "Anh tên gì?", "status": "edited"}]}),
            json!({"translations": [{"lang": "vi", "text": "x", "status": "edited"}, {"lang": "th", "text": "x"}]}),
        ];
        for change in changes {
            let mut changed = shown();
            let line = changed["segments"][1].as_object_mut().unwrap();
            line.extend(change.as_object().unwrap().clone());
            assert!(!check(&changed).ok, "{change}");
        }
        for at in 0..7 {
            let mut gone = shown();
            gone["segments"].as_array_mut().unwrap().remove(at);
            let told = check(&gone);
            assert!(told.detail.contains("left out"), "{told:?}");
            let mut twice = shown();
            let again = twice["segments"][at].clone();
            twice["segments"].as_array_mut().unwrap().push(again);
            assert!(!check(&twice).ok, "{at}");
        }
        let mut failed = shown();
        failed["segments"][6]["status"] = json!("failed");
        assert!(!check(&failed).ok);
    }
}
