//! Which doubts a bundle shows of its lines and translations, against its records: those that a record holds,
//! and those that follow from it, as the reason for which an engine failed, and no others.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::shown::{Columns, parsed};
use crate::domain::{Flag, FlagKind, Status};

/// What is told of a translation of an earlier version of its line.
const STALE: &str = "of an earlier version of the line";

/// On which lines engines failed, by the records.
#[derive(Default)]
pub(super) struct Failures<'a> {
    /// The number of the last failure to hear it, and its reason.
    heard: Option<(u64, &'a str)>,
    /// The same of translating a version of it, by language.
    translated: BTreeMap<(&'a str, u64), (u64, &'a str)>,
}

/// What of a line its doubts follow from.
pub(super) struct Doubted<'a, 'b> {
    /// Its own record.
    pub cut: &'a Columns,
    /// The version that counts.
    pub text: Option<(u64, &'a Columns)>,
    /// The translations that count.
    pub translations: &'b dyn Fn(&str) -> Option<&'a Columns>,
    pub failures: &'b Failures<'a>,
    /// The languages of the interview.
    pub languages: &'b [&'a str],
}

impl<'a> Failures<'a> {
    /// Takes a record of a failure in, of this kind and number.
    pub fn add(&mut self, kind: &str, number: u64, columns: &'a Columns) {
        let told = |name: &str| {
            columns
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let new = (number, told("reason"));
        if kind == "failure" {
            self.heard = self.heard.max(Some(new));
            return;
        }
        let version = columns.get("of_version").and_then(Value::as_u64);
        let of = (told("lang"), version.unwrap_or_default());
        let known = self.translated.entry(of).or_insert(new);
        *known = (*known).max(new);
    }

    /// Whether nobody could hear the line.
    pub fn is_unheard(&self) -> bool {
        self.heard.is_some()
    }
}

impl Doubted<'_, '_> {
    /// The doubts of the line in their order; `None` where a record holds some that are not known here.
    pub fn flags(&self) -> Option<Vec<Flag>> {
        let mut flags = held(self.cut)?;
        let Some((version, text)) = self.text else {
            let failed = self.failures.heard;
            flags.extend(failed.map(|(_, reason)| Flag::with(FlagKind::EngineFailed, reason)));
            return Some(flags);
        };
        for flag in held(text)? {
            if !flags.contains(&flag) {
                flags.push(flag);
            }
        }
        if self.lacks_translations(version, text) {
            let failed = self.failures.translated.iter();
            let failed =
                failed.filter(|((lang, of), _)| *of == version && !self.has(lang, version));
            flags.extend(failed.map(|((lang, _), (_, reason))| {
                Flag::with(FlagKind::EngineFailed, format!("{lang}: {reason}"))
            }));
        }
        Some(flags)
    }

    /// Whether a language of the interview has no translation of these words.
    fn lacks_translations(&self, version: u64, text: &Columns) -> bool {
        let told = |name: &str| text.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut others = self.languages.iter().filter(|lang| **lang != told("lang"));
        !told("text").trim().is_empty() && others.any(|lang| !self.has(lang, version))
    }

    /// Whether there is a translation of these words, or a person's of any.
    fn has(&self, lang: &str, version: u64) -> bool {
        (self.translations)(lang).is_some_and(|columns| {
            columns.get("status") != Some(&json!(Status::Machine.as_str()))
                || columns.get("of_version") == Some(&json!(version))
        })
    }
}

/// The doubts of a translation of a line whose words are of this version.
pub(super) fn of_translation(columns: &Columns, version: u64) -> Option<Vec<Flag>> {
    let mut flags = held(columns)?;
    if columns.get("of_version") != Some(&json!(version)) {
        flags.push(Flag::with(FlagKind::Stale, STALE));
    }
    Some(flags)
}

/// Whether exactly these doubts are shown, in this order.
pub(super) fn are_shown(shown: &Value, flags: &[Flag]) -> bool {
    let kinds: Vec<&str> = flags.iter().map(|flag| flag.kind.as_str()).collect();
    let said = flags.iter().filter(|flag| !flag.detail.is_empty());
    let details: Vec<&Flag> = said.collect();
    shown.get("flags") == Some(&json!(kinds)) && shown.get("flag_details") == Some(&json!(details))
}

/// Whether every doubt that a record holds is shown with what it says; more may be.
pub(super) fn has_doubts(shown: &Value, columns: Option<&Columns>) -> bool {
    let flags = columns.and_then(|columns| columns.get("flags"));
    let Some(Value::Array(flags)) = flags.map(parsed) else {
        return true;
    };
    let holds = |name: &str, wanted: &dyn Fn(&Value) -> bool| {
        let list = shown.get(name).and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(wanted))
    };
    flags.iter().all(|flag| {
        let (kind, detail) = (flag.get("kind"), flag.get("detail"));
        holds("flags", &|shown| Some(shown) == kind)
            && (detail.is_none()
                || holds("flag_details", &|shown| {
                    shown.get("kind") == kind && shown.get("detail") == detail
                }))
    })
}

/// The doubts that a record holds.
pub(super) fn held(columns: &Columns) -> Option<Vec<Flag>> {
    let flags = columns.get("flags")?.as_str()?;
    serde_json::from_str(flags).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIX: [(&str, &str); 6] = [
        ("zh", "我叫张伟。"),
        ("vi", "Tôi đến từ Hà Nội."),
        ("th", "คุณทำงานที่ไหน"),
        ("my", "ကိုအောင်ပါ။"),
        ("lo", "ຂ້ອຍເຮັດວຽກ"),
        ("km", "ខ្ញុំឈ្មោះ សុខា"),
    ];

    fn columns(value: Value) -> Columns {
        value.as_object().cloned().unwrap()
    }

    fn doubts(flags: &[Flag]) -> String {
        serde_json::to_string(flags).unwrap()
    }

    #[test]
    fn doubts_are_those_of_the_cut_of_the_words_and_of_engines_that_failed() {
        for (lang, words) in SIX {
            let cut = Flag::new(FlagKind::OtherChannel);
            let said = Flag::with(FlagKind::Zawgyi, words);
            let line = columns(json!({"flags": doubts(std::slice::from_ref(&cut))}));
            let text =
                json!({"lang": lang, "text": words, "flags": doubts(&[cut.clone(), said.clone()])});
            let text = columns(text);
            let mut failures = Failures::default();
            let failed = [("no model", 9), ("no room", 10)]
                .map(|(reason, number)| (number, columns(json!({"reason": reason}))));
            for (number, failed) in failed.iter().rev() {
                failures.add("failure", *number, failed);
            }
            let late = columns(json!({"lang": "en", "of_version": 2, "reason": "too long"}));
            failures.add("untranslated", 1, &late);
            let flags = |version: Option<u64>, made: Option<&Columns>| {
                let doubted = Doubted {
                    cut: &line,
                    text: version.map(|version| (version, &text)),
                    translations: &|_| made,
                    failures: &failures,
                    languages: &[lang, "en"],
                };
                doubted.flags().unwrap()
            };
            // Nobody heard it: the newest reason, by number and not by its spelling.
            let unheard = Flag::with(FlagKind::EngineFailed, "no room");
            assert_eq!(flags(None, None), [cut.clone(), unheard]);
            let unmade = Flag::with(FlagKind::EngineFailed, "en: too long");
            let both = [cut.clone(), said.clone()];
            assert_eq!(flags(Some(2), None), [both.to_vec(), vec![unmade]].concat());
            // The failure is of other words, or there is a translation all the same.
            assert_eq!(flags(Some(1), None), both);
            for (status, of, there) in [
                ("machine", 2, true),
                ("machine", 1, false),
                ("edited", 1, true),
            ] {
                let made = columns(json!({"status": status, "of_version": of, "flags": "[]"}));
                assert_eq!(flags(Some(2), Some(&made)).len() == 2, there, "{status}");
                let stale = of_translation(&made, 2).unwrap();
                assert_eq!(stale.is_empty(), of == 2);
            }
            let shown = |flags: &[&str], details: &[&Flag]| json!({"flags": flags, "flag_details": details});
            let good = shown(&["other-channel", "zawgyi"], &[&said]);
            assert!(are_shown(&good, &both));
            for wrong in [
                shown(&["zawgyi", "other-channel"], &[&said]),
                shown(&["other-channel", "zawgyi", "stale"], &[&said]),
                shown(&["other-channel", "zawgyi"], &[]),
                shown(&["other-channel"], &[&said]),
            ] {
                assert!(!are_shown(&wrong, &both), "{wrong}");
            }
        }
    }
}
