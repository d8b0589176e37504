//! A sender who writes a bundle anew with their own key, faultlessly signed: what the program and the script
//! see all the same.

use std::fs;
use std::path::Path;

use mekong_interview::domain::{
    Flag, FlagKind, Hypothesis, Lang, Place, SamplePos, SegmentId, Side, Span, Status, TermUse,
    Translation, Word,
};
use mekong_interview::evidence::{SecretKey, Sign};
use mekong_interview::store::{NewRecord, NewSegment, Record, Store};
use serde_json::{Map, Value, json};

use super::changed_and_signed;
use super::custody::Custody;
use super::session::{self, other_sound, rechain};
use super::tamper::{Unpacked, copy, fits};

/// What is changed in a bundle, and how.
type Change<'a> = (&'a str, &'a dyn Fn(&Path));

/// Copies of a good bundle, each with something else changed: neither the program nor the script takes one.
fn seen_by_both(c: &Custody, u: &Unpacked, changes: &[Change<'_>]) {
    assert!(fits(&u.app, &u.folder), "as it came");
    assert!(u.script_agrees(&u.folder), "as it came");
    for (what, change) in changes {
        let bag = u.dir.path().join("changed");
        copy(&u.folder, &bag);
        change(&bag);
        let (program, script) = (fits(&u.app, &bag), u.script_agrees(&bag));
        assert!(!program, "the program did not see: {what}");
        assert!(!script, "the script did not see: {what}");
        fs::remove_dir_all(bag).unwrap();
    }
    // Signed anew without a change it is as good as before.
    let bag = u.dir.path().join("changed");
    copy(&u.folder, &bag);
    rechain(&bag, &[&c.officer, &c.reviewer], &|_, _, _| {});
    assert!(fits(&u.app, &bag), "nothing was changed");
    assert!(u.script_agrees(&bag), "nothing was changed");
}

#[test]
fn an_event_that_does_not_follow_or_is_of_another_interview_is_seen_by_both() {
    let c = Custody::new();
    let u = Unpacked::new(&c);
    let keys = [&c.officer, &c.reviewer];
    let id = &c.id.0;
    seen_by_both(
        &c,
        &u,
        &[
            ("a fact called previous", &|bag| {
                rechain(bag, &keys, &|n, event, previous| {
                    if n == 3 {
                        event["facts"]["previous"] = json!(previous);
                        event["facts"]["z"] = json!(1);
                        event["previous"] = json!("0".repeat(64));
                    }
                });
            }),
            ("a fact with an event in it", &|bag| {
                rechain(bag, &keys, &|n, event, previous| {
                    if n == 3 {
                        let within = json!({"interview": id, "kind": "cut", "number": 4,
                            "previous": previous, "program": "mekong 0.1.0", "rows": {}});
                        event["facts"]["z"] = within;
                        event["previous"] = json!("0".repeat(64));
                    }
                });
            }),
            ("another interview", &|bag| {
                rechain(bag, &keys, &|n, event, _| {
                    if n == 3 {
                        event["interview"] = json!("20261124-090000-abcdee");
                    }
                });
            }),
            ("another number", &|bag| {
                rechain(bag, &keys, &|n, event, _| {
                    if n == 3 {
                        event["number"] = json!(5);
                    }
                });
            }),
        ],
    );
}

#[test]
fn a_role_that_the_key_does_not_have_or_that_may_not_do_it_is_seen_by_both() {
    let c = Custody::new();
    let u = Unpacked::new(&c);
    let keys = [&c.officer, &c.reviewer];
    let is = |event: &Map<String, Value>, kind: &str| event["kind"] == kind;
    let by = |event: &mut Map<String, Value>, key: &SecretKey| {
        let public = key.public();
        event.insert("by".into(), json!(public.name));
        event.insert("role".into(), json!(public.role.as_str()));
        event.insert("key".into(), json!(public.number));
    };
    // The list of keys that came along holds one key only.
    let only = |bag: &Path, key: &SecretKey| {
        let text = format!("{}\n", key.public().to_text());
        fs::write(bag.join("data/keys.jsonl"), text).unwrap();
    };
    seen_by_both(
        &c,
        &u,
        &[
            ("an officer as administrator", &|bag| {
                rechain(bag, &keys, &|_, event, _| {
                    if is(event, "sealed") {
                        event["role"] = json!("administrator");
                    }
                });
            }),
            ("a seal by a reviewer", &|bag| {
                only(bag, &c.reviewer);
                rechain(bag, &keys, &|_, event, _| {
                    if is(event, "sealed") {
                        by(event, &c.reviewer);
                    }
                });
            }),
            ("certified by an officer", &|bag| {
                only(bag, &c.officer);
                rechain(bag, &keys, &|_, event, _| {
                    if is(event, "certified") {
                        by(event, &c.officer);
                    }
                });
            }),
            ("limits lifted by an officer", &|bag| {
                rechain(bag, &keys, &|_, event, _| {
                    if is(event, "sealed") {
                        event["kind"] = json!("consent-lifted");
                    }
                });
            }),
        ],
    );
}

#[test]
fn doubts_that_are_left_out_or_changed_are_seen_by_both() {
    let c = Custody::unsealed(300);
    let mut store = Store::open(&c.database()).unwrap();
    let details = [
        (2, Lang::Vi, "3500 | 350"),
        (4, Lang::My, "\"၃၅\" \\ {၃}"),
        (6, Lang::Km, "៣៥ | ៣\n"),
    ];
    for (line, lang, detail) in details {
        let heard = Hypothesis {
            lang,
            text: "Tôi có 3500.".into(),
            confidence: 0.5,
            words: Vec::new(),
            flags: vec![
                Flag::new(FlagKind::NoSpeech),
                Flag::with(FlagKind::SpeechRate, detail),
            ],
            engine: "test engine 1".into(),
        };
        store
            .record_hypothesis(&c.id, SegmentId(line), &heard)
            .unwrap();
    }
    drop(store);
    let u = Unpacked::new(&c);
    let put = |bag: &Path, from: &str, to: &str| {
        let file = "data/interview.json";
        changed_and_signed(&c, bag, file, &|text| text.replacen(from, to, 1));
    };
    seen_by_both(
        &c,
        &u,
        &[
            ("a detail", &|bag| put(bag, "3500 | 350", "3500 | 3500")),
            ("a detail with signs", &|bag| put(bag, "{၃}", "{၅}")),
            ("a detail with a line's end", &|bag| {
                put(bag, "៣៥ | ៣\\n", "៣៥ | ៣")
            }),
            ("a doubt", &|bag| {
                put(bag, "\"no-speech\"", "\"speech-rate\"");
            }),
            ("the kind of a detail", &|bag| {
                let (from, to) = ("\"kind\": \"speech-rate\"", "\"kind\": \"no-speech\"");
                put(bag, from, to);
            }),
        ],
    );
}

#[test]
fn sound_that_the_links_of_a_session_do_not_hold_is_seen_by_both() {
    let c = session::recorded();
    let u = Unpacked::new(&c);
    let keys = [&c.officer, &c.reviewer];
    let other = |bag: &Path, change: &dyn Fn(&mut Vec<u8>)| other_sound(bag, &keys, change);
    seen_by_both(
        &c,
        &u,
        &[
            ("one sample", &|bag| {
                other(bag, &|sound| sound[44 + 40_000] ^= 1);
            }),
            ("the last sample", &|bag| {
                other(bag, &|sound| *sound.last_mut().unwrap() ^= 1);
            }),
            ("a second taken out", &|bag| {
                other(bag, &|sound| {
                    sound.drain(44 + 32_000..44 + 64_000);
                });
            }),
            ("sound put behind", &|bag| {
                other(bag, &|sound| sound.extend([0; 64]));
            }),
            ("the end cut off", &|bag| {
                other(bag, &|sound| sound.truncate(sound.len() - 64));
            }),
        ],
    );
}

/// An interview with whatever a line can have: words, doubts of all kinds, terms, an interpreter, lines that
/// nobody heard or translated, and text that means something to a page.
fn with_everything() -> Custody {
    let c = Custody::unsealed(300);
    let mut store = Store::open(&c.database()).unwrap();
    let odd = "\"Tôi\" <b>có</b> & \\ 3500\u{2028}\t'x' \u{200e}y\u{a0}z\n\n 2 ";
    let word = |text: &str, start_ms| Word {
        text: text.into(),
        start_ms,
        end_ms: start_ms + 9,
        confidence: 0.912_34,
    };
    let heard = Hypothesis {
        lang: Lang::Vi,
        text: odd.into(),
        confidence: 0.876_54,
        words: vec![word("\"Tôi\"", 18), word("<b>", 27)],
        flags: vec![
            Flag {
                places: vec![Place::of(odd, Side::Source, &(0..6), "] } {\"")],
                ..Flag::with(FlagKind::NumberMismatch, "3500 | \"350\"]}")
            },
            Flag::new(FlagKind::LowConfidence),
            Flag::new(FlagKind::LowConfidence),
        ],
        engine: "test <engine> 3".into(),
    };
    store
        .record_hypothesis(&c.id, SegmentId(2), &heard)
        .unwrap();
    let made = Translation {
        lang: Lang::Zh,
        text: "我有3500。".into(),
        engine: "test engine 2".into(),
        status: Status::Machine,
        log_prob: Some(-0.123_456),
        terms: vec![TermUse {
            source: "có".into(),
            target: "有\"".into(),
            satisfied: false,
            alternative: "另".into(),
        }],
        // The last two are equal: a translation shows each, a line's words one of them.
        flags: vec![
            Flag::with(FlagKind::TermMissing, "có"),
            Flag::new(FlagKind::TermMissing),
            Flag::new(FlagKind::TermMissing),
        ],
        of_version: 2,
    };
    store
        .record_translation(&c.id, SegmentId(2), &made)
        .unwrap();
    let cut = |n: u64, flags: Vec<Flag>| NewSegment {
        channel: 0,
        speaker: "all".into(),
        span: Span::new(SamplePos(1_800 + n * 200), SamplePos(1_900 + n * 200)),
        lang: Lang::Km,
        flags,
    };
    let doubt = Flag::new(FlagKind::CutWithoutPause);
    let new = [
        cut(0, vec![doubt.clone(), doubt]),
        cut(1, Vec::new()),
        cut(2, Vec::new()),
    ];
    let ids = store.append_segments(&c.id, &new, 200).unwrap();
    for reason in ["no model", "no \"room\""] {
        store.record_failure(&c.id, ids[0], reason).unwrap();
    }
    let again = Hypothesis {
        text: "ខ្ញុំឈ្មោះ សុខា".into(),
        flags: vec![Flag::new(FlagKind::NoSpeech)],
        lang: Lang::Km,
        ..heard
    };
    store.record_hypothesis(&c.id, ids[1], &again).unwrap();
    for lang in [Lang::Vi, Lang::Zh] {
        let failed = NewRecord {
            interview: &c.id,
            segment: ids[1],
            what: Record::NotTranslated {
                lang,
                of_version: 1,
                reason: "too long",
            },
        };
        store.record(&[failed]).unwrap();
    }
    let interpreted = [SegmentId(2), SegmentId(3)];
    store
        .set_speaker(&c.id, &interpreted, "interpreter", "Su", None)
        .unwrap();
    c
}

#[test]
fn whatever_is_shown_beside_the_words_is_seen_by_both() {
    let c = with_everything();
    let u = Unpacked::new(&c);
    let put = |bag: &Path, from: &str, to: &str| {
        let file = "data/interview.json";
        changed_and_signed(&c, bag, file, &|text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
    };
    let changes = [
        ("\"confidence\": 0.8765", "\"confidence\": 0.8766"),
        ("\"confidence\": 0.91234", "\"confidence\": 0.91235"),
        (
            "\"start_ms\": 27,\n          \"end_ms\": 36",
            "\"start_ms\": 27,\n          \"end_ms\": 37",
        ),
        ("\"log_prob\": -0.1235", "\"log_prob\": -0.1234"),
        ("\"satisfied\": false", "\"satisfied\": true"),
        ("\"alternative\": \"另\"", "\"alternative\": \"别\""),
        ("\"to\": 5", "\"to\": 7"),
        ("\"cut-without-pause\"", "\"low-confidence\""),
        ("no \\\"room\\\"", "no model"),
        ("zh: too long", "vi: too long"),
        (
            "\"renders\": [\n        1\n      ]",
            "\"renders\": [\n        2\n      ]",
        ),
        ("\"rendered_by\"", "\"rendered\""),
        ("\"by_person\": false", "\"by_person\": true"),
        ("\"status\": \"pending\"", "\"status\": \"failed\""),
        (
            "\"lang\": \"km\",\n      \"text\": \"\"",
            "\"lang\": \"lo\",\n      \"text\": \"\"",
        ),
        ("\"author\": \"\"", "\"author\": \"Su\""),
        (
            "\"flag_details\": []\n    }",
            "\"flag_details\": []\n     }",
        ),
        ("},\n    {", "},\n\n    {"),
    ];
    let changes = changes.map(|(from, to)| (from, move |bag: &Path| put(bag, from, to)));
    let changes: Vec<Change<'_>> = changes
        .iter()
        .map(|(what, how)| (*what, how as _))
        .collect();
    seen_by_both(&c, &u, &changes);
}
