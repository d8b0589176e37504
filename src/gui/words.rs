//! The words of the screens in seven languages, switched while the program runs.
//!
//! The files in `locales/` are written in a small part of the Fluent syntax: `id = text`, comments
//! with `#`, `{ $name }` where a value goes, and `{ @id }` where another message stands, such as the
//! name of a button. `id.one` is the same message where one thing is counted; only English has some.
//! A message that a language lacks is shown in English.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::Choices;
use crate::domain::Lang;
use crate::text::BUDDHIST;

/// Values that are numbers or times of the program's own.
const COUNTED: [&str; 23] = [
    "count",
    "time",
    "minutes",
    "line",
    "lines",
    "places",
    "said",
    "translated",
    "size",
    "channel",
    "done",
    "ms",
    "rate",
    "seconds",
    "needed",
    "free",
    "failed",
    "all",
    "found",
    "wanted",
    "second",
    "column",
    "score",
];

/// Values that count things: the first of them in a message decides whether it is said of one thing.
const THINGS: [&str; 5] = ["count", "lines", "places", "minutes", "words"];

/// The messages of one language.
#[derive(Debug)]
pub struct Words {
    lang: Lang,
    /// Numbers in the digits of the language.
    native: bool,
    /// Years of the Buddhist Era.
    buddhist: bool,
    /// Where the clock hangs that the person looks at.
    zone: TimeZone,
    own: HashMap<&'static str, &'static str>,
    english: HashMap<&'static str, &'static str>,
}

impl Words {
    /// The words of one language.
    pub fn of(lang: Lang) -> Self {
        Self {
            lang,
            native: false,
            buddhist: false,
            zone: TimeZone::system(),
            own: read(source(lang)),
            english: read(source(Lang::En)),
        }
    }

    /// The words that a person chose, with their digits and years.
    pub fn chosen(choices: &Choices) -> Self {
        Self {
            native: choices.native_digits,
            buddhist: choices.buddhist_era,
            ..Self::of(choices.language)
        }
    }

    /// Numbers as the person chose to read them: `128` or `១២៨`. Only for what the program counts or
    /// measures, never for words, names, paths or digits that somebody compares.
    pub fn digits(&self, number: &str) -> String {
        let zero = match self.lang {
            Lang::Th => '\u{0E50}',
            Lang::Lo => '\u{0ED0}',
            Lang::Km => '\u{17E0}',
            Lang::My => '\u{1040}',
            Lang::Zh | Lang::Vi | Lang::En => return number.to_owned(),
        };
        if !self.native {
            return number.to_owned();
        }
        let own = |c: char| {
            let value = c.to_digit(10)?;
            char::from_u32(u32::from(zero).checked_add(value)?)
        };
        number.chars().map(|c| own(c).unwrap_or(c)).collect()
    }

    /// The day of a moment (RFC 3339) where the person is, as they chose to read it: `2026-11-23`,
    /// `๒๕๖๙-๑๑-๒๓`.
    pub fn day(&self, moment: &str) -> String {
        let local = self.local(moment);
        self.written(local.as_ref().map_or(moment, |(day, _)| day.as_str()))
    }

    /// The same with hour and minute: `2026-11-23 15:04`. What is no moment is shown as it stands.
    pub fn moment(&self, moment: &str) -> String {
        match self.local(moment) {
            Some((day, time)) => format!("{} {}", self.written(&day), self.digits(&time)),
            None => moment.to_owned(),
        }
    }

    /// Day and time of a moment by the clocks where the person is; the one place that knows of zones.
    fn local(&self, moment: &str) -> Option<(String, String)> {
        let at: Timestamp = moment.parse().ok()?;
        let at = at.to_zoned_datetime(self.zone.clone());
        let day = at.strftime("%Y-%m-%d").to_string();
        Some((day, at.strftime("%H:%M").to_string()))
    }

    /// A day in the digits and years that the person chose.
    pub fn written(&self, day: &str) -> String {
        let day = day.get(..10).unwrap_or(day);
        let year: Option<u32> = day.get(..4).and_then(|year| year.parse().ok());
        match (year, day.get(4..)) {
            (Some(year), Some(rest)) if self.buddhist => {
                let year = year.saturating_add(BUDDHIST.unsigned_abs().into());
                let day = self.digits(&format!("{year}{rest}"));
                self.with("day-buddhist", &[("day", &day)])
            }
            _ => self.digits(day),
        }
    }

    /// The language they are in.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// One message without values. An id that no file has is shown itself; a test keeps it from
    /// happening.
    pub fn t(&self, id: &'static str) -> &'static str {
        let found = self.own.get(id).or_else(|| self.english.get(id));
        found.copied().unwrap_or(id)
    }

    /// A message by an id that was put together; `None` where no file has it.
    pub(super) fn label(&self, id: &str) -> Option<&'static str> {
        self.own.get(id).or_else(|| self.english.get(id)).copied()
    }

    /// All messages of the language.
    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.own.iter().map(|(id, text)| (*id, *text))
    }

    /// The text of a message for these values.
    fn form(&self, id: &'static str, values: &[(&str, &str)]) -> &'static str {
        let usual = self.t(id);
        let counted = usual
            .split("{ $")
            .filter_map(|part| part.split_once(" }"))
            .map(|(name, _)| name)
            .find(|name| THINGS.contains(name));
        let is_one = |name: &str| values.contains(&(name, "1"));
        if !counted.is_some_and(is_one) {
            return usual;
        }
        let of = if self.own.contains_key(id) {
            &self.own
        } else {
            &self.english
        };
        of.get(format!("{id}.one").as_str())
            .copied()
            .unwrap_or(usual)
    }

    /// One message with values in the places of `{ $name }`, and other messages in those of
    /// `{ @id }`. A value is never read for places.
    pub fn with(&self, id: &'static str, values: &[(&str, &str)]) -> String {
        let mut rest = self.form(id, values);
        let mut out = String::with_capacity(rest.len());
        while let Some((before, place)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, after)) = place.split_once('}') else {
                out.push('{');
                rest = place;
                continue;
            };
            let name = name.trim().trim_start_matches('$');
            if let Some(id) = name.strip_prefix('@') {
                out.push_str(self.label(id).unwrap_or_default());
            } else if let Some((_, value)) = values.iter().find(|(n, _)| *n == name) {
                if COUNTED.contains(&name) {
                    out.push_str(&self.digits(value));
                } else {
                    out.push_str(value);
                }
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

fn source(lang: Lang) -> &'static str {
    match lang {
        Lang::En => include_str!("locales/en.ftl"),
        Lang::Zh => include_str!("locales/zh.ftl"),
        Lang::Vi => include_str!("locales/vi.ftl"),
        Lang::Th => include_str!("locales/th.ftl"),
        Lang::Lo => include_str!("locales/lo.ftl"),
        Lang::Km => include_str!("locales/km.ftl"),
        Lang::My => include_str!("locales/my.ftl"),
    }
}

fn read(text: &'static str) -> HashMap<&'static str, &'static str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(id, words)| (id.trim(), words.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name.trim())
            .collect()
    }

    #[test]
    fn a_text_of_very_many_parts_is_shown_as_it_is_and_holds_up_no_frame() {
        let text = "x: ".repeat(300);
        assert_eq!(Words::of(Lang::Km).told(&text), text);
    }

    #[test]
    fn every_language_has_every_message_with_the_same_places() {
        let english = read(source(Lang::En));
        for lang in Lang::ALL {
            let own = read(source(lang));
            for (id, text) in &english {
                if let Some(usual) = id.strip_suffix(".one") {
                    // Said of one thing: by languages that say it in another way.
                    let all = english.get(usual).unwrap_or_else(|| panic!("no {usual}"));
                    assert_eq!(places(text), places(all), "{id}");
                    assert_ne!(text, all, "{id}");
                    continue;
                }
                let other = own.get(id).unwrap_or_else(|| panic!("{lang} lacks {id}"));
                assert!(!other.is_empty(), "{lang} {id} is empty");
                assert_eq!(places(text), places(other), "{lang} {id}");
            }
            let strangers: Vec<_> = own.keys().filter(|id| !english.contains_key(*id)).collect();
            assert!(strangers.is_empty(), "{lang} has more: {strangers:?}");
        }
    }

    #[test]
    fn every_language_but_english_says_that_nobody_reviewed_it() {
        for lang in Lang::SIX {
            assert!(
                source(lang).contains("unreviewed by a native speaker"),
                "{lang}"
            );
            assert!(crate::text::in_script(Words::of(lang).t("nav-review"), lang) > 0.5);
        }
    }

    #[test]
    fn every_message_that_the_screens_name_exists_and_none_is_left_over() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gui");
        let mut code = String::new();
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    code.push_str(&fs::read_to_string(path).unwrap());
                }
            }
        }
        let english = read(source(Lang::En));
        // What is said below the window is shown by its sentence.
        let said = read(include_str!("locales/said.txt"));
        let usual = |id: &&&str| !id.ends_with(".one") && !said.contains_key(**id);
        for id in english.keys().filter(usual) {
            assert!(code.contains(&format!("\"{id}\"")), "nothing shows {id}");
        }
        for call in [".t(\"", ".with(\"", ".with(\n"] {
            for (at, _) in code.match_indices(call) {
                let id = code[at..].split('"').nth(1).unwrap_or_default();
                let real = id.starts_with(|c: char| c.is_ascii_lowercase());
                assert!(!real || english.contains_key(id), "no file has {id}");
                let filled = call != ".t(\"" || english.get(id).is_none_or(|t| !t.contains('{'));
                assert!(!real || filled, "{id} has places");
            }
        }
    }

    #[test]
    fn one_thing_is_counted_as_one() {
        let english = Words::of(Lang::En);
        let count = |id, count| english.with(id, &[("count", count)]);
        assert_eq!(count("glossary-count", "1"), "1 term");
        assert_eq!(count("glossary-count", "21"), "21 terms");
        assert!(count("unkept", "1").starts_with("In 1 place words"));
        assert!(count("cut-off-recordings", "1").starts_with("1 recording was cut off"));
        let told = english.told("2 lines, 1 of them with work that nobody signed");
        assert_eq!(told, "2 lines, 1 of them with work that nobody signed");
        let told = english.told("1 line, 1 of them with work that nobody signed");
        assert_eq!(told, "1 line, 1 of them with work that nobody signed");
        // A language that says both alike has no other form.
        let thai = Words::of(Lang::Th).with("glossary-count", &[("count", "1")]);
        assert!(thai.contains('1') && !thai.contains("term"), "{thai}");
    }

    #[test]
    fn numbers_and_years_are_as_chosen_and_names_stay() {
        let chosen = |language, native_digits, buddhist_era| Words {
            zone: TimeZone::UTC,
            ..Words::chosen(&Choices {
                language,
                native_digits,
                buddhist_era,
                ..Choices::default()
            })
        };
        let day = "2026-11-23T08:00:00Z";
        for (lang, digits) in [
            (Lang::Th, "๒๕๖๙-๑๑-๒๓"),
            (Lang::Lo, "໒໕໖໙-໑໑-໒໓"),
            (Lang::Km, "២៥៦៩-១១-២៣"),
            (Lang::My, "၂၅၆၉-၁၁-၂၃"),
            (Lang::Zh, "2569-11-23"),
            (Lang::Vi, "2569-11-23"),
            (Lang::En, "2569-11-23"),
        ] {
            assert!(chosen(lang, true, true).day(day).contains(digits), "{lang}");
            assert_eq!(chosen(lang, false, false).day(day), "2026-11-23", "{lang}");
            let own = chosen(lang, true, false).with("job-open", &[("name", "20261123-a1")]);
            assert!(
                own.contains("20261123-a1"),
                "{lang}: a name keeps its digits"
            );
        }
        let count = chosen(Lang::Km, true, false).with("lines-count", &[("count", "1280")]);
        assert!(count.contains("១២៨០"), "{count}");
    }

    #[test]
    fn moments_are_shown_by_the_clocks_where_the_person_is() {
        let here = |hours, minutes| {
            let seconds = hours * 3600 + minutes * 60;
            let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).unwrap());
            Words {
                zone,
                ..Words::of(Lang::Km)
            }
        };
        let late = "2026-11-23T18:05:09.25Z";
        assert_eq!(here(7, 0).moment(late), "2026-11-24 01:05");
        assert_eq!(here(7, 0).day(late), "2026-11-24");
        assert_eq!(here(6, 30).moment(late), "2026-11-24 00:35");
        assert_eq!(here(0, 0).moment(late), "2026-11-23 18:05");
        // Stored with an offset it is the same moment.
        let stored = "2026-11-24T01:05:09+07:00";
        assert_eq!(here(8, 0).moment(stored), "2026-11-24 02:05");
        assert_eq!(here(-5, 0).day(stored), "2026-11-23");
        let chosen = Words {
            native: true,
            buddhist: true,
            ..here(7, 0)
        };
        let shown = chosen.moment(late);
        assert!(
            shown.contains("២៥៦៩-១១-២៤") && shown.ends_with(" ០១:០៥"),
            "{shown}"
        );
        // A day alone is no moment: nothing is moved.
        assert_eq!(here(7, 0).day("2026-11-23"), "2026-11-23");
        assert_eq!(here(7, 0).moment("unknown"), "unknown");
    }

    #[test]
    fn values_stand_in_their_places_and_are_not_read_again() {
        let words = Words::of(Lang::En);
        let shown = words.with("lines-count", &[("count", "{ $count }")]);
        assert!(shown.contains("{ $count }"), "{shown}");
    }
}
