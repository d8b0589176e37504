//! What was said to the lines when they were read back, as it stands in the record: a mark behind each
//! line that was corrected or refused, and at its end which lines were read and how they were answered.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::domain::{ReadAnswer, ReadBack, Segment};
use crate::export::paper::{Look, Paragraph, Row, Size};

use super::{Template, clock};

/// The answers by line. One that was given to other words than the line has now does not count.
pub(super) struct Answers<'a> {
    by_line: HashMap<i64, &'a ReadBack>,
    /// The refusal of the whole record.
    pub(super) whole: Option<&'a ReadBack>,
}

impl<'a> Answers<'a> {
    pub(super) fn of(all: &'a [ReadBack]) -> Self {
        let lines = all.iter().filter(|answer| answer.stands);
        Self {
            by_line: lines
                .filter_map(|answer| Some((answer.segment?.0, answer)))
                .collect(),
            whole: all.iter().find(|answer| answer.segment.is_none()),
        }
    }

    fn is_empty(&self) -> bool {
        self.by_line.is_empty() && self.whole.is_none()
    }

    /// What stands behind a line that was not simply right.
    pub(super) fn mark(&self, segment: &Segment, template: &Template) -> String {
        let words = &template.read_back;
        let word = match self.by_line.get(&segment.id.0).map(|a| a.answer) {
            Some(ReadAnswer::Corrected) => &words.corrected,
            Some(ReadAnswer::Refused) => &words.refused,
            Some(ReadAnswer::Right) | None => return String::new(),
        };
        format!(" [{word}]")
    }

    /// Which lines were read back and what was said to them; nothing where none was.
    pub(super) fn rows(
        &self,
        segments: &[Segment],
        templates: &[Template],
        home: &TimeZone,
    ) -> Vec<Row> {
        if self.is_empty() {
            return Vec::new();
        }
        let answered = |wanted: Option<ReadAnswer>| -> String {
            let given = |s: &&Segment| self.by_line.get(&s.id.0).map(|a| a.answer) == wanted;
            ranges(segments.iter().filter(given).map(|s| s.id.0).collect())
        };
        let lists = [
            answered(Some(ReadAnswer::Right)),
            answered(Some(ReadAnswer::Corrected)),
            answered(Some(ReadAnswer::Refused)),
            answered(None),
        ];
        let column = |t: &Template| {
            let words = &t.read_back;
            let names = [
                &words.right,
                &words.corrected,
                &words.refused,
                &words.unread,
            ];
            let told = names.into_iter().zip(&lists);
            let told = told.filter(|(_, lines)| !lines.is_empty());
            let told: Vec<String> = told
                .map(|(name, lines)| format!("{name}{}{lines}", t.words.colon))
                .collect();
            let told = format!("{}{}{}", words.title, t.words.colon, told.join("; "));
            vec![Paragraph::new(Size::Body).with(t.language, Look::Plain, &told)]
        };
        let mut rows = vec![Row::beside(templates.iter().map(column).collect()).keep()];
        rows.extend(self.told(segments, templates, home));
        rows
    }

    /// Who read out and when, and why lines were refused.
    fn told(&self, segments: &[Segment], templates: &[Template], home: &TimeZone) -> Option<Row> {
        let main = templates.first()?;
        let given = segments.iter().filter_map(|s| self.by_line.get(&s.id.0));
        let given: Vec<&ReadBack> = given.copied().chain(self.whole).collect();
        let mut paragraphs = Vec::new();
        let mut named: Vec<&str> = Vec::new();
        for answer in &given {
            if !answer.by.is_empty() && !named.contains(&answer.by.as_str()) {
                named.push(&answer.by);
            }
        }
        let days = given.iter().filter_map(|a| clock::day(&a.at, home));
        let days: Vec<String> = days.collect();
        if let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) {
            let days = if first == last {
                first.clone()
            } else {
                format!("{first} - {last}")
            };
            let who = format!("{}{}{days} ", main.read_back.by, main.words.colon);
            let paragraph = Paragraph::new(Size::Small).with(main.language, Look::Quiet, &who);
            paragraphs.push(paragraph.with(main.language, Look::Quiet, &named.join(", ")));
        }
        for answer in &given {
            if let (Some(line), Some(reason)) = (answer.segment, &answer.reason) {
                let who = format!("{} [{}] ", line.0, main.read_back.refused);
                paragraphs.push(
                    Paragraph::new(Size::Body)
                        .with(main.language, Look::Quiet, &who)
                        .with(answer.lang, Look::Plain, reason),
                );
            }
        }
        Some(Row::wide(paragraphs).keep())
    }
}

/// `1-3, 5`.
fn ranges(mut numbers: Vec<i64>) -> String {
    numbers.sort_unstable();
    let mut parts: Vec<(i64, i64)> = Vec::new();
    for number in numbers {
        match parts.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => parts.push((number, number)),
        }
    }
    let parts = parts.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_told_as_a_range() {
        assert_eq!(ranges(vec![5, 1, 2, 3, 7, 8]), "1-3, 5, 7-8");
        assert_eq!(ranges(vec![4]), "4");
        assert_eq!(ranges(Vec::new()), "");
    }
}
